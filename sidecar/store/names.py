"""The configured names, for a shell's completion: read by the standard library alone, since each Tab waits for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

_WAIT = 0.2  # seconds for another process's write

_QUERIES = {
    "workspaces": "SELECT name FROM workspaces ORDER BY name",
    "providers": "SELECT name FROM providers ORDER BY name",
    "models": (
        "SELECT providers.name || '/' || models.name FROM models JOIN providers ON providers.id = models.provider "
        "WHERE NOT gone ORDER BY 1"
    ),
}


def read(config_db: Path, what: Literal["workspaces", "providers", "models"]) -> tuple[str, ...]:
    """The names of the workspaces or providers, or the models as `PROVIDER/MODEL`.

    The file is opened for reading only: it is neither made nor brought to this version's schema.

    Raises:
        sqlite3.Error: there is no such file, or it is not ours.
    """
    location = f"{config_db.as_uri()}?mode=ro"
    with closing(sqlite3.connect(location, uri=True, timeout=_WAIT)) as connection:
        return tuple(name for (name,) in connection.execute(_QUERIES[what]))
