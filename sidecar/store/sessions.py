"""Queries about browsers that are signed in: in the data folder, since any of its processes may get the request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def add(db: sqlite3.Connection, digest: str, seconds: float) -> None:
    """Stores a session's digest, good for so many seconds; forgets those that expired."""
    now = time.time()
    db.execute("DELETE FROM sessions WHERE expires < ?", (now,))
    db.execute("INSERT INTO sessions (digest, expires) VALUES (?, ?)", (digest, now + seconds))


def left(db: sqlite3.Connection, digest: str) -> float:
    """Seconds for which the session is good; none or less where there is none."""
    row = db.execute("SELECT expires FROM sessions WHERE digest = ?", (digest,)).fetchone()
    return float(row[0]) - time.time() if row else 0.0


def extend(db: sqlite3.Connection, digest: str, seconds: float) -> None:
    """Makes it good for so many seconds from now."""
    db.execute("UPDATE sessions SET expires = ? WHERE digest = ?", (time.time() + seconds, digest))
