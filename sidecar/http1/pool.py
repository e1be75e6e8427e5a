"""The connections to providers: those that are idle are kept for the next request, as many as there are."""

from __future__ import annotations

import asyncio
from functools import partial

from sidecar.http1.connecting import Connector, Origin
from sidecar.http1.connection import Connection, Limits
from sidecar.http1.failures import Disconnected
from sidecar.http1.reply import Reply

#: Seconds for which an idle connection is kept.
KEEP_ALIVE = 30.0


class Pool:
    """Sends requests over connections that are kept, for `keep_alive` seconds while they are idle.

    Needs a running loop; whoever makes it closes it.
    """

    def __init__(self, connector: Connector, keep_alive: float = KEEP_ALIVE) -> None:
        self._connector = connector
        self._keep_alive = keep_alive
        self._loop = asyncio.get_running_loop()
        self._open: set[Connection] = set()
        self._idle: dict[Origin, list[tuple[float, Connection]]] = {}
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False
        self._emptied: asyncio.Future[None] | None = None

    async def send(self, origin: Origin, head: bytes, body: bytes, limits: Limits) -> Reply:
        """The answer to a request, whose head lacks the length and what follows; close the answer in any case.

        A connection that was idle and turns out to be dead costs one more attempt, if not a byte came back.

        Raises:
            ExchangeFailed: there is none.
        """
        head = b"%b%d\r\n\r\n" % (head, len(body))
        idle = self._take(origin)
        if idle is not None:
            try:
                return await idle.ask(head, body, limits)
            except Disconnected as error:
                if error.begun:
                    raise
        connection = await self._connect(origin, limits.connect)
        return await connection.ask(head, body, limits)

    async def close(self) -> None:
        """Close all connections, also those that are being used, and wait until they are; no more are kept or made."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._idle.clear()
        if not self._open:
            return
        self._emptied = self._loop.create_future()
        for connection in self._open:
            connection.abort()
        await self._emptied

    async def _connect(self, origin: Origin, seconds: float | None) -> Connection:
        make = partial(Connection, partial(self._keep, origin), partial(self._forget, origin))
        connection = await self._connector.connect(origin, make, seconds)
        if self._closed:  # meanwhile
            connection.abort()
        elif connection.is_open:
            self._open.add(connection)
        return connection

    def _take(self, origin: Origin) -> Connection | None:
        """The connection that was used last, if one is idle, alive and not too old."""
        kept = self._idle.get(origin)
        oldest = self._loop.time() - self._keep_alive
        while kept:
            since, connection = kept.pop()
            if since > oldest and connection.is_open:
                return connection
            connection.abort()
        return None

    def _keep(self, origin: Origin, connection: Connection) -> None:
        if self._closed:
            connection.abort()
            return
        self._idle.setdefault(origin, []).append((self._loop.time(), connection))
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(self._keep_alive, self._sweep)

    def _sweep(self) -> None:
        """Close what was idle for too long."""
        self._sweeper = None
        oldest = self._loop.time() - self._keep_alive
        for origin, kept in list(self._idle.items()):
            for since, connection in kept:
                if since <= oldest:
                    connection.abort()
            self._idle[origin] = [each for each in kept if each[0] > oldest]
            if not self._idle[origin]:
                del self._idle[origin]
        if self._idle:
            first = min(kept[0][0] for kept in self._idle.values())
            self._sweeper = self._loop.call_at(first + self._keep_alive, self._sweep)

    def _forget(self, origin: Origin, connection: Connection) -> None:
        self._open.discard(connection)
        kept = self._idle.get(origin)
        if kept:
            kept[:] = [each for each in kept if each[1] is not connection]
        if self._emptied is not None and not self._open and not self._emptied.done():
            self._emptied.set_result(None)
