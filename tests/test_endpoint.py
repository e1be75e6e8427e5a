"""What a client gets at `/v1/mux`: paths, workspaces, headers, and its own bytes passed on."""

import json
import os
import re

import pytest
from said import ask, chunks, completion, usage_chunk
from stage import KEYS
from upstream import reply, stream

BYTES = {
    "order and white space": b' {\n\t"zeta" : 1 , "model" :  "x",\r\n'
    b' "messages":[ {"content":"hi","role":"user"} ], "a":{ } }\n',
    "unicode escapes": rb'{"model":"x","messages":[{"role":"user","content":"\u00e9 \ud83d\ude00 \/ \u0041"}]}',
    "utf-8": '{"model":"x","messages":[{"role":"user","content":"é 😀 漢字"}]}'.encode(),
    "lone surrogate": rb'{"model":"x","messages":[{"role":"user","content":"\ud800 alone"}]}',
    "big numbers": b'{"seed":123456789012345678901234567890,"model":"x","temperature":1.0000000000000000001,"x":1E400,'
    b'"messages":[{"role":"user","content":"hi"}]}',
    "unknown fields": b'{"model":"x","messages":[{"role":"user","content":"hi","own":[null]}],'
    b'"guided_json":{"b":1,"a":2}}',
    "look-alikes": b'{"Model":"A","model ":"B","model":"x","models":["C"],"metadata":{"model":"D"},'
    b'"messages":[{"role":"user","content":"\\"model\\": \\"E\\"","model":"F"}]}',
    "twice": b'{"seed":1,"seed":2,"model":"x","messages":[{"role":"user","content":"hi"}]}',
    "escaped": b'{"model":"x\\"},{\\u0022model","messages":[{"role":"user","content":"hi"}]}',
    "any type": b'{"model":null,"messages":[{"role":"user","content":"hi"}]}',
}


def with_model(body, model=b'"m1"'):
    """The body as the provider must get it: nothing but the model's value is another."""
    return re.sub(rb'("model"\s*:\s*)("x(?:\\.|[^"\\])*"|null)', lambda found: found[1] + model, body, count=1)


def test_answers_a_chat_request(stage):
    """A chat request gets the provider's answer, byte by byte."""
    said = json.dumps(completion("Hello"), indent=3).encode() + b"\n\n"
    answer = stage.post("up", ask(), reply(said))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.body == said
    assert stage.upstream.last.path == "/v1/chat/completions"


def test_streams_a_chat_request(stage):
    """A streamed chat request gets the provider's own events, byte by byte."""
    told = [*chunks("Hel", "lo"), usage_chunk(), "[DONE]"]
    answer = stage.post("up", ask(stream=True, stream_options={"include_usage": True}), stream(*told))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    expected = [json.dumps(data) if isinstance(data, dict) else data for data in told]
    assert answer.body.decode() == "".join(f"data: {data}\n\n" for data in expected)


@pytest.mark.parametrize("name", BYTES)
def test_passes_the_bytes_on(stage, name):
    """The provider gets the client's bytes, and only the value of `model` is another."""
    answer = stage.post("up", BYTES[name], reply(completion()))
    assert answer.status == 200, answer.body
    assert stage.upstream.last.body == with_model(BYTES[name])


def test_passes_the_bytes_of_a_streamed_request_on(stage):
    """A streamed request that asks for its usage itself is passed on unchanged too."""
    body = b'{"stream":true , "model":"x", "stream_options":{"include_usage":true},"messages":[{"role":"user"}]}'
    stage.post("up", body, stream(*chunks("a"), "[DONE]"))
    assert stage.upstream.last.body == with_model(body)


def test_adds_a_missing_model(stage):
    """A request without `model` gets the route's, and every other byte of it stays."""
    body = b'{ "messages" : [{"role":"user","content":"h\\u0069"}], "b":1.0, "a":2 }'
    assert stage.post("up", body, reply(completion())).status == 200
    got = stage.upstream.last.body
    assert dict(json.loads(got)) == {**json.loads(body), "model": "m1"}
    assert body[1:-1].strip() in got


