"""What goes wrong is told to Responses clients by its status, or by `response.failed`: over all three ways there."""

import json

import pytest
from said import chunks, claude_events, completion
from stage import KEYS
from upstream import event, reply, silence, stream
from waiting import AT_ONCE, until

PATH = "/v1/responses"
ASKED = {"model": "x", "input": "hi"}
STREAMED = {**ASKED, "stream": True}
STARTED = {"id": "resp_1", "object": "response", "model": "m1", "status": "in_progress", "output": []}
PART = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
HALF = {
    "up": chunks("half", finish=None),
    "claude": claude_events("half")[:5],
    "openrouter": [
        {"type": "response.created", "sequence_number": 0, "response": STARTED},
        {"type": "response.output_text.delta", "sequence_number": 1, "delta": "half", "logprobs": [], **PART},
    ],
}

every = pytest.mark.parametrize("place", HALF)  # over chat, over Messages, and on the same wire
either = pytest.mark.parametrize("body", [ASKED, STREAMED], ids=["plain", "streamed"])


@pytest.fixture(autouse=True)
def _without_responses(stage):
    """The mux knows that `up` does not speak Responses."""
    path = stage.path("up", PATH)
    stage.upstream.script(reply({"error": {"message": "Not Found"}}, status=404), reply(completion("Hello")))
    assert stage.mux.post(path, ASKED).status in (200, 404)


def post(stage, place, body, *answers):
    """Script the provider, send one request, and read the whole answer."""
    path = stage.path(place, PATH)
    stage.upstream.script(*answers)
    return stage.mux.post(path, body)


def failure(answer):
    """The error of the `response.failed` that a stream ends with; nothing says that it is complete."""
    assert answer.status == 200
    told = [json.loads(data) for data in answer.events]
    assert not [event for event in told if event["type"] in ("response.completed", "response.incomplete")]
    assert told[-1]["type"] == "response.failed"
    assert told[-1]["response"]["status"] == "failed"
    numbers = [event["sequence_number"] for event in told]
    assert numbers == sorted(set(numbers))
    return told[-1]["response"]["error"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (("GET", "/responses", None, {}), 405),
        (("GET", "/responses/resp_1", None, {}), 404),
        (("POST", "/w/nowhere/responses", ASKED, {}), 400),
        (("POST", "/w/bare/responses", ASKED, {}), 400),
        (("POST", "/responses", b"{", {}), 400),
        (("POST", "/responses", b"a=b", {"content-type": "text/plain"}), 415),
        (("POST", "/responses", ASKED, {"origin": "https://evil.example"}), 403),
        (("POST", "/responses", b"{}", {"content-length": "70000000"}), 413),
    ],
    ids=lambda one: f"{one[0]} {one[1]}" if isinstance(one, tuple) else None,
)
def test_our_own_errors(stage, request_, status):
    """Every refusal on the path has its status and OpenAI's object."""
    answer = stage.mux.request(*request_)
    assert answer.status == status
    assert answer.error


@pytest.mark.parametrize(
    "wrong",
    [{"input": 7}, {"input": [7]}, {"input": [{"type": "item_reference", "id": "x"}]}, {"tools": {}}, {"text": "x"}],
)
@pytest.mark.parametrize("place", ["up", "claude"])
def test_a_malformed_request(stage, place, wrong):
    """What cannot be translated is refused with 400, and no provider is asked."""
    answer = post(stage, place, {**ASKED, **wrong}, reply(completion("never")))
    assert answer.status == 400
    assert answer.error["code"] in ("invalid_request", "unsupported_parameter")
    assert stage.upstream.received == []


