"""What every noun of the control works with: the two databases, the keys, and a session for the network when needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.errors import NotFound
from sidecar.store import providers, workspaces

if TYPE_CHECKING:
    import sqlite3

    import aiohttp

    from sidecar.keys import Keys
    from sidecar.settings import Place
    from sidecar.store.database import Database
    from sidecar.store.workspaces import WorkspaceRow
    from sidecar.values import ProviderConfig


@dataclass(frozen=True)
class Workbench:
    """One data folder, opened. `http` opens the session on its first call; whoever made it closes it."""

    place: Place
    config: Database
    requests: Database
    keys: Keys
    http: Callable[[], Awaitable[aiohttp.ClientSession]]


def workspace_row(db: sqlite3.Connection, name: str | None) -> WorkspaceRow:
    """The workspace of that name, the active one for None.

    Raises:
        NotFound: there is none.
    """
    if name is None:
        return workspaces.active(db)
    found = workspaces.named(db, name)
    if found is None:
        known = ", ".join(row.name for row in workspaces.every(db)[:20])
        raise NotFound(f"There is no workspace {name[:80]!r}; there are: {known}.")
    return found


def provider_config(db: sqlite3.Connection, name: str) -> ProviderConfig:
    """The provider of that name.

    Raises:
        NotFound: there is none.
    """
    found = providers.named(db, name)
    if found is None:
        known = ", ".join(config.name for config in providers.every(db)[:20])
        there = f"there are: {known}." if known else "add one with: mux-sidecar provider add NAME --type TYPE"
        raise NotFound(f"There is no provider {name[:80]!r}; {there}")
    return found
