"""Endpoints as people paste them, and the bases that requests can go to."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

from sidecar.errors import InvalidParameter
from sidecar.providers.hosts import address_of, is_blocked, is_loopback_host, is_odd_number, is_private_host
from sidecar.providers.hosts import is_loopback as is_loopback  # noqa: PLC0414 - part of what this room offers
from sidecar.providers.hosts import is_on_this_machine as is_on_this_machine  # noqa: PLC0414 - the same
from sidecar.providers.types import row

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_MISTYPED_SCHEME = re.compile(r"(?:https?|wss?|file|ftp|unix):|https?//", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_PORT_ONLY = re.compile(r":?(\d{2,5})")
# What people copy from an example call instead of the address before it. The longest first.
_TAIL = re.compile(
    r"/(?:chat/completions|completions|embeddings|responses|messages/count_tokens|messages|models"
    r"|api/(?:tags|chat|generate|show|ps|version|embed|embeddings)|api/v[01]/models|infill|props|health)$",
    re.IGNORECASE,
)
# Azure's inference endpoint really is called so: `…/models/chat/completions`.
_MODELS_IS_A_BASE = ".services.ai.azure.com"
_VERSIONED = re.compile(r"/v\d+[a-z0-9]*(?:/.+)?$|/openai/deployments/[^/]+$", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where servers say they listen; not where to find them
_MAX_LENGTH = 2048


def normalise(type: str, text: str) -> str:  # noqa: A002 - the contract's word
    """The endpoint that a user means: a URL with scheme, without the tail of an example call; the type's own if empty.

    The scheme is `http` for hosts on this machine and private networks where it is missing, else `https`. A query
    stays (Azure's `api-version`).

    Raises:
        InvalidParameter: no such type; not http or https; a user name, a fragment, a port that cannot be; a
            link-local or metadata address; the mux itself.
    """
    facts = row(type)
    text = text.strip().strip("\"'`<>").strip()
    if not facts.default_endpoint:
        return ""
    parts = _split(text or facts.default_endpoint)
    host, port = _host(parts), _port(parts)
    path = _path(parts.path, host)
    if re.search(r"/v1/mux(/|$)", path):
        raise _wrong("That is the mux itself; give the address of the provider behind it.")
    shown = f"[{host}]" if ":" in host else host
    scheme = parts.scheme or ("http" if is_private_host(host) else "https")
    netloc = shown if port in (None, _DEFAULT_PORTS[scheme]) else f"{shown}:{port}"
    return urlunsplit((scheme, netloc, path, parts.query, ""))


def candidates(type: str, endpoint: str) -> tuple[str, ...]:  # noqa: A002 - the contract's word
    """The bases to try for a normalised endpoint, the likeliest first, without repetition."""
    facts = row(type)
    if not endpoint:
        return ("",)
    parts = urlsplit(endpoint)
    path = _without(parts.path.rstrip("/"), facts.cut)
    if _VERSIONED.search(path):
        suffixes: tuple[str, ...] = ("",)
    elif path and facts.path_as_given:
        suffixes = ("", *facts.suffixes)
    else:
        suffixes = facts.suffixes
    return tuple(dict.fromkeys(urlunsplit(parts._replace(path=_joined(path, each))) for each in suffixes))


def guess_base(type: str, endpoint: str) -> str:  # noqa: A002 - the contract's word
    """The base to use when nobody can be asked: the first candidate."""
    return candidates(type, endpoint)[0]


def points_here(endpoint: str, port: int) -> bool:
    """Whether an endpoint is this sidecar's own port, so that requests would go round in circles."""
    parts = urlsplit(endpoint)
    return (
        is_loopback_host((parts.hostname or "").rstrip("."))
        and (parts.port or _DEFAULT_PORTS.get(parts.scheme)) == port
    )


def _wrong(sentence: str) -> InvalidParameter:
    return InvalidParameter("endpoint", sentence)


def _split(text: str) -> SplitResult:
    """The parts of a URL, the scheme empty if it was left out; userinfo and fragments refused."""
    if len(text) > _MAX_LENGTH or any(each.isspace() or not each.isprintable() for each in text):
        raise _wrong(
            "The endpoint holds a blank or a control character, or is too long; give a URL such as http://localhost:11434."
        )
    if only := _PORT_ONLY.fullmatch(text):
        text = f"localhost:{only[1]}"
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() not in _DEFAULT_PORTS:
        raise _wrong(f"An endpoint begins with http:// or https://, not {scheme[1]}://.")
    if not scheme and _MISTYPED_SCHEME.match(text):
        raise _wrong("An endpoint begins with http:// or https://, with a colon and two slashes.")
    try:
        parts = urlsplit(text if scheme else f"//{text.lstrip('/')}", scheme="" if scheme else "none")
        parts.hostname, parts.port  # noqa: B018 - read here, since they raise what urlsplit did not see
    except ValueError:
        raise _wrong("The endpoint is no URL; give one such as http://localhost:11434.") from None
    if "@" in parts.netloc:
        raise _wrong("Leave user name and password out of the endpoint; give a key with apiKey, or a header.")
    if parts.fragment:
        raise _wrong("Leave out what stands behind the # of the endpoint.")
    return parts if scheme else parts._replace(scheme="")


def _host(parts: SplitResult) -> str:
    """The host in lower case and ASCII; addresses that must not be asked are refused."""
    host = (parts.hostname or "").rstrip(".")
    try:
        host = host if host.isascii() else host.encode("idna").decode().lower().rstrip(".")
        host.encode().decode("idna")  # what cannot be read back is refused by the client library as well
    except UnicodeError:
        raise _wrong("The endpoint's host is no name that DNS can hold.") from None
    host = _WILDCARDS.get(host, host)
    if not (_NAME.fullmatch(host) or (":" in host and address_of(host))):
        raise _wrong("The endpoint names no host; give a URL such as http://localhost:11434.")
    if is_odd_number(host):
        raise _wrong(f"Write the address {host} as four numbers, such as 127.0.0.1.")
    if is_blocked(host):
        raise _wrong(f"{host} is a link-local or metadata address, where no provider is; use its ordinary address.")
    return host


def _port(parts: SplitResult) -> int | None:
    if parts.port == 0:
        raise _wrong("Port 0 is no port; give the one that the provider listens on.")
    return parts.port


def _path(path: str, host: str) -> str:
    """The path without doubled and closing slashes and without the tails of example calls.

    All of them go, so that an endpoint which is normalised again stays as it is.
    """
    path = re.sub(r"/{2,}", "/", path).rstrip("/")
    while tail := _TAIL.search(path):
        if tail[0].lower() == "/models" and host.endswith(_MODELS_IS_A_BASE):
            break
        path = path[: tail.start()].rstrip("/")
    return path


def _without(path: str, endings: tuple[str, ...]) -> str:
    for ending in endings:
        if path.lower().endswith(ending):
            return path[: -len(ending)]
    return path


def _joined(path: str, suffix: str) -> str:
    """`/api` and `/api/v1` make `/api/v1`: what both have is not said twice."""
    first = "/" + suffix.strip("/").partition("/")[0]
    if suffix.count("/") > 1 and path.lower().endswith(first):
        return path + suffix[len(first) :]
    return path + suffix
