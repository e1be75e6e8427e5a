"""What chat says at once, one after the other.

Chat interleaves: pieces of several tool calls may come in turns, and text between them. The blocks of Messages and the
items of Responses are opened and closed strictly one by one. So the first part that is not complete is open and
streams; what belongs to later ones waits. Text and thinking are complete when something else follows, a tool call when
its arguments are whole JSON, and all are at the end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Literal

import msgspec

from sidecar.translate.lenient import decode

Kind = Literal["text", "thinking", "refusal", "call"]


class Part:
    """One part: its text, still JSON strings, that waits; of a tool call its `id` and `name`, once known."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.id: Any = None
        self.name = ""
        self.waiting: list[bytes] = []
        self._said: list[bytes] = []
        self._may_be_whole = kind != "call"

    @property
    def is_ready(self) -> bool:
        """Whether enough is known to open it."""
        return self.kind != "call" or bool(self.name)

    def say(self, piece: bytes) -> None:
        """One more piece of its text."""
        self.waiting.append(piece)
        if self.kind == "call":
            self._said.append(piece)
            self._may_be_whole = piece[:-1].rstrip().endswith(b"}")

    def is_whole(self) -> bool:
        """Whether nothing can follow: of a tool call that its arguments are whole JSON."""
        if self._may_be_whole and self._said:
            try:
                msgspec.json.decode("".join(decode(piece) for piece in self._said))
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                self._may_be_whole = False
            self._said = [] if self._may_be_whole else self._said
        return self._may_be_whole


class Ordered(ABC):
    """Takes pieces as they come, and gives the events of well-formed parts."""

    def __init__(self) -> None:
        self._queue: deque[Part] = deque()
        self._open = False

    @abstractmethod
    def _begin(self, part: Part) -> bytes:
        """What opens a part."""

    @abstractmethod
    def _say(self, part: Part, piece: bytes) -> bytes:
        """What one piece (a JSON string, quotes and all) becomes."""

    @abstractmethod
    def _end(self, part: Part) -> bytes:
        """What closes a part."""

    def open_kind(self) -> str:
        """The kind of the part that streams, if it is the only one; empty if none does."""
        return self._queue[0].kind if self._open and len(self._queue) == 1 else ""

    def more(self, piece: bytes) -> bytes:
        """One more piece of the part that streams: the hot path."""
        return self._say(self._queue[0], piece)

    def text(self, kind: Kind, piece: bytes) -> bytes:
        """A piece of text, thinking or a refusal (a JSON string, quotes and all)."""
        if not self._queue or self._queue[-1].kind != kind:
            self._queue.append(Part(kind))
        self._queue[-1].say(piece)
        return self._advance()

    def begin_call(self) -> Part:
        """A tool call, to be named and fed by `arguments`."""
        part = Part("call")
        self._queue.append(part)
        return part

    def arguments(self, part: Part, piece: bytes) -> bytes:
        """A piece of a tool call's arguments; an empty one where only its name came."""
        if piece and piece != b'""':
            part.say(piece)
        return self._advance()

    def finish(self) -> bytes:
        """All that waits, and the end of the last part; a call that got no name is told without one."""
        out = b""
        while self._queue:
            out += self._advance()
            if self._queue:
                out += self._stream(self._queue[0]) + self._close()
        return out

    def _advance(self) -> bytes:
        """Stream what the first part has, and go on to the next while it is complete and another waits."""
        out = b""
        while self._queue and self._queue[0].is_ready:
            part = self._queue[0]
            out += self._stream(part)
            if len(self._queue) == 1 or not part.is_whole():
                break
            out += self._close()
        return out

    def _stream(self, part: Part) -> bytes:
        out = b"" if self._open else self._begin(part)
        self._open = True
        out += b"".join([self._say(part, piece) for piece in part.waiting])
        part.waiting.clear()
        return out

    def _close(self) -> bytes:
        self._open = False
        return self._end(self._queue.popleft())
