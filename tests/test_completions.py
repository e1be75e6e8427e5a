"""Legacy completions and embeddings: filling in the middle as each provider type does it."""

import json

import pytest
from said import claude
from upstream import reply, stream

HOLE = {"model": "x", "prompt": "def add(a, b):\n    return ", "suffix": "\n\nprint(add(1, 2))", "max_tokens": 20}


def completed(text="a + b", finish="stop"):
    """A legacy completion, which has the same shape streamed or not."""
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m1", "choices": [choice]}


def said(answer):
    """What a completion says, streamed or not."""
    told = answer.chunks if answer.headers["content-type"].startswith("text/event-stream") else [answer.json()]
    return "".join(choice["text"] for one in told for choice in one["choices"])


@pytest.mark.parametrize("place", ["up", "ollama", "vllm", "openrouter"])
def test_a_suffix_goes_along(stage, place):
    """Providers that fill in the middle themselves get prompt and suffix as they came."""
    path = stage.path(place, "/completions")
    stage.upstream.script(reply({**completed(), "response": "a + b"}))
    answer = stage.mux.post(path, HOLE)
    assert (answer.status, said(answer)) == (200, "a + b")
    assert stage.sent() == {**HOLE, "model": "m1"}
    assert stage.upstream.last.path.endswith("/v1/completions")


def test_a_streamed_completion(stage):
    """A streamed completion is the provider's own events."""
    path = stage.path("up", "/completions")
    told = [completed("a ", None), completed("+ b", None), completed("", "stop"), "[DONE]"]
    stage.upstream.script(stream(*told))
    answer = stage.mux.post(path, {**HOLE, "stream": True, "stream_options": {"include_usage": True}})
    assert answer.body.decode() == "".join(f"data: {x if isinstance(x, str) else json.dumps(x)}\n\n" for x in told)


def test_a_broken_completion(stage):
    """A completion's stream that breaks off ends with an error event, as a chat's."""
    path = stage.path("up", "/completions")
    stage.upstream.script(stream(completed("a ", None), end="reset"))
    answer = stage.mux.post(path, {**HOLE, "stream": True})
    assert "error" in answer.chunks[-1]
    assert "[DONE]" not in answer.events


@pytest.mark.parametrize("streamed", [False, True])
def test_llama_cpp_fills_in_by_its_own_endpoint(stage, streamed):
    """llama.cpp is asked at `/infill`, and the client gets a completion of the usual shape."""
    path = stage.path("llamacpp", "/completions")
    last = {
        "content": "" if streamed else "a + b",
        "stop": True,
        "stop_type": "eos",
        "tokens_predicted": 3,
        "tokens_evaluated": 9,
    }
    pieces = [{"content": "a ", "stop": False}, {"content": "+ b", "stop": False}, last]
    stage.upstream.script(stream(*pieces) if streamed else reply(last))
    answer = stage.mux.post(path, {**HOLE, "stream": streamed})
    assert (answer.status, said(answer)) == (200, "a + b"), answer.body
    body = stage.sent()
    assert stage.upstream.last.path == "/infill"
    assert (body["input_prefix"], body["input_suffix"]) == (HOLE["prompt"], HOLE["suffix"])
    assert body.get("n_predict", body.get("max_tokens")) == 20
    told = answer.chunks if streamed else [answer.json()]
    assert {one["object"] for one in told} == {"text_completion"}
    assert told[-1]["choices"][0]["finish_reason"] == "stop"
    assert (answer.events[-1] == "[DONE]") if streamed else True
    row = stage.row(answer)
    assert (row["kind"], row["dialect"], row["outputTokens"]) == ("fim", "completions", 3)


def test_llama_cpp_s_limit_is_told(stage):
    """An answer cut by its limit says so."""
    path = stage.path("llamacpp", "/completions")
    stage.upstream.script(reply({"content": "a", "stop": True, "stop_type": "limit", "tokens_predicted": 20}))
    assert stage.mux.post(path, HOLE).json()["choices"][0]["finish_reason"] == "length"


def test_anthropic_fills_nothing_in(stage):
    """Anthropic has nothing for a suffix: a 400 that says so, and it is not asked."""
    path = stage.path("claude", "/completions")
    stage.upstream.script(reply(claude()))
    answer = stage.mux.post(path, HOLE)
    assert (answer.status, answer.error["code"]) == (400, "unsupported_parameter")
    assert "suffix" in answer.error["message"]
    assert stage.upstream.received == []


@pytest.mark.parametrize("prompt", ["Once upon", ["Once upon"]])
def test_anthropic_completes(stage, prompt):
    """A prompt without a suffix is a message to Anthropic, and its answer a completion."""
    path = stage.path("claude", "/completions")
    stage.upstream.script(reply(claude(" a time", stop="max_tokens")))
    answer = stage.mux.post(path, {"prompt": prompt, "max_tokens": 9})
    assert answer.status == 200, answer.body
    told = answer.json()
    choice = told["choices"][0]
    assert (told["object"], choice["text"], choice["finish_reason"], choice["logprobs"]) == (
        "text_completion",
        " a time",
        "length",
        None,
    )
    assert (told["usage"]["prompt_tokens"], stage.sent()["max_tokens"]) == (60, 9)


