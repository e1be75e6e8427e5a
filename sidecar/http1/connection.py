"""One connection: a request out, an answer in, and the watch over its silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, cast

from sidecar.http1.failures import Disconnected, Silent
from sidecar.http1.reply import Reply

#: Bytes of a body that are not worth a call of their own.
SMALL = 64 * 1024
#: Seconds by which a timer is late when the machine slept or the process stood still: that was not the other side.
STOOD_STILL = 1.0


class Limits(NamedTuple):
    """Seconds: to connect, of silence before the first byte goes on to the client, and of silence in its stream."""

    connect: float | None
    first_byte: float | None
    idle: float | None


class Connection(asyncio.Protocol):
    """A connection that asks one thing at a time; `free` is called when it can be asked again, `gone` when it ends."""

    def __init__(self, free: Callable[[Connection], None], gone: Callable[[Connection], None]) -> None:
        self._free = free
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._below: asyncio.Transport | None = None
        self._reply: Reply | None = None
        self._heard = 0.0
        self._allowed: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._held = False
        self._unsent = 0

    @property
    def is_open(self) -> bool:
        """Whether it can still be asked, as far as is known."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, head: bytes, body: bytes, limits: Limits) -> Reply:
        """The answer to a request, its body still to be read; let it go with `close`.

        Raises:
            ExchangeFailed: there is none.
        """
        assert self._reply is None
        if self._transport is None:
            raise Disconnected(begun=False)
        reply = self._reply = Reply(self, limits.idle)
        if len(body) < SMALL:
            self._transport.write(head + body)
        else:
            self._transport.writelines((head, body))
        self.allow_silence(limits.first_byte)
        try:
            await reply.head()
        except BaseException:
            reply.close()
            raise
        return reply

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    # What an answer asks for.

    def hold(self) -> None:
        """Take no more bytes in."""
        if self.is_open and not self._held:
            self._held = True
            cast("asyncio.Transport", self._transport).pause_reading()

    def go_on(self) -> None:
        """Take bytes in again."""
        if self._held:
            self._held = False
            self._heard = self._loop.time()
            if self.is_open:
                cast("asyncio.Transport", self._transport).resume_reading()

    def heard(self) -> None:
        """It was no silence until now."""
        self._heard = self._loop.time()

    def allow_silence(self, seconds: float | None) -> None:
        """From now on. A timer is left running where it is not late: most answers then cost none."""
        self._allowed = seconds
        if not seconds:
            return
        self._heard = self._loop.time()
        self._watch(self._heard + seconds)

    def let_go(self, *, reusable: bool) -> None:
        """The answer is done with; a request that was not sent to its end leaves the connection of no use."""
        self._reply = None
        self._allowed = None
        if reusable and self.is_open and not self._unsent_bytes():
            self._free(self)
        else:
            self.abort()

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)

    def secured(self, transport: asyncio.Transport) -> None:
        """It goes on in TLS, which hands all that it is given to the transport below, and then says it has sent it."""
        if self._transport is not None:
            self._transport, self._below = transport, self._transport

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer, whose head must come in time as a whole; those nobody asked for end the connection."""
        reply = self._reply
        if reply is None or not reply.feed(data):
            self.abort()
        elif reply.status:
            self._heard = self._loop.time()

    def eof_received(self) -> None:
        """The other side says no more: what has not been sent need not be, nor is there a reason to wait for it."""
        if self._reply is not None:
            self._reply.lost(None)
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self._transport = self._below = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._reply is not None:
            self._reply.lost(exc)
        self._gone(self)

    def _unsent_bytes(self) -> int:
        """Bytes of the request that the system has not taken yet."""
        return sum(each.get_write_buffer_size() for each in (self._transport, self._below) if each is not None)

    def _watch(self, due: float) -> None:
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        """Whether it was silent for too long; bytes that go out, and a reader of ours that is slow, are no silence."""
        self._timer = None
        if self._reply is None or not self._allowed or self._transport is None:
            return
        now = self._loop.time()
        unsent = self._unsent_bytes()
        if self._held or unsent != self._unsent or now - self._due > STOOD_STILL:
            self._heard, self._unsent = now, unsent
        due = self._heard + self._allowed
        if now < due:
            self._watch(due)
            return
        self._reply.fail(Silent(f"silent for {self._allowed} s"))
        self.abort()
