"""The tools of a Responses request, and the choice among them, as chat has them: functions, all of them.

Sources: OpenAI's API reference ("Responses", `tools`) and what Codex sends: freeform tools (`custom`), tools in a
`namespace`, and built-in ones that the client runs itself (`local_shell`, `shell`, `apply_patch`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from sidecar.translate.checks import a_list, a_text, an_object, invalid
from sidecar.translate.idents import safe_name
from sidecar.translate.shape import JSON

#: OpenAI's names of functions: 1 to 64 of these (Chat completions, `tools[].function.name`).
MOST_NAME = 64
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

ItemKind = Literal["function_call", "custom_tool_call", "local_shell_call", "shell_call", "apply_patch_call"]

_TEXTS = {"type": "array", "items": {"type": "string"}}
_NUMBER = {"type": "integer"}
_EDIT = {
    "type": {"type": "string", "enum": ["create_file", "update_file", "delete_file"]},
    "path": {"type": "string"},
    "diff": {"type": "string", "description": "A V4A diff: lines to keep, to take out (-) and to put in (+)."},
}


class _BuiltIn(NamedTuple):
    """A built-in tool that the client runs: what its calls are, and how it is described to a model."""

    item: ItemKind
    description: str
    properties: JSON
    required: tuple[str, ...]


#: Tools that the client runs; chat has no word for them, so that they are offered as functions.
BUILT_IN: Mapping[str, _BuiltIn] = MappingProxyType(
    {
        "local_shell": _BuiltIn(
            "local_shell_call",
            "Runs a command on the user's machine and returns what it printed.",
            {
                "command": {**_TEXTS, "description": "The program and its arguments."},
                "working_directory": {"type": "string"},
                "timeout_ms": _NUMBER,
                "env": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            ("command",),
        ),
        "shell": _BuiltIn(
            "shell_call",
            "Runs shell commands on the user's machine and returns what they printed.",
            {"commands": _TEXTS, "timeout_ms": _NUMBER, "max_output_length": _NUMBER},
            ("commands",),
        ),
        "apply_patch": _BuiltIn(
            "apply_patch_call",
            "Creates, updates or deletes one file.",
            {"operation": {"type": "object", "properties": _EDIT, "required": ["type", "path"]}},
            ("operation",),
        ),
    }
)

_FUNCTION = frozenset(("type", "name", "description", "parameters", "strict", "async"))
_CUSTOM = frozenset(("type", "name", "description", "format", "async"))


class Offered(NamedTuple):
    """What calls of a function that chat was offered become: the kind of item, and the tool's own name."""

    item: ItemKind
    name: str
    namespace: str | None = None


class Tools(NamedTuple):
    """`specs`: the functions; `offered`: what stands behind each, by its name in chat."""

    specs: list[JSON]
    offered: dict[str, Offered]

    def behind(self, name: str) -> Offered:
        """What a call by this name is; of a function that was not offered, a call of it all the same."""
        return self.offered.get(name) or Offered("function_call", name)


def sent_name(name: str, namespace: Any = None) -> str:
    """A tool's name as chat takes it; always the same for the same tool."""
    full = f"{namespace}__{name}" if isinstance(namespace, str) and namespace else name
    return full if _NAME.fullmatch(full) else safe_name(full, MOST_NAME)


def read_tools(given: list[Any], lost: list[str]) -> Tools:
    """The tools of a request. Those that run at the provider, or that chat cannot say, are added to `lost`.

    Raises:
        BadRequest: a tool is malformed.
    """
    tools = Tools([], {})
    for index, value in enumerate(given):
        where = f"tools[{index}]"
        for spec, offered in _read(an_object(value, where), where, lost):
            name = spec["name"]
            if name in tools.offered:
                lost.append(f"tools.{offered.name}")
                continue
            tools.offered[name] = offered
            tools.specs.append({"type": "function", "function": spec})
    return tools


def _read(tool: JSON, where: str, lost: list[str], namespace: str | None = None) -> Iterator[tuple[JSON, Offered]]:
    kind = tool.get("type")
    if kind == "function":
        yield _function(tool, where, lost, namespace)
    elif kind == "custom":
        yield _freeform(tool, where, lost, namespace)
    elif kind == "namespace" and namespace is None:
        name = a_text(tool.get("name"), f"{where}.name")
        for index, inner in enumerate(a_list(tool.get("tools"), f"{where}.tools")):
            at = f"{where}.tools[{index}]"
            yield from _read(an_object(inner, at), at, lost, name)
    elif not isinstance(kind, str):
        raise invalid(f"{where}.type", "a string")
    elif kind in BUILT_IN and not _runs_elsewhere(tool):
        yield _built_in(kind)
    else:
        lost.append(f"tools.{kind}")


