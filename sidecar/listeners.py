"""The sockets that the endpoint listens on: loopback only, IPv4 and, where there is one, IPv6."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING

from sidecar import systems

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.settings import Sharing

BACKLOG = 1024
TRIES = 5
_AT_ONCE = 64  # connections accepted before others on the loop get their turn
_PAUSE = 0.1  # seconds, when there are no more descriptors (accept(2): EMFILE, ENFILE, ENOBUFS, ENOMEM)


def sharing_here() -> Sharing:
    """What this system can do."""
    return "shared" if systems.this().shares_ports else "alone"


def listen(port: int, sharing: Sharing = "alone") -> list[socket.socket]:
    """Listening sockets on 127.0.0.1 and ::1 of one port; 0 lets the system choose it.

    Raises:
        OSError: the port is taken (`errno.EADDRINUSE`) or may not be had.
    """
    for attempt in range(TRIES):
        first = _bind(socket.AF_INET, "127.0.0.1", port, sharing)
        try:
            second = _bind(socket.AF_INET6, "::1", first.getsockname()[1], sharing)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                first.close()
                if port == 0 and attempt + 1 < TRIES:
                    continue  # the system chose a port that is free on one of the two only
                raise
            return [first]  # no IPv6 here
        return [first, second]
    raise AssertionError


def _bind(family: socket.AddressFamily, host: str, port: int, sharing: Sharing) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        systems.this().prepare(sock, shared=sharing == "shared" and port != 0)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
    except OSError:
        sock.close()
        raise
    return sock


class Acceptor:
    """Accepts one listening socket's connections; what it has accepted is served, whenever it stops.

    asyncio's own `Server.close()` drops connections that it has accepted and not yet attached. On loops that cannot
    watch a socket (Windows), it stands in all the same.
    """

    def __init__(self, sock: socket.socket, protocol: Callable[[], asyncio.BaseProtocol]) -> None:
        self.sock = systems.this().out_of_the_way(sock)
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._attaching: set[asyncio.Task[object]] = set()
        self._server: asyncio.Server | None = None
        self._pause: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin to accept."""
        try:
            self.watch()
        except NotImplementedError:  # Windows' own loop; see the class
            self._server = await self._loop.create_server(self._protocol, sock=self.sock, backlog=BACKLOG)

    def watch(self) -> None:
        """Begin to accept, on a loop that can watch sockets; NotImplementedError on another."""
        self.sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._loop.add_reader(self.sock.fileno(), self._accept)

    def stop(self) -> None:
        """Accept no more; the socket stays open, and what comes waits in its queue."""
        if self._pause is not None:
            self._pause.cancel()
        if self._server is None:
            self._loop.remove_reader(self.sock.fileno())

    async def close(self, *, drain: bool) -> None:
        """Close the socket once what was accepted is attached; `drain` accepts what waits in the queue first."""
        if drain and self._server is None:
            while self._accept():
                pass
        if self._attaching:
            await asyncio.wait(self._attaching)
        if self._server is not None:
            self._server.close()
        self.sock.close()

    def _accept(self) -> bool:
        """Accepts what waits; whether there may be more."""
        for _ in range(_AT_ONCE):
            try:
                connection, _ = self.sock.accept()
            except (BlockingIOError, InterruptedError):
                return False
            except ConnectionError:  # it left while it waited
                continue
            except OSError:
                self._rest()
                return False
            connection.setblocking(False)  # noqa: FBT003 - the standard library's signature
            task = self._loop.create_task(self._attach(connection))
            self._attaching.add(task)
            task.add_done_callback(self._attaching.discard)
        return True

    async def _attach(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError:  # it is gone again
            connection.close()

    def _rest(self) -> None:
        """Wait for descriptors instead of asking for them without end."""
        self._loop.remove_reader(self.sock.fileno())
        self._pause = self._loop.call_later(_PAUSE, self.watch)
