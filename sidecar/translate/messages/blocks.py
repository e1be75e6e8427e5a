"""The blocks of a streamed message, opened and closed strictly one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sidecar import sse
from sidecar.translate.lenient import encode
from sidecar.translate.messages.answer import Calls
from sidecar.translate.ordered import Ordered, Part
from sidecar.translate.shape import JSON

#: Kind of a part → type and field of its block's deltas.
DELTAS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "call": ("input_json_delta", "partial_json"),
}


class Blocks(Ordered):
    """Gives the events of blocks.

    `seal` signs thinking when it ends; `names` are tools' as the client knows them; `used` are ids of earlier calls.
    """

    def __init__(self, seal: Callable[[], str], names: Mapping[str, str], used: Iterable[str]) -> None:
        super().__init__()
        self._seal = seal
        self._names = names
        self._ids = Calls(used)
        self._index = -1
        self._before = self._after = b""

    def _begin(self, part: Part) -> bytes:
        self._index += 1
        kind, field = DELTAS[part.kind]
        head = f'{{"type":"content_block_delta","index":{self._index},"delta":{{"type":"{kind}","{field}":'
        self._before = b"event: content_block_delta\ndata: " + head.encode()
        self._after = b"}}\n\n"
        return _event({"type": "content_block_start", "index": self._index, "content_block": self._start(part)})

    def _start(self, part: Part) -> JSON:
        if part.kind == "call":
            name = self._names.get(part.name, part.name)
            return {"type": "tool_use", "id": self._ids.fit(part.id), "name": name, "input": {}}
        return {"type": "text", "text": ""} if part.kind == "text" else {**_THINKING}

    def _say(self, part: Part, piece: bytes) -> bytes:  # noqa: ARG002 - the one that is open
        return self._before + piece + self._after

    def _end(self, part: Part) -> bytes:
        out = b""
        if part.kind == "thinking":
            delta = {"type": "signature_delta", "signature": self._seal()}
            out = _event({"type": "content_block_delta", "index": self._index, "delta": delta})
        return out + _event({"type": "content_block_stop", "index": self._index})


_THINKING = {"type": "thinking", "thinking": "", "signature": ""}


def events(told: Iterable[JSON]) -> bytes:
    """Events, ready to send."""
    return b"".join(_event(event) for event in told)


def _event(event: JSON) -> bytes:
    return sse.encode(encode(event), str(event["type"]).encode())
