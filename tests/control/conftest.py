"""A control of its own for each test, and providers that really answer."""

from __future__ import annotations

import pytest
from aiohttp import web

from sidecar.control.drafts import ProviderDraft
from sidecar.control.opening import open_control
from sidecar.settings import Place
from sidecar.values import RuleDraft

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_surprises(monkeypatch):
    """No proxy, no keyring, no keys of whoever runs this."""
    for name in (*PROXIES, *map(str.upper, PROXIES), "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture
def place(tmp_path):
    """A place that nobody used."""
    return Place(home=tmp_path / "home", port=8989, discover=False)


@pytest.fixture
async def control(place):
    """The control of the place."""
    async with open_control(place) as opened:
        yield opened


class Server:
    """A provider that lists `models`, wants `key` if there is one, and is `down` when it is told."""

    def __init__(self):
        self.models, self.key, self.status, self.seen = ["m1", "m2"], None, 200, []
        self.url = ""

    async def handle(self, request):
        """Answers a listing."""
        self.seen.append(request.headers.copy())
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": {"message": "no such key"}}, status=401)
        if self.status != 200:
            return web.json_response({"error": {"message": "out of order"}}, status=self.status)
        if request.path != "/v1/models":
            return web.json_response({"error": {"message": "not here"}}, status=404)
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})


async def _serve(server):
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return runner


@pytest.fixture
async def server():
    """A provider's server."""
    made = Server()
    runner = await _serve(made)
    yield made
    await runner.cleanup()


@pytest.fixture
async def other_server():
    """Another one, on another port."""
    made = Server()
    runner = await _serve(made)
    yield made
    await runner.cleanup()


@pytest.fixture
async def echo(control):
    """A provider that needs no network, with the models echo, small and large."""
    await control.providers.add(ProviderDraft(name="Echo", type="echo", models=("small", "large")))
    return control


@pytest.fixture
def rule():
    """Makes a rule to the echo provider."""

    def make(text="", kind="any", model="small", provider="echo"):
        return RuleDraft(filter=text, kind=kind, provider=provider, model=model)

    return make
