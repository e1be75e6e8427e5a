"""What the client libraries and the system raise, translated once into causes that a user can act on.

try: …
except FOREIGN as exc:
    raise upstream_error(exc, config) from exc
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp

from sidecar.errors import ProviderUnreachable, UpstreamError
from sidecar.http1 import failures as http1
from sidecar.providers import causes
from sidecar.providers.causes import Cause, Code, Where
from sidecar.providers.hosts import is_loopback
from sidecar.providers.http import UnusableProxy
from sidecar.providers.resolver import BlockedAddress
from sidecar.providers.types import row
from sidecar.values import ProviderConfig

# All that a request to a provider can raise: TimeoutError and ssl.SSLError are OSErrors; InvalidURL is a ValueError.
FOREIGN: tuple[type[Exception], ...] = (aiohttp.ClientError, OSError)

# What each code is called in `ProviderUnreachable.cause`, and as the type of the endpoint's error (docs/http.md).
_LISTED_AS: dict[Code, str] = {
    "dns": "dns",
    "tls": "tls",
    "connect_timeout": "timeout",
    "upstream_timeout": "timeout",
    "bad_upstream_response": "bad_answer",
    "disconnected": "bad_answer",
}
_TYPES: dict[Code, str] = {
    "connect_timeout": "timeout_error",
    "upstream_timeout": "timeout_error",
    "bad_upstream_response": "api_error",
    "no_sockets": "api_error",
}


def cause_of(exc: BaseException, config: ProviderConfig) -> Cause:
    """The cause behind an exception, with a sentence that names the provider, its host and port, and what to do."""
    where = _where(config)
    for kind, translate in _TABLE:
        if isinstance(exc, kind):
            return translate(exc, where)
    return Cause("bad_upstream_response", f"{where.place} could not be asked ({type(exc).__name__}).")


def unreachable(exc: BaseException, config: ProviderConfig) -> ProviderUnreachable:
    """The same for whoever manages providers (1004)."""
    cause = cause_of(exc, config)
    return ProviderUnreachable(cause.sentence, _LISTED_AS.get(cause.code, "connect_refused"))


def upstream_error(exc: BaseException, config: ProviderConfig) -> UpstreamError:
    """The same for a client of the endpoint: 502, 503 or 504."""
    cause = cause_of(exc, config)
    type_ = _TYPES.get(cause.code, UpstreamError.type)
    return UpstreamError(cause.sentence, error_code=cause.code, status=cause.status, type=type_)


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL: what may be shown of it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _where(config: ProviderConfig) -> Where:
    url = config.base or config.endpoint
    place = f"{config.name} at {origin_of(url)}"
    parts = urlsplit(url)
    local = row(config.type).local or is_loopback(url)
    return Where(config.name, place, parts.hostname or "", local, secure=parts.scheme == "https")


# The first that fits; what inherits from several stands before what it inherits from.
_TABLE: tuple[tuple[type[BaseException], Callable[[BaseException, Where], Cause]], ...] = (
    (BlockedAddress, causes.blocked),
    (UnusableProxy, causes.proxy),
    (http1.NotResolved, causes.dns),
    (http1.NotConnected, causes.not_connected),
    (http1.ConnectTimeout, causes.not_in_time),
    (http1.Silent, causes.timeout),
    (http1.Disconnected, causes.disconnected),
    (http1.Malformed, causes.bad_answer),
    (http1.Undecodable, causes.undecodable),
    (aiohttp.ClientHttpProxyError, causes.proxy),
    (aiohttp.ClientProxyConnectionError, causes.proxy),
    (aiohttp.ClientConnectorDNSError, causes.dns),
    (aiohttp.ClientConnectorCertificateError, causes.certificate),
    (aiohttp.ClientConnectorSSLError, causes.tls),
    (aiohttp.ClientConnectorError, causes.refused),
    (aiohttp.ConnectionTimeoutError, causes.connect_timeout),
    (aiohttp.ServerTimeoutError, causes.timeout),
    (aiohttp.ServerDisconnectedError, causes.disconnected),
    (aiohttp.ClientPayloadError, causes.payload),
    (aiohttp.InvalidURL, causes.bad_url),
    (aiohttp.ClientResponseError, causes.bad_answer),
    (aiohttp.ClientOSError, causes.os_error),
    (aiohttp.ClientConnectionError, causes.disconnected),
    (aiohttp.http_exceptions.HttpProcessingError, causes.bad_answer),
    (ssl.SSLCertVerificationError, causes.certificate),
    (ssl.SSLError, causes.tls),
    (socket.gaierror, causes.dns),
    (asyncio.TimeoutError, causes.timeout),
    (OSError, causes.os_error),
)
