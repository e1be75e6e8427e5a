"""Server-sent events, incrementally and without I/O (WHATWG HTML, section 9.2 "Server-sent events").

An :class:`Event` keeps the very bytes it came in, so that one which needs no change goes out untouched.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sidecar.errors import UpstreamError

MAX_EVENT = 16 * 2**20
#: Lines of one event, each of which costs; those of 16 MB would hold up everybody for a second.
MAX_LINES = 2**14
BOM = b"\xef\xbb\xbf"
_CR, _LF = b"\r\n"  # as numbers: to ask whether bytes hold one takes a third of the time
#: The end of a line; a CR at the end of what has come may have its LF yet to come.
_BREAK = re.compile(rb"\r\n|\n|\r(?=[^\n])")
_BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?=[^\n]))")
_LONGEST_BLANK_LINE = 4


class Event(NamedTuple):
    """One event: its `data` lines joined by newlines, its `name` if it has one, and its own bytes.

    A comment, or a block without data or with none but blanks, has `data` None. `clean` is false when it holds lines
    that some clients cannot bear: `id:`, `retry:` or unknown ones (after an `id:`, openai-python reads each blank line
    as an event), and data that is none, which it reads as JSON.
    """

    raw: bytes
    data: bytes | None
    name: bytes | None = None
    clean: bool = True


class Decoder:
    """Cuts a stream of bytes into events, however the network cut it."""

    def __init__(self, max_event: int = MAX_EVENT) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._max = max_event
        self._first = True
        self._mixed = False  # a CR was seen: lines may end in CR LF or CR

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this chunk completes.

        Raises:
            UpstreamError: an event is larger than the limit (16 MB unless told otherwise), or has too many lines.
        """
        buffer = self._buffer
        buffer += chunk
        if self._first:
            if len(buffer) < len(BOM) and BOM.startswith(bytes(buffer)):
                return []
            if buffer.startswith(BOM):
                del buffer[: len(BOM)]
            self._first = False
        if not self._mixed and _CR in chunk:
            self._mixed, self._scanned = True, 0
        events = self._mixed_events() if self._mixed else self._plain_events()
        if len(buffer) > self._max:
            raise _too_large(f"{self._max // 2**20} MB")
        return events

    def flush(self) -> list[Event]:
        """What is left when the stream has ended, even if no blank line closed it."""
        rest, self._buffer, self._scanned = bytes(self._buffer), bytearray(), 0
        if not rest.strip():
            return []
        return [parse(rest.rstrip(b"\r\n") + b"\n\n")]

    def _plain_events(self) -> list[Event]:
        """The complete events, where all lines end in LF: nearly all streams."""
        buffer = self._buffer
        if buffer.find(b"\n\n", max(0, self._scanned - 1)) < 0:
            self._scanned = len(buffer)
            return []
        *blocks, rest = bytes(buffer).split(b"\n\n")
        buffer[:] = rest
        self._scanned = len(rest)
        return [parse(block + b"\n\n") for block in blocks]

    def _mixed_events(self) -> list[Event]:
        """The same for lines that end in CR LF or CR, which a chunk may cut in two."""
        buffer, events, start = self._buffer, [], 0
        while found := _BREAK.match(buffer, start) or _BLANK_LINE.search(buffer, max(start, self._scanned)):
            end = found.end()
            events.append(parse(bytes(buffer[start:end])))
            start = end
        del buffer[:start]
        self._scanned = max(0, len(buffer) - _LONGEST_BLANK_LINE)
        return events


def parse(raw: bytes) -> Event:
    """One event from its bytes.

    Raises:
        UpstreamError: it has more lines than anyone means.
    """
    if raw.startswith(b"data: ") and raw.endswith(b"\n\n") and raw.find(b"\n") == len(raw) - 2 and _CR not in raw:
        told = raw[6:-2]
        return Event(raw, told) if told and not told.isspace() else Event(raw, None, clean=False)
    data: list[bytes] = []
    name: bytes | None = None
    clean = True
    text = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in raw else raw
    if text.count(b"\n") > MAX_LINES:
        raise _too_large(f"{MAX_LINES:,} lines")
    for line in text.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
        elif field or line:
            clean = clean and line.startswith(b":")
    told = b"\n".join(data)
    if not told or told.isspace():
        return Event(raw, None, name, clean and not data and name is None)
    return Event(raw, told, name, clean)


def _too_large(than: str) -> UpstreamError:
    return UpstreamError(
        f"The provider sent a single event of more than {than}.", error_code="bad_upstream_response", type="api_error"
    )


def encode(data: bytes, name: bytes | None = None) -> bytes:
    """An event's bytes."""
    if _LF in data:
        data = data.replace(b"\n", b"\ndata: ")
    return b"event: %b\ndata: %b\n\n" % (name, data) if name else b"data: %b\n\n" % data


def comment(text: bytes = b"keep-alive") -> bytes:
    """A comment, which clients pass over."""
    return b": %b\n\n" % text
