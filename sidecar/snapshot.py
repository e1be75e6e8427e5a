"""The configuration as one immutable picture, which routing reads; a request keeps the one it began with."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from sidecar.errors import MuxError, StoreUnusable
from sidecar.routing.rules import CompiledRule, compile_filter
from sidecar.sharing.cards import serving_ports
from sidecar.store import damage, models, providers, rules, settings, state, workspaces
from sidecar.store.database import CONFIG, READING, Database, connect_to_read, version
from sidecar.store.trouble import FOREIGN, StoreGone, StoreNewer, gone, translated
from sidecar.values import DEFAULT_SETTINGS, ModelInfo, ProviderConfig, Scope, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidecar.settings import Place
    from sidecar.store.workspaces import WorkspaceRow

# data_version does not tell that the file itself was replaced: its inode does.
_LOOK_SECONDS = 1.0
# After an error, requests go on with the last picture for so long before the file is asked again.
_PAUSE_SECONDS = 0.25
# How long a request may wait for a lock; WAL readers wait for nobody but a recovery.
_WAIT_SECONDS = 0.1
# A file that nobody has changed since it was founded.
_FRESH_REVISION = 1

_READ_ONLY = (
    "{path} can be read and not written: nothing can be changed until it and its folder are yours and writable."
)

_TROUBLE = (MuxError, OSError, *FOREIGN)

ModelKey = tuple[str, str]


@dataclass(frozen=True)
class WorkspaceRules:
    """A workspace, ready to match."""

    name: str
    scope: Scope
    rules: tuple[CompiledRule, ...]


@dataclass(frozen=True)
class Snapshot:
    """Workspaces and providers by their name in lower case (`casefold`), models by (that, model name)."""

    revision: int
    active: str
    workspaces: Mapping[str, WorkspaceRules]
    providers: Mapping[str, ProviderConfig]
    models: Mapping[ModelKey, ModelInfo]
    settings: Settings

    def workspace(self, name: str | None = None) -> WorkspaceRules | None:
        """The workspace of that name, the active one for None; without regard to case."""
        return self.workspaces.get((self.active if name is None else name).casefold())

    def provider(self, name: str) -> ProviderConfig | None:
        """The provider of that name, without regard to case."""
        return self.providers.get(name.casefold())

    def model(self, provider: str, name: str) -> ModelInfo | None:
        """The provider's model of exactly that name; None if it neither lists nor ever listed it."""
        return self.models.get((provider.casefold(), name))


EMPTY = Snapshot(
    revision=0,
    active=workspaces.DEFAULT,
    workspaces=MappingProxyType({workspaces.DEFAULT: WorkspaceRules(workspaces.DEFAULT, "turn", ())}),
    providers=MappingProxyType({}),
    models=MappingProxyType({}),
    settings=DEFAULT_SETTINGS,
)


@dataclass
class _Listings:
    """The models by provider, kept from one snapshot to the next while they are the same."""

    known: dict[int, tuple[str, int, dict[ModelKey, ModelInfo]]] = field(default_factory=dict)

    def read(self, db: sqlite3.Connection, configs: tuple[ProviderConfig, ...]) -> dict[ModelKey, ModelInfo]:
        numbers = models.listings(db)
        fresh = {}
        for config in configs:
            name, number = config.name.casefold(), numbers[config.id]
            kept = self.known.get(config.id)
            if kept is None or kept[:2] != (name, number):
                kept = (name, number, {(name, model.name): model for model in models.of(db, config.id)})
            fresh[config.id] = kept
        self.known = fresh
        return {key: model for kept in fresh.values() for key, model in kept[2].items()}


