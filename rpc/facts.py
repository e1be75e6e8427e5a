"""What a Status is made of, and how its facts are spelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.control.requests import Recent
    from sidecar.errors import KeyMissing
    from sidecar.snapshot import Snapshot
    from sidecar.values import EndpointState, ProviderConfig, Request


@dataclass(frozen=True)
class Facts:
    """All that a Status is made of.

    `trouble` is what is wrong with the data folder; `missing` says why whoever serves has not a provider's key at hand.
    """

    snapshot: Snapshot
    recent: Recent
    endpoint: EndpointState
    busy: bool = False
    trouble: str | None = None
    missing: Callable[[ProviderConfig], KeyMissing | None] = field(default=lambda _: None)


@dataclass(frozen=True)
class View:
    """What a Status is about: a workspace by name (None for the active one), files in context, a window's problems."""

    workspace: str | None = None
    files: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def clock(moment: str) -> str:
    """A stored time as a clock here tells it, with its date unless that is today's."""
    local = datetime.fromisoformat(moment).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return local.strftime("%H:%M" if local.date() == today else "%Y-%m-%d %H:%M")


def model_of(request: Request) -> str:
    """The model that a request was sent to."""
    return f"{request.provider}/{request.model}" if request.provider else "no model"


def line(text: str) -> str:
    """The text without control characters, which a provider could have sent."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
