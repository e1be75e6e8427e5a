"""Whether the process that launched this one still lives: its death does not always close our standard input."""

from __future__ import annotations

import asyncio
import os

from sidecar import systems

#: Seconds between two looks, where the system does not tell by itself.
EVERY = 1.0


async def death(number: int) -> None:
    """Returns when the process has ended; never, where there is none of that number.

    An editor in a container or on another machine gives a number that means nothing here.
    """
    system = systems.this()
    if not system.lives(number):
        await asyncio.Event().wait()
    descriptor = system.watch_process(number)
    if descriptor is not None:
        await _readable(descriptor)
        return
    while system.lives(number):  # noqa: ASYNC110 - the system tells nobody
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