@every
@either
@pytest.mark.parametrize(("status", "told"), [(400, 400), (401, 401), (429, 429), (500, 5), (529, 5)])
def test_a_refusal(stage, place, body, status, told):
    """A provider's refusal keeps its class of status and its words, before anything is streamed."""
    refusal = {"type": "error", "error": {"type": "some_error", "message": "boom", "code": None, "param": None}}
    answer = post(stage, place, body, reply(refusal, status=status, headers={"retry-after": "3"}))
    assert told in (answer.status, answer.status // 100)
    assert "boom" in answer.error["message"]
    assert answer.headers["retry-after"] == "3"
    assert stage.row(answer)["outcome"] == "error"
    assert len(stage.upstream.received) == 1


def test_no_key_is_repeated(stage):
    """A provider that repeats our key in its error does not get it to the client, in the stream neither."""
    for place, name in (("up", "UP_KEY"), ("claude", "CLAUDE_KEY"), ("openrouter", "UP_KEY")):
        error = {"type": "error", "error": {"type": "authentication_error", "message": f"bad key {KEYS[name]}"}}
        for answers in (reply(error, status=401), stream(*HALF[place], error)):
            answer = post(stage, place, STREAMED, answers)
            assert b"bad key" in answer.body
            assert KEYS[name] not in answer.body.decode()


@every
@pytest.mark.parametrize("end", ["clean", "cut", "reset"])
def test_a_stream_that_breaks_off(stage, place, end):
    """Whichever way it ends without an end, the client is told that it failed."""
    answer = post(stage, place, STREAMED, stream(*HALF[place], end=end))
    assert failure(answer)["message"]
    assert b'"ha' in answer.body
    assert stage.row(answer)["outcome"] == "truncated"


@every
def test_an_event_that_is_no_json(stage, place):
    """Before the first byte it is a 502; later it ends the stream with a failure."""
    garbage = b"data: <html>\n\n"
    assert post(stage, place, STREAMED, stream(garbage)).status == 502
    assert failure(post(stage, place, STREAMED, stream(*HALF[place], garbage)))["code"] == "server_error"


@every
@pytest.mark.parametrize("page", [b"<html>captive</html>", b"[]", b'"text"'])
def test_a_page_in_place_of_an_answer(stage, place, page):
    """A 200 that is no answer at all is a 502."""
    answer = post(stage, place, ASKED, reply(page))
    assert answer.status == 502
    assert answer.error


@every
def test_silence_has_its_limit(other_upstream, fresh_mux, place):
    """Silence before the first byte is a 504, within a stream a failure."""
    mux = fresh_mux()
    kind, root = {"up": ("openai", "/v1"), "claude": ("anthropic", ""), "openrouter": ("openrouter", "/api/v1")}[place]
    where = ("--type", kind, "--endpoint", other_upstream.url + root, "--auth", "none")
    mux.cli("provider", "add", "slow", *where, "--first-byte-timeout", "2", "--idle-timeout", "2")
    mux.cli("rule", "default", "slow/m1")
    mux.start()
    if place == "up":
        other_upstream.script(reply({}, status=404), reply(completion("Hello")))
        assert mux.post("/responses", ASKED).status == 200
    other_upstream.script(silence)
    for body in (ASKED, STREAMED):
        assert mux.post("/responses", body).status == 504
    other_upstream.script(stream(*HALF[place], end="stall"))
    assert failure(mux.post("/responses", STREAMED))["message"]
    assert other_upstream.last.left.wait(30)


@every
def test_a_client_that_leaves_frees_the_provider(stage, place):
    """The provider's connection is closed within a second, and the record says cancelled."""
    assert stage.leave(place, PATH, STREAMED, stream(*HALF[place], end="stall"), seen=b'"ha') < AT_ONCE
    until(lambda: stage.mux.log(1)[0]["outcome"], lambda outcome: outcome == "cancelled")


def test_a_stream_that_fails_in_the_packet_that_says_something(stage):
    """What was said goes out first, and then that it failed."""
    failed = {**STARTED, "status": "failed", "error": {"code": "server_error", "message": "boom"}}
    said = [
        {"type": "response.created", "sequence_number": 0, "response": STARTED},
        {"type": "response.output_text.delta", "sequence_number": 1, "item_id": "m", "output_index": 0, "delta": "ha"},
        {"type": "response.failed", "sequence_number": 2, "response": failed},
    ]
    answer = post(stage, "openrouter", STREAMED, stream(b"".join(map(event, said))))
    assert [json.loads(event)["type"] for event in answer.events] == [one["type"] for one in said]
    record = stage.mux.row(answer)
    assert (record["outcome"], record["error"]) == ("error", "openrouter says: boom")


def test_a_response_that_failed(stage):
    """One that says so itself needs no output, and is passed on as it is; the record says that it failed."""
    told = {**STARTED, "status": "failed", "error": {"code": "server_error", "message": "boom"}}
    del told["output"]
    answer = post(stage, "openrouter", ASKED, reply(told))
    assert answer.json() == told
    record = stage.mux.row(answer)
    assert (record["outcome"], record["status"], record["error"]) == ("error", 200, "openrouter says: boom")
