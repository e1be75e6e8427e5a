"""The schema of the request records, as steps that are only ever added to: a step that was released never changes.

`started` is the time in seconds since 1970 (UTC), so that days can be counted in whatever zone the reader is in. The
record itself is kept as JSON; what is asked for by value or added up has a column beside it.
"""

from __future__ import annotations

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("requests")

_STATEMENTS = (
    """CREATE TABLE requests (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        started REAL NOT NULL,
        workspace TEXT COLLATE NOCASE,
        provider TEXT COLLATE NOCASE,
        model TEXT,
        outcome TEXT NOT NULL,
        input_tokens INTEGER,
        output_tokens INTEGER,
        cached_tokens INTEGER,
        cost REAL,
        record TEXT NOT NULL
    )""",
    # Apart from the records, so that a listing does not read past every conversation.
    """CREATE TABLE conversations (
        seq INTEGER PRIMARY KEY,
        body BLOB NOT NULL
    )""",
    "CREATE INDEX requests_started ON requests (started, seq)",
    "CREATE INDEX requests_workspace ON requests (workspace, started, seq)",
    "CREATE INDEX requests_provider ON requests (provider, started, seq)",
    "CREATE INDEX requests_outcome ON requests (outcome, started, seq)",
)


@MIGRATIONS()
def first(database: Database) -> None:
    """The records and, where they are kept, the conversations."""
    for statement in _STATEMENTS:
        database.execute(statement)
