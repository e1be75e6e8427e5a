"""What is found on this machine, and what only looks like it."""

import asyncio
import time

import pytest
from aiohttp import web
from waiting import PATIENCE

from sidecar.providers.discovery import Found, Site, find, usual_sites

OLLAMA = {"/api/version": {"version": "0.12.0"}, "/api/tags": {"models": []}, "/": "Ollama is running"}
LM_STUDIO = {"/api/v0/models": {"object": "list", "data": [{"id": "m", "state": "loaded"}]}}
LM_STUDIO_1 = {"/api/v1/models": {"models": [{"key": "m", "loaded_instances": []}]}}
LLAMACPP = {"/health": {"status": "ok"}, "/props": {"default_generation_settings": {"n_ctx": 4096}, "total_slots": 1}}
LLAMACPP_OLD = {"/v1/models": {"object": "list", "data": [{"id": "m", "owned_by": "llamacpp"}]}}
VLLM = {"/version": {"version": "0.32.0"}, "/v1/models": {"object": "list", "data": [{"id": "m", "owned_by": "vllm"}]}}
OPENAI_LIKE = {"/v1/models": {"object": "list", "data": [{"id": "m", "owned_by": "someone"}]}, "/version": {}}

ALL = ("ollama", "lm_studio", "llamacpp", "vllm")


async def types_at(session, url):
    """What a server is taken for, whichever type is looked for there."""
    found = await find(session, {}, tuple(Site(each, url) for each in ALL))
    assert all(each.endpoint == url and each.api_key_env is None and each.name == each.type for each in found)
    return {each.type for each in found}


@pytest.mark.parametrize(
    ("pages", "type_"),
    [
        (OLLAMA, "ollama"),
        (LM_STUDIO, "lm_studio"),
        (LM_STUDIO_1, "lm_studio"),
        (LLAMACPP, "llamacpp"),
        (LLAMACPP_OLD, "llamacpp"),
        (VLLM, "vllm"),
    ],
)
async def test_each_local_server_is_known_by_its_own_answers(session, serve, pages, type_):
    """It is taken for what it is and for nothing else, wherever it listens."""
    server = await serve(pages)
    assert await types_at(session, server.url) == {type_}


@pytest.mark.parametrize("status", [200, 503])
async def test_a_llamacpp_that_guards_its_properties_or_loads_is_known(session, serve, status):
    """Its `Server` header says so."""

    async def health(_):
        return web.json_response({"status": "ok"}, status=status, headers={"Server": "llama.cpp"})

    server = await serve({"/health": health, "*": 401})
    assert await types_at(session, server.url) == {"llamacpp"}


@pytest.mark.parametrize(
    "pages",
    [
        {"*": "<!doctype html><title>An app</title>"},
        {"*": {}},
        {"*": {"status": "ok"}},
        {"*": []},
        {"*": 404},
        {"*": 500},
        {"*": {"version": "1"}},
        {"/health": {"status": "ok"}, "/version": {"version": "1.2"}, "/api/version": {"version": "1.2"}},
        {"/api/version": {"version": "1.2"}, "/api/tags": {"tags": []}},
        {"/api/tags": {"models": []}},
        {"/api/v0/models": {"object": "list", "data": [{"id": "m"}]}},
        OPENAI_LIKE,
    ],
)
async def test_a_foreign_application_is_not_taken_for_a_provider(session, serve, pages):
    """Whatever a web application answers on these ports, it does not become a provider."""
    server = await serve(pages)
    assert await types_at(session, server.url) == set()


async def test_a_redirect_is_not_followed(session, serve):
    """A sign-in page elsewhere is not this server's answer."""
    real = await serve(OLLAMA)

    async def redirect(request):
        return web.Response(status=302, headers={"Location": real.url + request.path})

    server = await serve({"*": redirect})
    assert await types_at(session, server.url) == set()
    assert real.asked == []


async def test_nothing_there_is_nothing_found(session, dead_port):
    """Dead ports and silent servers are left out, all within the time for one."""
    assert await find(session, {}, (Site("ollama", f"http://localhost:{dead_port}"),)) == ()


async def test_a_silent_server_does_not_hold_up_the_others(session, serve):
    """They are asked at the same time, and the silent one is left after two seconds."""

    async def silent(_):
        await asyncio.sleep(10 * PATIENCE)

    mute, ollama = await serve({"*": silent}), await serve(OLLAMA)
    began = time.monotonic()
    sites = (*(Site(each, mute.url) for each in ALL), Site("ollama", ollama.url))
    assert await find(session, {}, sites) == (Found("ollama", "ollama", ollama.url),)
    assert time.monotonic() - began < PATIENCE


async def test_keys_in_the_environment_are_found_by_name(session):
    """Each known variable makes a provider that refers to it; the key itself is in nothing that is found."""
    environ = {"OPENAI_API_KEY": "sk-1", "ANTHROPIC_API_KEY": "sk-ant-2", "OPENROUTER_API_KEY": "sk-or-3", "PATH": "x"}
    found = await find(session, environ, ())
    assert found == (
        Found("openai", "openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
        Found("anthropic", "anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY"),
        Found("openrouter", "openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    )
    assert "sk-" not in repr(found)
    assert await find(session, {"OPENAI_API_KEY": " "}, ()) == ()


@pytest.mark.parametrize(
    ("told", "endpoints"),
    [
        ("", ["https://api.openai.com/v1"]),
        ("https://gateway.example/v1/", ["https://gateway.example/v1"]),
        ("http://localhost:8989/v1/mux", ["https://api.openai.com/v1"]),
        ("http://localhost:8989/v1/mux/w/work/", ["https://api.openai.com/v1"]),
        ("ftp://nonsense", []),
    ],
)
async def test_a_key_belongs_to_the_address_that_is_told_with_it(session, told, endpoints):
    """OPENAI_BASE_URL says whose key it is, unless it points at the mux; one that cannot be read takes it out."""
    found = await find(session, {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": told}, ())
    assert [each.endpoint for each in found] == endpoints


@pytest.mark.parametrize(
    ("told", "endpoint"),
    [
        ("", "http://localhost:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:11500", "http://127.0.0.1:11500"),
        ("http://localhost:11500/", "http://localhost:11500"),
        ("https://ollama.example", "http://localhost:11434"),
        ("gpu-box:11434", "http://localhost:11434"),
        ("::nonsense::", "http://localhost:11434"),
    ],
)
def test_ollama_says_itself_where_it_listens(told, endpoint):
    """OLLAMA_HOST moves the place to look at, on this machine."""
    sites = usual_sites({"OLLAMA_HOST": told})
    assert [each.type for each in sites] == list(ALL)
    assert sites[0].endpoint == endpoint
