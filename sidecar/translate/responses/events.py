"""Writes the events of a response, numbered from 0."""

from __future__ import annotations

from sidecar import sse
from sidecar.translate.lenient import encode
from sidecar.translate.shape import JSON


class Events:
    """`number` is the next event's."""

    def __init__(self) -> None:
        self.number = 0

    def tell(self, kind: str, **fields: object) -> bytes:
        """One event; `kind` without the `response.` that all types begin with."""
        name = f"response.{kind}"
        event: JSON = {"type": name, "sequence_number": self.number, **fields}
        self.number += 1
        return sse.encode(encode(event), name.encode())


class Deltas:
    """Writes the deltas of one text: nearly all events of a stream, so that only number and text are put in."""

    def __init__(self, events: Events, kind: str, places: JSON, *, rest: bytes = b"") -> None:
        name = f"response.{kind}.delta"
        told = b"".join(b",%b:%b" % (encode(key), encode(value)) for key, value in places.items())
        self._events = events
        self._before = b'event: %b\ndata: {"type":"%b","sequence_number":' % (name.encode(), name.encode())
        self._between = told + b',"delta":'
        self._after = rest + b"}\n\n"

    def tell(self, piece: bytes) -> bytes:
        """The event for one more piece, a JSON string, quotes and all."""
        number = self._events.number
        self._events.number = number + 1
        return b"%b%d%b%b%b" % (self._before, number, self._between, piece, self._after)
