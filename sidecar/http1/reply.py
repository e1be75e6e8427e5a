"""One answer: its head and body, read out of the pieces that a connection delivers, and kept until they are read."""

from __future__ import annotations

import asyncio
import re
from typing import Protocol

import httptools
from multidict import CIMultiDict

from sidecar.http1.coding import CODINGS, Decoder
from sidecar.http1.failures import Disconnected, ExchangeFailed, Malformed, Undecodable

MAX_HEAD = 64 * 1024  # bytes of header fields; providers and their edges send long policy and tracing headers
MAX_FIELDS = 128
#: Bytes that may come without one of the body among them: a head with its white space, chunk extensions, trailers.
MAX_BARREN = 2 * MAX_HEAD
MAX_WAITING = 256 * 1024  # bytes that wait to be read before no more are taken in
#: Seconds in which the end of an answer may come that is all but over: often it is a packet of its own.
LINGER = 0.5
_CONTROL = re.compile(rb"[\0\r\n]")  # RFC 9110, section 5.5; the parser lets some of them through


class Link(Protocol):
    """What an answer asks of its connection."""

    def hold(self) -> None:
        """Take no more bytes in."""

    def go_on(self) -> None:
        """Take bytes in again."""

    def heard(self) -> None:
        """It was no silence until now."""

    def allow_silence(self, seconds: float | None) -> None:
        """From now on."""

    def let_go(self, *, reusable: bool) -> None:
        """The answer is done with: keep the connection, or close it."""


class Reply:
    """A provider's answer: status and headers once `head` has returned, then the body piece by piece, decoded.

    `idle` is the silence in seconds that is allowed after `set_idle`. Not for several readers.
    """

    def __init__(self, link: Link, idle: float | None) -> None:
        self.status = 0
        self.headers: CIMultiDict[str] = CIMultiDict()
        self._link: Link | None = link
        self._idle = idle
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        # What servers get wrong and every client takes; aiohttp allows the same.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._held = False
        self._decoder: Decoder | None = None
        self._failure: ExchangeFailed | MemoryError | None = None
        self._begun = False
        self._head_size = self._barren = 0
        self._interim = False
        self._until_close = False
        self._reusable = False
        self._complete = False
        self._lingering: asyncio.TimerHandle | None = None

    # For whoever asked.

    async def head(self) -> None:
        """Wait for status and headers.

        Raises:
            ExchangeFailed: they will not come.
            MemoryError: there was none to read them.
        """
        while not self.status:
            if self._failure is not None:
                raise self._failure
            await self._wait()

    async def read(self) -> bytes:
        """The next bytes of the body, as they came; empty at its end.

        Raises:
            ExchangeFailed: the rest will not come.
            MemoryError: there was none to read it.
        """
        if self._decoder is None:
            return await self._received()
        while True:
            raw = b"" if self._decoder.has_more else await self._received()
            if not raw and not self._decoder.has_more:
                self._decoder.finish()
                return b""
            if data := self._decoder.decode(raw):
                return data

    def set_idle(self) -> None:
        """From now on, silence is measured by the timeout for streams."""
        if self._link is not None and not self._complete:
            self._link.allow_silence(self._idle)

    def finish(self) -> None:
        """Let go of an answer of which nothing more is wanted: as `close`, but its end may still come for a moment."""
        if self._link is None or self._complete or self._failure is not None:
            self.close()
            return
        self._drop()
        if self._lingering is None:
            self._lingering = self._loop.call_later(LINGER, self.close)

    def close(self) -> None:
        """Let go: the connection is kept if the answer was complete, and closed if not. Again changes nothing."""
        if self._lingering is not None:
            self._lingering.cancel()
        link, self._link, self._parser = self._link, None, None
        if link is None:
            return
        if self._held:
            link.go_on()
        self._pieces.clear()
        if not self._complete:
            self.fail(Disconnected(begun=self._begun))
        link.let_go(reusable=self._reusable and self._complete)

    # For the connection.

    def feed(self, data: bytes) -> bool:
        """Take what came; whether more may come."""
        sound = self._parse(data)
        if self._lingering is not None and (self._complete or self._held):
            self.close()
        return sound

    def lost(self, error: Exception | None) -> None:
        """Nothing more will come: a body without a length is complete, if the connection ended in good order."""
        if self.status and self._until_close and error is None:
            self._complete = True
            self._wake()
        self.fail(MemoryError() if isinstance(error, MemoryError) else Disconnected(begun=self._begun))
        if self._lingering is not None:
            self.close()

    def fail(self, failure: ExchangeFailed | MemoryError) -> None:
        """The rest will not come, for this reason; the first one stands, and what is complete does not fail."""
        if not self._complete and self._failure is None:
            self._failure = failure
            self._wake()

    # For the parser.

    def on_message_begin(self) -> None:
        """An answer begins; a second one was not asked for."""
        if self._complete:
            raise Malformed("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field, or a trailer, which is left out."""
        if self.status:
            return
        self._head_size += len(name) + len(value)
        if self._head_size > MAX_HEAD or len(self.headers) >= MAX_FIELDS:
            raise Malformed("the answer's head is too large")
        if _CONTROL.search(value):
            raise Malformed("a header's value cannot be passed on")
        text = value.rstrip(b" \t").decode("utf-8", "surrogateescape")
        self.headers.add(name.decode("utf-8", "surrogateescape"), text)

    def on_headers_complete(self) -> None:
        """The head is there; that of an interim answer is forgotten (RFC 9110, section 15.2)."""
        assert self._parser is not None
        status = self._parser.get_status_code()
        if status < 100 or status == 101:  # nobody asked for another protocol
            raise Malformed("the answer's status is none")
        if status < 200:
            self._interim = True
            self.headers.clear()
            return
        headers = self.headers
        self._reusable = self._parser.should_keep_alive()
        codings = headers.getall("Transfer-Encoding", None)
        if codings is None:
            self._until_close = "Content-Length" not in headers
        else:
            self._until_close = codings[-1].rpartition(",")[2].strip().lower() != "chunked"
        packed = headers.get("Content-Encoding")
        if packed is not None and (coding := CODINGS.get(packed.lower())) is not None:
            try:
                self._decoder = Decoder(coding)
            except Undecodable as failure:
                self.fail(failure)
                return
        self.status = status
        self._wake()

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self._barren = 0
        self._pieces.append(data)
        self._waiting += len(data)
        if self._waiting > MAX_WAITING and not self._held and self._link is not None:
            self._held = True
            self._link.hold()
        if self._waiter is not None:
            self._wake()

    def on_message_complete(self) -> None:
        """The end of the answer, or of an interim one."""
        if self._interim:
            self._interim = False
            if self._link is not None:
                self._link.heard()
            return
        self._complete = True
        self._wake()

    def _parse(self, data: bytes) -> bool:
        self._begun = True
        self._barren += len(data)
        assert self._parser is not None
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._reusable = False
            self.fail(Malformed("the answer is no HTTP"))
            return self._complete
        if self._barren > MAX_BARREN and not self._complete:
            self.fail(Malformed("the answer has too much that is no body"))
            return False
        return True

    def _drop(self) -> None:
        """Forget what waits to be read."""
        self._pieces.clear()
        self._waiting = 0
        if self._held and self._link is not None:
            self._held = False
            self._link.go_on()

    async def _received(self) -> bytes:
        """The next bytes as they are on the wire."""
        pieces = self._pieces
        while not pieces:
            if self._complete:
                return b""
            if self._failure is not None:
                raise self._failure
            await self._wait()
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._drop()
        return data

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
