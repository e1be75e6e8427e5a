"""Queries about rules: a workspace's list is read and written as a whole, so that its order cannot be half changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.values import RuleDraft

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence


def of(db: sqlite3.Connection, workspace: int) -> tuple[RuleDraft, ...]:
    """A workspace's rules in order."""
    rows = db.execute(
        "SELECT filter, kind, provider, model FROM rules WHERE workspace = ? ORDER BY position", (workspace,)
    )
    return tuple(RuleDraft(filter=row[0], kind=row[1], provider=row[2], model=row[3]) for row in rows)


def replace(db: sqlite3.Connection, workspace: int, rules: Sequence[RuleDraft]) -> None:
    """Stores the workspace's rules in this order."""
    db.execute("DELETE FROM rules WHERE workspace = ?", (workspace,))
    db.executemany(
        "INSERT INTO rules (workspace, position, filter, kind, provider, model) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (workspace, position, rule.filter, rule.kind, rule.provider, rule.model)
            for position, rule in enumerate(rules, start=1)
        ],
    )


def rename_provider(db: sqlite3.Connection, old: str, new: str) -> None:
    """Lets the rules that name a provider follow its new name."""
    db.execute("UPDATE rules SET provider = ? WHERE provider = ?", (new, old))


def users(db: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """The names of the workspaces that use each provider, by the provider's name in lower case."""
    rows = db.execute(
        "SELECT DISTINCT lower(provider), workspaces.name FROM rules JOIN workspaces ON workspaces.id = workspace"
        " ORDER BY workspaces.name"
    )
    found: dict[str, tuple[str, ...]] = {}
    for provider, workspace in rows:
        found[provider] = (*found.get(provider, ()), workspace)
    return found


def using(db: sqlite3.Connection, provider: str) -> tuple[tuple[int, RuleDraft], ...]:
    """The rules of all workspaces that name the provider, each with its position."""
    rows = db.execute(
        "SELECT position, filter, kind, provider, model FROM rules WHERE provider = ? ORDER BY workspace, position",
        (provider,),
    )
    return tuple((row[0], RuleDraft(filter=row[1], kind=row[2], provider=row[3], model=row[4])) for row in rows)
