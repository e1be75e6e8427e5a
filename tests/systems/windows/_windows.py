"""Makes this Python as poor as Windows' own, as far as the standard library bears it, and gives it what only that has.

What is not there fails as it would there: at the import of `fcntl`, at `os.geteuid`, at a loop's `add_reader`.
"""

import asyncio
import contextlib
import ctypes
import os
import shutil  # noqa: F401 - these look at import for what is taken away
import signal
import socket
import subprocess
import sys
import tempfile  # noqa: F401 - the same
import time

GONE = {
    os: (
        "O_NOFOLLOW chown fchmod fchown fork forkpty getegid geteuid getgid getpgid getuid killpg lchown mkfifo "
        "pidfd_open pread pwrite setsid statvfs sync wait4"
    ),
    signal: "SIGHUP SIGKILL SIGQUIT SIGUSR2 pthread_kill setitimer",
    socket: "SO_REUSEPORT recv_fds send_fds",
}
MODULES = "fcntl grp pwd resource termios tty uvloop"
IN_USE = "The process cannot access the file because it is being used by another process"
REFUSING = 1.5  # seconds; it is two there


def note(*what):
    """Tell the test what was asked of the system."""
    with open(os.environ["WINDOWS_NOTES"], "a", encoding="utf-8") as file:  # noqa: PTH123 - as little as can be
        file.write("\t".join(map(str, what)) + "\n")


def become():
    """Take away and give."""
    for module, names in GONE.items():
        for name in names.split():
            if hasattr(module, name):
                delattr(module, name)
    import _locks  # noqa: PLC0415 - it needs what is taken away

    sys.modules.update(dict.fromkeys(MODULES.split()))
    sys.modules["msvcrt"] = _locks  # under its name `subprocess` would have taken this for Windows
    os.O_BINARY = 0o100000  # O_LARGEFILE, which changes nothing
    signal.SIGBREAK = signal.SIGUSR1
    socket.SO_EXCLUSIVEADDRUSE = socket.SO_REUSEADDR  # alone, and past connections do not count: Linux' own meaning
    subprocess.Popen.kill = lambda self: self.poll() is None and os.kill(self.pid, 9)
    ctypes.WinDLL, ctypes.get_last_error = Kernel, lambda: Kernel.error
    for name in ("add_reader", "add_writer", "add_signal_handler"):
        setattr(asyncio.SelectorEventLoop, name, _not_implemented)
    for name in ("unlink", "remove"):
        setattr(os, name, _careful(getattr(os, name), 0))
    for name in ("replace", "rename"):
        setattr(os, name, _careful(getattr(os, name), 1))
    socket.socket.connect = _slow_to_refuse(socket.socket.connect)


def _not_implemented(*_):
    raise NotImplementedError


def _careful(change, position):
    """A change of a file that this process has not open; another one's handles are not looked at."""

    def changed(*paths, **more):
        if _is_open(paths[position]):
            raise PermissionError(13, IN_USE, str(paths[position]))
        return change(*paths, **more)

    return changed


def _is_open(path):
    try:
        wanted = os.stat(path)  # noqa: PTH116 - a path or a string
    except OSError:
        return False
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - closed at once
        with contextlib.suppress(OSError):
            found = os.fstat(int(number))
            if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
                return True
    return False


def _slow_to_refuse(connect):
    """Connections that are refused are tried again and again there, for two seconds."""

    def connected(self, address):
        try:
            return connect(self, address)
        except ConnectionRefusedError:
            seconds = self.gettimeout()
            if seconds == 0:
                raise
            time.sleep(REFUSING if seconds is None else min(seconds, REFUSING))
            if seconds is not None and seconds < REFUSING:
                raise TimeoutError("timed out") from None
            raise

    return connected


class Function:
    """A function of a library, which wants its types told as on a machine whose pointers are wide."""

    def __init__(self, work):
        self.work = work
        self.argtypes = self.restype = None

    def __call__(self, *arguments):
        """Called with what it takes."""
        assert self.argtypes is not None
        assert len(arguments) == len(self.argtypes)
        for kind, argument in zip(self.argtypes, arguments, strict=True):
            kind(argument)
        return self.work(*arguments)


class Kernel:
    """kernel32, as far as processes go: a process's handle is its number and a thousand million."""

    error = 0
    _BASE = 10**9

    def __init__(self, name, *, use_last_error):
        assert (name, use_last_error) == ("kernel32", True)
        self.OpenProcess = Function(self._open)
        self.WaitForSingleObject = Function(self._wait)
        self.CloseHandle = Function(lambda handle: note("close", handle - self._BASE))

    def _open(self, access, inherit, number):
        assert (access, inherit) == (0x0010_0000, 0)
        if number == int(os.environ.get("WINDOWS_FOREIGN", "0")):
            Kernel.error = 5
            return None
        if not _runs(number):
            Kernel.error = 87
            return None
        return self._BASE + number

    def _wait(self, handle, milliseconds):
        assert milliseconds == 0
        return 0x102 if _runs(handle - self._BASE) else 0


def _runs(number):
    """Whether it runs; a zombie has ended."""
    try:
        with open(f"/proc/{number}/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123 - the same
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
