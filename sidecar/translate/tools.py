"""Tools, the choice among them, and structured output, as an Anthropic request has them."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from sidecar.translate.checks import a_list, a_text, an_object, invalid, objects, unsupported
from sidecar.translate.content import with_cache_control
from sidecar.translate.idents import safe_name
from sidecar.translate.models import Traits
from sidecar.translate.schema import strict_schema
from sidecar.translate.shape import JSON

#: The type of Anthropic's own tools ends in their date: `web_search_20250305`.
_NATIVE = re.compile(r"_20\d{6}$")

_CHOICES = {"auto": "auto", "none": "none", "required": "any", "any": "any"}

#: The tool whose input stands in for structured output where a model has none.
RESPONSE_TOOL = "json_response"

JSON_SENTENCE = "Answer with one valid JSON object and nothing else: no prose around it, no code fence."


class Tools(NamedTuple):
    """`tools` and `tool_choice` of a request; `names`: as sent → as the client knows them; `legacy`: `functions`."""

    specs: list[JSON]
    choice: JSON | None
    names: dict[str, str]
    legacy: bool
    ignored: tuple[str, ...]


def read_tools(body: JSON, traits: Traits) -> Tools:
    """The tools of a chat request.

    Raises:
        BadRequest: a tool or the choice is malformed, or a tool is of a kind that Anthropic has no place for.
    """
    ignored: list[str] = []
    legacy = bool(body.get("functions")) and not body.get("tools")
    if body.get("functions") and not legacy:
        ignored.append("functions")
    listed = [{"type": "function", "function": item} for item in a_list(body.get("functions"), "functions")]
    where, listed = ("functions", listed) if legacy else ("tools", a_list(body.get("tools"), "tools"))
    specs = [_tool(tool, f"{where}[{index}]", traits, ignored) for index, tool in enumerate(listed)]
    choice = _choice(body.get("function_call" if legacy else "tool_choice"), "tool_choice")
    specs = _allowed(specs, body.get("tool_choice"))
    if choice and choice["type"] in ("any", "tool") and not traits.forced:
        choice = {"type": "auto"}
        ignored.append("tool_choice")
    choice = choice or ({"type": "auto"} if legacy else None)  # whose answer has room for one call
    if body.get("parallel_tool_calls") is False or (legacy and choice and choice["type"] in ("auto", "any")):
        choice = choice or {"type": "auto"}
        if choice["type"] != "none":
            choice["disable_parallel_tool_use"] = True
    names = {safe_name(name): name for name in _names(listed)}
    changed = {safe: name for safe, name in names.items() if safe != name}
    if not specs:
        ignored += [key for key in ("tool_choice", "parallel_tool_calls") if body.get(key) is not None]
    return Tools(specs, choice if specs else None, changed, legacy, tuple(dict.fromkeys(ignored)))


def _names(listed: list[Any]) -> list[str]:
    return [tool["function"]["name"] for tool in listed if "function" in tool]


def _tool(given: Any, where: str, traits: Traits, ignored: list[str]) -> JSON:
    tool = an_object(given, where)
    kind = tool.get("type", "function")
    if "input_schema" in tool or (isinstance(kind, str) and _NATIVE.search(kind)):
        return tool  # Anthropic's own words, as an extension
    if kind != "function":
        raise unsupported(where, f"{where} is of type {kind!r}, which this provider does not have.")
    function = an_object(tool.get("function"), f"{where}.function")
    name = a_text(function.get("name"), f"{where}.function.name")
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    schema = an_object(parameters, f"{where}.function.parameters")
    schema = schema if "type" in schema else {"type": "object", **schema}
    spec: JSON = {"name": safe_name(name), "input_schema": schema}
    if isinstance(description := function.get("description"), str) and description:
        spec["description"] = description
    if function.get("strict") and traits.schema:
        spec.update(input_schema=strict_schema(schema), strict=True)
    elif function.get("strict"):
        ignored.append("tools.strict")
    return with_cache_control(with_cache_control(spec, function), tool)


def _choice(choice: Any, where: str) -> JSON | None:
    if choice is None:
        return None
    if isinstance(choice, str) and choice in _CHOICES:
        return {"type": _CHOICES[choice]}
    choice = an_object(choice, where) if not isinstance(choice, str) else {}
    if isinstance(allowed := choice.get("allowed_tools"), dict):
        return {"type": _CHOICES.get(str(allowed.get("mode")), "auto")}
    named = choice.get("function") or choice
    name = named.get("name") if isinstance(named, dict) else None
    if isinstance(name, str):
        return {"type": "tool", "name": safe_name(name)}
    raise invalid(where, "auto, none, required or a function")


def _allowed(specs: list[JSON], choice: Any) -> list[JSON]:
    """The tools without those that `tool_choice: allowed_tools` leaves out."""
    allowed = choice.get("allowed_tools") if isinstance(choice, dict) else None
    if not isinstance(allowed, dict):
        return specs
    named = (tool.get("function") or tool for tool in objects(allowed.get("tools")))
    names = {safe_name(str(one.get("name"))) for one in named if isinstance(one, dict)}
    return [spec for spec in specs if spec.get("name") in names]


class Format(NamedTuple):
    """What `response_format` becomes: a `schema` for `output_config`, a tool in its stead, or a `sentence`."""

    schema: JSON | None = None
    tool: JSON | None = None
    sentence: str | None = None
    ignored: tuple[str, ...] = ()


def read_format(wanted: Any, traits: Traits) -> Format:
    """The structured output that a chat request asks for.

    Raises:
        BadRequest: it is malformed.
    """
    if wanted is None:
        return Format()
    kind = an_object(wanted, "response_format").get("type")
    if kind == "text":
        return Format()
    if kind == "json_object":
        return Format(sentence=JSON_SENTENCE)
    if kind != "json_schema":
        raise invalid("response_format.type", "text, json_object or json_schema")
    named = an_object(wanted.get("json_schema"), "response_format.json_schema")
    if not (schema := named.get("schema")):
        return Format(sentence=JSON_SENTENCE)
    schema = an_object(schema, "response_format.json_schema.schema")
    if traits.schema:
        return Format(schema=strict_schema(schema))
    described = named.get("description") or "Give your answer to the user by calling this, once, with all of it."
    return Format(tool={"name": RESPONSE_TOOL, "description": described, "input_schema": schema})


def with_response_tool(tools: Tools, tool: JSON) -> Tools:
    """The tools with the one that the answer must come through.

    With tools of the client's own, either one of those or the answer is called for.
    """
    if tools.choice and tools.choice["type"] == "tool":
        return tools._replace(ignored=(*tools.ignored, "response_format"))
    free = tools.specs and not (tools.choice and tools.choice["type"] == "none")
    choice: JSON = {"type": "any"} if free else {"type": "tool", "name": RESPONSE_TOOL}
    if tools.choice and tools.choice.get("disable_parallel_tool_use"):
        choice["disable_parallel_tool_use"] = True
    return tools._replace(specs=[*tools.specs, tool], choice=choice)
