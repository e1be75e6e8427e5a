"""One message of a conversation, read: who speaks, whose words they are, which files it puts before the model.

The three dialects with messages differ in words only, so one reader serves them: chat completions
(`role`, `content`, `tool_calls`), Anthropic messages (`tool_use` parts) and Responses (items with a `type`).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from sidecar.routing import formats
from sidecar.routing.calls import call_names, run_names, told_calls
from sidecar.routing.fim import fim_names
from sidecar.routing.marked import Reader
from sidecar.routing.names import clean, distinct, is_known
from sidecar.routing.words import Matters

JSON = dict[str, Any]
Speaker = Literal["user", "assistant", "system", "tool"]

MOST_NAMES = 256


class Message(msgspec.Struct, frozen=True):
    """What one message says.

    `real` is true for words of the user's own; `names` are the files in context, `weak` those that count if there is
    no other; `ran` are files within code fences, which count where a client runs the assistant's fences; `boundary`
    says that all before it are examples; `fim` that it is a completion in disguise; `title` is its first line; `partly`
    that there may be more names, in lines that were left out, and that the title was.
    """

    speaker: Speaker
    real: bool = False
    names: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()
    boundary: bool = False
    fim: bool = False
    title: str = ""
    partly: bool = False


NOTHING = Message("tool")
_SPEAKERS: dict[str, Speaker] = {
    "user": "user",
    "assistant": "assistant",
    "model": "assistant",
    "system": "system",
    "developer": "system",
}
_SHELL_ITEMS = frozenset({"local_shell_call", "shell_call"})
_CALLS = frozenset({"function_call", "custom_tool_call", "mcp_call", "tool_use", "server_tool_use", "mcp_tool_use"})


def read_message(message: object, matters: Matters | None = None) -> Message:
    """What a message or item of any dialect says; anything else says nothing.

    With `matters`, the user's own words are searched only in the lines that it picks.
    """
    if not isinstance(message, dict):
        return NOTHING
    kind = message.get("type")
    if isinstance(kind, str) and kind not in ("message", "", "text"):
        return _read_item(kind, message)
    role = message.get("role")
    speaker = _SPEAKERS.get(role, "tool") if isinstance(role, str) else "tool"
    if speaker == "user":
        return _read_user(message.get("content"), matters)
    if speaker == "assistant":
        return _read_assistant(message)
    if speaker == "system":
        return Message("system", names=system_names(message.get("content")))
    return NOTHING


def _read_item(kind: str, item: JSON) -> Message:
    if kind in _CALLS:
        return Message("assistant", names=_call(item))
    if kind in _SHELL_ITEMS:
        return Message("assistant", names=_bounded(call_names("shell", item.get("action"))))
    if kind == "apply_patch_call":
        return Message("assistant", names=_bounded(call_names("apply_patch", item.get("operation"))))
    return Message("assistant") if kind == "reasoning" else NOTHING


def _call(part: JSON) -> tuple[str, ...]:
    name = part.get("name")
    arguments = next((part[key] for key in ("arguments", "input") if key in part), None)
    return _bounded(call_names(name if isinstance(name, str) else "", arguments))


def _bounded(names: list[str]) -> tuple[str, ...]:
    if len(names) < 2:
        return tuple(names)
    return tuple(dict.fromkeys(names[: 4 * MOST_NAMES]))[:MOST_NAMES]


def texts_of(content: object) -> list[str]:
    """The texts of a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list):
        return []
    texts = (part if isinstance(part, str) else part.get("text") for part in content if isinstance(part, (dict, str)))
    return [text for text in texts if isinstance(text, str)]


def _read_user(content: object, matters: Matters | None = None) -> Message:
    texts = texts_of(content)
    head = texts[0].lstrip()[:200] if texts else ""
    if head.startswith(formats.BOUNDARIES):
        return Message("user", boundary=True)
    last = texts[-1] if texts else ""
    if is_fim(last):
        return Message("user", real=True, fim=True, names=_bounded(fim_names(last)))
    reader = Reader(matters)
    parts = content if isinstance(content, list) else texts
    for part in parts:
        if isinstance(part, str):
            reader.read(part)
        elif isinstance(part, dict):
            _read_part(reader, part)
    if reader.skipped and len(reader.names) + reader.skipped > MOST_NAMES:  # which of them count, all of them tell
        return _read_user(content)
    names, partly = distinct(_bounded(reader.names)), reader.skipped > 0
    return Message("user", real=reader.own, names=names, weak=_bounded(reader.weak), title=reader.title, partly=partly)


def _read_part(reader: Reader, part: JSON) -> None:
    text = part.get("text")
    if isinstance(text, str):
        reader.read(text)
        return
    if part.get("type") == "search_result":  # what was searched, not what was attached
        return
    held = part.get("file")
    for holder in (part, held if isinstance(held, dict) else {}):
        for key in ("filename", "title"):
            name = clean(value) if isinstance(value := holder.get(key), str) else None
            if name:
                reader.names.append(name)


def _read_assistant(message: JSON) -> Message:
    names: list[str] = []
    ran: list[str] = []
    content = message.get("content")
    for text in texts_of(content):
        names += told_calls(text)
        if "```" in text:
            (names if formats.RUN_FENCE in text else ran).extend(run_names(text))
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and isinstance(kind := part.get("type"), str) and kind in _CALLS:
            names += _call(part)
    calls = message.get("tool_calls")
    for call in (*(calls if isinstance(calls, list) else ()), message):
        function = (
            (call.get("function") or call.get("custom") or call.get("function_call"))
            if isinstance(call, dict)
            else None
        )
        if isinstance(function, dict):
            names += _call(function)
    return Message("assistant", names=_bounded(names), ran=_bounded(ran))


def is_fim(text: str) -> bool:
    """Whether a chat message is a fill-in-the-middle prompt in disguise."""
    start = text.lstrip()[:40]
    return start.startswith(formats.FIM_STARTS) or any(map(text[-200_000:].__contains__, formats.FIM_WITHIN))


def system_names(content: object) -> tuple[str, ...]:
    """The files that gptel, LibreChat and Open WebUI put into the system message; nothing else there counts."""
    found: list[str] = []
    for text in texts_of(content):
        start = text.find("Request context:")
        if start >= 0 and ("In file `" in text or "In buffer `" in text):
            reader = Reader()
            reader.read_marks(text[start:])
            found += reader.names
        if any(mark in text for mark in formats.IN_SYSTEM[1:]):
            raw = (first or second for first, second in formats.ATTACHED_IN_SYSTEM.findall(text))
            found += [name for name in map(clean, raw) if name and is_known(name)]
    return _bounded(found)
