"""The causes for which a provider cannot be asked, each told from what was raised, in a sentence that helps.

No sentence quotes an exception's own text where that may hold a URL, since a URL's query may hold a key.
"""

from __future__ import annotations

import errno
import ssl
import traceback
from dataclasses import dataclass
from typing import Literal

import aiohttp

from sidecar.http1 import failures as http1
from sidecar.providers.http import NO_HANDLES, UnusableProxy
from sidecar.providers.resolver import BlockedAddress

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


@dataclass(frozen=True)
class Cause:
    """Why a provider could not be asked: `status` is what the client gets, 502, 503 or 504."""

    code: Code
    sentence: str
    status: int = 502


@dataclass(frozen=True)
class Where:
    """Whom we tried to reach, in words: `place` is `ollama at http://localhost:11434`."""

    name: str
    place: str
    host: str
    local: bool
    secure: bool = False


def refused(exc: BaseException, where: Where) -> Cause:
    """A connection that could not be made: refused, no way there, blocked, ended at once, or no sockets are left."""
    inner = _inner(exc)
    if isinstance(inner, BlockedAddress):
        return blocked(inner, where)
    number = _errno(exc)
    if number in NO_HANDLES:
        return Cause("no_sockets", "This machine has no file handles left; close something and try again.", 503)
    if isinstance(inner, TimeoutError):
        return Cause("connect_timeout", f"{where.place} did not answer; {_check(where)}", 504)
    if isinstance(inner, ConnectionResetError | ConnectionAbortedError | BrokenPipeError) and where.secure:
        return Cause(
            "tls",
            f"{where.place} closed the connection during the TLS handshake; if it speaks plain HTTP, begin the "
            "endpoint with http://.",
        )
    if number in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN):
        return Cause("connect_refused", f"There is no way to {where.place} on the network; {_check(where)}")
    return Cause("connect_refused", f"{where.place} refused the connection; {_check(where)}")


def _check(where: Where) -> str:
    return "is it running?" if where.local else "check the endpoint and the network."


def dns(exc: BaseException, where: Where) -> Cause:
    """A name without an address, the proxy's or the provider's."""
    inner = _inner(exc)
    if isinstance(inner, BlockedAddress):
        return blocked(inner, where)
    asked = getattr(exc, "host", where.host)
    if asked and asked.rstrip(".") != where.host.rstrip("."):
        return Cause("proxy", f"The proxy {asked} on the way to {where.place} has no address; check HTTPS_PROXY.")
    return Cause(
        "dns", f"The name {where.host} of {where.name} could not be found; check the endpoint and the network."
    )


def blocked(exc: BaseException, where: Where) -> Cause:
    """An address that nothing of ours connects to."""
    address = exc.args[0] if exc.args else where.host
    return Cause(
        "blocked_address",
        f"{where.place} leads to {address}, a link-local or metadata address, where no provider is; "
        "change the endpoint.",
    )


def certificate(exc: BaseException, where: Where) -> Cause:
    """A certificate that is not trusted."""
    inner = getattr(exc, "certificate_error", exc)
    reason = getattr(inner, "verify_message", "") or "it is not valid"
    return Cause(
        "tls",
        f"The certificate of {where.place} cannot be trusted: {reason.rstrip('.')}. "
        "If your company's or your own authority signed it, name that in REQUESTS_CA_BUNDLE where the sidecar starts.",
    )


def tls(exc: BaseException, where: Where) -> Cause:
    """TLS that failed, most often because the other side does not speak it."""
    inner = _inner(exc)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return certificate(inner, where)
    reason = (getattr(inner, "reason", None) or "").replace("_", " ").lower()
    if reason in ("wrong version number", "record layer failure", "packet length too long", "http request"):
        return Cause(
            "tls", f"{where.place} does not speak TLS there; begin the endpoint with http:// or use its TLS port."
        )
    return Cause("tls", f"No secure connection to {where.place} ({reason or 'TLS failed'}); check the endpoint.")


def connect_timeout(exc: BaseException, where: Where) -> Cause:
    """A connection that took too long: where aiohttp's time went is told by the frames that waited."""
    waited = _frames(exc)
    if waited & {"_resolve_host", "resolve"}:
        return _late("resolve", where)
    if waited & {"start_tls", "_start_tls_connection", "create_connection"} and "start_connection" not in waited:
        return _late("tls", where)
    return _late("connect", where)


def not_connected(exc: BaseException, where: Where) -> Cause:
    """A connection of our own client's that could not be made, or not in TLS."""
    return tls(exc, where) if isinstance(_inner(exc), ssl.SSLError) else refused(exc, where)


def not_in_time(exc: BaseException, where: Where) -> Cause:
    """The same for one that took too long, where that client tells what it was at."""
    assert isinstance(exc, http1.ConnectTimeout)
    return _late(exc.stage, where)


def _late(stage: http1.Stage, where: Where) -> Cause:
    if stage == "resolve":
        return Cause("dns", f"The name {where.host} of {where.name} was not found in time; check the network.")
    if stage == "tls":
        return Cause("tls", f"{where.place} took the connection and never began TLS; check the endpoint's port.")
    return Cause("connect_timeout", f"{where.place} did not answer in time to connect; {_check(where)}", 504)


def timeout(_: BaseException, where: Where) -> Cause:
    """Silence for longer than the provider has."""
    return Cause(
        "upstream_timeout",
        f"{where.place} was silent for too long; try again, or raise the provider's timeouts.",
        504,
    )


def proxy(exc: BaseException, where: Where) -> Cause:
    """A proxy that cannot be used, cannot be reached, or refuses."""
    if isinstance(exc, aiohttp.ClientHttpProxyError):
        told = f"answered {exc.status}" + (" and wants a user name and password" if exc.status == 407 else "")
    elif isinstance(exc, UnusableProxy):
        return Cause(
            "proxy", f"{where.place} cannot be asked: {exc.args[0]}; check HTTPS_PROXY, ALL_PROXY and NO_PROXY."
        )
    else:
        told = "cannot be reached"
    return Cause("proxy", f"The proxy on the way to {where.place} {told}; check HTTPS_PROXY and NO_PROXY.")


def payload(exc: BaseException, where: Where) -> Cause:
    """A body that broke off, or that is not compressed the way its header says."""
    return bad_answer(exc, where) if "content-encoding" in str(exc).lower() else disconnected(exc, where)


def disconnected(_: BaseException, where: Where) -> Cause:
    """A connection that ended before the answer did."""
    return Cause("disconnected", f"{where.place} closed the connection before its answer was complete; try again.")


def bad_answer(exc: BaseException, where: Where) -> Cause:
    """What came is no HTTP, or cannot be decoded."""
    if "content-encoding" in str(exc).lower():
        return undecodable(exc, where)
    return Cause("bad_upstream_response", f"{where.place} answered with something that is not HTTP; check its port.")


def undecodable(_: BaseException, where: Where) -> Cause:
    """A body that is not compressed the way its header says, or in a way that nobody here knows."""
    return Cause("bad_upstream_response", f"The answer of {where.place} cannot be decompressed.")


def bad_url(_: BaseException, where: Where) -> Cause:
    """A URL that no request can be sent to."""
    return Cause("bad_upstream_response", f"The endpoint of {where.name} is no URL that can be asked; set it again.")


def os_error(exc: BaseException, where: Where) -> Cause:
    """An error of the system after connecting: nearly always a reset."""
    if _errno(exc) in (*NO_HANDLES, errno.ECONNREFUSED):
        return refused(exc, where)
    return disconnected(exc, where)


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
