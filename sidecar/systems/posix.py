"""Linux and macOS, and what goes for both."""

from __future__ import annotations

import os
import signal
import socket
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.systems.system import System

if TYPE_CHECKING:
    import asyncio
    import subprocess
    from collections.abc import Callable, Sequence

_NAME = "mux-sidecar"
_LARGEST = 64  # bytes of a claim's name
#: Descriptors of listening sockets are numbered so high, or below the process's limit, with room for so many.
_HIGHEST, _ROOM = 4096, 64

if sys.platform != "win32":  # for mypy, which reads this for Windows too
    import fcntl
    import pwd
    import resource

    class Posix(System):
        """What Linux and macOS have in common."""

        shares_ports = True
        child = {"start_new_session": True}  # noqa: RUF012 - never changed; see System

        def try_lock(self, descriptor: int) -> bool:
            """By flock(2), which belongs to the open file."""
            return _lock(descriptor, fcntl.LOCK_EX)

        def hold(self, descriptor: int) -> None:
            """Waits for those that only look."""
            fcntl.flock(descriptor, fcntl.LOCK_EX)

        def is_locked(self, path: Path) -> bool:
            """Looks with a shared lock: two that look at once must not take each other for the owner."""
            try:
                descriptor = os.open(path, os.O_RDONLY)
            except OSError:
                return False
            try:
                return not _lock(descriptor, fcntl.LOCK_SH)
            finally:
                os.close(descriptor)

        def claim(self, descriptor: int, name: bytes) -> bool:
            """The name changes only under the exclusive lock, which nobody gets while another holds the shared one."""
            if _lock(descriptor, fcntl.LOCK_EX):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, name, 0)
            # Going from exclusive to shared lets go in between (flock(2)), so the name is read only now.
            return _lock(descriptor, fcntl.LOCK_SH) and os.pread(descriptor, _LARGEST, 0) == name

        def replace(self, source: Path, target: Path) -> None:
            """As rename(2) does it."""
            source.replace(target)

        def sync_folder(self, folder: Path) -> None:
            """By fsync(2) of the folder."""
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

        def restrict(self, folder: Path) -> None:
            """A sticky folder (/tmp) is everybody's, and another user's folder is not ours to change."""
            status = folder.stat()
            if status.st_uid == os.geteuid() and not status.st_mode & stat.S_ISVTX:
                folder.chmod(0o700)

        def flaw(self, path: Path, status: os.stat_result) -> str | None:
            """It must be its owner's alone, and this user that owner."""
            if status.st_uid != os.geteuid():
                return f"{path} belongs to another user and is not read; remove it, or make it yours."
            if self.is_open_to_others(status):
                return f"{path} can be read by others and is not used; run: chmod 600 '{path}'"
            return None

        def is_open_to_others(self, status: os.stat_result) -> bool:
            """By its mode."""
            return bool(status.st_mode & 0o077)

        def meeting_place(self) -> Path:
            """The user's run-time folder (pam_systemd(8)), else one below /tmp, made for its owner alone."""
            runtime = Path(f"/run/user/{os.geteuid()}")
            if os.access(runtime, os.W_OK | os.X_OK):
                return runtime / _NAME
            return Path("/tmp") / f"{_NAME}-{os.geteuid()}"  # noqa: S108 - looked at by `is_own`

        def is_own(self, status: os.stat_result) -> bool:
            """A folder of this user's, closed to others."""
            is_mine = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
            return is_mine and not self.is_open_to_others(status)

        def lives(self, number: int) -> bool:
            """By kill(2), which sends nothing for the signal 0."""
            try:
                os.kill(number, 0)
            except ProcessLookupError:
                return False
            except (OSError, OverflowError):  # another user's: it is there
                return True
            return True

        def end(self, process: subprocess.Popen[bytes]) -> None:
            """Kills its session, which is its own."""
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

        def watch_signals(self, loop: asyncio.AbstractEventLoop, told: Callable[[], None]) -> None:
            """SIGINT and SIGTERM."""
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, told)

        def watch_hangup(self, loop: asyncio.AbstractEventLoop, told: Callable[[], None]) -> None:
            """SIGHUP, which Emacs sends to its children when it leaves, and so does a terminal."""
            loop.add_signal_handler(signal.SIGHUP, told)

        def user(self, number: int) -> str | None:
            """By the table of users."""
            if number == os.geteuid():
                return None
            with suppress(KeyError):
                return f"the user {pwd.getpwuid(number).pw_name}"
            return f"another user ({number})"

        def prepare(self, sock: socket.socket, *, shared: bool) -> None:
            """SO_REUSEPORT is for processes of one user alone (socket(7))."""
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

        def out_of_the_way(self, sock: socket.socket) -> socket.socket:
            """Under a high descriptor: a killed process's are closed from the highest to the lowest.

            So the port is left before the connections break: a client that connects again at once reaches a sibling.
            """
            limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            highest = _HIGHEST if limit == resource.RLIM_INFINITY else min(limit, _HIGHEST)
            try:
                number = fcntl.fcntl(sock.fileno(), fcntl.F_DUPFD_CLOEXEC, highest - _ROOM)
            except OSError:  # there is no room up there
                return sock
            sock.close()
            return socket.socket(fileno=number)

        def line(self) -> socket.socket | None:
            """A Unix socket."""
            return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

        def send(self, line: socket.socket, greeting: bytes, descriptors: Sequence[int]) -> None:
            """By SCM_RIGHTS (unix(7))."""
            socket.send_fds(line, [greeting], list(descriptors))

        def receive(self, line: socket.socket, size: int, most: int) -> tuple[bytes, Sequence[int]]:
            """By SCM_RIGHTS."""
            greeting, descriptors, _, _ = socket.recv_fds(line, size, most)
            return greeting, descriptors

    class Linux(Posix):
        """Linux."""

        name = "linux"

        def watch_process(self, number: int) -> int | None:
            """A pidfd (pidfd_open(2)); None with an old kernel, or in a sandbox."""
            if sys.platform == "linux":
                with suppress(OSError):
                    return os.pidfd_open(number)
            return None

        def give_memory_back(self) -> None:
            """By malloc_trim(3); another C library than glibc has no such function."""
            import ctypes  # noqa: PLC0415 - start-up: only an editor's window gives any back

            with suppress(OSError, AttributeError):
                ctypes.CDLL(None).malloc_trim(0)

    class MacOS(Posix):
        """macOS, which has neither pidfds nor /proc; of several that share a port, the newest gets what comes."""

        name = "macos"

    def _lock(descriptor: int, kind: int) -> bool:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
