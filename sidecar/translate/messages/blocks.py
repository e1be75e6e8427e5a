"""The blocks of a streamed message: one after the other, whatever order their pieces come in.

Chat interleaves: pieces of several tool calls may come in turns, and text between them. Anthropic's blocks are opened
and closed strictly one by one. So the first block that is not complete is open and streams; what belongs to later ones
waits. Text and thinking are complete when something else follows, a tool call when its arguments are whole JSON, and
all are at the end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from sidecar import sse
from sidecar.translate.lenient import decode, encode
from sidecar.translate.shape import JSON

#: Kind of a block → type and field of its deltas.
DELTAS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}


class Block:
    """One block: what opens it (None until that is known), and its text, still JSON strings, that waits."""

    def __init__(self, kind: str, start: JSON | None) -> None:
        self.kind = kind
        self.start = start
        self.waiting: list[bytes] = []
        self._said: list[bytes] = []
        self._may_be_whole = kind != "tool_use"

    def say(self, piece: bytes) -> None:
        """One more piece of its text."""
        self.waiting.append(piece)
        if self.kind == "tool_use":
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


class Blocks:
    """Takes pieces as they come, and gives the events of well-formed blocks. `seal` signs thinking when it ends."""

    def __init__(self, seal: Callable[[], str]) -> None:
        self._queue: deque[Block] = deque()
        self._seal = seal
        self._index = -1
        self._open = False
        self._before = self._after = b""

    def open_kind(self) -> str:
        """The kind of the block that streams, if it is the only one; empty if none does."""
        return self._queue[0].kind if self._open and len(self._queue) == 1 else ""

    def text(self, kind: str, piece: bytes) -> bytes:
        """A piece of text or thinking (a JSON string, quotes and all)."""
        if self.open_kind() == kind:
            return self._before + piece + self._after
        if not self._queue or self._queue[-1].kind != kind:
            empty = {"text": ""} if kind == "text" else {"thinking": "", "signature": ""}
            self._queue.append(Block(kind, {"type": kind, **empty}))
        self._queue[-1].say(piece)
        return self._advance()

    def begin_call(self) -> Block:
        """A tool call, to be named (`start`) and fed by `arguments`."""
        block = Block("tool_use", None)
        self._queue.append(block)
        return block

    def arguments(self, block: Block, piece: bytes) -> bytes:
        """A piece of a tool call's arguments; an empty one where only its name came."""
        if piece and piece != b'""':
            block.say(piece)
        return self._advance()

    def finish(self) -> bytes:
        """All that waits, and the end of the last block."""
        out = b""
        while self._queue:
            out += self._advance()
            if self._queue:
                block = self._queue[0]
                block.start = block.start or {"type": "tool_use", "id": "", "name": "", "input": {}}
                out += self._advance() + self._close()
        return out

    def _advance(self) -> bytes:
        """Stream what the first block has, and go on to the next while it is complete and another waits."""
        out = b""
        while self._queue and self._queue[0].start is not None:
            block = self._queue[0]
            if not self._open:
                out += self._begin(block)
            out += b"".join(self._before + piece + self._after for piece in block.waiting)
            block.waiting.clear()
            if len(self._queue) == 1 or not block.is_whole():
                break
            out += self._close()
        return out

    def _begin(self, block: Block) -> bytes:
        self._index += 1
        self._open = True
        kind, field = DELTAS[block.kind]
        head = f'{{"type":"content_block_delta","index":{self._index},"delta":{{"type":"{kind}","{field}":'
        self._before = b"event: content_block_delta\ndata: " + head.encode()
        self._after = b"}}\n\n"
        return _event({"type": "content_block_start", "index": self._index, "content_block": block.start})

    def _close(self) -> bytes:
        block = self._queue.popleft()
        self._open = False
        out = b""
        if block.kind == "thinking":
            delta = {"type": "signature_delta", "signature": self._seal()}
            out = _event({"type": "content_block_delta", "index": self._index, "delta": delta})
        return out + _event({"type": "content_block_stop", "index": self._index})


def events(told: Iterable[JSON]) -> bytes:
    """Events, ready to send."""
    return b"".join(_event(event) for event in told)


def _event(event: JSON) -> bytes:
    return sse.encode(encode(event), str(event["type"]).encode())
