"""A plain answer, sent with few steps: aiohttp's own way takes a noticeable part of a small request's time.

What `web.Response` does besides, for compression, cookies, ranges and bodies of other kinds, has no place here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import HttpVersion10, web
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import SERVER_SOFTWARE

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter


class WholeAnswer(web.StreamResponse):
    """A 200 that holds JSON. The server is given it when it has been sent, for its log and for the next request."""

    async def send(self, request: web.BaseRequest, body: bytes) -> None:
        """Head and body in one packet, where there is room; waits while the client reads too slowly.

        Raises:
            ConnectionError: nobody is there to read.
        """
        goes_on = self._keep_alive = request.keep_alive
        headers, version = self.headers, request.version
        headers["Content-Type"] = "application/json"
        headers["Content-Length"] = str(len(body))
        headers["Date"] = rfc822_formatted_time()
        headers["Server"] = SERVER_SOFTWARE
        if goes_on == (version == HttpVersion10):  # what is not so by itself (RFC 9112, section 9.3)
            headers["Connection"] = "keep-alive" if goes_on else "close"
        writer = request.writer
        await writer.write_headers(f"HTTP/{version[0]}.{version[1]} 200 OK", headers)
        await writer.write_eof(body)

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:  # noqa: ARG002 - theirs
        """Nothing: it is sent."""
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing: it is sent."""
