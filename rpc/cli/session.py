"""One use of `sidecar.control` by a command: opened, asked, closed."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping

    from sidecar.control.opening import Control

T = TypeVar("T")

SHOW_AFTER = 0.3  # seconds; a shorter wait would only flicker


def perform(action: Callable[[Control], Coroutine[Any, Any, T]], *, waiting: str = "") -> T:
    """What the action returns, given the control of this process's data folder.

    Args:
        action: what to ask of the control.
        waiting: what a terminal shows (on standard error) while it takes longer than `SHOW_AFTER`.

    Raises:
        MuxError: what the control raises.
    """
    import asyncio  # noqa: PLC0415 - 60 ms that --help and completion do without

    return asyncio.run(_perform(action, waiting))


@contextmanager
def options_named(options: Mapping[str, str]) -> Iterator[None]:
    """A refusal names the options in place of the parameters, which front ends other than this have."""
    from sidecar.errors import InvalidParameter, MuxError  # noqa: PLC0415 - start-up

    try:
        yield
    except InvalidParameter:  # a value that cannot be, in a document too: what it names is its own
        raise
    except MuxError as refusal:
        sentence = str(refusal)
        for parameter, option in options.items():
            sentence = sentence.replace(f"`{parameter}`", option)
        refusal.args = (sentence,)
        raise


async def _perform(action: Callable[[Control], Coroutine[Any, Any, T]], waiting: str) -> T:
    # Start-up: these bring SQLite and msgspec, which `--help` and completion do without.
    from sidecar.control.opening import open_control  # noqa: PLC0415
    from sidecar.settings import read_place  # noqa: PLC0415

    async with open_control(read_place()) as control:
        if waiting and sys.stderr.isatty():
            return await _shown(action(control), waiting)
        return await action(control)


async def _shown(work: Awaitable[T], waiting: str) -> T:
    """What the work returns; a spinner turns meanwhile, once it has lasted."""
    import asyncio  # noqa: PLC0415 - as above

    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=SHOW_AFTER)
    if done:
        return task.result()
    from rich.console import Console  # noqa: PLC0415 - only who waits pays for it

    with Console(stderr=True).status(waiting):
        return await task
