"""The chunks of a streamed chat completion as the events of an Anthropic message.

The two deltas that make up nearly all of a stream, text and reasoning, go from one JSON to the other as the bytes they
came in. Everything else is decoded.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sidecar.translate.lenient import decode, encode
from sidecar.translate.messages.answer import Calls, message_id, reasoning_in, stopping, texts_in, usage_of
from sidecar.translate.messages.blocks import Block, Blocks, events
from sidecar.translate.messages.request import Asked
from sidecar.translate.messages.seal import signature_for
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target
from sidecar.values import Tokens

_NOTHING = msgspec.Raw(b"")
_VOID = (b"", b"null", b'""', b"[]", b"{}")


class _Delta(msgspec.Struct, frozen=True, gc=False):
    """A delta, its parts still as JSON."""

    content: msgspec.Raw = _NOTHING
    reasoning_content: msgspec.Raw = _NOTHING
    reasoning: msgspec.Raw = _NOTHING
    refusal: msgspec.Raw = _NOTHING
    tool_calls: msgspec.Raw = _NOTHING
    function_call: msgspec.Raw = _NOTHING


class _Choice(msgspec.Struct, gc=False):
    index: int = 0
    delta: _Delta = _Delta()
    finish_reason: Any = None

    @property
    def is_plain(self) -> bool:
        """Whether it is the first choice, and holds no more than text and reasoning."""
        others = (self.delta.tool_calls, self.delta.refusal, self.delta.function_call)
        return not self.finish_reason and not self.index and all(bytes(other) in _VOID for other in others)


class _Chunk(msgspec.Struct, gc=False):
    """As much of a chunk as the hot path looks at."""

    choices: list[_Choice] = []


_decode = msgspec.json.Decoder(_Chunk).decode


class MessageStream:
    """Translates one stream."""

    def __init__(self, asked: Asked, target: Target) -> None:
        self._asked = asked
        self._target = target
        self._field = ""
        self._blocks = Blocks(lambda: signature_for(self._field, target.maker))
        self._ids = Calls()
        self._calls: dict[Any, tuple[Block, JSON]] = {}
        self._last: Any = None
        self._begun = False
        self._stopping: JSON | None = None

    def feed(self, data: bytes) -> bytes:
        """The events that one chunk's JSON becomes; often none."""
        kind, piece = self._quick(data)
        if piece and self._blocks.open_kind() == kind:
            return self._blocks.text(kind, piece)
        return self._slowly(decode(data))

    def end(self, tokens: Tokens) -> bytes:
        """The stop reason with the usage, which chat tells last, and the end."""
        out = self._begin({}) + self._blocks.finish()
        stopping_ = self._stopping or stopping({}, (), called=bool(self._calls))
        usage = usage_of(tokens)
        return out + events(
            ({"type": "message_delta", "delta": stopping_, "usage": usage}, {"type": "message_stop"}),
        )

    def _quick(self, data: bytes) -> tuple[str, bytes]:
        """Kind and JSON string of a chunk that is nothing but more text, or more reasoning."""
        try:
            choices = _decode(data).choices
        except (msgspec.DecodeError, UnicodeError):
            return "", b""
        if len(choices) != 1 or self._stopping is not None or not choices[0].is_plain:
            return "", b""
        delta = choices[0].delta
        content, thought = bytes(delta.content), bytes(delta.reasoning_content) or bytes(delta.reasoning)
        kind, piece = ("text", content) if thought in _VOID else ("thinking", thought if content in _VOID else b"")
        return (kind, piece) if piece[:1] == b'"' and piece != b'""' else ("", b"")

    def _slowly(self, chunk: Any) -> bytes:
        if not isinstance(chunk, dict):
            return b""
        out = self._begin(chunk)
        for choice in chunk.get("choices") or ():
            if isinstance(choice, dict) and not choice.get("index") and self._stopping is None:
                out += self._delta(choice.get("delta") or {})
                if choice.get("finish_reason"):
                    self._stopping = stopping(choice, self._asked.stops, called=bool(self._calls))
                    out += self._blocks.finish()
        return out

    def _begin(self, chunk: JSON) -> bytes:
        """The first event, once."""
        if self._begun:
            return b""
        self._begun = True
        message: JSON = {
            "id": message_id(chunk.get("id")),
            "type": "message",
            "role": "assistant",
            "model": chunk.get("model") or self._target.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage_of(Tokens()),
        }
        return events(({"type": "message_start", "message": message},))

    def _delta(self, delta: JSON) -> bytes:
        out = b""
        field, thought = reasoning_in(delta)
        text, inner = texts_in(delta.get("content"))
        refusal = delta.get("refusal")
        if thought or inner:
            self._field = field
            out += self._blocks.text("thinking", encode(thought or inner))
        for words in (text, refusal):
            if isinstance(words, str) and words:
                out += self._blocks.text("text", encode(words))
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict):
                out += self._call(call)
        if isinstance(legacy := delta.get("function_call"), dict):
            out += self._call({"index": "legacy", "function": legacy})
        return out

    def _call(self, call: JSON) -> bytes:
        """A piece of a tool call. Its index tells which, or else its id; some servers count all as 0."""
        function = call["function"] if isinstance(call.get("function"), dict) else {}
        name, identifier = function.get("name"), call.get("id")
        key = call.get("index")
        if key is None:
            key = identifier or self._last
        known = self._calls.get(key)
        if known is not None and name and identifier and known[1].get("id") not in (None, identifier):
            known = None
        if known is None:
            known = self._calls[key] = (self._blocks.begin_call(), {})
        self._last = key
        block, told = known
        told.update({"id": told.get("id") or identifier, "name": told.get("name") or name})
        if block.start is None and told["name"]:
            said = str(told["name"])
            use = {"type": "tool_use", "id": self._ids.fit(told["id"]), "name": self._asked.names.get(said, said)}
            block.start = {**use, "input": {}}
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = encode(arguments).decode()
        return self._blocks.arguments(block, encode(arguments) if isinstance(arguments, str) else b"")