def test_leaves_no_second_model(stage):
    """Where a client sends `model` twice, no value of its own reaches the provider."""
    body = b'{"model":"x","messages":[{"role":"user","content":"hi"}],"model":"y"}'
    stage.post("up", body, reply(completion()))
    pairs = json.loads(stage.upstream.last.body, object_pairs_hook=list)
    assert {value for key, value in pairs if key == "model"} == {"m1"}


def test_names_the_model_where_the_provider_does_not(stage):
    """An answer without `model` gets the one that was asked for; one with it keeps its own."""
    bare = {key: value for key, value in completion().items() if key != "model"}
    assert stage.post("up", ask(), reply(bare)).json() == {**bare, "model": "m1"}
    assert stage.post("up", ask(), reply(completion())).json()["model"] == "m1-2026"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/mux/v1/chat/completions",
        "/v1/mux/api/v1/chat/completions",
        "/v1/mux//chat/completions",
        "/v1/mux/chat//completions",
        "/v1/mux/v1//chat/completions",
        "/v1/mux/chat/completions/",
        "/v1/mux/chat/completions//",
        "/v1/mux/chat/completions?api-version=1",
        "/v1/mux/w/up/v1/chat/completions",
        "/v1/mux/w/up//api/v1/chat/completions/",
        "/v1/mux/w/UP/chat/completions",
    ],
)
def test_answers_where_clients_look(stage, path):
    """Clients append `v1/` or `api/v1/`, double slashes, and end with one."""
    stage.upstream.script(reply(completion("here")))
    answer = stage.mux.post(path, ask())
    assert (answer.status, answer.json()["choices"][0]["message"]["content"]) == (200, "here")
    assert answer.headers["x-mux-provider"] == "up"


def test_the_header_names_a_workspace(stage):
    """`X-Mux-Workspace` picks a workspace as the path does."""
    stage.at("vllm")
    stage.upstream.script(reply(completion()))
    answer = stage.mux.post("/chat/completions", ask(), {"X-Mux-Workspace": "vllm"})
    assert (answer.headers["x-mux-workspace"], answer.headers["x-mux-provider"]) == ("vllm", "vllm")


@pytest.mark.parametrize("path", ["/chat/completions", "/w/up/chat/completions"])
def test_two_workspaces_are_refused(stage, path):
    """Two `X-Mux-Workspace` headers are a 400: nobody knows which one is meant."""
    stage.at("up")
    body = b'{"messages":[{"role":"user","content":"hi"}]}'
    head = f"POST /v1/mux{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    named = "X-Mux-Workspace: up\r\nx-mux-workspace: vllm\r\nConnection: close\r\n"
    answer = stage.mux.raw(f"{head}{named}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"X-Mux-Workspace headers" in answer


@pytest.mark.parametrize("named", ["up", "nowhere"])
def test_the_path_wins_over_the_header(stage, named):
    """Where path and header name a workspace, the path's is taken."""
    answer = stage.post("vllm", ask(), reply(completion()), X_Mux_Workspace=named)
    assert (answer.status, answer.headers["x-mux-workspace"]) == (200, "vllm")


@pytest.mark.parametrize(
    ("path", "headers"), [("/w/nowhere/chat/completions", {}), ("/chat/completions", {"X-Mux-Workspace": "nowhere"})]
)
def test_an_unknown_workspace_is_an_error(stage, path, headers):
    """An unknown workspace is a 400 that names it, never a fallback to another."""
    stage.upstream.script(reply(completion()))
    answer = stage.mux.post(path, ask(), headers)
    assert (answer.status, answer.error["code"]) == (400, "workspace_unknown")
    assert "nowhere" in answer.error["message"]
    assert answer.headers["x-mux-request-id"]
    assert stage.upstream.received == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer anything"},
        {"Authorization": "Basic eDp5"},
        {"X-Api-Key": "k", "Cookie": "a=b", "Proxy-Authorization": "Basic eDp5", "Api-Key": "z"},
    ],
)
@pytest.mark.parametrize("place", ["up", "claude", "ollama"])
def test_only_our_key_reaches_the_provider(stage, place, headers):
    """Whatever credentials a client sends or not, the provider gets those configured for it and no others."""
    stage.at(place)
    stage.upstream.script(reply(completion()))
    stage.mux.post(stage.path(place), ask(), headers)
    got = stage.upstream.last
    assert got.header("authorization") == (f"Bearer {KEYS['UP_KEY']}" if place == "up" else None)
    assert got.header("x-api-key") == (KEYS["CLAUDE_KEY"] if place == "claude" else None)
    assert [got.header(name) for name in ("cookie", "proxy-authorization")] == [None, None]
    assert not {"anything", "eDp5", "a=b"} & set(re.split(r"[ ,]+", " ".join(value for _, value in got.headers)))


