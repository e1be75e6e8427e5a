"""The one row that says where the configuration stands: its revision, and whether providers were discovered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def revision(db: sqlite3.Connection) -> int:
    """Counts the changes: the same number means the same configuration."""
    number: int = db.execute("SELECT revision FROM state").fetchone()[0]
    return number


def discovered(db: sqlite3.Connection) -> bool:
    """Whether providers were once added by themselves; what the user then removed is not added again."""
    return bool(db.execute("SELECT discovered FROM state").fetchone()[0])


def mark_discovered(db: sqlite3.Connection) -> None:
    """Remembers that providers were added by themselves."""
    db.execute("UPDATE state SET discovered = 1")
