"""The HTTP endpoint: who may talk, what is asked for, and every error in the client's own dialect."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Callable, Mapping

import msgspec
from aiohttp import web

from sidecar import __version__, guard, room
from sidecar.choice import workspace_of
from sidecar.client_name import client_name
from sidecar.client_stream import ClientGone
from sidecar.dashboard import asset
from sidecar.dialects.forms import FORMS, Clean, Form
from sidecar.dialects.incoming import MAX_BODY, decompressed, too_large
from sidecar.errors import BadRequest, MuxFailed, NoMemory, ProviderRefused, RequestError
from sidecar.http_server import Handler, Server
from sidecar.mux import Mux
from sidecar.paths import Resource, dialect_astray, dialect_at, resource_of
from sidecar.record import Trace, new_id
from sidecar.running import Running
from sidecar.snapshot import Snapshot, Snapshots

log = logging.getLogger(__name__)

_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
CREATED = 1_767_225_600  # 2026-01-01: the models that the mux lists have no date of their own


class Endpoint:
    """The application that `aiohttp.web.Server` calls for each request."""

    def __init__(self, mux: Mux, snapshots: Snapshots, token: Callable[[], str], home_hash: str) -> None:
        self._mux = mux
        self._snapshots = snapshots
        self._token = token
        self._home_hash = home_hash
        self._mounted: dict[str, Handler] = {}
        self._on_leave: list[Callable[[], None]] = []

    def mount(self, path: str, handler: Handler, on_leave: Callable[[], None] | None = None) -> None:
        """Serve a path by another handler: requests of this machine that come from no page but our own.

        The handler may raise RequestError. `on_leave` is called when the process begins to leave, for what never
        ends by itself, such as WebSockets.
        """
        self._mounted[path] = handler
        if on_leave is not None:
            self._on_leave.append(on_leave)

    def leave(self) -> None:
        """Tell those who are mounted that the process leaves."""
        for callback in self._on_leave:
            callback()

    def stop(self) -> None:
        """End what is being answered, telling the clients so."""
        self._mux.stop()

    @property
    def running(self) -> int:
        """How many requests are being answered by a provider."""
        return self._mux.running

    def answering(self) -> tuple[Running, ...]:
        """The requests that are being answered, in the order in which they began."""
        return self._mux.answering()

    def server(self) -> Server:
        """The server, to be given to `loop.create_server`."""
        return Server(self.handle)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to one request."""
        try:
            return await self._handle(request)
        except RequestError as error:
            return error_response(error, _form(request), {"X-Mux-Request-Id": new_id()})
        except ClientGone:
            raise ConnectionResetError from None
        except MemoryError:
            return error_response(NoMemory(), _form(request), {"X-Mux-Request-Id": new_id()})
        except Exception:  # the outer edge of HTTP: whatever it is, the client gets an answer and no traceback
            log.error("a request failed", exc_info=log.isEnabledFor(logging.DEBUG))  # noqa: TRY400 - told in debug only
            if request.writer.output_size:  # an answer has begun, of which this would become a part
                raise ConnectionResetError from None
            return error_response(MuxFailed(), _form(request), {"X-Mux-Request-Id": new_id()})

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        target = request.raw_path
        snapshot = self._snapshots.current()
        guard.check_framing(request.headers, request.version)
        guard.check_host(request.headers, target, snapshot.settings)
        mounted = self._mounted.get(target.partition("?")[0])
        if mounted is not None:
            guard.check_own_origin(request.headers, snapshot.settings)
            return await mounted(request)
        resource = resource_of(target)
        if resource is not None and resource.kind == "page" and _is_navigation(request):
            return _asset(request, resource)
        origin = guard.allowed_origin(request.headers, snapshot.settings)
        if resource is None:
            return self._nowhere(request, target)
        if request.method not in resource.methods:
            return _other_method(request, resource, origin)
        if resource.kind == "dialect":
            return await self._dialect(request, resource, snapshot, origin)
        return self._look_up(request, resource, snapshot, origin)

    async def _dialect(
        self, request: web.BaseRequest, resource: Resource, snapshot: Snapshot, origin: str | None
    ) -> web.StreamResponse:
        guard.check_key(request.headers, snapshot.settings, self._token)
        assert resource.dialect is not None
        trace = self._mux.begin(resource.dialect, client_name(request.headers))
        trace.extra_headers = _cors(origin)
        try:
            guard.check_content_type(request.headers)
            with trace.until_stopped():
                body = await read_body(request)
            workspace = _workspace(request, resource)
            named = resource if workspace == resource.workspace else resource._replace(workspace=workspace)
            return await self._mux.answer(request, body, trace, snapshot, named)
        except (RequestError, MemoryError) as caught:
            return self._failed(caught, FORMS[resource.dialect], trace)
        except (asyncio.CancelledError, ConnectionError):  # it left while its request was still being read
            trace.end("cancelled", 499, "The client left before its request was complete.")
            raise
        finally:
            self._mux.close(trace)

    def _nowhere(self, request: web.BaseRequest, target: str) -> web.Response:
        """404; recorded where it is a client's request, whose base URL is wrong, so that its user can see that it came.

        Raises:
            RequestError: it is anything else.
        """
        dialect = dialect_astray(target) if request.method == "POST" else None
        what = ", which belongs in the client's base URL" if dialect else ""
        error = RequestError(
            f"Nothing is served at {target.partition('?')[0][:200]!r}; the mux is at /v1/mux{what}.",
            status=404,
            error_code="unknown_url",
        )
        if dialect is None:
            raise error
        trace = self._mux.begin(dialect, client_name(request.headers))
        try:
            return self._failed(error, FORMS[dialect], trace)
        finally:
            self._mux.close(trace)

    def _failed(self, caught: RequestError | MemoryError, form: Form, trace: Trace) -> web.Response:
        """No frame it came through names it: else they hold each other, and the request, until a collection."""
        error = NoMemory() if isinstance(caught, MemoryError) else caught
        trace.failed(error)
        return error_response(error, form, trace.headers(), self._mux.clean)

    def _look_up(
        self, request: web.BaseRequest, resource: Resource, snapshot: Snapshot, origin: str | None
    ) -> web.Response:
        if resource.kind == "health":
            return _json(self._health(snapshot))
        if resource.asset is not None:
            return _asset(request, resource)
        guard.check_key(request.headers, snapshot.settings, self._token)
        workspace = workspace_of(snapshot, _workspace(request, resource))
        headers = {"X-Mux-Request-Id": new_id(), "X-Mux-Workspace": workspace.name, **_cors(origin)}
        if resource.kind == "root":
            return _json({"object": "mux", "version": __version__, "workspace": workspace.name}, headers)
        named = list(dict.fromkeys(f"{rule.provider}/{rule.model}" for rule in workspace.rules))
        if resource.model is not None:
            return _json(_model(resource.model if resource.model in named else "mux"), headers)
        return _json({"object": "list", "data": [_model(name) for name in ("mux", *named)]}, headers)

    def _health(self, snapshot: Snapshot) -> dict[str, object]:
        return {
            "status": "ok",
            "version": __version__,
            "pid": os.getpid(),
            "home": self._home_hash,
            "workspace": snapshot.active,
        }