def test_a_provider_gets_its_own_headers(stage, other_upstream, fresh_mux):
    """The headers configured for a provider go with each request to it, those from a variable by its value."""
    mux = fresh_mux(TEAM="blue")
    extra = ["--header", "X-Title=Mux & co", "--header", "X-Team=env:TEAM"]
    mux.cli("provider", "add", "own", "--type", "openai", "--endpoint", f"{other_upstream.url}/v1", *extra)
    mux.cli("rule", "default", "own/m1")
    other_upstream.script(reply(completion()))
    assert mux.start().post("/chat/completions", ask(), {"X-Team": "red"}).status == 200
    assert (other_upstream.last.header("x-title"), other_upstream.last.header("x-team")) == ("Mux & co", "blue")
    assert mux.json("provider", "list")[0]["headers"] == ["X-Title", "X-Team"]


def test_the_route_stands_in_the_headers(stage):
    """Each answer says by which route it came, and each request has an id of its own."""
    answers = [stage.post("up", ask(), reply(completion())) for _ in range(2)]
    told = [answers[0].headers[f"x-mux-{name}"] for name in ("workspace", "rule", "provider", "model")]
    assert told == ["up", "*", "up", "m1"]
    assert answers[0].headers["x-mux-request-id"] != answers[1].headers["x-mux-request-id"]
    assert "x-mux-ignored" not in answers[0].headers


def test_the_route_stands_in_the_headers_of_a_stream(stage):
    """A stream says by which route it came, too."""
    headers = stage.post("up", ask(stream=True), stream(*chunks("a"), "[DONE]")).headers
    told = [headers[f"x-mux-{name}"] for name in ("workspace", "rule", "provider", "model")]
    assert told == ["up", "*", "up", "m1"]
    assert headers["x-mux-request-id"]


def test_a_filter_beyond_ascii_is_percent_encoded(stage):
    """`X-Mux-Rule` is the filter as written, percent-encoded beyond ASCII."""
    stage.at("up")
    stage.mux.cli("workspace", "add", "unicode")
    stage.mux.cli("rule", "add", "--filter", "naïve file.漢", "--model", "up/m1", "-w", "unicode")
    stage.upstream.script(reply(completion()))
    answer = stage.mux.post("/w/unicode/chat/completions", ask("Look:\n```txt src/naïve file.漢\nx\n```\n"))
    assert answer.headers["x-mux-rule"].replace("%20", " ") == "na%C3%AFve file.%E6%BC%A2"


def test_a_provider_s_error_bears_the_route(stage):
    """An error says by which route it came as well."""
    answer = stage.post("up", ask(), reply({"error": {"message": "no"}}, status=401))
    told = [answer.headers[f"x-mux-{name}"] for name in ("workspace", "rule", "provider", "model")]
    assert told == ["up", "*", "up", "m1"]
    assert answer.headers["x-mux-request-id"]


def test_an_error_bears_what_is_known(stage):
    """Without a route the workspace is known, and no provider."""
    headers = stage.mux.post("/w/bare/chat/completions", ask()).headers
    assert headers["x-mux-workspace"] == "bare"
    assert "x-mux-provider" not in headers
    assert headers["x-mux-request-id"]


