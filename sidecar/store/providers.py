"""Queries about providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sidecar.values import ProviderConfig, Timeouts

if TYPE_CHECKING:
    import sqlite3

_SELECT = (
    'SELECT id, name, type, endpoint, base, description, auth, "key", headers, timeouts, refreshed_at, error'
    " FROM providers"
)
_HEADERS = msgspec.json.Decoder(tuple[tuple[str, str], ...])
_TIMEOUTS = msgspec.json.Decoder(Timeouts)


def every(db: sqlite3.Connection) -> tuple[ProviderConfig, ...]:
    """All of them, by name."""
    return tuple(_config(row) for row in db.execute(f"{_SELECT} ORDER BY name"))


def named(db: sqlite3.Connection, name: str) -> ProviderConfig | None:
    """The one of that name, without regard to case."""
    row = db.execute(f"{_SELECT} WHERE name = ?", (name,)).fetchone()
    return _config(row) if row else None


def add(db: sqlite3.Connection, config: ProviderConfig) -> ProviderConfig:
    """Adds one, whose name must be free; returns it with its number."""
    cursor = db.execute(
        'INSERT INTO providers (name, type, endpoint, base, description, auth, "key", headers, timeouts, refreshed_at,'
        " error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        _cells(config),
    )
    assert cursor.lastrowid is not None
    return msgspec.structs.replace(config, id=cursor.lastrowid)


def update(db: sqlite3.Connection, config: ProviderConfig) -> None:
    """Stores all of it, found by its number."""
    db.execute(
        'UPDATE providers SET (name, type, endpoint, base, description, auth, "key", headers, timeouts, refreshed_at,'
        " error) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?",
        (*_cells(config), config.id),
    )


def note_error(db: sqlite3.Connection, number: int, sentence: str | None) -> None:
    """Remembers why its models could not be fetched; nothing is written if that is known."""
    db.execute("UPDATE providers SET error = ? WHERE id = ? AND error IS NOT ?", (sentence, number, sentence))


def remove(db: sqlite3.Connection, number: int) -> None:
    """Removes it with its models."""
    db.execute("DELETE FROM providers WHERE id = ?", (number,))


def _cells(config: ProviderConfig) -> tuple[str | None, ...]:
    return (
        config.name,
        config.type,
        config.endpoint,
        config.base,
        config.description,
        config.auth,
        config.key,
        msgspec.json.encode(config.headers).decode(),
        msgspec.json.encode(config.timeouts).decode(),
        config.refreshed_at,
        config.error,
    )


def _config(
    row: tuple[int, str, str, str, str, str, str, str | None, str, str, str | None, str | None],
) -> ProviderConfig:
    return ProviderConfig(
        id=row[0],
        name=row[1],
        type=row[2],
        endpoint=row[3],
        base=row[4],
        description=row[5],
        auth="api_key" if row[6] == "api_key" else "none",
        key=row[7],
        headers=_HEADERS.decode(row[8]),
        timeouts=_TIMEOUTS.decode(row[9]),
        refreshed_at=row[10],
        error=row[11],
    )
