"""Models as the vendors list them, and servers that answer something else."""

import asyncio
import json

import pytest
from aiohttp import web

from sidecar.errors import KeyRefused, ProviderUnreachable
from sidecar.providers import listing
from sidecar.providers.listing import fetch_models
from sidecar.values import ModelInfo, Prices

LLAMACPP = {
    "models": [{"name": "tiny", "model": "tiny", "type": "model", "capabilities": ["completion"]}],
    "object": "list",
    "data": [{"id": "tiny", "object": "model", "owned_by": "llamacpp", "meta": {"n_ctx": 4096, "n_ctx_train": 32768}}],
}
ROUTER = {"data": [{"id": "tiny", "owned_by": "llamacpp", "status": {"value": "unloaded"}}], "object": "list"}
VLLM = {"object": "list", "data": [{"id": "tiny", "object": "model", "owned_by": "vllm", "max_model_len": 2048}]}
TAGS = {"models": [{"name": "qwen3:8b", "model": "qwen3:8b", "details": {}}, {"name": "nomic-embed-text:latest"}]}
OPENROUTER = {
    "data": [
        {
            "id": "anthropic/claude-sonnet-4",
            "context_length": 1000000,
            "pricing": {
                "prompt": "0.000003",
                "completion": "0.000015",
                "input_cache_read": "0.0000003",
                "input_cache_write": "0.00000375",
            },
            "top_provider": {"context_length": 200000, "max_completion_tokens": 64000},
        },
        {"id": "openrouter/auto", "context_length": 2000000, "pricing": {"prompt": "-1", "completion": "-1"}},
    ]
}
LM_STUDIO = {
    "object": "list",
    "data": [{"id": "qwen2.5-7b", "type": "llm", "state": "not-loaded", "max_context_length": 32768}],
}
OPENAI = {"object": "list", "data": [{"id": "gpt-4o", "object": "model"}, {"id": "gpt-4o-mini", "object": "model"}]}


async def fetch(session, config, key=None, headers=(), **more):
    """The listing, without ceremony."""
    return await fetch_models(session, config, key, dict(headers), **more)


async def test_openai_models_are_found_below_the_bare_host(session, serve, config):
    """The base is the one that answered, `/v1`, and the key goes along."""
    server = await serve({"/v1/models": OPENAI})
    found = await fetch(session, config("openai", server.url), "sk-1", {"X-Team": "blue"})
    assert found.base == f"{server.url}/v1"
    assert found.models == (ModelInfo(name="gpt-4o"), ModelInfo(name="gpt-4o-mini"))
    assert server.asked[0].headers["Authorization"] == "Bearer sk-1"
    assert server.asked[0].headers["X-Team"] == "blue"


async def test_the_users_header_wins_over_ours(session, serve, config):
    """A configured Authorization replaces the key's, whatever its case."""
    server = await serve({"/v1/models": OPENAI})
    await fetch(session, config("openai", server.url), "sk-1", {"authorization": "Basic eA=="})
    assert server.asked[0].headers.getall("Authorization") == ["Basic eA=="]


@pytest.mark.parametrize("mount", ["/openai/v1", "/api/v1", "/v1", ""])
async def test_a_base_is_found_wherever_it_is_mounted(session, serve, config, mount):
    """Each usual mount is found from the bare host; other paths answer 404."""
    server = await serve({f"{mount}/models": OPENAI})
    found = await fetch(session, config("openai", server.url))
    assert found.base == server.url + mount
    assert len(found.models) == 2


