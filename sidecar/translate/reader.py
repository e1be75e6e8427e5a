"""The chunks of a streamed chat completion, read: what they say goes to an `Ordered`, piece by piece.

The two deltas that make up nearly all of a stream, text and reasoning, go from one JSON to the other as the bytes they
came in. Everything else is decoded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

import msgspec

from sidecar.translate.lenient import decode, encode
from sidecar.translate.ordered import Kind, Ordered, Part
from sidecar.translate.said import reasoning_in, texts_in
from sidecar.translate.shape import JSON

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
    reasoning_details: msgspec.Raw = _NOTHING


class _Choice(msgspec.Struct, gc=False):
    index: int = 0
    delta: _Delta = _Delta()
    finish_reason: Any = None
    logprobs: msgspec.Raw = _NOTHING

    @property
    def is_plain(self) -> bool:
        """Whether it is the first choice, and holds no more than text and reasoning."""
        delta = self.delta
        others = (delta.tool_calls, delta.refusal, delta.function_call, delta.reasoning_details, self.logprobs)
        return not self.finish_reason and not self.index and all(bytes(other) in _VOID for other in others)


class _Chunk(msgspec.Struct, gc=False):
    """As much of a chunk as the hot path looks at."""

    choices: list[_Choice] = []


_decode = msgspec.json.Decoder(_Chunk).decode

OrderedT = TypeVar("OrderedT", bound=Ordered)


class ChunkReader(ABC, Generic[OrderedT]):
    """Reads one stream, of which the first choice counts.

    `parts` takes what is said; `refusals` is the kind of part in which a refusal stands; `ended`: a finish reason was
    given, and whatever follows is ignored.
    """

    refusals: Kind = "text"

    def __init__(self, parts: OrderedT) -> None:
        self.parts = parts
        self.ended = False
        self._calls: dict[Any, Part] = {}
        self._last: Any = None
        self._begun = False

    @abstractmethod
    def _opening(self, chunk: JSON) -> bytes:
        """The first events, once."""

    @abstractmethod
    def _ending(self, choice: JSON) -> None:
        """Note the choice that gave the finish reason."""

    def _beside(self, choice: JSON, delta: JSON) -> bytes:  # noqa: ARG002 - for those that want them
        """Note what else a choice holds, before what it says is told."""
        return b""

    @property
    def called(self) -> bool:
        """Whether a tool was called."""
        return bool(self._calls)

    def feed(self, data: bytes) -> bytes:
        """The events that one chunk's JSON becomes; often none."""
        kind, piece = self._quick(data)
        if piece and self.parts.open_kind() == kind:
            return self.parts.more(piece)
        return self._slowly(decode(data))

    def finish(self) -> bytes:
        """The end of all parts."""
        return self._begin({}) + self.parts.finish()

    def _quick(self, data: bytes) -> tuple[str, bytes]:
        """Kind and JSON string of a chunk that is nothing but more text, or more reasoning."""
        try:
            choices = _decode(data).choices
        except (msgspec.DecodeError, UnicodeError):
            return "", b""
        if len(choices) != 1 or self.ended or not choices[0].is_plain:
            return "", b""
        delta = choices[0].delta
        content, thought = bytes(delta.content), bytes(delta.reasoning_content) or bytes(delta.reasoning)
        kind, piece = ("text", content) if thought in _VOID else ("thinking", thought if content in _VOID else b"")
        return (kind, piece) if piece[:1] == b'"' and piece != b'""' else ("", b"")

    def _slowly(self, chunk: Any) -> bytes:
        if not isinstance(chunk, dict):
            return b""
        out = self._begin(chunk)
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and not choice.get("index") and not self.ended:
                delta = choice.get("delta")
                delta = delta if isinstance(delta, dict) else {}
                out += self._beside(choice, delta) + self._delta(delta)
                if choice.get("finish_reason"):
                    self.ended = True
                    self._ending(choice)
                    out += self.parts.finish()
        return out

    def _begin(self, chunk: JSON) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return self._opening(chunk)

    def _delta(self, delta: JSON) -> bytes:
        out = b""
        _, thought = reasoning_in(delta)
        text, inner = texts_in(delta.get("content"))
        refusal = delta.get("refusal")
        if thought or inner:
            out += self.parts.text("thinking", encode(thought or inner))
        if text:
            out += self.parts.text("text", encode(text))
        if isinstance(refusal, str) and refusal:
            out += self.parts.text(self.refusals, encode(refusal))
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
        name, identifier = _string(function.get("name")), _string(call.get("id"))
        key = call.get("index")
        if not isinstance(key, int | str):
            key = identifier or self._last
        part = self._calls.get(key)
        if part is not None and name and identifier and part.id not in (None, identifier):
            part = None
        if part is None:
            part = self._calls[key] = self.parts.begin_call()
        self._last = key
        part.id = part.id or identifier
        part.name = part.name or name or ""
        arguments = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = encode(arguments).decode()
        return self.parts.arguments(part, encode(arguments) if isinstance(arguments, str) else b"")


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None
