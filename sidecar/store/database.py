"""A SQLite file that several processes and threads read and write: opened, migrated, put aside when it is damaged.

A connection lives for one operation: nothing is shared between threads, and a file that was replaced is seen at once.
"""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from sidecar import private
from sidecar.store import damage
from sidecar.store.trouble import StoreDamaged, StoreGone, StoreNewer, gone, translated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

T = TypeVar("T")
Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]

# A writer waits this long for another one; each holds the lock for milliseconds.
BUSY_SECONDS = 5.0
# So often it is tried to bring a change from the log into the file.
SETTLING = 4


@dataclass(frozen=True)
class Schema:
    """What a file holds: its `newest` schema number, and the module whose `MIGRATIONS` lead there.

    `pragmas` are set on each connection, `founding` once on a new file, before its first table. `touch` is run at the
    end of each change. A `precious` file that is lost is an error; another one is begun anew, and nobody stops for it.
    """

    newest: int
    migrations: str
    pragmas: tuple[str, ...]
    founding: tuple[str, ...]
    touch: str | None = None
    precious: bool = True


CONFIG = Schema(
    newest=2,
    migrations="sidecar.store.config_migrations",
    pragmas=("synchronous=FULL", "foreign_keys=ON"),
    founding=("journal_mode=WAL",),
    touch="UPDATE state SET revision = revision + 1",
)
# What is removed from the records is overwritten and given back to the system: conversations may stand in them.
REQUESTS = Schema(
    newest=1,
    migrations="sidecar.store.requests_migrations",
    pragmas=("synchronous=NORMAL", "secure_delete=ON"),
    founding=("auto_vacuum=INCREMENTAL", "journal_mode=WAL"),
    precious=False,
)
# The ways to open a file, for whoever only reads: `immutable` is for a folder where not even a lock can be made.
READING = ("rw", "ro", "ro&immutable=1")


