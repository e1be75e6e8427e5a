"""Whether a file was written to since it was last asked: for status lines, which look twice a second."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from sidecar.errors import StoreUnusable
from sidecar.store.database import connect_to_read

if TYPE_CHECKING:
    from sidecar.store.database import Database


class Watch:
    """Watches one file, for one thread. Never raises: a file that cannot be read has not changed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, int] | None = None

    def changed(self) -> bool:
        """Whether any process wrote since the last question; the first answer is True. Microseconds."""
        try:
            seen = self._look()
        except (sqlite3.Error, StoreUnusable, OSError):
            self.close()
            return False
        changed, self._seen = seen != self._seen, seen
        return changed

    def close(self) -> None:
        """Closes the connection; `changed` opens it anew."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    def _look(self) -> tuple[int, int]:
        """The file's inode (a replaced file is another one) and SQLite's count of what others wrote."""
        inode = os.stat(self._database.path).st_ino  # noqa: PTH116 - as cheap as can be
        if self._connection is None or (self._seen and self._seen[0] != inode):
            self.close()
            self._connection, _ = connect_to_read(self._database.path, self._database.schema, wait=0.0)
        version: int = self._connection.execute("PRAGMA data_version").fetchall()[0][0]
        return inode, version
