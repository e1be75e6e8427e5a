"""Whether the process that launched this one still lives: its death does not always close our standard input."""

from __future__ import annotations

import asyncio
import os
import sys

#: Seconds between two looks, where the system does not tell by itself.
EVERY = 1.0


async def death(number: int) -> None:
    """Returns when the process has ended; never, where there is none of that number.

    An editor in a container or on another machine gives a number that means nothing here.
    """
    if not _lives(number):
        await asyncio.Event().wait()
    if hasattr(os, "pidfd_open"):
        try:
            descriptor = os.pidfd_open(number)
        except OSError:  # an old kernel, or a sandbox
            pass
        else:
            await _readable(descriptor)
            return
    while _lives(number):  # noqa: ASYNC110 - the system tells nobody
        await asyncio.sleep(EVERY)


async def _readable(descriptor: int) -> None:
    """Returns when the process behind a pidfd has ended (pidfd_open(2)), a zombie too."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _lives(number: int) -> bool:
    if sys.platform == "win32":
        return _lives_on_windows(number)
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's: it is there
        return True
    return True


def _lives_on_windows(number: int) -> bool:
    """Whether a process of that number runs (learn.microsoft.com, WaitForSingleObject)."""
    import ctypes  # noqa: PLC0415 - Windows only

    synchronize, still_running = 0x0010_0000, 0x102
    kernel: object = getattr(ctypes, "windll").kernel32  # noqa: B009 - Windows only
    handle = kernel.OpenProcess(synchronize, 0, number)  # type: ignore[attr-defined]
    if not handle:
        return False
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == still_running)  # type: ignore[attr-defined]
    finally:
        kernel.CloseHandle(handle)  # type: ignore[attr-defined]
