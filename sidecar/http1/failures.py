"""What can go wrong between a request and the end of its answer. All are OSErrors, as what the system raises is."""

from __future__ import annotations

from typing import Literal

#: What was under way when the time to connect was over.
Stage = Literal["resolve", "connect", "tls"]


class ExchangeFailed(OSError):
    """No answer, or half of one."""


class NotResolved(ExchangeFailed):
    """The host's name has no address; `os_error` says why."""

    def __init__(self, os_error: OSError) -> None:
        super().__init__(str(os_error))
        self.os_error = os_error


class NotConnected(ExchangeFailed):
    """No address took the connection, or TLS failed; `os_error` is what the system said."""

    def __init__(self, os_error: OSError) -> None:
        super().__init__(str(os_error))
        self.os_error = os_error


class ConnectTimeout(ExchangeFailed):
    """Connecting took too long; `stage` says what."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(f"not in time: {stage}")
        self.stage = stage


class Silent(ExchangeFailed):
    """The other side was silent for longer than is allowed."""


class Disconnected(ExchangeFailed):
    """The connection ended before the answer did; `begun` tells whether a byte of it had come."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__("the connection was closed")
        self.begun = begun


class Malformed(ExchangeFailed):
    """What came is no HTTP/1.1 (RFC 9112), or its head is larger than is read."""


class Undecodable(ExchangeFailed):
    """The body is not compressed as its Content-Encoding says, or in a way that is not known here."""
