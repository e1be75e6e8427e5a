"""Providers to ask: real servers on ports that the system chooses."""

import contextlib
import socket
import ssl
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import web

from sidecar.providers.endpoint import guess_base, normalise
from sidecar.providers.http import open_session
from sidecar.values import ProviderConfig

CERTIFICATES = Path(__file__).parent / "certificates"
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Asked(NamedTuple):
    """One request that came."""

    method: str
    path: str
    headers: object


class Server:
    """Answers from a table of paths, and remembers what was asked of it."""

    def __init__(self, url, pages):
        self.url, self.pages, self.asked = url, pages, []

    @property
    def paths(self):
        """What was asked for, in order."""
        return [each.path for each in self.asked]

    async def handle(self, request):
        """The page for a request: by path and query, by path, or the one for all."""
        self.asked.append(Asked(request.method, request.path_qs, request.headers.copy()))
        page = self.pages.get(request.path_qs, self.pages.get(request.path, self.pages.get("*", 404)))
        if callable(page):
            page = await page(request)
        if isinstance(page, int):
            return web.json_response({"error": {"message": f"nothing at {request.path}"}}, status=page)
        if isinstance(page, web.StreamResponse):
            return page
        if isinstance(page, str):
            return web.Response(text=page, content_type="text/html")
        return web.json_response(page)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def serve():
    """A function that starts a server from `{path: page}`; a page is JSON, a status, HTML, a response or a handler."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(pages, *, certificate=None, host="127.0.0.1"):
            server = Server("", pages)
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", server.handle)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            context = None
            if certificate:
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                context.load_cert_chain(CERTIFICATES / certificate)
            site = web.TCPSite(runner, host, 0, ssl_context=context)
            await site.start()
            port = runner.addresses[0][1]
            server.port = port
            shown = f"[{host}]" if ":" in host else host
            server.url = f"http{'s' if certificate else ''}://{'localhost' if certificate else shown}:{port}"
            return server

        yield start


@pytest.fixture
async def session():
    """The client session that the product uses."""
    async with open_session() as opened:
        yield opened


@pytest.fixture
def dead_port():
    """A port that refuses connections."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@pytest.fixture
def config():
    """A function from type and endpoint to a provider as it would be stored."""

    def make(type_="openai", endpoint="", **more):
        endpoint = normalise(type_, endpoint)
        base = guess_base(type_, endpoint)
        return ProviderConfig(**{"id": 1, "name": "mine", "type": type_, "endpoint": endpoint, "base": base, **more})

    return make
