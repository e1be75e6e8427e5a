"""Standard input and output as the protocol's alone, so that a client that is slow to read never holds up the loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import re
import sys
import threading
from typing import TYPE_CHECKING

from sidecar import surrogates, systems

if TYPE_CHECKING:
    from collections.abc import Callable

#: Bytes that wait for a client to read them, beyond which notifications are left out.
CONGESTED = 4 * 2**20
_PIECE = 65_536
_LONGEST_LINE = 65_536
#: Bytes of one message; a longer one is a broken header, and waiting for its end would wait for ever.
LARGEST = 256 * 2**20
_LAST_WORDS = 2.0  # seconds for what is still to be written when the process leaves
# The header's name is compared as HTTP's are (RFC 9110, section 5.1); what stands before it is the rest of a message
# whose length was wrong.
_LENGTH = re.compile(rb"Content-Length:[ \t]*(\d{1,18})[ \t]*\r?\n$", re.IGNORECASE)


def claim() -> tuple[int, int]:
    """Descriptors of the standard input and output that nobody else uses: `print` goes to standard error from now on.

    A child process inherits neither: its input is empty, and what it prints goes to standard error too.
    """
    given = os.dup(0), os.dup(1)
    for descriptor in given:
        systems.this().binary(descriptor)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return given


class Input:
    """The bytes that come in, as pygls reads them; a thread that nobody waits for fetches them."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._ended = False
        self._more = asyncio.Event()
        # A daemon: a read that blocks cannot be ended, and the process must be able to leave all the same.
        threading.Thread(target=self._fetch, name="stdin", daemon=True).start()

    async def readline(self) -> bytes:
        """The next line with its end, a length's header in the one spelling that pygls knows; empty at the end."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0 and not self._ended:
            searched = len(self._buffer)
            if searched > _LONGEST_LINE:  # no header is so long
                del self._buffer[: -len(b"Content-Length: 000000000")]
                searched = 0
            await self._wait()
        return _header(self._take(end + 1 if end >= 0 else len(self._buffer)))

    async def readexactly(self, count: int) -> bytes:
        """A message of so many bytes, that can be decoded if it is JSON; fewer only at the end."""
        while len(self._buffer) < count and not self._ended:
            await self._wait()
        return surrogates.replaced(self._take(count))

    def unread(self, data: bytes) -> None:
        """Puts back what was read too far."""
        self._buffer[:0] = data

    def end(self) -> None:
        """Takes this for the end, whatever may still come."""
        self._buffer.clear()
        self._ended = True
        self._more.set()

    async def _wait(self) -> None:
        self._more.clear()
        await self._more.wait()

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _fetch(self) -> None:
        piece = b"."
        while piece:
            try:
                piece = os.read(self._descriptor, _PIECE)
            except OSError:
                piece = b""
            try:
                self._loop.call_soon_threadsafe(self._add, piece)
            except RuntimeError:  # the loop is closed: nobody listens any more
                return

    def _add(self, piece: bytes) -> None:
        if not self._ended:
            self._buffer += piece
            self._ended = not piece
            self._more.set()


def _header(line: bytes) -> bytes:
    found = _LENGTH.search(line)
    if found is None:
        return line.strip() + b"\r\n" if line else line
    length = int(found[1])
    return b"Content-Length: %d\r\n" % length if length <= LARGEST else b"Too-Long: \r\n"


class Output:
    """The bytes that go out, written by a thread in order; `lost` is called, once, when nobody reads them any more."""

    def __init__(self, descriptor: int, lost: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._taken = 0  # counted by the loop
        self._written = 0  # counted by the thread
        self._thread = threading.Thread(target=self._write_all, name="stdout", daemon=True)
        self._thread.start()

    @property
    def congested(self) -> bool:
        """Whether the client is far behind with reading."""
        return self._taken - self._written > CONGESTED

    def write(self, data: bytes) -> None:
        """Has the bytes written; never waits."""
        self._taken += len(data)
        self._queue.put(data)

    def close(self) -> None:
        """Waits a moment for what is still to be written."""
        self._queue.put(None)
        self._thread.join(_LAST_WORDS)

    def _write_all(self) -> None:
        try:
            while (data := self._queue.get()) is not None:
                view = memoryview(data)
                while view:
                    view = view[os.write(self._descriptor, view) :]
                self._written += len(data)
        except OSError:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._lost)
