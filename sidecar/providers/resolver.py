"""Names to addresses, off the loop, and never to an address that must not be asked."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from ipaddress import IPv4Address, ip_address
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from sidecar.providers.hosts import is_blocked, is_loopback_host

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]
LookUp = Callable[[str, int, int, int], Sequence[AddressInfo]]
_LOOPBACKS = ("127.0.0.1", "::1")


class BlockedAddress(OSError):
    """The host is, or resolves to, a link-local or metadata address: `args[0]` says which."""


class Resolver(AbstractResolver):
    """Asks the system's resolver in a thread of its own for each name.

    `localhost` is both loopback addresses without asking, IPv4 first, since that is where most local servers listen
    and a connection that one refuses goes to the other at once. The threads are daemons, so that a resolver which
    hangs delays neither other names nor the end of the process, as those of the loop's executor would. `look_up` is
    that resolver, by the signature of `getaddrinfo`.
    """

    def __init__(self, look_up: LookUp = socket.getaddrinfo) -> None:
        self._look_up = look_up

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name, those that must not be asked left out.

        Raises:
            BlockedAddress: no other is left.
            OSError: the name cannot be resolved (`socket.gaierror`).
        """
        if is_loopback_host(host):
            found = [each for each in _LOOPBACKS if family in (socket.AF_UNSPEC, _family(each))]
        else:
            found = await _in_thread(partial(self._look_up, host, port, family, socket.SOCK_STREAM))
        allowed = [each for each in found if not is_blocked(each)]
        if found and not allowed:
            raise BlockedAddress(found[0])
        return [_result(host, each, port) for each in allowed]

    async def close(self) -> None:
        """Nothing is held open."""


#: Tells the request that a connection is opened for it (so that none was reused), where it asks.
OPENED: ContextVar[list[None] | None] = ContextVar("OPENED", default=None)


def open_socket(address: AddressInfo) -> socket.socket:
    """A socket for a connection to this address: the last gate, which addresses spelt out in a URL pass as well.

    Raises:
        BlockedAddress: nothing of ours connects there.
    """
    family, kind, protocol, _, place = address
    if is_blocked(str(place[0])):
        raise BlockedAddress(str(place[0]))
    opened = OPENED.get()
    if opened is not None:
        opened.append(None)
    return socket.socket(family, kind, protocol)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET if isinstance(ip_address(address.partition("%")[0]), IPv4Address) else socket.AF_INET6


def _result(name: str, address: str, port: int) -> ResolveResult:
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=name, host=address, port=port, family=_family(address), proto=0, flags=flags)


async def _in_thread(look_up: Callable[[], Sequence[AddressInfo]]) -> list[str]:
    """The addresses that are found, in their order (RFC 6724), each once."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(addresses: list[str], error: OSError | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(addresses)
        else:
            answer.set_exception(error)

    def ask() -> None:
        addresses: list[str] = []
        error: OSError | None = None
        try:
            addresses = list(dict.fromkeys(str(each[4][0]) for each in look_up()))
        except OSError as failure:
            error = failure
        except UnicodeError as failure:  # a label that is empty or longer than 63 letters
            error = socket.gaierror(socket.EAI_NONAME, str(failure))
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, addresses, error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    return await answer