def error_response(error: RequestError, form: Form, headers: Mapping[str, str], clean: Clean = str) -> web.Response:
    """An error in the client's form; a provider's own object stays as it completed it."""
    sent = dict(headers)
    if isinstance(error, ProviderRefused):
        sent.update({name: clean(value) for name, value in error.headers.items()})
    elif not _is_worth_a_retry(error):
        sent["X-Should-Retry"] = "false"  # honoured by OpenAI's and Anthropic's SDKs
    response = web.Response(
        status=error.status, body=form.error_body(error, clean), headers={**sent, "Content-Type": "application/json"}
    )
    if error.status == 413 or error.error_code == "invalid_framing":
        response.force_close()
    return response


def _form(request: web.BaseRequest) -> Form:
    """The form in which whoever asks for this path can read an error."""
    return FORMS[dialect_at(request.raw_path)]


def _is_worth_a_retry(error: RequestError) -> bool:
    """Whether the same request may fare better soon: not after our own refusals, and not after a wait that was long."""
    return error.status >= 500 and error.status != 504 and error.error_code not in ("dns", "tls")


async def read_body(request: web.BaseRequest) -> bytes:
    """The body, read once; 413 as soon as it is known to be too large."""
    if (request.content_length or 0) > MAX_BODY:
        raise too_large()
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    first = await request.content.readany()
    if request.content.at_eof():
        body = first
    else:
        pieces, size = [first], len(first)
        while piece := await request.content.readany():
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BODY:
                raise too_large()
        body = b"".join(pieces)
    encoding = request.headers.get("Content-Encoding")
    body = decompressed(body, encoding) if encoding else body
    room.check(len(body))
    return body


def _is_navigation(request: web.BaseRequest) -> bool:
    """Whether a person follows a link or types the address, which may come from any site."""
    return request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"


def _workspace(request: web.BaseRequest, resource: Resource) -> str | None:
    """The workspace that the request names, by its path or else by its header."""
    named = request.headers.getall("X-Mux-Workspace", [])
    if len(named) > 1:
        raise BadRequest(f"The request has {len(named)} X-Mux-Workspace headers; send one, or name it in the path.")
    return resource.workspace or (named[0] if named else None)


def _json(value: object, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), headers={**(headers or {}), "Content-Type": "application/json"}
    )


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "mux-sidecar"}


def _asset(request: web.BaseRequest, resource: Resource) -> web.Response:
    """A file of the dashboard, or 304 where the browser has these bytes already."""
    assert resource.asset is not None
    found = asset(resource.asset)
    if request.headers.get("If-None-Match") == found.headers["ETag"]:
        return web.Response(status=304, headers=found.headers)
    return web.Response(body=found.body, headers=found.headers)


def _cors(origin: str | None) -> dict[str, str]:
    return {} if origin is None else {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def _preflight(origin: str, resource: Resource, wanted: str) -> web.Response:
    """Leave for a page of an allowed origin to send what it asks to send (fetch.spec.whatwg.org, section 3.2.2)."""
    headers = {
        **_cors(origin),
        "Access-Control-Allow-Methods": ", ".join(resource.methods),
        "Access-Control-Allow-Headers": ", ".join(_HEADER_NAME.findall(wanted)) or "content-type",
        "Access-Control-Max-Age": "600",
    }
    return web.Response(status=204, headers=headers)


def _other_method(request: web.BaseRequest, resource: Resource, origin: str | None) -> web.Response:
    """The preflight of an allowed page, or 405."""
    if origin is not None and request.method == "OPTIONS" and resource.kind not in ("page", "asset", "health"):
        return _preflight(origin, resource, request.headers.get("Access-Control-Request-Headers", ""))
    allowed = ", ".join(resource.methods)
    error = BadRequest(
        f"{request.method} is not served here; use {allowed}.", error_code="method_not_allowed", status=405
    )
    return error_response(error, _form(request), {"Allow": allowed, "X-Mux-Request-Id": new_id()})
