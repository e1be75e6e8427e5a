"""`/rpc`: the methods over HTTP and WebSocket, for whoever holds the token or is signed in.

Who may connect at all (Host, Origin, Fetch metadata) is checked by the endpoint before it comes here.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from rpc.dispatch import INVALID_PARAMS, ErrorObject
from rpc.jsonrpc import encoded, refusal
from sidecar import guard
from sidecar.endpoint import read_body
from sidecar.errors import BadRequest, NotAllowed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rpc.desk import Desk
    from rpc.websocket import Socket
    from sidecar.endpoint import Endpoint

PATH = "/rpc"
SIGN_IN = "/rpc/session"
BEARER = "Bearer "
OFFERED = "bearer."  # a subprotocol that bears a token, since browsers can set no header on a WebSocket
_UNAUTHORIZED = ErrorObject(
    NotAllowed.code,
    "This needs the token, as `Authorization: Bearer TOKEN` (`mux-sidecar token` prints it); "
    "a browser is signed in by `mux-sidecar dashboard`.",
)
_SPENT = ErrorObject(
    NotAllowed.code, "This link was used already, or is too old; get a new one: `mux-sidecar dashboard`."
)
_NO_CODE = ErrorObject(INVALID_PARAMS, 'Send {"code": …}, the code of the dashboard\'s link.', {"field": "code"})


class Web:
    """Serves `/rpc`. The desk is opened with the first call; `token` gives the data folder's."""

    def __init__(self, desk: Callable[[], Awaitable[Desk]], token: Callable[[], str], *, watches: bool) -> None:
        self._open = desk
        self._token = token
        self._watches = watches  # whether the changes are looked for here, while somebody listens
        self._desk: Desk | None = None
        self._opening = asyncio.Lock()
        self._sockets: set[Socket] = set()
        self._watching: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def mount(self, endpoint: Endpoint) -> None:
        """Has an endpoint serve it."""
        endpoint.mount(PATH, self._rpc, self._leave)
        endpoint.mount(SIGN_IN, self._sign_in)

    async def _rpc(self, request: web.BaseRequest) -> web.StreamResponse:
        if not await self._may(request):
            return _unauthorized()
        desk = await self._at_desk()
        if request.method == "POST":
            guard.check_content_type(request.headers)
            return await self._post(request, desk)
        if request.method == "GET" and request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._converse(request, desk)
        return web.Response(status=405, headers={"Allow": "POST, GET (WebSocket)"})

    async def _post(self, request: web.BaseRequest, desk: Desk) -> web.Response:
        from rpc.calls import Calls  # noqa: PLC0415 - start-up: only who calls needs the methods
        from rpc.service import Window  # noqa: PLC0415 - the same

        answer = await Calls(desk.dispatcher(Window())).answer(await read_body(request))
        return web.Response(status=204) if answer is None else _json(answer)

    async def _converse(self, request: web.BaseRequest, desk: Desk) -> web.StreamResponse:
        from rpc.service import Window  # noqa: PLC0415 - start-up, as above
        from rpc.websocket import Socket  # noqa: PLC0415 - the same

        await desk.board.refresh()
        socket = Socket(desk, Window(workspace=request.query.get("workspace") or None))
        self._sockets.add(socket)
        self._watch(desk)
        try:
            return await socket.serve(request)
        except web.HTTPBadRequest:
            raise BadRequest("This is no WebSocket handshake of version 13 (RFC 6455, section 4.2.1).") from None
        finally:
            self._sockets.discard(socket)
            if not self._sockets and self._watching is not None:
                self._watching.cancel()
                self._watching = None

    async def _sign_in(self, request: web.BaseRequest) -> web.StreamResponse:
        """A session for the code of the dashboard's link."""
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        guard.check_content_type(request.headers)
        try:
            code = msgspec.json.decode(await read_body(request), type=dict[str, Any]).get("code")
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            code = None
        if not isinstance(code, str):
            return _json(refusal(None, _NO_CODE), 400)
        session = await (await self._at_desk()).control.codes.sign_in(code)
        return _json(refusal(None, _SPENT), 401) if session is None else _json({"token": session})

    async def _may(self, request: web.BaseRequest) -> bool:
        """Whether the request bears the token, or that of a session."""
        given = _borne(request)
        if not given:
            return False
        if hmac.compare_digest(given.encode("utf-8", "replace"), self._token().encode()):
            return True
        return await (await self._at_desk()).control.codes.is_signed_in(given)

    async def _at_desk(self) -> Desk:
        async with self._opening:
            if self._desk is None:
                self._desk = await self._open()
        return self._desk

    def _watch(self, desk: Desk) -> None:
        if self._watches and self._watching is None:
            self._watching = asyncio.create_task(desk.changes.run())

    def _leave(self) -> None:
        """Closes what would never end by itself."""
        for socket in self._sockets:
            closing = asyncio.create_task(socket.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)


def _borne(request: web.BaseRequest) -> str | None:
    """The token that a request bears, in its header or as a subprotocol."""
    header = request.headers.get("Authorization", "")
    if header[: len(BEARER)].lower() == BEARER.lower():
        return header[len(BEARER) :].strip()
    offered = ",".join(request.headers.getall("Sec-WebSocket-Protocol", [])).split(",")
    return next((name.strip()[len(OFFERED) :] for name in offered if name.strip().startswith(OFFERED)), None)


def _unauthorized() -> web.Response:
    return _json(refusal(None, _UNAUTHORIZED), 401, {"WWW-Authenticate": "Bearer"})


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    sent = {"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return web.Response(status=status, body=encoded(value), headers=sent | (headers or {}))