async def test_anthropic_pages_are_followed(session, serve, config):
    """`after_id` leads through all pages; sizes are the model's own; the headers are Anthropic's."""
    card = {"type": "model", "max_input_tokens": 200000, "max_tokens": 64000}
    server = await serve(
        {
            "/v1/models?limit=1000": {"data": [card | {"id": "claude-a"}], "has_more": True, "last_id": "claude-a"},
            "/v1/models?limit=1000&after_id=claude-a": {"data": [card | {"id": "claude-b"}], "has_more": False},
            "*": {"data": [], "has_more": False},
        }
    )
    server.pages["/v1/models?after_id=claude-a&limit=1000"] = server.pages["/v1/models?limit=1000&after_id=claude-a"]
    counts = []
    found = await fetch(session, config("anthropic", server.url), "sk-ant", progress=counts.append)
    assert [each.name for each in found.models] == ["claude-a", "claude-b"]
    assert found.models[0].context_window == 200000
    assert found.models[0].max_output_tokens == 64000
    assert counts == [1, 2]
    assert server.asked[0].headers["x-api-key"] == "sk-ant"
    assert server.asked[0].headers["anthropic-version"] == "2023-06-01"
    assert "Authorization" not in server.asked[0].headers


async def test_pages_that_never_end_are_left(session, serve, config):
    """A server that repeats its last id is asked twice, not for ever."""
    server = await serve({"*": {"data": [{"id": "m"}], "has_more": True, "last_id": "m"}})
    found = await fetch(session, config("anthropic", server.url))
    assert len(found.models) == 1
    assert len(server.asked) == 2


