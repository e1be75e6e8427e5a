"""The head of a request, made once for all that go to one place with the same headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from yarl import URL

from sidecar.http1.connecting import Origin

#: Framing is ours (RFC 9112, section 6), whatever else somebody wants to have sent.
_OURS = frozenset({"host", "content-length", "transfer-encoding"})
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\r\n\0]")


class Place(NamedTuple):
    """Where POST requests go: a connection's origin, and the lines that begin each of them."""

    origin: Origin
    lines: bytes


def place_of(url: URL) -> Place:
    """The place of an absolute http or https URL that is encoded already.

    Raises:
        ValueError: it has no host, or what would break out of the request's first line.
    """
    host, port = url.raw_host, url.port
    if not host or port is None or re.search(r"[\s\0]", url.raw_path_qs):
        raise ValueError("the URL cannot be asked")
    lines = f"POST {url.raw_path_qs} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n"
    return Place(Origin(host, port, url.scheme == "https"), lines.encode())


def head_of(place: Place, headers: Mapping[str, str]) -> bytes:
    """A request's head up to the figure of its Content-Length.

    Raises:
        ValueError: a header's name is none, or its value would end it.
    """
    lines = []
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or _CONTROL.search(value):
            raise ValueError(f"the header {name[:40]!r} cannot be sent")
        if name.lower() not in _OURS:
            lines.append(f"{name}: {value}\r\n")
    if "Accept" not in headers:
        lines.append("Accept: */*\r\n")
    return place.lines + "".join(lines).encode("utf-8", "surrogateescape") + b"Content-Length: "
