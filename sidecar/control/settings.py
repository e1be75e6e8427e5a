"""Settings: what is kept of requests, and who may ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from sidecar.errors import InvalidParameter
from sidecar.store import requests
from sidecar.store import settings as stored

if TYPE_CHECKING:
    import sqlite3

    from sidecar.control.drafts import SettingsChanges
    from sidecar.control.workbench import Workbench
    from sidecar.values import Settings as Chosen

KEEPS = ("nothing", "summary", "everything")
LONGEST_KEEP = 3650
_MOST = 100
_HOST = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})\.)*[A-Za-z0-9_][A-Za-z0-9_-]{0,62}|\[[0-9A-Fa-f:]+\]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")


class Settings:
    """The settings of the data folder."""

    def __init__(self, bench: Workbench) -> None:
        self._config = bench.config
        self._requests = bench.requests

    async def get(self) -> Chosen:
        """All of them."""
        return await self._config.ask(stored.get)

    async def set(self, changes: SettingsChanges) -> Chosen:
        """All of them, some changed. Records older than a new `keep_days` are removed.

        Raises:
            InvalidParameter: one of the values cannot be.
        """
        wanted = _checked(changes)

        def change(db: sqlite3.Connection) -> Chosen:
            chosen = msgspec.structs.replace(stored.get(db), **wanted)
            stored.put(db, chosen)
            return chosen

        chosen = await self._config.edit(change)
        if changes.keep_days is not None:
            await self._requests.edit(lambda db: requests.prune(db, chosen.keep_days))
        return chosen


def _checked(changes: SettingsChanges) -> dict[str, object]:
    """The fields to change, looked at."""
    if changes.keep is not None and changes.keep not in KEEPS:
        raise InvalidParameter("keep", f"{changes.keep!r} cannot be kept; use one of {', '.join(KEEPS)}.")
    if changes.keep_days is not None and not 1 <= changes.keep_days <= LONGEST_KEEP:
        raise InvalidParameter("keepDays", f"Records are kept for 1 to {LONGEST_KEEP} days, not {changes.keep_days}.")
    given = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not None}
    if changes.origins is not None:
        given["origins"] = _each_once("origins", tuple(_origin(text) for text in changes.origins))
    if changes.hosts is not None:
        given["hosts"] = _each_once("hosts", tuple(_host(text) for text in changes.hosts))
    return given


def _each_once(field: str, texts: tuple[str, ...]) -> tuple[str, ...]:
    if len(texts) > _MOST:
        raise InvalidParameter(field, f"At most {_MOST} {field} can be allowed.")
    return tuple(dict.fromkeys(texts))


def _origin(text: str) -> str:
    """An origin as browsers send it (RFC 6454, section 6.2): scheme, host and port, in lower case, nothing behind."""
    text = text.strip().rstrip("/").lower()
    scheme, separator, rest = text.partition("://")
    try:
        parts = urlsplit(text)
        sound = bool(separator and _SCHEME.fullmatch(scheme) and parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or any(each in rest for each in "/?#@* \\") or not text.isascii() or not text.isprintable():
        raise InvalidParameter("origins", "An origin is a scheme and a host, such as app://obsidian.md, and no more.")
    return text


def _host(text: str) -> str:
    text = text.strip().lower().rstrip(".")
    if not _HOST.fullmatch(text):
        raise InvalidParameter("hosts", "A host is a name such as host.docker.internal, without scheme and port.")
    return text