async def test_ollama_keeps_tags_and_tells_context_windows(session, serve, config):
    """Names keep their `:tag`; `/api/show` tells the context; the base is the root though `/v1` was given."""

    async def show(request):
        asked = await request.json()
        if asked["model"] != "qwen3:8b":
            return 404
        return {"model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960}}

    server = await serve({"/api/tags": TAGS, "/api/show": show})
    found = await fetch(session, config("ollama", f"{server.url}/v1"))
    assert found.base == server.url
    assert found.models == (
        ModelInfo(name="qwen3:8b", context_window=40960),
        ModelInfo(name="nomic-embed-text:latest"),
    )


async def test_ollama_without_models_is_empty(session, serve, config):
    """A fresh Ollama answers `{"models": null}` or an empty list."""
    server = await serve({"/api/tags": {"models": None}})
    assert (await fetch(session, config("ollama", server.url))).models == ()


async def test_something_compatible_may_play_ollama(session, serve, config):
    """Where there is no `/api/tags`, `/v1/models` is asked."""
    server = await serve({"/v1/models": OPENAI})
    found = await fetch(session, config("ollama", server.url))
    assert len(found.models) == 2


async def test_llamacpp_tells_the_context_that_is_served(session, serve, config):
    """`n_ctx` counts, not the one the model was trained with."""
    server = await serve({"/v1/models": LLAMACPP})
    found = await fetch(session, config("llamacpp", server.url))
    assert found == listing.Listing(server.url, (ModelInfo(name="tiny", context_window=4096),))


@pytest.mark.parametrize(("window", "told"), [(8192, 8192), (0, None)])
async def test_llamacpp_tells_it_in_its_properties_too(session, serve, config, window, told):
    """`/props` fills in what the list leaves out; the router's 0 is unknown."""
    server = await serve({"/v1/models": ROUTER, "/props": {"default_generation_settings": {"n_ctx": window}}})
    found = await fetch(session, config("llamacpp", server.url))
    assert found.models[0].context_window == told


async def test_vllm_tells_its_length(session, serve, config):
    """`max_model_len` is the context window."""
    server = await serve({"/v1/models": VLLM})
    found = await fetch(session, config("vllm", server.url))
    assert found == listing.Listing(f"{server.url}/v1", (ModelInfo(name="tiny", context_window=2048),))


async def test_lm_studio_is_asked_for_its_richer_list_first(session, serve, config):
    """`/api/v0/models` beside the base tells the context."""
    server = await serve({"/api/v0/models": LM_STUDIO, "/v1/models": {"data": [{"id": "qwen2.5-7b"}]}})
    found = await fetch(session, config("lm_studio", server.url))
    assert found.base == f"{server.url}/v1"
    assert found.models == (ModelInfo(name="qwen2.5-7b", context_window=32768),)


async def test_lm_studio_answers_200_to_paths_it_does_not_know(session, serve, config):
    """`{"error": "Unexpected endpoint…"}` with status 200 is no list, and the next path is asked."""
    unknown = {"error": "Unexpected endpoint or method. (GET /api/v0/models)"}
    server = await serve({"*": unknown, "/v1/models": {"data": [{"id": "m", "object": "model"}]}})
    found = await fetch(session, config("lm_studio", server.url))
    assert found == listing.Listing(f"{server.url}/v1", (ModelInfo(name="m"),))


async def test_openrouter_tells_prices_per_token(session, serve, config):
    """Prices come as text in USD per token; -1 is unknown; the key is checked, since the list is public."""
    server = await serve({"/api/v1/models": OPENROUTER, "/api/v1/key": {"data": {}}})
    found = await fetch(session, config("openrouter", server.url), "sk-or")
    assert found.base == f"{server.url}/api/v1"
    sonnet, auto = found.models
    assert sonnet == ModelInfo(
        name="anthropic/claude-sonnet-4",
        context_window=1000000,
        max_output_tokens=64000,
        prices=Prices(input=3e-06, output=1.5e-05, cache_read=3e-07, cache_write=3.75e-06),
    )
    assert auto.prices is None
    assert "/api/v1/key" in server.paths
    server.pages["/api/v1/key"] = 401
    with pytest.raises(KeyRefused):
        await fetch(session, config("openrouter", server.url), "sk-or")


@pytest.mark.parametrize(
    "page",
    [
        [{"id": "m"}],
        ["m"],
        {"models": ["m", "m", ""]},
        {"data": [{"id": "m", "context_length": "unknown", "pricing": 3, "meta": []}, {"id": 7}, None, 3]},
        {"data": [{"name": " m "}, {"id": "a\nb"}, {"id": "x" * 600}]},
        {"object": "list", "models": [{"model": "m", "max_tokens": True, "context_window": -4}]},
    ],
)
async def test_odd_lists_are_read_as_far_as_they_go(session, serve, config, page):
    """Bare lists, names alone, missing fields and odd types make neither an error nor a model without a name."""
    server = await serve({"/v1/models": page})
    assert (await fetch(session, config("openai", server.url))).models == (ModelInfo(name="m"),)


async def test_byte_order_mark_and_blanks_are_passed_over(session, serve, config):
    """Some servers put them before their JSON."""
    body = b"\xef\xbb\xbf \n" + json.dumps(OPENAI).encode()
    server = await serve({})

    async def page(_):
        return web.Response(body=body)

    server.pages["/v1/models"] = page
    assert len((await fetch(session, config("openai", server.url))).models) == 2


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_server_without_a_list_has_no_models(session, serve, config, status):
    """Its models are named by hand, as it says; requests go to the likeliest base."""
    server = await serve({"*": status})
    found = await fetch(session, config("openai", server.url))
    assert (found.base, found.models) == (f"{server.url}/v1", ())
    assert f"{server.url} has no list of models ({status}): check the endpoint" in found.lack


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "body", [{"error": {"message": "Incorrect API key: sk-secret"}}, {"error": "no sk-secret"}, {"detail": "sk-secret"}]
)
async def test_a_refused_key_is_told_with_the_providers_words(session, serve, config, status, body):
    """1005, with the provider's message and without the key."""

    async def refuse(_):
        return web.json_response(body, status=status)

    server = await serve({"*": refuse})
    with pytest.raises(KeyRefused, match=rf"mine refused the key \({status}\): .*\[key\]") as refused:
        await fetch(session, config("openai", server.url), "sk-secret")
    assert "sk-secret" not in refused.value.message


