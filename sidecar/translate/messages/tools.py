"""The tools of a Messages request, and the choice among them, as chat has them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from sidecar.translate.checks import a_list, a_text, an_object, invalid
from sidecar.translate.idents import safe_name
from sidecar.translate.shape import JSON

#: OpenAI's names of functions: 1 to 64 of these (Chat completions, `tools[].function.name`).
MOST_NAME = 64
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

_READ = frozenset(("name", "type", "description", "input_schema", "strict"))
_CHOICES = {"any": "required", "none": "none"}


class Tools(NamedTuple):
    """`specs`: the functions; `names`: as sent → as the client knows them, where they differ."""

    specs: list[JSON]
    names: dict[str, str]


def read_tools(given: Any, lost: list[str]) -> Tools:
    """The tools of a request. Those that run at Anthropic, or that only Claude was taught, are added to `lost`.

    Raises:
        BadRequest: a tool is malformed.
    """
    specs: list[JSON] = []
    names: dict[str, str] = {}
    for index, value in enumerate(a_list(given, "tools")):
        where = f"tools[{index}]"
        tool = an_object(value, where)
        name = a_text(tool.get("name"), f"{where}.name") if "name" in tool else str(tool.get("type"))
        if tool.get("type") not in (None, "custom"):
            lost.append(f"tools.{name}")
            continue
        sent = sent_name(name)
        if sent != name:
            names[sent] = name
        lost += ["cache_control" if key == "cache_control" else f"tools.{key}" for key in tool if key not in _READ]
        specs.append(_function(tool, sent, where))
    return Tools(specs, names)


def sent_name(name: str) -> str:
    """The name as chat takes it: Anthropic's may be twice as long. Always the same for the same name."""
    return name if _NAME.fullmatch(name) else safe_name(name, MOST_NAME)


def read_choice(choice: Any, tools: Tools, lost: list[str]) -> JSON:
    """`tool_choice` and `parallel_tool_calls`, where they say more than what goes without saying.

    Raises:
        BadRequest: the choice is malformed.
    """
    if choice is None:
        return {}
    choice = an_object(choice, "tool_choice")
    out: JSON = {}
    if choice.get("disable_parallel_tool_use") is True and choice.get("type") != "none":
        out["parallel_tool_calls"] = False
    kind = choice.get("type")
    if kind == "tool":
        name = sent_name(a_text(choice.get("name"), "tool_choice.name"))
        if any(spec["function"]["name"] == name for spec in tools.specs):
            return {"tool_choice": {"type": "function", "function": {"name": name}}, **out}
        lost.append("tool_choice")
        return out
    if kind not in ("auto", *_CHOICES):
        raise invalid("tool_choice.type", "auto, any, tool or none")
    return {"tool_choice": _CHOICES[kind], **out} if kind in _CHOICES else out


def _function(tool: JSON, name: str, where: str) -> JSON:
    schema = an_object(tool.get("input_schema") or {"type": "object", "properties": {}}, f"{where}.input_schema")
    function: JSON = {"name": name, "parameters": schema}
    if isinstance(description := tool.get("description"), str) and description:
        function["description"] = description
    if tool.get("strict") is True:
        function["strict"] = True
    return {"type": "function", "function": function}
