"""Calls of tools: the items of Responses as the calls of a chat message, and back."""

from __future__ import annotations

import json
from typing import Any

from sidecar.translate.checks import a_text, an_object
from sidecar.translate.lenient import encode
from sidecar.translate.responses.tools import BUILT_IN, Offered, sent_name
from sidecar.translate.shape import JSON

#: Item of a built-in tool's call → the tool, and the member that holds what it is called with.
_TOLD = {"local_shell_call": ("local_shell", "action"), "shell_call": ("shell", "action")}


def call_of(item: JSON, where: str) -> JSON:
    """The chat tool call that a call's item is.

    Raises:
        BadRequest: it is malformed.
    """
    kind = item["type"]
    identifier = a_text(item.get("call_id") or item.get("id"), f"{where}.call_id")
    if kind == "function_call":
        name = sent_name(a_text(item.get("name"), f"{where}.name"), item.get("namespace"))
        arguments = a_text(item.get("arguments"), f"{where}.arguments")
    elif kind == "custom_tool_call":
        name = sent_name(a_text(item.get("name"), f"{where}.name"), item.get("namespace"))
        arguments = encode({"input": a_text(item.get("input"), f"{where}.input")}).decode()
    else:
        name, arguments = _built_in(item, where)
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}


def _built_in(item: JSON, where: str) -> tuple[str, str]:
    if item["type"] == "apply_patch_call":
        operation = an_object(item.get("operation"), f"{where}.operation")
        return "apply_patch", encode({"operation": operation}).decode()
    name, member = _TOLD[item["type"]]
    given = an_object(item.get(member), f"{where}.{member}")
    known = BUILT_IN[name].properties
    return name, encode({key: value for key, value in given.items() if key in known and value is not None}).decode()


def item_of(offered: Offered, identifier: str, call_id: str, arguments: str) -> JSON:
    """The item that a call of an offered tool is, complete.

    A built-in tool's call whose arguments are not what the tool takes is told as the function's call that it was: the
    client answers with an error, and the model can mend it.
    """
    if offered.item == "custom_tool_call":
        item = {"id": identifier, "type": "custom_tool_call", "call_id": call_id, "name": offered.name}
        return _in_namespace({**item, "input": input_of(arguments)}, offered)
    if offered.item != "function_call" and (told := _told(offered, arguments)) is not None:
        return {"id": identifier, "type": offered.item, "call_id": call_id, "status": "completed", **told}
    item = {"id": identifier, "type": "function_call", "status": "completed", "call_id": call_id, "name": offered.name}
    return _in_namespace({**item, "arguments": arguments}, offered)


def _in_namespace(item: JSON, offered: Offered) -> JSON:
    return {**item, "namespace": offered.namespace} if offered.namespace else item


def input_of(arguments: str) -> str:
    """The input of a freeform tool: the one string of its arguments, or all of them where they are something else."""
    value = _object(arguments)
    inner = None if value is None else value.get("input")
    return inner if isinstance(inner, str) else arguments


def _told(offered: Offered, arguments: str) -> JSON | None:
    given = _object(arguments)
    if given is None:
        return None
    if offered.item == "apply_patch_call":
        operation = given.get("operation", given)
        return {"operation": operation} if _is_edit(operation) else None
    if offered.item == "shell_call":
        commands = _texts(given.get("commands", given.get("command")))
        numbers = {name: given.get(name) for name in ("timeout_ms", "max_output_length")}
        return None if not commands else {"action": {"commands": commands, **numbers}, "environment": None}
    command = _command(given.get("command"))
    if not command:
        return None
    rest = {name: given.get(name) for name in ("timeout_ms", "working_directory")}
    env = given.get("env") if isinstance(given.get("env"), dict) else {}
    return {"action": {"type": "exec", "command": command, "env": env, "user": None, **rest}}


def _is_edit(operation: Any) -> bool:
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        return False
    kind = operation.get("type")
    return kind == "delete_file" or (kind in ("create_file", "update_file") and isinstance(operation.get("diff"), str))


def _command(given: Any) -> list[str]:
    """A command as a list; one in a single string is a shell's."""
    return ["bash", "-lc", given] if isinstance(given, str) and given.strip() else _texts(given)


def _texts(given: Any) -> list[str]:
    given = [given] if isinstance(given, str) and given.strip() else given
    return given if isinstance(given, list) and all(isinstance(one, str) for one in given) else []


def _object(arguments: str) -> JSON | None:
    try:
        value = json.loads(arguments, strict=False) if arguments.strip() else {}  # they forget to escape line breaks
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
