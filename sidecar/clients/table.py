"""The table of clients: a TOML file each, read when it is asked for, and filled with what is so on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from sidecar.clients.client import Client
from sidecar.steps import StatedStep, System, stated
from sidecar.values import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client as its file states it, with `@URL@` and the like where a `Target` belongs."""

    name: str
    dialect: Dialect
    source: str
    user_agents: tuple[str, ...] = ()
    steps: tuple[StatedStep, ...] = ()
    note: str | None = None
    local: bool = True


@dataclass(frozen=True)
class Target:
    """Where a client is to be pointed: the URL before `/chat/completions`, the key it sends, and its system."""

    url: str
    key: str
    system: System

    @property
    def places(self) -> Mapping[str, str]:
        """What stands for the target's parts, and the parts."""
        parts = urlsplit(self.url)
        return {"@URL@": self.url, "@KEY@": self.key, "@HOST@": parts.netloc, "@PATH@": parts.path}


def names() -> tuple[str, ...]:
    """The ids of all clients."""
    return tuple(_rows())


def clients(target: Target) -> tuple[Client, ...]:
    """All clients, by id, told to come to the target."""
    return tuple(_client(name, row, target) for name, row in _rows().items())


@cache
def _rows() -> Mapping[str, Row]:
    return stated(Path(__file__).parent / "rows", Row)


def _client(name: str, row: Row, target: Target) -> Client:
    return Client(
        id=name,
        name=row.name,
        dialect=row.dialect,
        local=row.local,
        user_agents=row.user_agents,
        steps=tuple(step.step(target.system, target.places) for step in row.steps),
        source=row.source,
        note=row.note,
    )