class Snapshots:
    """The newest snapshot, at the price of one `PRAGMA data_version` per question.

    Never raises for the sake of the store: the last good snapshot stays, and `problem` says what is wrong. A store
    that cannot be read at the start gives an empty one.
    """

    def __init__(self, place: Place) -> None:
        self._path = place.config_db
        self._database = Database(self._path, CONFIG, used=lambda: serving_ports(place))
        self._lock = threading.Lock()
        self._cursor: sqlite3.Cursor | None = None  # kept: a new one for each question costs a fifth of it
        self._identity: tuple[int, int] | None = None
        self._data_version = -1
        self._reopened = True
        self._snapshot = EMPTY
        self._listings = _Listings()
        self._look_at = 0.0
        self._retry_at = 0.0
        self._error: MuxError | None = None
        self._unmade: MuxError | None = None
        self._aside: str | None = None
        self._read_only: str | None = None
        self._prepare()

    @property
    def problem(self) -> str | None:
        """What is wrong with the configuration, in a sentence; None if nothing is."""
        return str(self._error) if self._error else self._aside or self._read_only

    @property
    def newer(self) -> bool:
        """Whether a newer mux-sidecar was here: this process should stand by until it is restarted."""
        return isinstance(self._error, StoreNewer)

    def current(self) -> Snapshot:
        """The configuration as it is now. May be called from any thread."""
        with self._lock:
            now = time.monotonic()
            if now >= self._retry_at:
                self._refresh(now)
            return self._snapshot

    def close(self) -> None:
        """Closes the connection; `current` opens it anew."""
        with self._lock:
            self._disconnect()

    def _prepare(self) -> None:
        try:
            self._database.prepare()
        except MuxError as error:
            self._error = self._unmade = error

    def _refresh(self, now: float) -> None:
        try:
            if self._cursor is None or now >= self._look_at:
                self._look()
                self._look_at = now + _LOOK_SECONDS
            self._read_if_changed(self._cursor or self._connect())
        except _TROUBLE as error:  # translated there: a context manager here costs each request as much as the question
            self._failed(error, now)
        else:
            self._error = None

    def _failed(self, error: Exception, now: float) -> None:
        """Keep the last snapshot for a while."""
        try:
            with translated(self._path):
                raise error
        except (MuxError, OSError) as trouble:
            self._error = trouble if isinstance(trouble, MuxError) else StoreUnusable(f"{self._path}: {trouble}")
        self._retry_at = now + _PAUSE_SECONDS
        self._disconnect()

    def _look(self) -> None:
        """Notices a file that was replaced or put aside."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            if self._identity is None and self._unmade is not None:  # it never was
                raise self._unmade.with_traceback(None) from None
            meanwhile = "" if self._snapshot is EMPTY else " Requests go on as it was last read."
            raise StoreGone(gone(self._path) + meanwhile) from None
        identity = (status.st_dev, status.st_ino)
        if identity != self._identity or self._read_only:  # an immutable one never tells of changes
            self._disconnect()
            self._identity = identity
        self._aside = damage.kept(self._path)

    def _connect(self) -> sqlite3.Cursor:
        connection, mode = connect_to_read(self._path, CONFIG, wait=_WAIT_SECONDS)
        self._cursor = connection.cursor()
        self._read_only = _READ_ONLY.format(path=self._path) if mode != READING[0] else None
        self._data_version = -1
        self._reopened = True  # another file may have the same revision
        return self._cursor

    def _disconnect(self) -> None:
        if self._cursor is not None:
            with suppress(sqlite3.Error):
                self._cursor.connection.close()
        self._cursor = None

    def _read_if_changed(self, cursor: sqlite3.Cursor) -> None:
        # fetchall: an unread cursor holds a transaction open, within which nothing new is ever seen.
        data_version = cursor.execute("PRAGMA data_version").fetchall()[0][0]
        if data_version == self._data_version:
            return
        connection = cursor.connection
        connection.execute("BEGIN")
        try:
            self._read(connection)
        finally:
            connection.execute("ROLLBACK")
        self._data_version = data_version

    def _read(self, connection: sqlite3.Connection) -> None:
        if version(connection) > CONFIG.newest:
            raise StoreNewer(f"{self._path} was written by a newer mux-sidecar; restart this window.")
        revision = state.revision(connection)
        begun_anew = self._aside is not None and revision == _FRESH_REVISION and self._snapshot.revision > revision
        if (self._reopened or revision != self._snapshot.revision) and not begun_anew:
            self._listings = _Listings() if self._reopened else self._listings
            self._snapshot = _build(connection, revision, self._listings)
            self._reopened = False


def _build(db: sqlite3.Connection, revision: int, listings: _Listings) -> Snapshot:
    configs = providers.every(db)
    stored = workspaces.every(db)
    return Snapshot(
        revision=revision,
        active=next(row.name for row in stored if row.active),
        workspaces=MappingProxyType({row.name.casefold(): compile_workspace(db, row) for row in stored}),
        providers=MappingProxyType({config.name.casefold(): config for config in configs}),
        models=MappingProxyType(listings.read(db, configs)),
        settings=settings.get(db),
    )


def compile_workspace(db: sqlite3.Connection, row: WorkspaceRow) -> WorkspaceRules:
    """A stored workspace with its rules, ready to match."""
    compiled = tuple(
        CompiledRule(
            position=position,
            filter=rule.filter,
            kind=rule.kind,
            provider=rule.provider,
            model=rule.model,
            compiled=compile_filter(rule.filter),
        )
        for position, rule in enumerate(rules.of(db, row.id), start=1)
    )
    return WorkspaceRules(row.name, row.scope, compiled)
