"""Codes that sign a browser in once: made by one process, taken by whichever gets the browser's request."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sidecar.store import codes as stored

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from sidecar.control.workbench import Workbench

T = TypeVar("T")

#: Seconds for the browser to open.
GOOD_FOR = 60.0
_BYTES = 16  # 128 random bits


class Codes:
    """The codes of the data folder, of which only digests are stored. They are no configuration: no window is told."""

    def __init__(self, bench: Workbench) -> None:
        self._config = bench.config

    async def make(self) -> str:
        """A new code of 32 hexadecimal digits, good once and for a minute."""
        code = secrets.token_hex(_BYTES)
        await self._edit(lambda db: stored.add(db, _digest(code), GOOD_FOR))
        return code

    async def take(self, code: str) -> bool:
        """Whether that is a code that has not been taken and has not expired; it is taken now."""
        return await self._edit(lambda db: stored.take(db, _digest(code)))

    async def _edit(self, edit: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.to_thread(self._config.run, edit, partial(self._config.change, touch=False))


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()
