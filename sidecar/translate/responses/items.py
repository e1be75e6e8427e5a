"""The input of a Responses request as the messages of a chat request.

What one turn of the model is made of stands in items of its own: reasoning, messages, calls. In chat they are one
message of the assistant's, which goes on until something answers it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sidecar.errors import BadRequest
from sidecar.translate.checks import a_list, a_text, an_object, invalid, unsupported
from sidecar.translate.responses.calls import call_of
from sidecar.translate.responses.carried import Thought, unpacked
from sidecar.translate.responses.parts import parts_of, text_of, told
from sidecar.translate.responses.results import result_of
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target

SYSTEM = ("system", "developer")
CALLS = frozenset(("function_call", "custom_tool_call", "local_shell_call", "shell_call", "apply_patch_call"))
RESULTS = frozenset(f"{kind}_output" for kind in CALLS)

#: What was done at the provider that the client had before: the model misses little of it, its answer is there.
_DONE = frozenset(
    (
        "web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call", "mcp_call",
        "mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "tool_search_call", "tool_search_output",
        "program", "program_output", "configuration_update",
    )
)  # fmt: skip

#: What only its maker can read, or what asks the provider for something else than an answer.
_UNREADABLE = {
    "item_reference": "names an item that this provider does not have; send the item itself, with store: false",
    "compaction": "is a compaction, which only the provider that made it can read; start a new conversation",
    "compaction_trigger": "asks for a compaction, which this provider does not have; compact the conversation yourself",
}


class Input(NamedTuple):
    """The messages; `tools` are those that came with the input."""

    messages: list[JSON]
    tools: list[Any]


class _Reader:
    """Reads items one after the other."""

    def __init__(self, target: Target, lost: list[str]) -> None:
        self.messages: list[JSON] = []
        self.tools: list[Any] = []
        self._target = target
        self._lost = lost
        self._turn: JSON | None = None  # the assistant's message that is still going on
        self._thoughts: list[tuple[JSON, Thought]] = []
        self._aside: list[JSON] = []  # parts of results that only a user's message can hold

    def read(self, item: JSON, where: str) -> None:
        kind = a_text(item.get("type") or ("message" if "role" in item else "item_reference"), f"{where}.type")
        if kind == "message":
            self._message(item, where)
        elif kind == "reasoning":
            self._reasoning(item)
        elif kind in CALLS:
            self._assistant().setdefault("tool_calls", []).append(call_of({**item, "type": kind}, where))
        elif kind in RESULTS:
            self._result(item, where)
        elif kind == "additional_tools":
            self.tools += a_list(item.get("tools"), f"{where}.tools")
        elif kind in _DONE:
            self._lost.append(f"input.{kind}")
        elif kind in _UNREADABLE:
            raise unsupported(where, f"{where} {_UNREADABLE[kind]}.")
        else:
            raise unsupported(where, f"{where} is of type {kind!r}, which this provider does not take.")

    def _message(self, item: JSON, where: str) -> None:
        role = item.get("role")
        parts = parts_of(item.get("content"), f"{where}.content")
        if role == "assistant":
            said = text_of(parts, "")
            turn = self._assistant()
            turn["content"] = (turn["content"] or "") + said
        elif role in SYSTEM:
            self._system(text_of(parts))
        elif role == "user":
            self.flush()
            self._say("user", told(parts))
        else:
            raise invalid(f"{where}.role", "user, assistant, system or developer")

    def _system(self, text: str) -> None:
        """To the system's message that the conversation begins with, which is all that many models' templates take."""
        self.flush()
        if len(self.messages) == 1 and self.messages[0]["role"] == "system":
            self.messages[0]["content"] += "\n" + text
        elif text:
            self._say("system", text)

    def _say(self, role: str, content: Any) -> None:
        self._turn = None
        self.messages.append({"role": role, "content": content})

    def _assistant(self) -> JSON:
        if self._turn is None:
            self.flush()
            self._turn = {"role": "assistant", "content": None}
            self.messages.append(self._turn)
        return self._turn

    def _reasoning(self, item: JSON) -> None:
        thought = unpacked(item.get("encrypted_content"), self._target.maker)
        if thought is None:
            self._lost.append("input.reasoning")
        else:
            self._thoughts.append((self._assistant(), thought))

    def _result(self, item: JSON, where: str) -> None:
        """Behind the calls and the results that are there, even if something was said between."""
        parts = result_of(item, where)
        identifier = a_text(item.get("call_id") or item.get("id"), f"{where}.call_id")
        aside = [part for part in parts if part["type"] != "text"]
        text = text_of(parts) or ("See the next message." if aside else "")
        self._aside += aside
        place = self._place(identifier)
        self.messages.insert(place, {"role": "tool", "tool_call_id": identifier, "content": text})
        self._turn = None

    def _place(self, identifier: str) -> int:
        place = len(self.messages)
        for index in range(len(self.messages) - 1, -1, -1):
            message = self.messages[index]
            if any(call["id"] == identifier for call in message.get("tool_calls") or ()):
                return place
            if message["role"] != "tool":
                place = index
        return len(self.messages)

    def flush(self) -> None:
        """Let the user's side tell what results could not hold."""
        if self._aside:
            aside, self._aside = self._aside, []
            self._say("user", aside)

    def think(self) -> None:
        """Put what was thought into the messages that it led to, in the field in which it came.

        Signed reasoning goes back always; a text alone only within the turn that goes on: no server wants it later.
        """
        last = max((index for index, one in enumerate(self.messages) if one["role"] == "user"), default=-1)
        is_open = {id(one) for one in self.messages[last + 1 :] if one.get("tool_calls")}
        for message, thought in self._thoughts:
            if thought.details:
                message["reasoning_details"] = [*message.get("reasoning_details", ()), *_details(thought)]
            elif id(message) in is_open and thought.field:
                message[thought.field] = message.get(thought.field, "") + thought.text
        self.messages = [one for one in self.messages if one["role"] != "assistant" or _says(one)]


def read_input(body: JSON, target: Target, lost: list[str]) -> Input:
    """The conversation; names of what has no place in it are added to `lost`.

    Raises:
        BadRequest: an item is malformed, there is nothing to answer, or something that the model would miss cannot be
            carried.
    """
    reader = _Reader(target, lost)
    if (instructions := body.get("instructions")) is not None:
        reader.read({"role": "system", "content": a_text(instructions, "instructions")}, "instructions")
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(items, list):
        raise invalid("input", "a string or an array of items")
    for index, item in enumerate(items):
        reader.read(an_object(item, f"input[{index}]"), f"input[{index}]")
    reader.flush()
    reader.think()
    if not reader.messages:
        raise BadRequest("input holds nothing to answer.", param="input")
    return Input(reader.messages, reader.tools)


def _details(thought: Thought) -> list[JSON]:
    """What signs a thought, with its text where the provider told that apart."""
    return [
        {**detail, "text": thought.text} if detail.get("type") == "reasoning.text" and "text" not in detail else detail
        for detail in thought.details
    ]


def _says(message: JSON) -> bool:
    return bool(message.get("content") or message.get("tool_calls"))
