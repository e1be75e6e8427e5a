"""Results that only a front end has; the others are values of the sidecar."""

from __future__ import annotations

from typing import Any

import msgspec

from sidecar.values import Request, Value


class ShownRequest(Request, frozen=True, kw_only=True):
    """A request with what is kept of its conversation: the bodies of `request` and `answer`, as texts."""

    conversation: dict[str, Any] | None = None

    @classmethod
    def of(cls, request: Request, conversation: dict[str, Any] | None) -> ShownRequest:
        """The request and its conversation, None where none is kept."""
        return cls(**msgspec.structs.asdict(request), conversation=conversation)


class DashboardUrl(Value, frozen=True, kw_only=True):
    """Where the dashboard is, with a code in the fragment that signs in once."""

    url: str
