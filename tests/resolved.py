"""Answers that no socket can give, for tests inside one process: aioresponses, mended for the newest aiohttp.

aioresponses 0.7.9 makes a `ClientResponse` without `stream_writer`, which aiohttp 3.14 requires.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import aiohttp
import aioresponses.core
from aiohttp.client_reqrep import ClientResponse


class _Response(ClientResponse):
    def __init__(self, method: str, url: Any, **more: Any) -> None:
        more.setdefault("stream_writer", SimpleNamespace(output_size=0))
        super().__init__(method, url, **more)


class Answers(aioresponses.core.aioresponses):
    """`aioresponses`, whose responses the newest aiohttp accepts."""

    def add(self, *args: Any, **more: Any) -> None:
        """Answer a URL as `aioresponses.add` does."""
        super().add(*args, **{"response_class": _Response, **more})


def unknown_host(host: str) -> aiohttp.ClientConnectorDNSError:
    """What aiohttp raises where a name does not resolve."""
    key = aiohttp.client_reqrep.ConnectionKey(host, 443, True, True, None, None, None)
    return aiohttp.ClientConnectorDNSError(key, OSError(-2, "Name or service not known"))
