"""Queries about settings: those that were set; the others have their default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sidecar.values import DEFAULT_SETTINGS, Settings

if TYPE_CHECKING:
    import sqlite3


def get(db: sqlite3.Connection) -> Settings:
    """All of them."""
    rows = db.execute("SELECT name, value FROM settings").fetchall()
    known = msgspec.to_builtins(DEFAULT_SETTINGS)
    stored = {name: msgspec.json.decode(value) for name, value in rows if name in known}
    return msgspec.convert(known | stored, Settings)


def put(db: sqlite3.Connection, settings: Settings) -> None:
    """Stores those that differ from what is stored."""
    old, new = msgspec.to_builtins(get(db)), msgspec.to_builtins(settings)
    db.executemany(
        "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        [(name, msgspec.json.encode(value).decode()) for name, value in new.items() if old[name] != value],
    )
