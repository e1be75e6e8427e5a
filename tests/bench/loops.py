"""The event loop that provider and pass-through run on: the product's own, so that no side has a better one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine


def run(main: Coroutine[object, object, None]) -> None:
    """Run on uvloop where there is one, until the process is ended."""
    try:
        import uvloop  # noqa: PLC0415 - not on Windows
    except ImportError:
        runner = asyncio.run
    else:
        runner = uvloop.run
    with contextlib.suppress(KeyboardInterrupt):
        runner(main)
