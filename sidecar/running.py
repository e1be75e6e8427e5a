"""A request while it is answered, seen from what was noted of it so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.moments import moment
from sidecar.values import Dialect, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.record import Trace


class Running(Value, frozen=True, kw_only=True):
    """A request that is being answered, as far as its route is known by now; it will be recorded under the same id."""

    id: str
    started_at: str
    elapsed_ms: float
    client: str
    dialect: Dialect
    workspace: str | None = None
    filter: str | None = None
    position: int | None = None
    provider: str | None = None
    model: str | None = None


def seen(trace: Trace, clean: Callable[[str], str]) -> Running:
    """What a trace says by now; `clean` takes keys out of what the client says of itself."""
    return Running(
        id=trace.id,
        started_at=moment(trace.wall),
        elapsed_ms=round((trace.now() - trace.started) * 1000),
        client=clean(trace.client),
        dialect=trace.dialect,
        workspace=trace.workspace,
        filter=trace.filter,
        position=trace.position,
        provider=trace.provider.name if trace.provider else None,
        model=trace.model,
    )
