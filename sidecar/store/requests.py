"""Queries about request records."""

from __future__ import annotations

import re
import time
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from sidecar.values import ALL, Request, Selection, Usage, Value

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence


class Outage(Value, frozen=True, kw_only=True):
    """A provider that does not answer: times of the first and of the latest request that failed (RFC 3339, UTC)."""

    provider: str
    since: str
    latest: str
    error: str


Record = tuple[Request, bytes | None]

_RECORD = msgspec.json.Decoder(Request)
_DAY = 86400.0

#: Where a text is sought in a record.
SOUGHT = ", ".join(f"'$.{name}'" for name in ("title", "files", "filter", "model", "provider", "client", "error", "id"))
# What usage is counted by, as SQL over constants of ours: nothing a client sent is ever part of a statement.
USAGE_KEYS = {
    "workspace": "coalesce(workspace, '')",
    "provider": "coalesce(provider, '')",
    "model": "coalesce(provider || '/' || model, provider, '')",
    "day": "date(started, 'unixepoch', 'localtime')",
}


def append(db: sqlite3.Connection, records: Sequence[Record]) -> None:
    """Stores records, each with its conversation (JSON) or None; one that is there already is replaced."""
    for request, conversation in ((_storable(each), body) for each, body in records):
        db.execute("DELETE FROM conversations WHERE seq = (SELECT seq FROM requests WHERE id = ?)", (request.id,))
        cursor = db.execute(
            "INSERT OR REPLACE INTO requests (id, started, workspace, provider, model, outcome, input_tokens,"
            " output_tokens, cached_tokens, cost, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _cells(request),
        )
        if conversation is not None:
            body = zlib.compress(conversation, level=6)
            db.execute("INSERT INTO conversations (seq, body) VALUES (?, ?)", (cursor.lastrowid, body))


def price(db: sqlite3.Connection, costs: Mapping[str, float]) -> None:
    """Gives records their costs, in USD by id; one that is no longer there is passed over."""
    db.executemany(
        "UPDATE requests SET cost = :cost, record = json_set(record, '$.cost', :cost) WHERE id = :id",
        [{"cost": cost, "id": ident} for ident, cost in costs.items()],
    )


def newest(
    db: sqlite3.Connection, limit: int, before: tuple[float, int] | None = None, selection: Selection = ALL
) -> tuple[Request, ...]:
    """The selected records, newest first: those older than `before` (time, sequence).

    Names are compared without regard to case; the text stands anywhere in what `SOUGHT` names.
    """
    columns = {"workspace": selection.workspace, "provider": selection.provider, "outcome": selection.outcome}
    wanted: dict[str, str | float] = {column: value for column, value in columns.items() if value is not None}
    terms, values = [f"{column} = ?" for column in wanted], [*wanted.values()]
    if selection.text is not None:
        terms.append(f"json_extract(record, {SOUGHT}) LIKE ? ESCAPE '!'")
        values.append(f"%{_literal(selection.text)}%")
    if before is not None:
        terms.append("(started, seq) < (?, ?)")
        values += before
    where = f"WHERE {' AND '.join(terms)}" if terms else ""
    rows = db.execute(
        f"SELECT record FROM requests {where} ORDER BY started DESC, seq DESC LIMIT ?",  # noqa: S608 - constants only
        (*values, limit),
    )
    return tuple(_RECORD.decode(row[0]) for row in rows)


def _literal(text: str) -> str:
    """The text as it stands in a JSON string, for LIKE."""
    return re.sub(r"[!%_]", r"!\g<0>", msgspec.json.encode(text.encode("utf-8", "replace").decode()).decode()[1:-1])


def place(db: sqlite3.Connection, number: str) -> tuple[float, int] | None:
    """Where a record stands in the order of `newest`; None if there is none."""
    row = db.execute("SELECT started, seq FROM requests WHERE id = ?", (number,)).fetchone()
    return (row[0], row[1]) if row else None


def one(db: sqlite3.Connection, number: str) -> Record | None:
    """The record and what is kept of its conversation (JSON)."""
    row = db.execute(
        "SELECT record, body FROM requests LEFT JOIN conversations USING (seq) WHERE id = ?", (number,)
    ).fetchone()
    return (_RECORD.decode(row[0]), zlib.decompress(row[1]) if row[1] else None) if row else None


def remove(db: sqlite3.Connection, number: str | None) -> int:
    """Removes that record, or all; returns how many."""
    if number is None:
        db.execute("DELETE FROM conversations")
        return db.execute("DELETE FROM requests").rowcount
    db.execute("DELETE FROM conversations WHERE seq = (SELECT seq FROM requests WHERE id = ?)", (number,))
    return db.execute("DELETE FROM requests WHERE id = ?", (number,)).rowcount


