"""What every system offers; the sentences say what it means, the subclasses how it is done there."""

from __future__ import annotations

import errno
import socket
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    import asyncio
    import os
    import subprocess
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

Name = Literal["linux", "macos", "windows"]


class System(ABC):
    """One operating system.

    Attributes:
        name: which one.
        shares_ports: several processes may listen on one port, all of one user's.
        taken: the numbers of errors that say that somebody has the port.
        refusing: seconds until a port of this machine where nobody listens refuses a connection.
        child: what `subprocess.Popen` is given, so that the child can be ended with all that it starts.
    """

    name: ClassVar[Name]
    shares_ports: ClassVar[bool] = False
    taken: ClassVar[frozenset[int]] = frozenset((errno.EADDRINUSE,))
    refusing: ClassVar[float] = 0.0
    child: ClassVar[Mapping[str, Any]] = {}

    # Files

    @abstractmethod
    def try_lock(self, descriptor: int) -> bool:
        """Whether the file could be locked for this descriptor alone; closing it lets go, and so does its death."""

    @abstractmethod
    def is_locked(self, path: Path) -> bool:
        """Whether a process holds the file by `hold`; not where there is no such file."""

    @abstractmethod
    def hold(self, descriptor: int) -> None:
        """Lock the file for this descriptor alone, past those that only look, each for microseconds. Raises OSError."""

    @abstractmethod
    def claim(self, descriptor: int, name: bytes) -> bool:
        """Whether the file is locked for all who claim it by this name, and nobody else; False where one holds it."""

    @abstractmethod
    def replace(self, source: Path, target: Path) -> None:
        """Put the one file in the other's place, wholly or not at all. Raises OSError."""

    @abstractmethod
    def sync_folder(self, folder: Path) -> None:
        """Have the folder's entries on the disk. Raises OSError."""

    @abstractmethod
    def restrict(self, folder: Path) -> None:
        """Leave the folder, and what will be made in it, to this user alone. Raises OSError."""

    @abstractmethod
    def flaw(self, path: Path, status: os.stat_result) -> str | None:
        """Why this file cannot hold a secret, in a sentence that says what to do; None if it can."""

    @abstractmethod
    def is_open_to_others(self, status: os.stat_result) -> bool:
        """Whether others than its owner may look into this folder."""

    @abstractmethod
    def meeting_place(self) -> Path:
        """Where one user's processes meet: a folder that need not be there, and depends on no variable of theirs."""

    @abstractmethod
    def is_own(self, status: os.stat_result) -> bool:
        """Whether this folder (its own status, not that of what it links to) is this user's, and nobody else's."""

    # Processes

    @abstractmethod
    def lives(self, number: int) -> bool:
        """Whether there is a process of that number."""

    def watch_process(self, number: int) -> int | None:
        """A descriptor that can be read once the process has ended; None where the system tells nobody."""
        del number
        return None

    @abstractmethod
    def end(self, process: subprocess.Popen[bytes]) -> None:
        """End a process that was started with `child`, and what it has started. Raises OSError."""

    @abstractmethod
    def watch_signals(self, loop: asyncio.AbstractEventLoop, told: Callable[[], None]) -> None:
        """Call `told` on the loop whenever a person or the system asks the process to end."""

    def watch_hangup(self, loop: asyncio.AbstractEventLoop, told: Callable[[], None]) -> None:
        """Call `told` on the loop when the terminal, or the editor that stands in for it, has gone."""
        del loop, told

    def user(self, number: int) -> str | None:
        """Another user, in words; None where it is this one, or nobody tells."""
        del number
        return None

    def give_memory_back(self) -> None:  # noqa: B027 - most do
        """Give pages that are free back to the system, where it does not take them by itself."""

    def binary(self, descriptor: int) -> None:
        """Have bytes read and written as they are, line ends too."""
        del descriptor

    # Sockets

    @abstractmethod
    def prepare(self, sock: socket.socket, *, shared: bool) -> None:
        """Have the socket bind where nobody else, or with `shared` only this user, listens. Raises OSError."""

    def out_of_the_way(self, sock: socket.socket) -> socket.socket:
        """The listening socket, where it is closed before connections are when this process is killed."""
        return sock

    def line(self) -> socket.socket | None:
        """A socket over which others can be handed to another process; None where there is none."""
        return None

    def send(self, line: socket.socket, greeting: bytes, descriptors: Sequence[int]) -> None:
        """Hand sockets over a `line`. Raises OSError."""
        raise NotImplementedError  # there is no `line` to give it

    def receive(self, line: socket.socket, size: int, most: int) -> tuple[bytes, Sequence[int]]:
        """A greeting of that size, and the sockets that came with it. Raises OSError."""
        raise NotImplementedError  # there is no `line` to give it
