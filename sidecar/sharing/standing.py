"""Which of several sidecars serve, and for whom the others stand by: the newest first, then who has what is needed.

Both orders are strict, and the second only holds among those of one version or newer, so that somebody always serves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.keys import ENV, unset, variables
from sidecar.providers.hosts import host_of, is_loopback_host

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sidecar.errors import KeyMissing
    from sidecar.sharing.cards import Card
    from sidecar.snapshot import Snapshot
    from sidecar.values import ProviderConfig

#: Read for remote hosts by the HTTP client, in either case (docs/providers.md).
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
RESTART = "restart this window"


def wanted(snapshot: Snapshot) -> dict[str, str]:
    """The variables that providers need, each with a provider that does; proxies too, where one is remote."""
    found: dict[str, str] = {}
    for config in snapshot.providers.values():
        for text in (config.key or "", *(value for _, value in config.headers)):
            if text.startswith(ENV):
                found.setdefault(text.removeprefix(ENV), config.name)
    for config in snapshot.providers.values():
        if not is_loopback_host(host_of(config.endpoint) or "localhost"):
            for name in PROXIES:
                found.setdefault(name, config.name)
    return found


def present(names: Iterable[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Those of the variables that are set and not empty."""
    return tuple(
        sorted(
            name
            for name in names
            if environment.get(name, "").strip() or (name in PROXIES and environment.get(name.lower(), "").strip())
        )
    )


def stands_by(own: Card, others: Iterable[Card], needed: Mapping[str, str]) -> str | None:
    """Why this sidecar leaves the port to another, in a sentence that says what to do; None if it does not."""
    others = tuple(others)
    newer = next((card for card in others if _version(card) > _version(own)), None)
    if newer is not None:
        return (
            f"A newer mux-sidecar ({newer.version}, process {newer.pid}) serves; this one is {own.version}: {RESTART}."
        )
    missing = set(needed) - set(own.variables)
    for card in others:
        lacks = set(needed) - set(card.variables)
        if _version(card) == _version(own) and lacks < missing:
            name = min(missing - lacks)
            return _lacking(name, needed[name], card.pid)
    return None


def missing(config: ProviderConfig, serving: Iterable[Card]) -> KeyMissing | None:
    """Why one of those that serve cannot send the provider what it needs: a variable that it does not have."""
    for card in serving:
        for name, header in variables(config):
            if name in card.lacking:
                return unset(name, config.name, f"the sidecar that serves (process {card.pid})", header=header)
    return None


def _lacking(name: str, provider: str, pid: int) -> str:
    sentence = (
        f"This window does not have the variable {name}, which the provider {provider} needs and another window's "
        f"sidecar (process {pid}) has; that one serves. Start this editor where {name} is set"
    )
    if name in PROXIES:
        return f"{sentence}."
    return f'{sentence}, or store the key with: mux-sidecar provider edit "{provider}" --api-key-stdin'


def _version(card: Card) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", card.version))
