-- A configuration of schema 1, as it was written by the version that had it.
PRAGMA journal_mode=WAL;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL,
    workspace INTEGER NOT NULL REFERENCES workspaces (id),
    discovered INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE workspaces (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    scope TEXT NOT NULL DEFAULT 'turn'
);
CREATE TABLE rules (
    workspace INTEGER NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    filter TEXT NOT NULL,
    kind TEXT NOT NULL,
    provider TEXT NOT NULL COLLATE NOCASE,
    model TEXT NOT NULL,
    PRIMARY KEY (workspace, position)
) WITHOUT ROWID;
CREATE TABLE providers (
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
);
CREATE TABLE models (
    provider INTEGER NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    context_window INTEGER,
    max_output_tokens INTEGER,
    prices TEXT,
    listed INTEGER NOT NULL DEFAULT 0,
    by_hand INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (provider, name)
) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE codes (digest TEXT PRIMARY KEY, expires REAL NOT NULL) WITHOUT ROWID;
INSERT INTO "_sqlite_migrations" VALUES (1, 'config', 'first', '2026-01-02 03:04:05.000000+00:00');
INSERT INTO workspaces (id, name, scope) VALUES (1, 'default', 'turn'), (2, 'Work', 'conversation');
INSERT INTO state (id, revision, workspace, discovered) VALUES (1, 7, 2, 1);
INSERT INTO providers (name, type, endpoint, base, description, auth, headers, timeouts, refreshed_at)
    VALUES ('Echo', 'echo', '', '', 'built in', 'none', '[]', '{}', '2026-01-02T03:04:05.000Z');
INSERT INTO models (provider, name, listed) VALUES (1, 'echo', 1);
INSERT INTO rules VALUES (2, 1, '*.py', 'any', 'Echo', 'echo'), (2, 2, '', 'any', 'Echo', 'echo');
INSERT INTO settings VALUES ('keep', '"nothing"');
INSERT INTO codes VALUES ('digest', 1e12);
PRAGMA user_version=1;
