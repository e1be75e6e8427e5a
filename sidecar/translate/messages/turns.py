"""The system text and the messages of a Messages request as the messages of a chat request."""

from __future__ import annotations

from typing import Any

from sidecar.errors import BadRequest
from sidecar.translate.checks import a_list, a_text, an_object, invalid
from sidecar.translate.lenient import encode
from sidecar.translate.messages.parts import parts_of, text_of, told
from sidecar.translate.messages.tools import Tools, sent_name
from sidecar.translate.seal import field_of
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target
from sidecar.translate.thinking import THINKING

#: Claude Code's first system block: a line for Anthropic's accounting, which differs with each request, so that no
#: server could keep its prompt cache behind it.
BILLING = "x-anthropic-billing-header:"


def read_conversation(body: JSON, tools: Tools, target: Target, lost: list[str]) -> list[JSON]:
    """The messages; names of what has no place among them are added to `lost`.

    Raises:
        BadRequest: a message is malformed, there is none, or one holds what chat cannot carry.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("messages", "a non-empty array")
    read = [an_object(message, f"messages[{index}]") for index, message in enumerate(messages)]
    reader = _Reader(tools, target, lost, _open_from(read))
    reader.system(body.get("system"))
    for index, message in enumerate(read):
        reader.read(message, index)
    if not any(message["role"] != "system" for message in reader.messages):
        raise BadRequest("messages hold no text, image or tool result to answer.", param="messages")
    return reader.messages


def _open_from(messages: list[JSON]) -> int:
    """Where the turn begins that is still going on: behind the last message in which the user spoke, not a tool."""
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].get("role") == "user" and "tool_result" not in _kinds(messages[index]):
            return index
    return 0


def _kinds(message: JSON) -> list[Any]:
    content = message.get("content")
    return [block.get("type") for block in content if isinstance(block, dict)] if isinstance(content, list) else []


class _Reader:
    """Reads messages one after the other."""

    def __init__(self, tools: Tools, target: Target, lost: list[str], open_from: int) -> None:
        self.messages: list[JSON] = []
        self._tools = tools
        self._target = target
        self._lost = lost
        self._open_from = open_from

    def system(self, system: Any) -> None:
        texts = []
        for index, block in enumerate(_blocks(system, "system")):
            text = a_text(block.get("text"), f"system[{index}].text")
            if text.startswith(BILLING):
                self._lost.append(BILLING.rstrip(":"))
            elif text.strip():
                texts.append(text)
            self._mark(block)
        if texts:
            self.messages.append({"role": "system", "content": "\n".join(texts)})

    def read(self, message: JSON, index: int) -> None:
        where = f"messages[{index}]"
        blocks = _blocks(message.get("content"), f"{where}.content")
        for block in blocks:
            self._mark(block)
        role = message.get("role")
        if role == "assistant":
            self._assistant(blocks, where, is_open=index > self._open_from)
        elif role == "user":
            self._user(blocks, where)
        elif role == "system":
            self._remind(text_of(blocks))
        else:
            raise invalid(f"{where}.role", "user or assistant")

    def _remind(self, text: str) -> None:
        """A system message within the conversation, as Claude Code writes it where there is none.

        Most chat templates refuse one that is not the first message (Qwen's, Mistral's).
        """
        reminder = f"<system-reminder>\n{text}\n</system-reminder>"
        last = self.messages[-1] if self.messages else {}
        if last.get("role") != "user":
            self.messages.append({"role": "user", "content": reminder})
        elif isinstance(last["content"], str):
            last["content"] += f"\n{reminder}"
        else:
            last["content"].append({"type": "text", "text": reminder})

    def _user(self, blocks: list[JSON], where: str) -> None:
        """Results of tools each become a message of their own, right behind the calls; the rest follows as one."""
        rest: list[JSON] = []
        for index, block in enumerate(blocks):
            at = f"{where}.content[{index}]"
            if block.get("type") == "tool_result":
                rest += self._result(block, at)
            else:
                rest += parts_of(block, at, self._lost)
        if rest:
            self.messages.append({"role": "user", "content": told(rest)})

    def _result(self, block: JSON, where: str) -> list[JSON]:
        """The message of a tool's result, and those parts of it that only a user's message can hold."""
        parts: list[JSON] = []
        for index, inner in enumerate(_blocks(block.get("content"), f"{where}.content")):
            parts += parts_of(inner, f"{where}.content[{index}]", self._lost)
            self._mark(inner)
        text = "\n".join(part["text"] for part in parts if part["type"] == "text")
        rest = [part for part in parts if part["type"] != "text"]
        if rest and not text:
            text = "See the next message."
        if block.get("is_error") is True and "error" not in text[:40].lower():
            text = f"Error: {text}"
        identifier = a_text(block.get("tool_use_id"), f"{where}.tool_use_id")
        self.messages.append({"role": "tool", "tool_call_id": identifier, "content": text})
        return rest

    def _assistant(self, blocks: list[JSON], where: str, *, is_open: bool) -> None:
        texts, calls, thoughts = [], [], []
        for index, block in enumerate(blocks):
            at = f"{where}.content[{index}]"
            kind = a_text(block.get("type"), f"{at}.type")
            if kind == "text":
                texts.append(a_text(block.get("text"), f"{at}.text"))
            elif kind == "tool_use":
                calls.append(_call(block, at))
            elif kind in THINKING:
                thoughts.append(block)
            else:
                self._lost.append(f"messages.{kind}")
        text = "\n".join(text for text in texts if text.strip())
        said: JSON = {"role": "assistant", "content": text or (None if calls else "")}
        if calls:
            said["tool_calls"] = calls
        said |= self._reasoning(thoughts, is_open=is_open and bool(calls))
        if text or calls:
            self.messages.append(said)

    def _reasoning(self, thoughts: list[JSON], *, is_open: bool) -> JSON:
        """What the model thought in the turn that is going on, in the field in which it gave it.

        That of turns that are over is of no use to it: no server wants it back.
        """
        own = [block for block in thoughts if field_of(block, self._target.maker)]
        if len(own) < len(thoughts):
            self._lost.append("messages.thinking")
        if not own or not is_open:
            return {}
        return {field_of(own[0], self._target.maker): "".join(str(block.get("thinking") or "") for block in own)}

    def _mark(self, block: JSON) -> None:
        if block.get("cache_control") is not None:
            self._lost.append("cache_control")


def _blocks(content: Any, where: str) -> list[JSON]:
    """A content as blocks: a string is a text, nothing is none."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [an_object(block, f"{where}[{index}]") for index, block in enumerate(a_list(content, where))]


def _call(block: JSON, where: str) -> JSON:
    name = sent_name(a_text(block.get("name"), f"{where}.name"))
    arguments = encode(an_object(block.get("input") or {}, f"{where}.input")).decode()
    function = {"name": name, "arguments": arguments}
    return {"id": a_text(block.get("id"), f"{where}.id"), "type": "function", "function": function}