def test_passes_no_foreign_headers_down(stage):
    """A provider's cookies and cross-origin leave do not reach the client."""
    foreign = {"set-cookie": "a=b", "access-control-allow-origin": "*", "keep-alive": "timeout=5", "x-mux-model": "z"}
    answer = stage.post("up", ask(), reply(completion(), headers=foreign))
    assert not {"set-cookie", "access-control-allow-origin", "keep-alive"} & {name.lower() for name in answer.headers}
    assert answer.headers.get_all("x-mux-model") == ["m1"]


def test_head(stage):
    """`HEAD /v1/mux` is a 200 without a body, with a slash at the end or not."""
    for path in ("/v1/mux", "/v1/mux/", "/v1/mux/v1"):
        answer = stage.mux.request("HEAD", path)
        assert (answer.status, answer.body) == (200, b""), path


@pytest.mark.parametrize("path", ["/models", "/v1/mux/v1/models", "/api/v1/models/", "/w/up/models"])
def test_lists_the_models(stage, path):
    """The list begins with `mux`; those that the workspace's rules name follow."""
    told = stage.mux.get(path).json()
    assert told["object"] == "list"
    assert [model["id"] for model in told["data"]] == ["mux", "up/m1"]
    assert {model["object"] for model in told["data"]} == {"model"}
    assert all(isinstance(model["created"], int) and model["owned_by"] for model in told["data"])


def test_lists_the_models_of_a_workspace(stage):
    """A workspace's list has its own models, each once; an empty one's has `mux` alone."""
    stage.mux.cli("rule", "add", "--filter", ".x", "--model", "vllm/m1", "-w", stage.at("vllm"))
    told = stage.mux.get("/w/vllm/models").json()["data"]
    assert [model["id"] for model in told] == ["mux", "vllm/m1"]
    assert [model["id"] for model in stage.mux.get("/w/bare/models").json()["data"]] == ["mux"]
    assert stage.mux.get("/w/nowhere/models").error["code"] == "workspace_unknown"


@pytest.mark.parametrize("name", ["mux", "gpt-4o", "some/model:7b", "a%2Fb", "claude-sonnet-4-5-20250929"])
def test_knows_any_model(stage, name):
    """Any model that a client looks up is there, as `mux`."""
    answer = stage.mux.get(f"/models/{name}")
    assert (answer.status, answer.json()["id"], answer.json()["object"]) == (200, "mux", "model")


def test_knows_a_listed_model_by_its_name(stage):
    """A listed model is answered as itself."""
    assert stage.mux.get("/models/up/m1").json()["id"] == "up/m1"


def test_health(stage):
    """`/health` tells who serves, and the data folder only by its hash."""
    told = stage.mux.get("/health").json()
    assert set(told) == {"status", "version", "pid", "home", "workspace"}
    assert (told["pid"], told["workspace"]) == (stage.mux.process.pid, "default")
    assert re.fullmatch(r"[0-9a-f]+", told["home"])
    assert re.match(r"\d+\.\d+", told["version"])


def test_serves_one_request_after_the_other_on_a_connection(stage):
    """A connection is kept for the next request, after an error too."""
    stage.upstream.script(reply(completion()))
    body = json.dumps(ask()).encode()
    head = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    good = b"POST /v1/mux/chat/completions HTTP/1.1\r\n" + head + body
    bad = b"POST /v1/mux/w/bare/chat/completions HTTP/1.1\r\n" + head + body
    got = stage.mux.raw(good + bad + good)
    assert re.findall(rb"HTTP/1.1 (\d+)", got) == [b"200", b"400", b"200"]


@pytest.mark.skipif(os.name == "nt", reason="a service's end differs on Windows")
def test_ends_when_told(fresh_mux):
    """SIGTERM ends `serve` with success."""
    mux = fresh_mux()
    assert mux.start().stop() == 0