@pytest.mark.parametrize("more", [{"echo": True}, {"best_of": 2}, {"logprobs": 2}])
def test_anthropic_refuses_what_it_cannot(stage, more):
    """What Anthropic cannot do for a completion is a 400 `unsupported_parameter`."""
    path = stage.path("claude", "/completions")
    stage.upstream.script(reply(claude("x")))
    answer = stage.mux.post(path, {"prompt": "a", **more})
    assert (answer.status, answer.error["code"]) == (400, "unsupported_parameter")


@pytest.mark.parametrize("body", [{}, {"prompt": 1}, {"prompt": {"a": 1}}, {"prompt": "a", "suffix": 1}])
def test_wrong_prompts_are_400(stage, body):
    """A missing or wrongly typed prompt is a 400 `invalid_request`."""
    answer = stage.mux.post(stage.path("up", "/completions"), body)
    assert (answer.status, answer.error["code"]) == (400, "invalid_request")
    assert stage.upstream.received == []


@pytest.fixture
def embed(stage):
    """A workspace with a rule for embeddings."""
    if "embed" not in [workspace["name"] for workspace in stage.mux.json("workspace", "list")]:
        stage.mux.cli("workspace", "add", "embed")
        stage.mux.cli(
            "rule", "add", "--filter", "", "--kind", "embed", "--model", f"{stage.at('up')}/m1", "-w", "embed"
        )
    return stage


VECTORS = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.1, -0.25]}], "model": "m1"}


def test_embeddings(embed):
    """Embeddings go by the rules of their kind, and pass as they are."""
    said_bytes = json.dumps({**VECTORS, "usage": {"prompt_tokens": 4, "total_tokens": 4}}).encode()
    embed.upstream.script(reply(said_bytes))
    body = b'{"model": "x", "input": ["a", "b"],"encoding_format":"float" }'
    answer = embed.mux.post("/w/embed/embeddings", body)
    assert (answer.status, answer.body) == (200, said_bytes)
    assert embed.upstream.last.path == "/v1/embeddings"
    assert embed.upstream.last.body == body.replace(b'"x"', b'"m1"')
    row = embed.row(answer)
    assert (row["kind"], row["dialect"], row["inputTokens"]) == ("embed", "embeddings", 4)


@pytest.mark.parametrize("said", [{}, {"data": None}, {"object": "list"}])
def test_what_are_no_embeddings(embed, said):
    """A 200 without a list of them is no answer."""
    embed.upstream.script(reply(said))
    answer = embed.mux.post("/w/embed/embeddings", {"model": "x", "input": "a"})
    assert (answer.status, answer.error["code"]) == (502, "bad_upstream_response")


@pytest.mark.parametrize("streamed", [False, True])
def test_what_is_no_infill(stage, streamed):
    """A 200 of llama.cpp's `/infill` without the words is no answer, nor is the end of a stream alone."""
    body = {"prompt": "a", "suffix": "b", "stream": streamed}
    for told in (reply({"stop": True}), stream("[DONE]")):
        stage.upstream.script(told)
        answer = stage.mux.post(stage.path("llamacpp", "/completions"), body)
        assert (answer.status, answer.error["code"]) == (502, "bad_upstream_response")


def test_many_embeddings(embed):
    """As many inputs as OpenAI takes at once make an answer larger than others may be, and it passes."""
    vector = b'{"object":"embedding","index":0,"embedding":[' + b"-0.01234567890123456," * 3071 + b"0.1]},"
    whole = b'{"object":"list","model":"m1","data":[' + (vector * 1100)[:-1] + b"]}"
    assert len(whole) > 64 * 2**20
    embed.upstream.script(reply(whole))
    answer = embed.mux.post("/w/embed/embeddings", {"model": "x", "input": ["a"] * 1100})
    assert (answer.status, len(answer.body)) == (200, len(whole))


def test_embeddings_without_a_rule(stage):
    """Without a rule of their kind embeddings have no route, whatever serves the rest."""
    stage.upstream.script(reply(VECTORS))
    answer = stage.mux.post(stage.path("up", "/embeddings"), {"input": "a"})
    assert (answer.status, answer.error["code"]) == (400, "no_route")
    assert "embed" in answer.error["message"]
    assert stage.upstream.received == []


@pytest.mark.parametrize("body", [{}, {"input": 1}, {"input": {"a": 1}}, {"input": None}])
def test_wrong_inputs_are_400(embed, body):
    """A missing or wrongly typed input is a 400 `invalid_request`."""
    answer = embed.mux.post("/w/embed/embeddings", body)
    assert (answer.status, answer.error["code"]) == (400, "invalid_request")
