"""AI clients: what points each of them to this data folder's endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar import token
from sidecar.control.workbench import workspace_row
from sidecar.store import settings

if TYPE_CHECKING:
    import sqlite3

    from sidecar.clients.client import Client
    from sidecar.control.workbench import Workbench

#: What a client may send as its key where none is wanted.
ANY_KEY = "any"
#: What stands in the place of the token where that is not to be told.
TOKEN_HERE = "MUX_TOKEN"  # noqa: S105 - it is no token


class Clients:
    """The clients as this data folder serves them."""

    def __init__(self, bench: Workbench) -> None:
        self._config = bench.config
        self._place = bench.place

    async def list(self, origin: str, workspace: str | None = None, *, tells_token: bool = False) -> tuple[Client, ...]:
        """All clients, by id, told to come to `origin` (scheme, host and port).

        They are led to a workspace by the URL's path; without one, to whichever is active. Where the setting
        `requireKey` is on, the key that they are told is the token if `tells_token`, else MUX_TOKEN.

        Raises:
            NotFound: no such workspace.
        """
        # Start-up: whoever serves reads the table when somebody asks for it.
        from sidecar.clients.table import Target, clients  # noqa: PLC0415
        from sidecar.steps import this_system  # noqa: PLC0415

        def read(db: sqlite3.Connection) -> tuple[str, bool]:
            path = f"/w/{workspace_row(db, workspace).name}" if workspace else ""
            return f"{origin}/v1/mux{path}", settings.get(db).require_key

        url, wants_key = await self._config.ask(read)
        key = ANY_KEY if not wants_key else token.obtain(self._place) if tells_token else TOKEN_HERE
        return clients(Target(url, key, this_system()))
