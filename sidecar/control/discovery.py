"""The first start: providers that are there already are added by themselves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from sidecar import keys
from sidecar.control.fetching import fetch
from sidecar.errors import KeyMissing, KeyRefused, ProviderUnreachable
from sidecar.moments import moment
from sidecar.providers.endpoint import guess_base
from sidecar.providers.types import row
from sidecar.store import models, providers, state
from sidecar.values import ProviderConfig

if TYPE_CHECKING:
    import sqlite3

    from sidecar.control.workbench import Workbench
    from sidecar.providers.cards import Listing
    from sidecar.providers.discovery import Found


async def discover(bench: Workbench) -> tuple[str, ...]:
    """Adds what is found, once, while there is no provider; returns the names of those added.

    Keys stay in their variables. One whose models cannot be fetched is added with its error. What the user removed
    later is not added again.
    """
    if not bench.place.discover or not await bench.config.ask(_wanted):
        return ()
    from sidecar.providers.discovery import find  # noqa: PLC0415 - it brings aiohttp, only this start needs it

    found = await find(await bench.http(), keys.environment())
    drawn = await asyncio.gather(*(_draw(bench, one) for one in found if not _here(one, bench.place.port)))
    return await bench.config.edit(lambda db: _added(db, drawn)) if drawn else ()


def _wanted(db: sqlite3.Connection) -> bool:
    return not state.discovered(db) and not providers.every(db)


def _here(found: Found, port: int) -> bool:
    return found.endpoint.endswith((f"localhost:{port}", f"127.0.0.1:{port}"))


async def _draw(bench: Workbench, found: Found) -> tuple[ProviderConfig, Listing | None]:
    config = ProviderConfig(
        id=0,
        name=found.name,
        type=found.type,
        endpoint=found.endpoint,
        base=guess_base(found.type, found.endpoint),
        auth="api_key" if found.api_key_env else row(found.type).auth,
        key=keys.variable(found.api_key_env) if found.api_key_env else None,
    )
    try:
        listing = await fetch(bench, config)
    except (KeyMissing, KeyRefused, ProviderUnreachable) as failure:
        return msgspec.structs.replace(config, error=str(failure)), None
    return msgspec.structs.replace(config, base=listing.base, refreshed_at=moment()), listing


def _added(db: sqlite3.Connection, drawn: list[tuple[ProviderConfig, Listing | None]]) -> tuple[str, ...]:
    if not _wanted(db):
        return ()  # another window was faster
    for config, listing in drawn:
        added = providers.add(db, config)
        if listing is not None:
            models.merge(db, added.id, listing.models)
    state.mark_discovered(db)
    return tuple(config.name for config, _ in drawn)