async def test_a_missing_key_is_asked_for(session, serve, config):
    """An example is vLLM, which answers `{"error": "Unauthorized"}`."""

    async def refuse(_):
        return web.json_response({"error": "Unauthorized"}, status=401)

    server = await serve({"*": refuse})
    with pytest.raises(KeyRefused, match=r"refused the request \(401\): Unauthorized; give its key"):
        await fetch(session, config("vllm", server.url))


async def test_a_web_page_is_no_list(session, serve, config):
    """A captive portal or a web application answers everything with HTML."""
    server = await serve({"*": "<!doctype html><title>Sign in</title>"})
    with pytest.raises(ProviderUnreachable, match="answered with a web page, not a model list; check") as failed:
        await fetch(session, config("openai", server.url))
    assert failed.value.cause == "bad_answer"
    assert f"127.0.0.1:{server.port}" in failed.value.message


@pytest.mark.parametrize("body", [b"", b"ok", b'{"status":"ok"}', b"[" * 100000, b"\xff\xfe", b'{"data":'])
async def test_what_is_no_list_is_told(session, serve, config, body):
    """Neither broken JSON nor JSON about something else is taken for a list."""

    async def page(_):
        return web.Response(body=body, content_type="application/json")

    server = await serve({"*": page})
    with pytest.raises(ProviderUnreachable) as failed:
        await fetch(session, config("openai", server.url))
    assert failed.value.cause == "bad_answer"


async def test_a_redirect_is_told_and_not_followed(session, serve, config):
    """The key never goes where a redirect points; its query is not shown."""
    other = await serve({"*": OPENAI})

    async def redirect(_):
        return web.Response(status=307, headers={"Location": f"{other.url}/v1/models?token=secret"})

    server = await serve({"*": redirect})
    with pytest.raises(ProviderUnreachable, match="redirects to") as failed:
        await fetch(session, config("openai", server.url), "sk-1")
    assert other.url in failed.value.message
    assert "secret" not in failed.value.message
    assert other.asked == []


async def test_a_server_in_trouble_is_told_with_its_words(session, serve, config):
    """llama.cpp answers 503 while it loads a model."""

    async def loading(_):
        return web.json_response({"error": {"code": 503, "message": "Loading model"}}, status=503)

    server = await serve({"*": loading})
    with pytest.raises(ProviderUnreachable, match="answered 503: Loading model"):
        await fetch(session, config("llamacpp", server.url))


async def test_a_refused_connection_is_told_at_once(session, config, dead_port):
    """The sentence names the provider, its address, and asks the obvious."""
    config = config("ollama", f"http://localhost:{dead_port}")
    with pytest.raises(ProviderUnreachable) as failed:
        async with asyncio.timeout(30):
            await fetch(session, config)
    assert failed.value.cause == "connect_refused"
    assert failed.value.message == f"mine at http://localhost:{dead_port} refused the connection; is it running?"


async def test_a_silent_server_is_left_in_time(session, serve, config):
    """The timeout holds for a server that takes the request and says nothing."""

    async def silent(_):
        await asyncio.sleep(5)

    server = await serve({"*": silent})
    with pytest.raises(ProviderUnreachable) as failed:
        await fetch(session, config("openai", server.url), timeout=0.2)
    assert failed.value.cause == "timeout"
    assert "did not list its models within 0.2 s; look at its server" in failed.value.message  # no timeout changes it


@pytest.mark.parametrize("count", [50_000, 50_001])
async def test_fifty_thousand_models_are_listed(session, serve, config, count):
    """A large catalogue is read whole; of one without end the rest is left out."""
    server = await serve({"/v1/models": {"data": [{"id": f"org/model-{number}"} for number in range(count)]}})
    assert len((await fetch(session, config("openai", server.url))).models) == 50_000


async def test_a_list_of_more_bytes_than_any_has_is_refused(session, serve, config):
    """It is not read to its end."""
    server = await serve({"/v1/models": {"data": [{"id": "m", "note": "x" * 2**25}]}})
    with pytest.raises(ProviderUnreachable, match="sent a list of more than 32 MB"):
        await fetch(session, config("openai", server.url))
