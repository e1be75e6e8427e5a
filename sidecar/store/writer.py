"""One connection kept open for writing, for whoever writes many small batches: opening it costs more than a batch."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, TypeVar

from sidecar.errors import StoreUnusable
from sidecar.store.database import connect, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.store.database import Database

T = TypeVar("T")
Identity = tuple[int, int]


class Writer:
    """Changes a file without a revision as `Database.run` does, which it leaves every trouble to. Threads take turns.

    `close` it when there is nothing to write for a while: on Windows, a file that is open cannot be put aside, and
    what was removed goes from the log beside the file when the last connection is closed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, in one transaction; it is called once more if the first try failed.

        Raises:
            StoreUnusable: as `Database.run`.
        """
        with self._lock:
            try:
                return self._change(work)
            except (sqlite3.Error, OSError, StoreUnusable):
                self._disconnect()
            return self._database.run(work)

    def close(self) -> None:
        """Lets go of the file, which holds all of it then; `run` opens it anew."""
        with self._lock:
            if self._connection is not None:
                settle(self._connection)  # others may have it open too
            self._disconnect()

    def _change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        with ExitStack() as undo:
            undo.callback(self._disconnect)
            found = work(connection)
            connection.execute("COMMIT")
            undo.pop_all()
        return found

    def _connected(self) -> sqlite3.Connection:
        """A connection to the file that has the name now, which may be another than a moment ago."""
        status = self._database.path.stat()
        identity = (status.st_dev, status.st_ino)
        if self._connection is None or identity != self._identity:
            self._disconnect()
            self._connection = connect(self._database.path, self._database.schema)
            self._identity = identity
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()  # which rolls back what was not committed
        self._connection = None
