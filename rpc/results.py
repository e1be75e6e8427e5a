"""Results that only a front end has; the others are values of the sidecar."""

from __future__ import annotations

from typing import Any

import msgspec

from sidecar.errors import InvalidParameter
from sidecar.routing.filters import Names, compile_filter
from sidecar.values import Request, Value


class ShownRequest(Request, frozen=True, kw_only=True):
    """A request with the file that its rule took it for, and what is kept of its conversation.

    `file` is the first of `files` that the filter takes, None for a catch-all; `conversation` are the bodies of
    `request` and `answer`, as texts.
    """

    file: str | None = None
    conversation: dict[str, Any] | None = None

    @classmethod
    def of(cls, request: Request, conversation: dict[str, Any] | None) -> ShownRequest:
        """The request and its conversation, None where none is kept."""
        return cls(**msgspec.structs.asdict(request), file=_taken(request), conversation=conversation)


class DashboardUrl(Value, frozen=True, kw_only=True):
    """Where the dashboard is, with a code in the fragment that signs in once."""

    url: str


def _taken(request: Request) -> str | None:
    if not request.filter:
        return None
    try:
        index = compile_filter(request.filter).find(Names(request.files))
    except InvalidParameter:  # a record may be older than what a filter can be today
        return None
    return None if index is None else request.files[index]
