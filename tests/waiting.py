"""Waiting for what is about to be so, on a machine that may be slow, or busy with others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Seconds that whatever is waited for may take.
PATIENCE = 60.0
#: Seconds in which what waits for nothing is done, also on a busy machine; what it must not wait for takes longer.
AT_ONCE = 8.0
_TRY = 0.02


def until(look: Callable[[], T], fits: Callable[[T], object] = bool, told: Callable[[], object] = str) -> T:
    """What is seen once it fits; `told` says more where it never does."""
    end = time.monotonic() + PATIENCE
    while not fits(found := look()):
        assert time.monotonic() < end, f"still {found!r}; {told()}"
        time.sleep(_TRY)
    return found


async def becomes_so(is_so: Callable[[], object]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110 - what is waited for is not ours to announce
            await asyncio.sleep(_TRY)
