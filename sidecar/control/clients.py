"""AI clients: what points each of them to this data folder's endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.control.workbench import workspace_row
from sidecar.store import settings

if TYPE_CHECKING:
    import sqlite3

    from sidecar.clients.client import Client
    from sidecar.control.workbench import Workbench

#: What a client may send as its key where none is wanted; and where the token is, in the place of the token itself.
ANY_KEY = "any"
TOKEN_HERE = "TOKEN"  # noqa: S105 - it stands for a token, and is none


class Clients:
    """The clients as this data folder serves them."""

    def __init__(self, bench: Workbench) -> None:
        self._config = bench.config

    async def list(self, origin: str, workspace: str | None = None, token: str = TOKEN_HERE) -> tuple[Client, ...]:
        """All clients, by id, told to come to `origin` (scheme, host and port).

        They are led to a workspace by the URL's path; without one, to whichever is active. Where the setting
        `requireKey` is on, the key that they are told is `token`.

        Raises:
            NotFound: no such workspace.
        """
        # Start-up: whoever serves reads the table when somebody asks for it.
        from sidecar.clients.table import Target, clients, this_system  # noqa: PLC0415

        def read(db: sqlite3.Connection) -> Target:
            place = f"/w/{workspace_row(db, workspace).name}" if workspace else ""
            key = token if settings.get(db).require_key else ANY_KEY
            return Target(f"{origin}/v1/mux{place}", key, this_system())

        return clients(await self._config.ask(read))
