"""The table of clients: a TOML file each, read when it is asked for, and filled with what is so on this machine."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from sidecar.clients.client import Client, ClientStep, Format, System, Where
from sidecar.values import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

_SYSTEMS: Mapping[str, System] = {"win32": "windows", "darwin": "macos"}
_SETTING: Mapping[Format, str] = {"sh": 'export {}="{}"', "powershell": '$env:{} = "{}"'}


class RowStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step as its file states it: `lines` of a `format`, or variables for the shell of whatever system it is."""

    do: str
    format: Format = "text"
    lines: str = ""
    environment: dict[str, str] = {}
    where: str | Where | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client as its file states it, with `@URL@` and the like where a `Target` belongs."""

    name: str
    dialect: Dialect
    source: str
    user_agents: tuple[str, ...] = ()
    steps: tuple[RowStep, ...] = ()
    note: str | None = None
    local: bool = True


@dataclass(frozen=True)
class Target:
    """Where a client is to be pointed: the URL before `/chat/completions`, the key it sends, and its system."""

    url: str
    key: str
    system: System

    def fill(self, text: str) -> str:
        """The text with the target's parts in their places."""
        parts = urlsplit(self.url)
        own = {"@URL@": self.url, "@KEY@": self.key, "@HOST@": parts.netloc, "@PATH@": parts.path}
        for place, value in own.items():
            text = text.replace(place, value)
        return text


def this_system() -> System:
    """The system that this process runs on."""
    return _SYSTEMS.get(sys.platform, "linux")


def names() -> tuple[str, ...]:
    """The ids of all clients."""
    return tuple(_rows())


def clients(target: Target) -> tuple[Client, ...]:
    """All clients, by id, told to come to the target."""
    return tuple(_client(name, row, target) for name, row in _rows().items())


@cache
def _rows() -> Mapping[str, Row]:
    found = {}
    for file in files(__package__).joinpath("rows").iterdir():
        name, dot, kind = file.name.rpartition(".")
        if dot and kind == "toml":
            found[name] = msgspec.convert(tomllib.loads(file.read_text("utf-8")), Row)
    return dict(sorted(found.items()))


def _client(name: str, row: Row, target: Target) -> Client:
    return Client(
        id=name,
        name=row.name,
        dialect=row.dialect,
        local=row.local,
        user_agents=row.user_agents,
        steps=tuple(_step(step, target) for step in row.steps),
        source=row.source,
        note=row.note,
    )


def _step(step: RowStep, target: Target) -> ClientStep:
    format_, lines = step.format, step.lines
    if step.environment:
        format_ = "powershell" if target.system == "windows" else "sh"
        lines = "\n".join(_SETTING[format_].format(*setting) for setting in step.environment.items())
    where = _everywhere(step.where) if isinstance(step.where, str) else step.where
    return ClientStep(do=step.do, format=format_, lines=target.fill(lines).strip("\n"), where=where)


def _everywhere(path: str) -> Where:
    """A path below the user's folder, which has the same place on each system."""
    return Where(linux=path, macos=path, windows=path.replace("~", "%USERPROFILE%", 1).replace("/", "\\"))
