"""One connection: a request out, an answer in, and the watch over its silence."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import NamedTuple, cast

from sidecar.http1.failures import Disconnected, Silent
from sidecar.http1.reply import Reply
from sidecar.http1.tls import Tls

#: Bytes of a body that are not worth a call of their own.
SMALL = 64 * 1024
#: Bytes that are read at once of what had come when a connection broke.
PIECE = 256 * 1024
#: Seconds by which a timer is late when the machine slept or the process stood still: that was not the other side.
STOOD_STILL = 1.0


class Limits(NamedTuple):
    """Seconds: to connect, of silence before the first byte goes on to the client, and of silence in its stream."""

    connect: float | None
    first_byte: float | None
    idle: float | None


class Connection(asyncio.Protocol):
    """A connection that asks one thing at a time; `free` is called when it can be asked again, `gone` when it ends.

    `opened` is the socket that its transport is on.
    """

    def __init__(
        self, free: Callable[[Connection], None], gone: Callable[[Connection], None], opened: socket.socket
    ) -> None:
        self._free = free
        self._gone = gone
        self._socket = opened
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._tls: Tls | None = None
        self._handshake: asyncio.Future[None] | None = None
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

    async def secure(self, context: ssl.SSLContext, name: str) -> None:
        """Go on in TLS with a server of this name.

        Raises:
            OSError: that fails; ssl.SSLError is one.
        """
        if not self.is_open:  # it was spoken to before anybody asked
            raise ConnectionResetError
        self._tls = Tls(context, name)
        self._handshake = self._loop.create_future()
        self._send(self._tls.outgoing())
        with ExitStack() as undo:
            undo.callback(self.abort)
            await self._handshake
            undo.pop_all()
        self._handshake = None

    async def ask(self, head: bytes, body: bytes, limits: Limits) -> Reply:
        """The answer to a request, its body still to be read; let it go with `close`.

        Raises:
            ExchangeFailed: there is none.
        """
        assert self._reply is None
        if self._transport is None:
            raise Disconnected(begun=False)
        reply = self._reply = Reply(self, limits.idle)
        with ExitStack() as undo:
            undo.callback(reply.close)
            self._say(head, body)
            self.allow_silence(limits.first_byte)
            await reply.head()
            undo.pop_all()
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

    def data_received(self, data: bytes) -> None:
        """Bytes of the wire."""
        tls = self._tls
        if tls is None:
            self._take(data)
            return
        opened = tls.open(data)
        if opened:
            self._take(opened)
        self._send(tls.outgoing())
        self._go_by(tls)

    def _go_by(self, tls: Tls) -> None:
        """What follows from how far TLS is now."""
        if self._handshake is not None and not self._handshake.done() and tls.ready:
            self._handshake.set_result(None)
        if tls.failure is not None:
            self._over(tls.failure)
            self.abort()
        elif tls.ended:
            self.eof_received()

    def _take(self, data: bytes) -> None:
        """Bytes of the answer, whose head must come in time as a whole; those nobody asked for end the connection."""
        reply = self._reply
        if reply is None or not reply.feed(data):
            self.abort()
        elif reply.status:
            self._heard = self._loop.time()

    def eof_received(self) -> None:
        """The other side says no more: what has not been sent need not be, nor is there a reason to wait for it."""
        self._over(None)
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        if isinstance(exc, OSError):
            try:
                self._read_on()
            except MemoryError as error:
                exc = error
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._over(exc)
        self._gone(self)

    def _read_on(self) -> None:
        """Take what had come when sending failed: transports leave it unread, and often it says why."""
        with suppress(OSError):
            while self._reply is not None and (data := self._socket.recv(PIECE)):
                self.data_received(data)

    def _over(self, error: Exception | None) -> None:
        """Nothing more will come, to whoever waits for it."""
        if self._reply is not None:
            self._reply.lost(error)
        if self._handshake is not None and not self._handshake.done():
            self._handshake.set_exception(error or ConnectionResetError())

    def _say(self, head: bytes, body: bytes) -> None:
        """Send a request.

        Raises:
            Disconnected: not even its beginning was sent, so that whatever there is to be read does not answer it.
        """
        if self._tls is not None:
            self._send(self._tls.seal(head, body))
        elif len(body) < SMALL:
            self._send(head + body)
        elif self._transport is not None:
            self._transport.writelines((head, body))
        if not self.is_open:
            raise Disconnected(begun=False)

    def _send(self, data: bytes) -> None:
        """Bytes of the wire."""
        if data and self._transport is not None:
            self._transport.write(data)

    def _unsent_bytes(self) -> int:
        """Bytes of the request that the system has not taken yet."""
        unsealed = 0 if self._tls is None else self._tls.unsealed
        return unsealed + (0 if self._transport is None else self._transport.get_write_buffer_size())

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