def _function(tool: JSON, where: str, lost: list[str], namespace: str | None) -> tuple[JSON, Offered]:
    name = a_text(tool.get("name"), f"{where}.name")
    lost += [f"tools.{key}" for key, value in tool.items() if key not in _FUNCTION and value]
    schema = an_object(tool.get("parameters") or {"type": "object", "properties": {}}, f"{where}.parameters")
    spec: JSON = {"name": sent_name(name, namespace), "parameters": schema}
    if isinstance(description := tool.get("description"), str) and description:
        spec["description"] = description
    if tool.get("strict") is True:
        spec["strict"] = True
    return spec, Offered("function_call", name, namespace)


def _freeform(tool: JSON, where: str, lost: list[str], namespace: str | None) -> tuple[JSON, Offered]:
    """A tool that takes a text: a function with one string. Its grammar is told, since nothing else holds to it."""
    name = a_text(tool.get("name"), f"{where}.name")
    lost += [f"tools.{key}" for key, value in tool.items() if key not in _CUSTOM and value]
    told = [text for text in (tool.get("description"),) if isinstance(text, str) and text]
    form = tool.get("format")
    if isinstance(form, dict) and isinstance(definition := form.get("definition"), str):
        told.append(f"The input must follow this grammar ({form.get('syntax')}):\n{definition}")
    properties = {"input": {"type": "string", "description": "The tool's whole input, as it is, not as JSON."}}
    spec: JSON = {
        "name": sent_name(name, namespace),
        "description": "\n\n".join(told),
        "parameters": {
            "type": "object",
            "properties": properties,
            "required": ["input"],
            "additionalProperties": False,
        },
    }
    return spec, Offered("custom_tool_call", name, namespace)


def _built_in(kind: str) -> tuple[JSON, Offered]:
    built_in = BUILT_IN[kind]
    parameters = {"type": "object", "properties": built_in.properties, "required": list(built_in.required)}
    spec = {"name": kind, "description": built_in.description, "parameters": parameters}
    return spec, Offered(built_in.item, kind)


def _runs_elsewhere(tool: JSON) -> bool:
    """Whether a shell is one in a container of OpenAI's."""
    environment = tool.get("environment")
    return isinstance(environment, dict) and environment.get("type") not in (None, "local")


def read_choice(choice: Any, tools: Tools, lost: list[str]) -> tuple[list[JSON], JSON]:
    """The functions that may be called, and `tool_choice` where it says more than what goes without saying.

    Raises:
        BadRequest: the choice is malformed.
    """
    if choice is None or choice == "auto":
        return tools.specs, {}
    if choice in ("none", "required"):
        return tools.specs, {"tool_choice": choice}
    if isinstance(choice, str):
        raise invalid("tool_choice", "auto, none, required or an object")
    choice = an_object(choice, "tool_choice")
    if choice.get("type") == "allowed_tools":
        return _allowed(choice, tools, lost)
    name = _chosen(choice, tools)
    if name is None:
        lost.append("tool_choice")
        return tools.specs, {}
    return tools.specs, {"tool_choice": {"type": "function", "function": {"name": name}}}


def _allowed(choice: JSON, tools: Tools, lost: list[str]) -> tuple[list[JSON], JSON]:
    """Only the tools that may be called are offered: few servers know OpenAI's way to name them."""
    listed = a_list(choice.get("tools"), "tool_choice.tools")
    names = {_chosen(an_object(one, f"tool_choice.tools[{index}]"), tools) for index, one in enumerate(listed)}
    if None in names:
        lost.append("tool_choice.tools")
    specs = [spec for spec in tools.specs if spec["function"]["name"] in names]
    return specs, {"tool_choice": "required"} if choice.get("mode") == "required" and specs else {}


def _chosen(choice: JSON, tools: Tools) -> str | None:
    """The function that stands for a tool that is chosen; None if it is not offered."""
    kind = choice.get("type")
    name = choice.get("name") if kind in ("function", "custom") else kind
    if not isinstance(name, str):
        raise invalid("tool_choice", "auto, none, required or a tool")
    sent = sent_name(name, choice.get("namespace"))
    return sent if sent in tools.offered else None
