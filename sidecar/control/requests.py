"""Requests: what was asked, which model answered, what it cost."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from sidecar.errors import InvalidParameter, NotFound
from sidecar.store import requests as stored
from sidecar.store.requests import Outage
from sidecar.values import ALL, Outcome, Request, Selection, Usage, Value

if TYPE_CHECKING:
    import sqlite3

    from sidecar.control.workbench import Workbench

JSON = Any  # what is kept of a conversation: a client's own JSON
UsageKey = Literal["workspace", "provider", "model", "day"]

OUTCOMES: tuple[Outcome, ...] = ("ok", "error", "cancelled", "truncated")
_MOST = 10_000


class Recent(Value, frozen=True, kw_only=True):
    """The newest record, the USD spent since midnight (local time; None where no cost is known), and who is down.

    `unpriced_today` is how many of the requests since midnight cost what nobody knows.
    """

    last: Request | None = None
    spent_today: float | None = None
    unpriced_today: int = 0
    outages: tuple[Outage, ...] = ()


class Requests:
    """The request records of the data folder."""

    def __init__(self, bench: Workbench) -> None:
        self._requests = bench.requests

    async def list(self, limit: int = 50, before: str | None = None, selection: Selection = ALL) -> tuple[Request, ...]:
        """The selected records, newest first, of those older than `before`: a record's id, or a time (RFC 3339).

        Raises:
            InvalidParameter: the limit, the time or the outcome cannot be.
        """
        if not 0 <= limit <= _MOST:
            raise InvalidParameter("limit", f"Ask for 0 to {_MOST} requests at a time.")
        if selection.outcome not in (None, *OUTCOMES):
            raise InvalidParameter("outcome", f"{selection.outcome!r} is no outcome; use one of {', '.join(OUTCOMES)}.")
        return await self._requests.ask(lambda db: stored.newest(db, limit, _place(db, before), selection))

    async def show(self, number: str) -> tuple[Request, JSON | None]:
        """One record, and what is kept of its conversation.

        Raises:
            NotFound: there is none of that id.
        """
        found = await self._requests.ask(lambda db: stored.one(db, number))
        if found is None:
            raise NotFound(f"There is no request {number[:80]!r}; `mux-sidecar log` lists those that are kept.")
        request, conversation = found
        return request, msgspec.json.decode(conversation) if conversation else None

    async def remove(self, number: str | None = None) -> int:
        """Removes that record, or all; returns how many.

        Raises:
            NotFound: there is none of that id.
        """
        removed = await self._requests.edit(lambda db: stored.remove(db, number))
        if number is not None and not removed:
            raise NotFound(f"There is no request {number[:80]!r}; `mux-sidecar log` lists those that are kept.")
        await self._requests.shrink()
        return removed

    async def usage(self, since: str | None = None, by: UsageKey = "model") -> tuple[Usage, ...]:
        """Sums by workspace, provider, model or local day, from that local date (ISO 8601) on.

        Raises:
            InvalidParameter: no such key, or no such date.
        """
        if by not in stored.USAGE_KEYS:
            raise InvalidParameter("by", f"Usage is summed up by {', '.join(stored.USAGE_KEYS)}, not by {by!r}.")
        start = None if since is None else midnight(_day(since))
        return await self._requests.ask(lambda db: stored.usage(db, by, start))

    async def recent(self, providers: tuple[str, ...]) -> Recent:
        """What a status line tells of the records; `providers` are those whose outages are looked for."""
        start = midnight(datetime.now(UTC).astimezone().date())

        def read(db: sqlite3.Connection) -> Recent:
            latest = stored.newest(db, 1)
            spent, unpriced = stored.spent(db, start)
            return Recent(
                last=latest[0] if latest else None,
                spent_today=spent,
                unpriced_today=unpriced,
                outages=tuple(filter(None, (stored.outage(db, name) for name in providers))),
            )

        return await self._requests.ask(read)


def midnight(day: date) -> float:
    """When that day begins here, in seconds since 1970: the zone's rules of that day hold, not today's."""
    return datetime.combine(day, time()).astimezone().timestamp()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidParameter("since", f"{text[:40]!r} is no date; give one such as 2026-01-31.") from None


def _place(db: sqlite3.Connection, before: str | None) -> tuple[float, int] | None:
    if before is None:
        return None
    found = stored.place(db, before)
    if found is not None:
        return found
    try:
        return stored.seconds(before), 0
    except ValueError:
        raise InvalidParameter(
            "before", "`before` is a request's id, or a time such as 2026-01-31T12:00:00Z."
        ) from None
