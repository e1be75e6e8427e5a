"""aiohttp's low-level server, whose own errors are JSON in the client's form, even where nothing was read as HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
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

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Server(web.Server):
    """A server for one handler, to be given to `loop.create_server`."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(handler, handler_cancellation=True)
        self._silent = logging.Logger("http")  # noqa: LOG001 - of no tree: it would repeat headers, and keys with them
        self._silent.disabled = True

    def __call__(self) -> RequestHandler:
        """The protocol of one connection."""
        return _Connection(self, loop=asyncio.get_running_loop(), logger=self._silent, **LIMITS)


class _Connection(RequestHandler):
    __slots__ = ()

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
            error = BadRequest("The request is not valid HTTP/1.1.", status=status)
        else:
            error = RequestError(
                "The mux failed on this request.", status=status, type="api_error", error_code="internal_error"
            )
        body = FORMS[dialect_at(request.raw_path)].error_body(error, str)
        response = web.Response(status=status, body=body, headers={"Content-Type": "application/json"})
        response.force_close()
        return response
