"""The blocks of a streamed turn put together again, for the memory: what the client does not see included."""

from __future__ import annotations

from typing import Any

from sidecar.translate.lenient import decode, encode, whole
from sidecar.translate.shape import JSON

#: A turn larger than this is not remembered; the stream itself is not held up by it.
MAX_TURN = 4 * 2**20


class Collector:
    """Takes the events of one message and gives its blocks; none of a message beyond `most` bytes."""

    def __init__(self, most: int | None = MAX_TURN) -> None:
        self._most = most
        self._blocks: dict[int, JSON] = {}
        self._pieces: dict[tuple[int, str], list[bytes]] = {}
        self._size = 0

    def start(self, index: int, block: JSON) -> None:
        """A block begins; `block` is a copy of its own."""
        self._blocks[index] = block

    def raw(self, index: int, field: str, piece: bytes) -> None:
        """The block's field goes on by this string, which is still JSON (quotes and all): the hot path."""
        self._size += len(piece)
        if self._most is not None and self._size > self._most:
            self._pieces.clear()
            return
        pieces = self._pieces.get((index, field))
        if pieces is None:
            self._pieces[index, field] = [piece]
        else:
            pieces.append(piece)

    def delta(self, index: int, delta: JSON) -> None:
        """Any other delta: strings are appended, lists extended, the rest replaced."""
        kind = delta.get("type")
        if kind == "citations_delta":
            self._block(index).setdefault("citations", []).append(delta.get("citation"))
            return
        for key, value in delta.items():
            if key != "type" and value is not None:
                self._extend(index, key, value)

    def _extend(self, index: int, key: str, value: Any) -> None:
        if isinstance(value, str):
            self.raw(index, key, encode(value))
        elif isinstance(value, list) and isinstance(self._block(index).get(key), list):
            self._block(index)[key] = [*self._block(index)[key], *value]
        else:
            self._block(index)[key] = value

    def _block(self, index: int) -> JSON:
        return self._blocks.setdefault(index, {"type": "text"})

    def input_of(self, index: int) -> JSON:
        """The input that a tool's block began with."""
        given = self._block(index).get("input")
        return given if isinstance(given, dict) else {}

    def blocks(self) -> list[JSON]:
        """The blocks in their order; none if the turn was too large."""
        if self._most is not None and self._size > self._most:
            return []
        for (index, field), pieces in self._pieces.items():
            said = whole("".join(decode(piece) for piece in pieces))
            self._finish(self._block(index), field, said)
        self._pieces.clear()
        return [self._blocks[index] for index in sorted(self._blocks)]

    def _finish(self, block: JSON, field: str, said: str) -> None:
        if field != "partial_json":
            begun = block.get(field)
            block[field] = (begun if isinstance(begun, str) else "") + said
        elif said.strip():
            block["input"] = _parsed(said)


def _parsed(arguments: str) -> Any:
    try:
        return decode(arguments.encode())
    except ValueError:
        return {"input": arguments}
