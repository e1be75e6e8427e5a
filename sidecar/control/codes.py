"""Codes that sign a browser in once, and its session then: any process of the data folder may get its requests."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sidecar.store import codes as stored
from sidecar.store import sessions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from sidecar.control.workbench import Workbench

T = TypeVar("T")

#: Seconds for the browser to open.
GOOD_FOR = 60.0
_DAY = 86_400.0
#: Seconds without a visit after which a browser has to sign in again: 30 days.
SESSION = 30 * _DAY
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

    async def sign_in(self, code: str) -> str | None:
        """A session of 32 hexadecimal digits for a code that has neither been taken nor expired; it is taken now."""
        session = secrets.token_hex(_BYTES)

        def redeem(db: sqlite3.Connection) -> bool:
            taken = stored.take(db, _digest(code))
            if taken:
                sessions.add(db, _digest(session), SESSION)
            return taken

        return session if await self._edit(redeem) else None

    async def is_signed_in(self, session: str) -> bool:
        """Whether that is a session; it is good for another 30 days then."""
        digest = _digest(session)
        left = await self._config.ask(lambda db: sessions.left(db, digest))
        if 0 < left < SESSION - _DAY:  # written once a day at most
            await self._edit(lambda db: sessions.extend(db, digest, SESSION))
        return left > 0

    async def _edit(self, edit: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.to_thread(self._config.run, edit, partial(self._config.change, touch=False))


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()
