"""Listening sockets handed from a sidecar that leaves to one that stays, which answers what waits in their queues.

Closing one of several sockets that share a port resets what waits in its queue. Sent by SCM_RIGHTS (unix(7)) over
a Unix socket, it is the same queue in another process. Where the system has no such thing, nothing is handed over.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from sidecar import systems

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_GREETING = b"listeners"
_TAKEN = b"taken"
_MOST = 64
_WAIT = 1.0  # seconds; the sibling is on this machine


def address(folder: Path, home_hash: str, port: int, pid: int) -> Path:
    """Where the sidecar of that process takes listening sockets."""
    return folder / f"{home_hash}-{port}-{pid}.sock"


def give(path: Path, sockets: Sequence[socket.socket]) -> bool:
    """Whether the sidecar that listens there has taken the sockets, and accepts on them now. Blocks for 1 s at most."""
    system = systems.this()
    if not sockets or len(sockets) > _MOST or (line := system.line()) is None:
        return False
    with line:
        line.settimeout(_WAIT)
        try:
            line.connect(str(path))
            system.send(line, _GREETING, [sock.fileno() for sock in sockets])
            return line.recv(len(_TAKEN)) == _TAKEN
        except OSError:
            return False


class Taker:
    """Takes the listening sockets that siblings hand over, until it is closed."""

    def __init__(self, path: Path, port: int, take: Callable[[list[socket.socket]], None]) -> None:
        self._path = path
        self._port = port
        self._take = take
        self._line: socket.socket | None = None

    def open(self) -> None:
        """Begin to take. Raises OSError."""
        if self._line is not None or (line := systems.this().line()) is None:
            return
        line.setblocking(False)  # noqa: FBT003 - the standard library's signature
        try:
            self._path.unlink(missing_ok=True)
            line.bind(str(self._path))
            line.listen(8)
            asyncio.get_running_loop().add_reader(line.fileno(), self._accept)
        except (OSError, NotImplementedError):  # the loop may be one that cannot watch sockets
            line.close()
            raise
        self._line = line

    def close(self) -> None:
        """Take no more."""
        if self._line is not None:
            asyncio.get_running_loop().remove_reader(self._line.fileno())
            self._line.close()
            self._line = None
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        assert self._line is not None
        with suppress(OSError), self._line.accept()[0] as connection:
            connection.settimeout(_WAIT)  # the sender has sent all before it waits
            self._receive(connection)

    def _receive(self, connection: socket.socket) -> None:
        greeting, descriptors = systems.this().receive(connection, len(_GREETING), _MOST)
        sockets = [socket.socket(fileno=number) for number in descriptors]
        if greeting == _GREETING and all(map(self._is_ours, sockets)):
            self._take(sockets)
            connection.sendall(_TAKEN)
            return
        for sock in sockets:
            sock.close()

    def _is_ours(self, sock: socket.socket) -> bool:
        host, port = sock.getsockname()[:2]
        return port == self._port and host in ("127.0.0.1", "::1")
