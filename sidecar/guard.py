"""Who may talk to the endpoint: programs of this machine, and no web page but our own.

A page in a browser can send requests to localhost, under a foreign name too (DNS rebinding, CVE-2024-28224) and across
sites (CVE-2025-49596, CVE-2026-22812). So Host must be a loopback name, an Origin must be our own or allowed by the
setting `origins`, and what Fetch metadata (w3.org/TR/fetch-metadata) tells to be another site's is refused.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from multidict import CIMultiDictProxy

from sidecar.errors import BadRequest, RequestError
from sidecar.values import Settings

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
#: RFC 3986, section 3.2: a name or an address, and a port; never user information.
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]*)?")
Headers = CIMultiDictProxy[str]


class Forbidden(RequestError):
    """403: somebody else's Host or Origin."""

    status = 403
    type = "permission_error"


class Unauthorized(RequestError):
    """401: the setting `requireKey` is on and the client's key is not the token."""

    status = 401
    type = "authentication_error"


def check_host(headers: Headers, target: str, settings: Settings) -> None:
    """Refuse a request that was meant for somebody else.

    Raises:
        BadRequest: no Host or two (RFC 9112, section 3.2), or an absolute URI that names another.
        Forbidden: Host is neither a loopback name nor in the setting `hosts`.
    """
    hosts = headers.getall("Host", [])
    if len(hosts) != 1:
        raise BadRequest(f"The request has {len(hosts)} Host headers; it must have one.")
    name = _host_name(hosts[0])
    if not target.startswith("/") and target != "*" and _host_name(urlsplit(target).netloc) != name:
        raise BadRequest("The request's URI and its Host header name different hosts.")
    if name not in LOOPBACK_NAMES and name not in _lowered(settings.hosts):
        mend = f" or, if the name is yours, `mux-sidecar settings hosts {name[:80]}`" if name.isascii() else ""
        raise Forbidden(
            f"Host {name[:80]!r} is not this machine's; use http://localhost{mend}.", error_code="host_not_allowed"
        )


def check_framing(headers: Headers, version: tuple[int, int]) -> None:
    """Refuse a body whose end two servers could see in two places: a transfer coding beside chunked, or from HTTP/1.0.

    Raises:
        BadRequest: RFC 9112, section 6.1; the connection is to be closed.
    """
    coding = headers.get("Transfer-Encoding")
    if coding is not None and (coding.strip().lower() != "chunked" or version < (1, 1)):
        raise BadRequest(
            f"Transfer-Encoding {coding[:40]!r} is not supported here; send chunked, by HTTP/1.1.",
            error_code="invalid_framing",
        )


def allowed_origin(headers: Headers, settings: Settings) -> str | None:
    """The Origin that the setting `origins` allows, for `Access-Control-Allow-Origin`; None if there is none but ours.

    Raises:
        Forbidden: a foreign Origin, or a request that Fetch metadata tells to be another site's.
    """
    origins = headers.getall("Origin", [])
    if len(origins) > 1:
        raise BadRequest("The request has more than one Origin header.")
    if not origins:
        _check_fetch_site(headers)
        return None
    origin = origins[0]
    if origin.lower() in _lowered(settings.origins) and origin != "null":
        return origin
    if origin.lower() == f"http://{headers['Host'].lower()}":
        _check_fetch_site(headers)
        return None
    is_name = origin.isascii() and origin != "null"
    mend = f"; if it is yours: `mux-sidecar settings origins {origin[:80]}`" if is_name else ""
    raise Forbidden(
        f"Origin {origin[:80]!r} is not allowed{mend}.",
        error_code="origin_not_allowed",
    )


def check_own_origin(headers: Headers, settings: Settings) -> None:
    """Refuse what a page sends that is not our own, whatever the setting `origins` allows elsewhere.

    Raises:
        Forbidden: it is such a page's.
    """
    origin = allowed_origin(headers, settings)
    if origin is not None:
        raise Forbidden(f"Origin {origin[:80]!r} may use /v1/mux alone.", error_code="origin_not_allowed")


def check_content_type(headers: Headers) -> None:
    """Refuse a body that is not JSON by its header: a page can send `text/plain` without asking.

    Raises:
        BadRequest: 415.
    """
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return
    if not kind and "Origin" not in headers and not any(name.lower().startswith("sec-fetch-") for name in headers):
        return
    raise BadRequest(
        f"Content-Type {kind[:80]!r} is not JSON; send application/json.",
        error_code="unsupported_content_type",
        status=415,
    )


def check_key(headers: Headers, settings: Settings, token: Callable[[], str]) -> None:
    """With the setting `requireKey`, the client's key must be the token.

    Raises:
        Unauthorized: it is not.
    """
    if not settings.require_key:
        return
    given = headers.get("x-api-key") or headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token().encode()):
        raise Unauthorized(
            "This mux wants its token as the API key (setting requireKey); `mux-sidecar token` prints it.",
            error_code="invalid_api_key",
        )


def _check_fetch_site(headers: Headers) -> None:
    site = headers.get("Sec-Fetch-Site", "none").lower()
    if site in ("cross-site", "same-site"):
        raise Forbidden(
            "Requests from other sites' pages are refused; allow one with `mux-sidecar settings origins ORIGIN`.",
            error_code="origin_not_allowed",
        )


def _host_name(host: str) -> str:
    """The name without its port, in lower case; the whole text where it is no host and port."""
    host = host.strip().lower()
    found = _HOST.fullmatch(host)
    return found.group(1) if found else host


def _lowered(names: Sequence[str]) -> set[str]:
    return {name.lower() for name in names}
