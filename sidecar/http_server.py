"""aiohttp's low-level server, whose own errors are JSON in the client's form, even where nothing was read as HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_exceptions import BadHttpMessage, LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from sidecar.dialects.forms import FORMS
from sidecar.errors import BadRequest, RequestError
from sidecar.paths import dialect_at

#: Limits of a request's head: long cookies and keys are not worth a refusal that nobody understands.
LIMITS: dict[str, Any] = {
    "max_line_size": 16_384,
    "max_field_size": 65_536,
    "max_headers": 128,
    "auto_decompress": False,  # a bomb would be unpacked before anyone could stop it
    "access_log": None,
}

#: Seconds that an idle connection is kept for one more request when the port is left to others.
IDLE = 2.0
STEP = 0.05  # seconds between two looks at what is still open

log = logging.getLogger(__name__)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Server(web.Server):
    """A server for one handler, to be given to `loop.create_server`."""

    def __init__(self, handler: Handler) -> None:
        told = _told(handler) if log.isEnabledFor(logging.DEBUG) else handler  # decided once: requests cost no more
        super().__init__(told, handler_cancellation=True)
        self._silent = logging.Logger("http")  # noqa: LOG001 - of no tree: it would repeat headers, and keys with them
        self._silent.disabled = True
        self._retired = False
        self._sweep: asyncio.TimerHandle | None = None

    def __call__(self) -> RequestHandler:
        """The protocol of one connection."""
        return _Connection(self, loop=asyncio.get_running_loop(), logger=self._silent, **LIMITS)

    def retire(self) -> None:
        """Answer each connection's next request with `Connection: close` (RFC 9112, section 9.6), for others to serve.

        A connection that asks nothing for 2 s is closed.
        """
        if self._retired:
            return
        self._retired = True
        for connection in self._open():
            connection.answer_last()
        self._sweep = asyncio.get_running_loop().call_later(IDLE, self._close_idle)

    def resume(self) -> None:
        """Keep connections open again."""
        self._retired = False
        if self._sweep is not None:
            self._sweep.cancel()

    async def leave(self, seconds: float) -> None:
        """Retire and finish what is being answered, for so many seconds at most."""
        self.retire()
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        idle_until = loop.time() + IDLE
        while self.connections and (now := loop.time()) < until:
            if now >= idle_until:
                self._close_idle()
            await asyncio.sleep(STEP)

    def _open(self) -> list[_Connection]:
        return [connection for connection in self.connections if isinstance(connection, _Connection)]

    def _close_idle(self) -> None:
        for connection in self._open():
            if connection.is_idle:
                connection.force_close()

    def _make_request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        if self._retired:
            message = message._replace(should_close=True)
        return super()._make_request(message, payload, protocol, writer, task)


def _told(handler: Handler) -> Handler:
    """The same, and a line in the log for each request: its path, and how it was answered, by whom."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked = f"{request.method} {request.path[:200]!r}"
        try:
            answer = await handler(request)
        except (ConnectionError, asyncio.CancelledError):
            log.debug("%s: its client left", asked)
            raise
        known = (answer.headers.get(f"X-Mux-{name}") for name in ("Request-Id", "Workspace", "Provider", "Model"))
        log.debug("%s: %s", asked, " ".join((str(answer.status), *filter(None, known))))
        return answer

    return handle


class _Connection(RequestHandler):
    __slots__ = ()

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request, and none has come."""
        return self._waiter is not None and not self._waiter.done() and not self._messages

    def answer_last(self) -> None:
        """Say with the answer that is being made, if its head is not out yet, that it is the last one."""
        if (request := self._current_request) is not None:
            request._message = request._message._replace(should_close=True)  # noqa: SLF001 - there is no other way

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - theirs
    ) -> web.StreamResponse:
        """The answer to what is no HTTP, in words of ours: aiohttp's repeat the bytes, and a key may be among them."""
        if request.writer.output_size > 0:
            raise ConnectionError("An answer has begun already.") from exc
        error: RequestError
        if status < 500:
            error = _unreadable(status, exc)
        else:
            error = RequestError(
                "The mux failed on this request.", status=status, type="api_error", error_code="internal_error"
            )
        body = FORMS[dialect_at(request.raw_path)].error_body(error, str)
        response = web.Response(status=error.status, body=body, headers={"Content-Type": "application/json"})
        response.force_close()
        return response


def _unreadable(status: int, exc: BaseException | None) -> BadRequest:
    """What is wrong with a request's head; the statuses are those of RFC 9110, section 15.5.15, and RFC 6585."""
    if isinstance(exc, LineTooLong):
        if exc.args[1] == LIMITS["max_line_size"]:
            told, status = f"The request's target is longer than {LIMITS['max_line_size']:,} bytes.", 414
        else:
            told, status = f"A header field of the request is longer than {LIMITS['max_field_size']:,} bytes.", 431
    elif isinstance(exc, BadHttpMessage) and exc.message.startswith("Too many headers"):
        told, status = f"The request has more than {LIMITS['max_headers']} header fields.", 431
    else:
        return BadRequest("The request is not valid HTTP/1.1.", status=status)
    return BadRequest(told, error_code="request_too_large", status=status)