def prune(db: sqlite3.Connection, days: int) -> int:
    """Removes what is older than so many days; returns how many."""
    limit = time.time() - days * _DAY
    db.execute("DELETE FROM conversations WHERE seq IN (SELECT seq FROM requests WHERE started < ?)", (limit,))
    return db.execute("DELETE FROM requests WHERE started < ?", (limit,)).rowcount


# An error that came before anything was counted has cost nothing; whatever else has no cost has an unknown one.
_UNPRICED = "cost IS NULL AND (outcome <> 'error' OR input_tokens IS NOT NULL OR output_tokens IS NOT NULL)"


def usage(db: sqlite3.Connection, by: str, since: float | None) -> tuple[Usage, ...]:
    """Sums by one of USAGE_KEYS since that time; `cost` is None where none of the requests has one."""
    key = USAGE_KEYS[by]
    order = "key DESC" if by == "day" else "total DESC, count DESC, key"
    rows = db.execute(
        f"SELECT {key} AS key, count(*) AS count, coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),"  # noqa: S608 - constants only
        f" coalesce(sum(cached_tokens), 0), sum(cost) AS total, sum({_UNPRICED}) FROM requests WHERE started >= ?"
        f" GROUP BY key"
        f" ORDER BY {order}",
        (since or 0.0,),
    )
    return tuple(
        Usage(
            key=row[0],
            requests=row[1],
            input_tokens=row[2],
            output_tokens=row[3],
            cached_tokens=row[4],
            cost=row[5],
            unpriced=row[6],
        )
        for row in rows
    )


# What the endpoint answers when it cannot reach a provider, or a provider's gateway when it cannot (RFC 9110, 15.6).
_DOWN = "outcome = 'error' AND json_extract(record, '$.status') IN (502, 504)"


def outage(db: sqlite3.Connection, provider: str) -> Outage | None:
    """Since when the provider does not answer; None if its newest request was answered, with an error or without."""
    latest = db.execute(
        f"SELECT record, {_DOWN} FROM requests WHERE provider = ? AND outcome <> 'cancelled'"  # noqa: S608 - constants only
        " ORDER BY started DESC, seq DESC LIMIT 1",
        (provider,),
    ).fetchone()
    if latest is None or not latest[1]:
        return None
    answered = db.execute(
        f"SELECT started FROM requests WHERE provider = ? AND outcome <> 'cancelled' AND NOT ({_DOWN})"  # noqa: S608 - constants only
        " ORDER BY started DESC LIMIT 1",
        (provider,),
    ).fetchone()
    first = db.execute(
        f"SELECT record FROM requests WHERE provider = ? AND started > ? AND {_DOWN} ORDER BY started LIMIT 1",  # noqa: S608 - constants only
        (provider, answered[0] if answered else 0.0),
    ).fetchone()
    request, begun = _RECORD.decode(latest[0]), _RECORD.decode((first or latest)[0])
    return Outage(
        provider=request.provider or provider,
        since=begun.started_at,
        latest=request.started_at,
        error=request.error or f"it answered {request.status}",
    )


def spent(db: sqlite3.Connection, since: float) -> tuple[float | None, int]:
    """USD since that time, None where no request has a cost; and how many requests have an unknown one."""
    total, unpriced = db.execute(
        f"SELECT sum(cost), sum({_UNPRICED}) FROM requests WHERE started >= ?",  # noqa: S608 - constants only
        (since,),
    ).fetchone()
    return total, unpriced or 0


def seconds(started_at: str) -> float:
    """A stored time (RFC 3339) in seconds since 1970. Raises ValueError."""
    moment = datetime.fromisoformat(started_at)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _cells(request: Request) -> tuple[str | int | float | None, ...]:
    return (
        request.id,
        seconds(request.started_at),
        request.workspace,
        request.provider,
        request.model,
        request.outcome,
        request.input_tokens,
        request.output_tokens,
        request.cached_tokens,
        request.cost,
        msgspec.json.encode(request).decode(),
    )


def _storable(request: Request) -> Request:
    """The record with `?` for halves of surrogate pairs, which a client may send and SQLite cannot hold."""
    try:
        msgspec.json.encode(request)
    except UnicodeEncodeError:
        return Request(**{name: _mended(value) for name, value in msgspec.structs.asdict(request).items()})
    return request


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return tuple(map(_mended, value)) if isinstance(value, tuple) else value
