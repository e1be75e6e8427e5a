"""The schema of the configuration, as steps that are only ever added to: a step that was released never changes.

Names are compared without regard to case (they are ASCII, so NOCASE is enough) and keep the case they were given. A
rule holds the names of its provider and model, not their numbers: it outlives them, marked broken, and heals when they
come back.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("config")

_TABLES = (
    """CREATE TABLE state (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        revision INTEGER NOT NULL,
        workspace INTEGER NOT NULL REFERENCES workspaces (id),
        discovered INTEGER NOT NULL DEFAULT 0
    )""",
    """CREATE TABLE workspaces (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        scope TEXT NOT NULL DEFAULT 'turn'
    )""",
    """CREATE TABLE rules (
        workspace INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        filter TEXT NOT NULL,
        kind TEXT NOT NULL,
        provider TEXT NOT NULL COLLATE NOCASE,
        model TEXT NOT NULL,
        PRIMARY KEY (workspace, position)
    ) WITHOUT ROWID""",
    """CREATE TABLE providers (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE COLLATE NOCASE,
        type TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        base TEXT NOT NULL,
        description TEXT NOT NULL,
        auth TEXT NOT NULL,
        "key" TEXT,
        headers TEXT NOT NULL,
        timeouts TEXT NOT NULL,
        refreshed_at TEXT,
        error TEXT,
        listing INTEGER NOT NULL DEFAULT 0
    )""",
    """CREATE TABLE models (
        provider INTEGER NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        context_window INTEGER,
        max_output_tokens INTEGER,
        prices TEXT,
        listed INTEGER NOT NULL DEFAULT 0,
        by_hand INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (provider, name)
    ) WITHOUT ROWID""",
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE codes (digest TEXT PRIMARY KEY, expires REAL NOT NULL) WITHOUT ROWID",
)


@MIGRATIONS()
def first(database: Database) -> None:
    """Providers, their models, workspaces, their rules, settings, sign-in codes; `default` exists and is active."""
    for table in _TABLES:
        database.execute(table)
    database.execute("INSERT INTO workspaces (id, name) VALUES (1, 'default')")
    database.execute("INSERT INTO state (id, revision, workspace) VALUES (1, 1, 1)")


@MIGRATIONS()
def sessions(database: Database) -> None:
    """Browsers that are signed in to the dashboard."""
    database.execute("CREATE TABLE sessions (digest TEXT PRIMARY KEY, expires REAL NOT NULL) WITHOUT ROWID")
