"""Queries about models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sidecar.values import ModelInfo, Prices

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

_SELECT = "SELECT name, context_window, max_output_tokens, prices, listed, by_hand FROM models WHERE provider = ?"
_PRICES = msgspec.json.Decoder(Prices)


def of(db: sqlite3.Connection, provider: int) -> tuple[ModelInfo, ...]:
    """A provider's models by name, those that are gone among them."""
    return tuple(_info(row) for row in db.execute(f"{_SELECT} ORDER BY name", (provider,)))


def named(db: sqlite3.Connection, provider: int, name: str) -> ModelInfo | None:
    """The model of exactly that name: providers tell case apart."""
    row = db.execute(f"{_SELECT} AND name = ?", (provider, name)).fetchone()
    return _info(row) if row else None


def counts(db: sqlite3.Connection) -> dict[int, int]:
    """How many models each provider has that are not gone."""
    return dict(
        db.execute("SELECT provider, count(*) FROM models WHERE listed OR by_hand GROUP BY provider").fetchall()
    )


def listings(db: sqlite3.Connection) -> dict[int, int]:
    """A number per provider that changes when its models do."""
    return dict(db.execute("SELECT id, listing FROM providers").fetchall())


def merge(db: sqlite3.Connection, provider: int, listed: Sequence[ModelInfo]) -> None:
    """Takes over a new listing: what it lacks is gone from now on, unless it was named by hand."""
    db.execute("UPDATE models SET listed = 0 WHERE provider = ?", (provider,))
    db.executemany(
        "INSERT INTO models (provider, name, context_window, max_output_tokens, prices, listed)"
        " VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET context_window = excluded.context_window,"
        " max_output_tokens = excluded.max_output_tokens, prices = excluded.prices, listed = 1",
        [(provider, *_cells(model)) for model in listed],
    )
    _note(db, provider)


def name_by_hand(db: sqlite3.Connection, provider: int, names: Iterable[str]) -> None:
    """Replaces the names given by hand; one that no longer is, and is not listed either, is gone."""
    db.execute("UPDATE models SET by_hand = 0 WHERE provider = ?", (provider,))
    db.executemany(
        "INSERT INTO models (provider, name, by_hand) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET by_hand = 1",
        [(provider, name) for name in names],
    )
    _note(db, provider)


def _note(db: sqlite3.Connection, provider: int) -> None:
    db.execute("UPDATE providers SET listing = listing + 1 WHERE id = ?", (provider,))


def _cells(model: ModelInfo) -> tuple[str | int | None, ...]:
    prices = msgspec.json.encode(model.prices).decode() if model.prices else None
    return (model.name, model.context_window, model.max_output_tokens, prices)


def _info(row: tuple[str, int | None, int | None, str | None, int, int]) -> ModelInfo:
    return ModelInfo(
        name=row[0],
        context_window=row[1],
        max_output_tokens=row[2],
        prices=_PRICES.decode(row[3]) if row[3] else None,
        by_hand=bool(row[5]),
        gone=not row[4] and not row[5],
    )
