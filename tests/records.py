"""Records by the thousand, in the store that the sidecar itself writes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sidecar.moments import moment
from sidecar.store import requests
from sidecar.store.database import REQUESTS, Database
from sidecar.values import Outcome, Request

if TYPE_CHECKING:
    from mux import Mux

OUTCOMES: tuple[Outcome, ...] = ("ok", "ok", "ok", "error", "cancelled", "truncated")


def record(number: int, now: datetime, apart: float = 1) -> Request:
    """The record of a request; each is so many seconds older than the one numbered before."""
    outcome = OUTCOMES[number % len(OUTCOMES)]
    is_local = number % 2 == 0
    return Request(
        id=f"req_{number:024d}",
        started_at=moment(now.timestamp() - apart * (number + 1)),
        client=("aider/0.86", "opencode/1.0", "claude-cli/2.0")[number % 3],
        dialect="chat",
        kind="chat",
        workspace="default",
        filter=".md" if is_local else ".ts",
        position=1 if is_local else 2,
        provider="local" if is_local else "cloud",
        provider_type="echo",
        model="small" if is_local else "anthropic/claude-sonnet-4.5",
        files=("README.md",) if is_local else ("src/cart.ts", "src/cart.test.ts"),
        outcome=outcome,
        status=502 if outcome == "error" else 200,
        streamed=True,
        title=f"Question number {number}",
        total_ms=1500.0 + number % 1000,
        overhead_ms=0.8,
        first_byte_ms=400.0,
        input_tokens=1200 + number,
        output_tokens=300,
        cached_tokens=1000,
        cost=0.0 if is_local else 0.0123,
        error="local at http://localhost:1 refused the connection; is it running?" if outcome == "error" else None,
    )


def seed(mux: Mux, count: int, apart: float = 1) -> None:
    """That many records, number 0 the newest, so many seconds apart."""
    now = datetime.now(UTC)
    rows = [(record(number, now, apart), None) for number in reversed(range(count))]
    database = Database(mux.home / "requests.db", REQUESTS)
    database.prepare()
    database.run(lambda db: requests.append(db, rows))
