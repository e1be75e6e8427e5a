"""The client's side of a streamed answer: the 200 held until there is something to say, and kept alive in silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from aiohttp import HttpVersion11, web

#: Seconds of silence after which a sign of life is sent, and with it the 200 (docs/http.md, "Streams").
KEEP_ALIVE = 15.0


class ClientGone(Exception):
    """The client closed its connection."""


class _HeldHead(web.StreamResponse):
    """An answer whose head goes out with its first bytes, in the same packet, as that of `web.Response` does."""

    _send_headers_immediately = False


class ClientStream:
    """An event stream to the client; nothing is sent before the first `write` or 15 s of silence.

    `headers` are asked for when the 200 goes out; `keep_alive` is what the dialect sends into silence. `ended`: the
    last bytes are on their way, though the client may not have read them yet.
    """

    def __init__(self, request: web.BaseRequest, headers: Callable[[], Mapping[str, str]], keep_alive: bytes) -> None:
        self._request = request
        self._headers = headers
        self._keep_alive = keep_alive
        self.response: web.StreamResponse | None = None
        self.ended = False
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self._writing = False
        self._beat: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(KEEP_ALIVE, self._tick)

    @property
    def started(self) -> bool:
        """Whether the 200 is out, so that errors must be told in the stream."""
        return self.response is not None

    async def write(self, data: bytes, *, last: bool = False) -> None:
        """Send bytes, whole events only, waiting while the client reads more slowly than we send.

        With the `last` ones the answer ends, in the same packet where there is room.

        Raises:
            ClientGone: nobody is there to read.
        """
        if self._beat is not None:
            await self._settle()
        await self._send(data, last=last)

    async def finish(self) -> web.StreamResponse:
        """End the answer, unless its last bytes did."""
        self.stop()
        await self._settle()
        response = self.response or await self._prepare()
        try:
            await response.write_eof()
        except ConnectionError as error:
            raise ClientGone from error
        return response

    def stop(self) -> None:
        """No more signs of life, nor one that is decided upon and would begin the answer behind another's back."""
        self._timer.cancel()
        if self._beat is not None and not self.started:
            self._beat.cancel()
            self._beat = None

    async def _send(self, data: bytes, *, last: bool = False) -> None:
        self._writing = True
        try:
            response = self.response or await self._prepare()
            self.ended = last
            await (response.write_eof(data) if last else response.write(data))
        except ConnectionError as error:
            raise ClientGone from error
        finally:
            self._writing = False
            self._last = self._loop.time()

    async def _prepare(self) -> web.StreamResponse:
        response = _HeldHead(
            headers={**self._headers(), "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        )
        if self._request.version >= HttpVersion11:
            response.enable_chunked_encoding()
        else:
            response.force_close()  # HTTP/1.0 has no chunks: the end of the connection is that of the stream
        self.response = response
        await response.prepare(self._request)
        return response

    async def _settle(self) -> None:
        """Wait for a sign of life that is on its way."""
        if self._beat is not None:
            beat, self._beat = self._beat, None
            await beat

    def _tick(self) -> None:
        due = self._last + KEEP_ALIVE
        now = self._loop.time()
        if now >= due and not self._writing and (self._beat is None or self._beat.done()):
            self._beat = self._loop.create_task(self._keep())
            due = now + KEEP_ALIVE
        self._timer = self._loop.call_at(max(due, now + 0.01), self._tick)

    async def _keep(self) -> None:
        try:
            await self._send(self._keep_alive)
        except ClientGone:
            self.stop()  # the request's own task is being cancelled