def connect(path: Path, schema: Schema, *, mode: str = "rw", wait: float = BUSY_SECONDS) -> sqlite3.Connection:
    """A connection in autocommit mode to a file that exists. Raises sqlite3.Error, StoreNewer."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=wait, isolation_level=None, check_same_thread=False
    )
    with ExitStack() as undo:
        undo.callback(connection.close)
        _refuse_newer(connection, path, schema)
        for pragma in schema.pragmas:
            connection.execute(f"PRAGMA {pragma}").fetchall()
        undo.pop_all()
    return connection


def connect_to_read(path: Path, schema: Schema, *, wait: float = BUSY_SECONDS) -> tuple[sqlite3.Connection, str]:
    """A connection that can at least read, and which of READING it took. Raises as `connect`."""
    for mode in READING[:-1]:
        try:
            return connect(path, schema, mode=mode, wait=wait), mode
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
    return connect(path, schema, mode=READING[-1], wait=wait), READING[-1]


def _refuse_newer(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    if version(connection) > schema.newest:
        raise StoreNewer(
            f"{path} was written by a newer mux-sidecar; restart this window, or upgrade mux-sidecar. "
            "The file was not touched."
        )


def settle(connection: sqlite3.Connection) -> None:
    """Brings what the log beside the file holds into the file itself, so that whoever moves that alone takes all along.

    Holds nobody up; where somebody still reads the file as it was before, a later change does it.
    """
    with suppress(sqlite3.Error):  # it is in the log, and safe there
        for _ in range(SETTLING):
            busy, logged, brought = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if not busy and brought == logged:
                return
            time.sleep(0.001)  # for who still reads, which takes less; SQLite's own waiting would keep writers out


def version(connection: sqlite3.Connection) -> int:
    """The number of the schema that the file has; 0 for a new file."""
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return number


class Database:
    """One file and its schema. Every operation may raise StoreUnusable, and then has changed nothing.

    `used` tells whether a process works with the file now: then one that is missing was lost, and is not made anew.
    """

    def __init__(
        self, path: Path, schema: Schema, wait: float = BUSY_SECONDS, *, used: Callable[[], object] | None = None
    ) -> None:
        self.path = path
        self.schema = schema
        self._wait = wait
        self._used = used
        self._seen = False

    def prepare(self) -> None:
        """Makes the file if there was none and brings it to the newest schema; cheap when there is nothing to do.

        Raises:
            StoreGone: a precious one was there, and is not any more.
            StoreUnusable: it cannot be; a damaged file has been put aside, a new one stands in its place.
        """
        with self._damage_put_aside(), translated(self.path):
            if not self._current():
                self._found()
        self._seen = True

    def _found(self) -> None:
        if not self.path.parent.exists():  # nor is a folder made in the place of one that is to be put back
            self._refuse_lost()
        private.make_folder(self.path.parent)
        with damage.guard(self.path):  # while a damaged one is put aside, there is none for a moment
            self._refuse_lost()
            self._migrate()

    def _refuse_lost(self) -> None:
        """A new file would take the place of the lost one for whoever uses it, and SQLite would empty its log."""
        if not self.schema.precious or self.path.exists():
            return
        if damage.remains(self.path) or (self._used is not None and self._used()):
            raise StoreGone(gone(self.path))

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection whose reads all see one moment."""
        with self._opened(reading=True) as connection:
            connection.execute("BEGIN")
            yield connection

    @contextmanager
    def change(self, *, touch: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction: all of what is written within, or nothing. `touch=False` leaves the revision as it is."""
        with self._opened() as connection:
            connection.execute("BEGIN IMMEDIATE")
            before = connection.total_changes
            yield connection
            if touch and self.schema.touch and connection.total_changes != before:
                connection.execute(self.schema.touch)
            connection.execute("COMMIT")
            settle(connection)

    async def ask(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """What the query finds, in a thread: a lock that is waited for must not hold up the loop."""
        return await asyncio.to_thread(self.run, query, self.read)

    async def edit(self, edit: Callable[[sqlite3.Connection], T]) -> T:
        """What the edit returns, once its transaction is on the disk."""
        return await asyncio.to_thread(self.run, edit)

    async def shrink(self) -> None:
        """Gives the room of what was removed back to the system, in the log beside the file too."""
        await asyncio.to_thread(self._shrink)

    def _shrink(self) -> None:
        with self._opened() as connection:
            connection.executescript("PRAGMA incremental_vacuum")  # `execute` would free a single page
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def run(self, work: Callable[[sqlite3.Connection], T], transaction: Transaction | None = None) -> T:
        """As `edit` (or, with `read`, `ask`) in this very thread; once more where a new file was begun."""
        transaction = transaction or self.change
        try:
            with transaction() as connection:
                return work(connection)
        except StoreDamaged:
            if self.schema.precious:
                raise
        with transaction() as connection:
            return work(connection)

    @contextmanager
    def _opened(self, *, reading: bool = False) -> Iterator[sqlite3.Connection]:
        if not self._seen or not (self.schema.precious or self.path.exists()):
            self.prepare()
        with self._damage_put_aside(), translated(self.path):
            self._check_there()
            with closing(self._connect(reading=reading)) as connection:
                yield connection  # closing it rolls back what was not committed

    def _connect(self, *, reading: bool) -> sqlite3.Connection:
        if reading:
            return connect_to_read(self.path, self.schema, wait=self._wait)[0]
        return connect(self.path, self.schema, wait=self._wait)

    def _check_there(self) -> None:
        # Made anew without a word, it would look as if all rules had vanished.
        if not self.path.exists():
            raise StoreGone(gone(self.path))

    def _current(self) -> bool:
        if not self.path.exists():
            return False
        with closing(self._connect(reading=True)) as connection:
            return version(connection) == self.schema.newest

    def _migrate(self) -> None:
        private.create(self.path)
        with closing(connect(self.path, self.schema)) as connection:
            found = version(connection)
            if found == self.schema.newest:
                return  # another process was faster
            if found == 0:
                for pragma in self.schema.founding:
                    connection.execute(f"PRAGMA {pragma}").fetchall()
            _apply(connection, self.schema)

    @contextmanager
    def _damage_put_aside(self) -> Iterator[None]:
        try:
            yield
        except StoreDamaged as error:
            with damage.guard(self.path):
                aside = damage.put_aside(self.path)
                with translated(self.path):
                    self._migrate()
            raise StoreDamaged(damage.sentence(self.path, aside)) from error


def _apply(connection: sqlite3.Connection, schema: Schema) -> None:
    # Here and nowhere else, since it takes 150 ms and nearly every start finds the newest schema.
    import sqlite_utils  # noqa: PLC0415

    migrations = importlib.import_module(schema.migrations).MIGRATIONS
    connection.execute("BEGIN IMMEDIATE")
    migrations.apply(sqlite_utils.Database(connection, execute_plugins=False))
    connection.execute(f"PRAGMA user_version={schema.newest}")
    connection.execute("COMMIT")
