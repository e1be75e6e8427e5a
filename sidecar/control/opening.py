"""Opens the control of a data folder."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.control.clients import Clients
from sidecar.control.codes import Codes
from sidecar.control.discovery import discover
from sidecar.control.doctor import Doctor
from sidecar.control.models import Models
from sidecar.control.providers import Providers
from sidecar.control.requests import Requests
from sidecar.control.routes import Routes
from sidecar.control.rules import Rules
from sidecar.control.settings import Settings
from sidecar.control.workbench import Workbench
from sidecar.control.workspaces import Workspaces
from sidecar.keys import Keys
from sidecar.sharing.cards import serving_ports
from sidecar.store.database import CONFIG, REQUESTS, Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import aiohttp

    from sidecar.settings import Place
    from sidecar.values import Provider


@dataclass(frozen=True)
class Control:
    """One data folder, a noun per attribute. Every method may raise StoreUnusable, and then has changed nothing."""

    bench: Workbench
    workspaces: Workspaces
    rules: Rules
    providers: Providers
    models: Models
    routes: Routes
    requests: Requests
    settings: Settings
    doctor: Doctor
    codes: Codes
    clients: Clients

    async def discover(self) -> tuple[Provider, ...]:
        """Adds what is there already, on the first start without a provider; returns what was added."""
        added = await discover(self.bench)
        return tuple(provider for provider in await self.providers.list() if provider.name in added) if added else ()


@asynccontextmanager
async def open_control(
    place: Place, *, http: Callable[[], Awaitable[aiohttp.ClientSession]] | None = None, keys: Keys | None = None
) -> AsyncIterator[Control]:
    """The control of a data folder, until the block is left. Nothing is opened or made before it is asked for.

    `http` gives a session that its maker closes; without it one is opened when it is needed, and closed at the end.
    `keys` is the process's own, so that what it has read is read once.
    """
    async with AsyncExitStack() as stack:
        bench = Workbench(
            place=place,
            config=Database(place.config_db, CONFIG, used=lambda: serving_ports(place)),
            requests=Database(place.requests_db, REQUESTS),
            keys=keys or Keys(place),
            http=http or _own_session(stack),
        )
        yield Control(
            bench=bench,
            workspaces=Workspaces(bench),
            rules=Rules(bench),
            providers=Providers(bench),
            models=Models(bench),
            routes=Routes(bench),
            requests=Requests(bench),
            settings=Settings(bench),
            doctor=Doctor(bench),
            codes=Codes(bench),
            clients=Clients(bench),
        )


def _own_session(stack: AsyncExitStack) -> Callable[[], Awaitable[aiohttp.ClientSession]]:
    opened: list[aiohttp.ClientSession] = []

    async def session() -> aiohttp.ClientSession:
        if not opened:
            from sidecar.providers.http import open_session  # noqa: PLC0415 - aiohttp takes 150 ms to import

            opened.append(open_session())  # no await between the look and this: opened once
            stack.push_async_callback(opened[0].close)
        return opened[0]

    return session
