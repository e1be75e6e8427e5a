"""Moments as they are stored and told: UTC by RFC 3339, in milliseconds, so that texts compare as times do."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def moment(seconds: float | None = None) -> str:
    """The moment so many seconds after the epoch; now, if it is not given."""
    then = datetime.fromtimestamp(time.time() if seconds is None else seconds, UTC)
    return then.isoformat(timespec="milliseconds").replace("+00:00", "Z")
