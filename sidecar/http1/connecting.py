"""Opens connections: the host's addresses, the first of them that answers (RFC 8305), and TLS where it is wanted."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import NamedTuple

import aiohappyeyeballs
from aiohttp.abc import AbstractResolver

from sidecar.http1.connection import Connection
from sidecar.http1.failures import ConnectTimeout, NotConnected, NotResolved, Stage

#: Seconds after which the next address is tried beside the one that has not answered (RFC 8305, section 8).
NEXT_ADDRESS = 0.25
#: Seconds for which a name's addresses are remembered.
REMEMBERED = 10.0

AddressInfo = aiohappyeyeballs.AddrInfoType
Make = Callable[[socket.socket], Connection]


class Origin(NamedTuple):
    """Where a connection leads: a host as it is spelt in a URL, without brackets, a port, and whether TLS is spoken."""

    host: str
    port: int
    secure: bool


class Connector:
    """Opens connections. `trust` says whom to trust, and is asked when that is first needed: reading it takes long."""

    def __init__(
        self,
        resolver: AbstractResolver,
        open_socket: Callable[[AddressInfo], socket.socket],
        trust: Callable[[], ssl.SSLContext],
    ) -> None:
        self._names = _Names(resolver)
        self._open_socket = open_socket
        self._trust = trust
        self._context: ssl.SSLContext | None = None

    async def connect(self, origin: Origin, make: Make, seconds: float | None) -> Connection:
        """A connection, within so many seconds.

        Raises:
            NotResolved, NotConnected, ConnectTimeout: there is none.
        """
        stages: list[Stage] = ["resolve"]
        try:
            async with asyncio.timeout(seconds or None):
                return await self._connect(origin, make, stages)
        except TimeoutError as error:
            raise ConnectTimeout(stages[-1]) from error

    async def _connect(self, origin: Origin, make: Make, stages: list[Stage]) -> Connection:
        """The first address that works; where TLS fails on one, the others are tried too."""
        addresses = await self._names.addresses(origin.host, origin.port)
        while True:
            try:
                stages.append("connect")
                context = self._trusted() if origin.secure else None
                opened = await self._open(addresses)
                stages.append("tls")
                return await _speak(origin, context, opened, make)
            except OSError as error:
                aiohappyeyeballs.pop_addr_infos_interleave(addresses)
                if not addresses or stages[-1] == "connect":
                    raise NotConnected(error) from error

    async def _open(self, addresses: list[AddressInfo]) -> socket.socket:
        return await aiohappyeyeballs.start_connection(
            addresses, happy_eyeballs_delay=NEXT_ADDRESS, socket_factory=self._open_socket
        )

    def _trusted(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = self._trust()
        return self._context


async def _speak(origin: Origin, context: ssl.SSLContext | None, opened: socket.socket, make: Make) -> Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(partial(make, opened), sock=opened)
    if context is not None:
        await connection.secure(context, origin.host.rstrip("."))  # certificates bear names without the dot
    return connection


class _Names:
    """The addresses of hosts, each name asked for once at a time, and remembered for a while."""

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver
        self._asked: dict[tuple[str, int], tuple[float, asyncio.Task[list[AddressInfo]]]] = {}

    async def addresses(self, host: str, port: int) -> list[AddressInfo]:
        """A list of the caller's own.

        Raises:
            NotResolved: there is none.
        """
        try:
            ip_address(host.partition("%")[0])
        except ValueError:
            pass
        else:
            return [_info(host, port)]
        now = asyncio.get_running_loop().time()
        self._asked = {key: known for key, known in self._asked.items() if _holds(*known, now)}
        if (host, port) not in self._asked:
            task = asyncio.create_task(self._ask(host, port))
            self._asked[host, port] = now + REMEMBERED, task
        try:
            return list(await asyncio.shield(self._asked[host, port][1]))
        except OSError as error:
            raise NotResolved(error) from error

    async def _ask(self, host: str, port: int) -> list[AddressInfo]:
        found = await self._resolver.resolve(host, port)
        return [_info(each["host"], port) for each in found]


def _holds(until: float, task: asyncio.Task[list[AddressInfo]], now: float) -> bool:
    """Whether addresses are still looked for, or known; a failure is not remembered, also where nobody met with it."""
    return not task.done() or (now < until and not task.cancelled() and task.exception() is None)


def _info(address: str, port: int) -> AddressInfo:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    place = (address, port, 0, 0) if family == socket.AF_INET6 else (address, port)
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place
