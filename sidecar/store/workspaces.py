"""Queries about workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

    from sidecar.values import Scope

DEFAULT = "default"


class WorkspaceRow(NamedTuple):
    """A workspace as stored."""

    id: int
    name: str
    scope: Scope
    active: bool


_SELECT = (
    "SELECT workspaces.id, name, scope, workspaces.id = state.workspace AS active FROM workspaces CROSS JOIN state"
)


def every(db: sqlite3.Connection) -> tuple[WorkspaceRow, ...]:
    """All of them: `default` first, the others by name."""
    rows = db.execute(f"{_SELECT} ORDER BY name <> ?, name", (DEFAULT,))
    return tuple(_row(row) for row in rows)


def active(db: sqlite3.Connection) -> WorkspaceRow:
    """The active one."""
    return _row(db.execute(f"{_SELECT} WHERE workspaces.id = state.workspace").fetchone())


def named(db: sqlite3.Connection, name: str) -> WorkspaceRow | None:
    """The one of that name, without regard to case."""
    row = db.execute(f"{_SELECT} WHERE name = ?", (name,)).fetchone()
    return _row(row) if row else None


def add(db: sqlite3.Connection, name: str, scope: Scope) -> WorkspaceRow:
    """Adds one without rules; its name must be free."""
    cursor = db.execute("INSERT INTO workspaces (name, scope) VALUES (?, ?)", (name, scope))
    assert cursor.lastrowid is not None
    return WorkspaceRow(cursor.lastrowid, name, scope, active=False)


def update(db: sqlite3.Connection, row: WorkspaceRow) -> None:
    """Stores its name and scope."""
    db.execute("UPDATE workspaces SET name = ?, scope = ? WHERE id = ?", (row.name, row.scope, row.id))


def activate(db: sqlite3.Connection, row: WorkspaceRow) -> None:
    """Makes it the active one; nothing is written if it is."""
    db.execute("UPDATE state SET workspace = ? WHERE workspace <> ?", (row.id, row.id))


def remove(db: sqlite3.Connection, row: WorkspaceRow) -> None:
    """Removes it with its rules; it must not be the active one."""
    db.execute("DELETE FROM workspaces WHERE id = ?", (row.id,))


def _row(row: tuple[int, str, Scope, int]) -> WorkspaceRow:
    return WorkspaceRow(row[0], row[1], row[2], bool(row[3]))
