"""Queries about codes that sign in once: in the data folder, since another process may get the request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def add(db: sqlite3.Connection, digest: str, seconds: float) -> None:
    """Stores a code's digest, good for so many seconds; forgets those that expired."""
    now = time.time()
    db.execute("DELETE FROM codes WHERE expires < ?", (now,))
    db.execute("INSERT INTO codes (digest, expires) VALUES (?, ?)", (digest, now + seconds))


def take(db: sqlite3.Connection, digest: str) -> bool:
    """Whether there was such a code that has not expired; there is none any more."""
    row = db.execute("DELETE FROM codes WHERE digest = ? RETURNING expires", (digest,)).fetchone()
    return bool(row and row[0] >= time.time())
