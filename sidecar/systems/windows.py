"""Windows. Facts are from learn.microsoft.com where nothing else is named."""

from __future__ import annotations

import errno
import getpass
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from sidecar.settings import variable
from sidecar.systems.system import System

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from types import FrameType

_NAME = "mux-sidecar"
_WAIT = 2.0  # seconds for what another process has open or locked for a moment
_STEP = 0.01
_SYNCHRONIZE, _STILL_RUNNING, _ACCESS_DENIED = 0x0010_0000, 0x102, 5

if sys.platform == "win32" or not TYPE_CHECKING:  # for mypy, which reads this for the others too

    class Windows(System):
        """Windows."""

        name = "windows"
        # Exclusive use that is another's is refused with WSAEACCES ("Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE").
        taken = frozenset((errno.EADDRINUSE, errno.EACCES))
        refusing = 3.0  # it tries three times, half a second apart, though it was refused
        child: ClassVar[Mapping[str, Any]] = {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)}

        def try_lock(self, descriptor: int) -> bool:
            """By the first byte, which belongs to the open file."""
            import msvcrt  # noqa: PLC0415 - there alone

            os.lseek(descriptor, 0, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:
                return False
            return True

        def hold(self, descriptor: int) -> None:
            """Tries again: who looks holds the same lock meanwhile."""
            until = time.monotonic() + _WAIT
            while not self.try_lock(descriptor):
                if time.monotonic() > until:
                    raise OSError(errno.EDEADLOCK, "the file stays locked")
                time.sleep(_STEP)  # its own waiting tries once a second

        def is_locked(self, path: Path) -> bool:
            """By trying; there are no shared locks, so that two who look may take each other for the owner, once."""
            try:
                descriptor = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                return False
            except OSError:  # it is being removed
                return True
            try:
                return not self.try_lock(descriptor)
            finally:
                os.close(descriptor)

        def claim(self, descriptor: int, name: bytes) -> bool:
            """Nothing to hold: there an exclusive bind is the lock."""
            del descriptor, name
            return True

        def replace(self, source: Path, target: Path) -> None:
            """Tries again: a file that another process reads cannot be replaced meanwhile."""
            until = time.monotonic() + _WAIT
            while True:
                try:
                    source.replace(target)
                except PermissionError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(_STEP)  # nobody tells when the other has read it
                else:
                    return

        def sync_folder(self, folder: Path) -> None:
            """NTFS keeps a folder's entries in order by itself."""

        def restrict(self, folder: Path) -> None:
            """Its access list names the user alone, and what is made in it inherits that."""
            command = [_tool("icacls"), str(folder), "/inheritance:r", "/grant:r", f"{_user()}:(OI)(CI)F"]
            subprocess.run(  # noqa: S603 - the system's own tool, no shell; a disk without such lists keeps none
                command, stdin=subprocess.DEVNULL, capture_output=True, check=False, **self.child
            )

        def flaw(self, path: Path, status: os.stat_result) -> str | None:
            """None: the folder's access list stands for it."""

        def is_open_to_others(self, status: os.stat_result) -> bool:
            """A mode says nothing there."""
            del status
            return False

        def meeting_place(self) -> Path:
            """Below the folder for temporary files, which is each user's own."""
            return Path(tempfile.gettempdir()) / _NAME

        def is_own(self, status: os.stat_result) -> bool:
            """It lies in a folder of the user's own."""
            del status
            return True

        def lives(self, number: int) -> bool:
            """By waiting for no time for a handle (WaitForSingleObject); one that may not be opened is there."""
            kernel = _kernel()
            if not 0 <= number < 2**32:  # a DWORD
                return False
            handle = kernel.OpenProcess(_SYNCHRONIZE, 0, number)
            if not handle:
                return _last_error() == _ACCESS_DENIED
            try:
                return bool(kernel.WaitForSingleObject(handle, 0) == _STILL_RUNNING)
            finally:
                kernel.CloseHandle(handle)

        def end(self, process: subprocess.Popen[bytes]) -> None:
            """By TerminateProcess."""
            process.kill()

        def watch_signals(self, loop: asyncio.AbstractEventLoop, told: Callable[[], None]) -> None:
            """Ctrl+C and Ctrl+Break, and what closes a console; its loops have no `add_signal_handler`."""

            def arrived(number: int, frame: FrameType | None) -> None:
                del number, frame
                loop.call_soon_threadsafe(told)

            for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
                if hasattr(signal, name):
                    signal.signal(getattr(signal, name), arrived)

        def binary(self, descriptor: int) -> None:
            """Its C library would read and write line ends of its own (_setmode)."""
            import msvcrt  # noqa: PLC0415 - there alone

            msvcrt.setmode(descriptor, os.O_BINARY)

        def prepare(self, sock: socket.socket, *, shared: bool) -> None:
            """Alone: with SO_REUSEADDR any program could take the port from us."""
            del shared
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)

    def _tool(name: str) -> str:
        """A program of the system's by its path: one of that name in the working folder would go first."""
        return str(Path(variable("SystemRoot") or r"C:\Windows") / "System32" / f"{name}.exe")

    def _user() -> str:
        """The user as access lists name them, with their domain, which may have another of that name."""
        domain, name = variable("USERDOMAIN"), getpass.getuser()
        return f"{domain}\\{name}" if domain else name

    def _kernel() -> Any:
        """kernel32, its handles as wide as pointers, and with the last error of its own calls."""
        import ctypes  # noqa: PLC0415 - there alone, and slow to import
        from ctypes import wintypes  # noqa: PLC0415 - the same

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
        kernel.OpenProcess.restype = wintypes.HANDLE
        kernel.WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)
        kernel.WaitForSingleObject.restype = wintypes.DWORD
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        return kernel

    def _last_error() -> int:
        import ctypes  # noqa: PLC0415 - there alone

        return ctypes.get_last_error()
