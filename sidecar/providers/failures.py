"""What the client library and the system raise, translated once into causes that a user can act on.

    try: …
    except FOREIGN as exc:
        raise upstream_error(exc, config) from exc

No sentence quotes an exception's own text where that may hold a URL, since a URL's query may hold a key.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import aiohttp

from sidecar.errors import ProviderUnreachable, UpstreamError
from sidecar.providers.http import UnusableProxy
from sidecar.providers.resolver import BlockedAddress
from sidecar.providers.types import row
from sidecar.values import ProviderConfig

Code = Literal[
    "connect_refused",
    "dns",
    "tls",
    "connect_timeout",
    "upstream_timeout",
    "proxy",
    "bad_upstream_response",
    "disconnected",
    "blocked_address",
    "no_sockets",
]

# All that a request to a provider can raise: TimeoutError and ssl.SSLError are OSErrors; InvalidURL is a ValueError.
FOREIGN: tuple[type[Exception], ...] = (aiohttp.ClientError, OSError)


@dataclass(frozen=True)
class Cause:
    """Why a provider could not be asked: `status` is what the client gets, 502, 503 or 504."""

    code: Code
    sentence: str
    status: int = 502


@dataclass(frozen=True)
class _Where:
    """Whom we tried to reach, in words: `place` is `ollama at http://localhost:11434`."""

    name: str
    place: str
    host: str
    local: bool


_NO_HANDLES = (errno.EMFILE, errno.ENFILE)

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


def _where(config: ProviderConfig) -> _Where:
    url = config.base or config.endpoint
    place = f"{config.name} at {origin_of(url)}"
    return _Where(config.name, place, urlsplit(url).hostname or "", row(config.type).local)


def _refused(exc: BaseException, where: _Where) -> Cause:
    """A connection that could not be made: refused, no way there, blocked, or this machine has no sockets left."""
    inner = _inner(exc)
    if isinstance(inner, BlockedAddress):
        return _blocked(inner, where)
    number = _errno(exc)
    if number in _NO_HANDLES:
        return Cause("no_sockets", "This machine has no file handles left; close something and try again.", 503)
    if isinstance(inner, TimeoutError):
        return Cause("connect_timeout", f"{where.place} did not answer; {_check(where)}", 504)
    if number in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN):
        return Cause("connect_refused", f"There is no way to {where.place} on the network; {_check(where)}")
    return Cause("connect_refused", f"{where.place} refused the connection; {_check(where)}")


def _check(where: _Where) -> str:
    return "is it running?" if where.local else "check the endpoint and the network."


def _dns(exc: BaseException, where: _Where) -> Cause:
    inner = _inner(exc)
    if isinstance(inner, BlockedAddress):
        return _blocked(inner, where)
    asked = getattr(exc, "host", where.host)
    if asked and asked.rstrip(".") != where.host.rstrip("."):
        return Cause("proxy", f"The proxy {asked} on the way to {where.place} has no address; check HTTPS_PROXY.")
    return Cause(
        "dns", f"The name {where.host} of {where.name} could not be found; check the endpoint and the network."
    )


def _blocked(exc: BaseException, where: _Where) -> Cause:
    address = exc.args[0] if exc.args else where.host
    return Cause(
        "blocked_address",
        f"{where.place} leads to {address}, a link-local or metadata address, where no provider is; "
        "change the endpoint.",
    )


def _certificate(exc: BaseException, where: _Where) -> Cause:
    inner = getattr(exc, "certificate_error", exc)
    reason = getattr(inner, "verify_message", "") or "it is not valid"
    return Cause(
        "tls",
        f"The certificate of {where.place} cannot be trusted: {reason.rstrip('.')}. "
        "If your company's or your own authority signed it, set SSL_CERT_FILE.",
    )


def _tls(exc: BaseException, where: _Where) -> Cause:
    inner = _inner(exc)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return _certificate(inner, where)
    reason = (getattr(inner, "reason", None) or "").replace("_", " ").lower()
    if reason in ("wrong version number", "record layer failure", "packet length too long", "http request"):
        return Cause(
            "tls", f"{where.place} does not speak TLS there; begin the endpoint with http:// or use its TLS port."
        )
    return Cause("tls", f"No secure connection to {where.place} ({reason or 'TLS failed'}); check the endpoint.")


def _connect_timeout(exc: BaseException, where: _Where) -> Cause:
    """A connection that took too long: where the time went is told by the frames that waited."""
    waited = _frames(exc)
    if waited & {"_resolve_host", "resolve"}:
        return Cause("dns", f"The name {where.host} of {where.name} was not found in time; check the network.")
    if waited & {"start_tls", "_start_tls_connection", "create_connection"} and "start_connection" not in waited:
        return Cause("tls", f"{where.place} took the connection and never began TLS; check the endpoint's port.")
    return Cause("connect_timeout", f"{where.place} did not answer in time to connect; {_check(where)}", 504)


def _timeout(_: BaseException, where: _Where) -> Cause:
    return Cause(
        "upstream_timeout",
        f"{where.place} was silent for too long; try again, or raise the provider's timeouts.",
        504,
    )


def _proxy(exc: BaseException, where: _Where) -> Cause:
    if isinstance(exc, aiohttp.ClientHttpProxyError):
        told = f"answered {exc.status}" + (" and wants a user name and password" if exc.status == 407 else "")
    elif isinstance(exc, UnusableProxy):
        return Cause(
            "proxy", f"{where.place} cannot be asked: {exc.args[0]}; check HTTPS_PROXY, ALL_PROXY and NO_PROXY."
        )
    else:
        told = "cannot be reached"
    return Cause("proxy", f"The proxy on the way to {where.place} {told}; check HTTPS_PROXY and NO_PROXY.")


def _payload(exc: BaseException, where: _Where) -> Cause:
    """A body that broke off, or that is not compressed the way its header says."""
    return _bad_answer(exc, where) if "content-encoding" in str(exc).lower() else _disconnected(exc, where)


def _disconnected(_: BaseException, where: _Where) -> Cause:
    return Cause("disconnected", f"{where.place} closed the connection before its answer was complete; try again.")


def _bad_answer(exc: BaseException, where: _Where) -> Cause:
    """What came is no HTTP, or cannot be decoded."""
    if "content-encoding" in str(exc).lower():
        return Cause("bad_upstream_response", f"The answer of {where.place} cannot be decompressed.")
    return Cause("bad_upstream_response", f"{where.place} answered with something that is not HTTP; check its port.")


def _bad_url(_: BaseException, where: _Where) -> Cause:
    return Cause("bad_upstream_response", f"The endpoint of {where.name} is no URL that can be asked; set it again.")


def _os_error(exc: BaseException, where: _Where) -> Cause:
    """An error of the system after connecting: nearly always a reset."""
    if _errno(exc) in (*_NO_HANDLES, errno.ECONNREFUSED):
        return _refused(exc, where)
    return _disconnected(exc, where)


# The first that fits; what inherits from several stands before what it inherits from.
_TABLE: tuple[tuple[type[BaseException], Callable[[BaseException, _Where], Cause]], ...] = (
    (BlockedAddress, _blocked),
    (UnusableProxy, _proxy),
    (aiohttp.ClientHttpProxyError, _proxy),
    (aiohttp.ClientProxyConnectionError, _proxy),
    (aiohttp.ClientConnectorDNSError, _dns),
    (aiohttp.ClientConnectorCertificateError, _certificate),
    (aiohttp.ClientConnectorSSLError, _tls),
    (aiohttp.ClientConnectorError, _refused),
    (aiohttp.ConnectionTimeoutError, _connect_timeout),
    (aiohttp.ServerTimeoutError, _timeout),
    (aiohttp.ServerDisconnectedError, _disconnected),
    (aiohttp.ClientPayloadError, _payload),
    (aiohttp.InvalidURL, _bad_url),
    (aiohttp.ClientResponseError, _bad_answer),
    (aiohttp.ClientOSError, _os_error),
    (aiohttp.ClientConnectionError, _disconnected),
    (aiohttp.http_exceptions.HttpProcessingError, _bad_answer),
    (ssl.SSLCertVerificationError, _certificate),
    (ssl.SSLError, _tls),
    (socket.gaierror, _dns),
    (asyncio.TimeoutError, _timeout),
    (OSError, _os_error),
)


def _inner(exc: BaseException) -> BaseException:
    """What a connector's error wraps."""
    wrapped = getattr(exc, "os_error", None)
    return wrapped if isinstance(wrapped, BaseException) else exc


def _errno(exc: BaseException) -> int | None:
    """The system's number; None where several attempts (::1 and 127.0.0.1) failed for different reasons."""
    inner = _inner(exc)
    return inner.errno if isinstance(inner, OSError) else None


def _frames(exc: BaseException) -> frozenset[str]:
    """The names of all functions that an exception and what led to it went through."""
    names: set[str] = set()
    at: BaseException | None = exc
    while at is not None:
        names.update(frame.f_code.co_name for frame, _ in traceback.walk_tb(at.__traceback__))
        at = at.__cause__ or at.__context__
    return frozenset(names)
