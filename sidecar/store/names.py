"""Names alone, for completion in a shell: read with as little as can be, nothing made, nothing migrated."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

_QUERIES = {
    "workspaces": "SELECT name FROM workspaces ORDER BY name",
    "providers": "SELECT name FROM providers ORDER BY name",
    "models": "SELECT providers.name || '/' || models.name FROM models"
    " JOIN providers ON providers.id = models.provider WHERE listed OR by_hand ORDER BY 1",
}


def read(config_db: Path, what: Literal["workspaces", "providers", "models"]) -> tuple[str, ...]:
    """The configured names; models as `PROVIDER/MODEL`. Raises sqlite3.Error, also where there is no file."""
    with closing(sqlite3.connect(f"{config_db.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2)) as db:
        return tuple(row[0] for row in db.execute(_QUERIES[what]))
