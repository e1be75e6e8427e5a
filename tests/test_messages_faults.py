"""What goes wrong is told to Messages clients in Anthropic's words, by the right status or in the stream."""

import asyncio
import json
import time

import anthropic
import pytest
from said import chunk, chunks, claude, claude_events, completion
from stage import KEYS
from upstream import late, reply, silence, stream
from waiting import AT_ONCE, until

PATH = "/v1/messages"
ASKED = {"model": "x", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
STREAMED = {**ASKED, "stream": True}
HALF = {"up": chunks("half", finish=None), "claude": claude_events("half")[:5]}

both = pytest.mark.parametrize("place", ["up", "claude"])
either = pytest.mark.parametrize("body", [ASKED, STREAMED], ids=["plain", "streamed"])


def post(stage, place, body, *answers, path=PATH, **headers):
    """Script the provider, send one request, and read the whole answer."""
    where = stage.path(place, path)
    stage.upstream.script(*answers)
    return stage.mux.post(where, body, {name.replace("_", "-"): value for name, value in headers.items()})


def error_of(data):
    """An error's type and message, in Anthropic's shape."""
    told = json.loads(data)
    assert told["type"] == "error"
    assert set(told["error"]) >= {"type", "message"}
    assert told["error"]["message"]
    return told["error"]


def broke_off(answer):
    """The error that a stream ends with, where it ends as a broken one must: no reason, no `message_stop`."""
    assert answer.status == 200
    assert b"message_stop" not in answer.body
    assert b'"stop_reason":"' not in answer.body.replace(b": ", b":")
    last = answer.body.decode().rstrip("\n").split("\n\n")[-1]
    name, _, data = last.partition("\n")
    assert name == "event: error"
    return error_of(data.removeprefix("data: "))


@pytest.mark.parametrize(
    ("request_", "status", "kind"),
    [
        (("GET", "/messages", None, {}), 405, "invalid_request_error"),
        (("POST", "/messages/batches", ASKED, {}), 404, "not_found_error"),
        (("POST", "/v1/messages", ASKED, {}), 404, "not_found_error"),
        (("POST", "/w/nowhere/messages", ASKED, {}), 400, "invalid_request_error"),
        (("POST", "/messages", b"{", {}), 400, "invalid_request_error"),
        (("POST", "/api/v1/messages/", {"max_tokens": 5}, {}), 400, "invalid_request_error"),
        (("POST", "//v1//messages?beta=true", b"a=b", {"content-type": "text/plain"}), 415, "invalid_request_error"),
        (("POST", "/messages/count_tokens", ASKED, {"origin": "https://evil.example"}), 403, "permission_error"),
        (("POST", "/messages", b"{}", {"content-length": "70000000"}), 413, "request_too_large"),
    ],
    ids=lambda one: f"{one[0]} {one[1]}" if isinstance(one, tuple) else None,
)
def test_our_own_errors_are_anthropic_s(stage, request_, status, kind):
    """Every refusal on a path of Messages has Anthropic's shape and a type that goes with its status."""
    answer = stage.mux.request(*request_)
    assert (answer.status, error_of(answer.body)["type"]) == (status, kind)
    assert answer.headers["content-type"].startswith("application/json")
    assert set(answer.json()) == {"type", "error"}
    assert set(answer.json()["error"]) == {"type", "message"}


def test_spellings_and_head(stage):
    """Prefixes, doubled slashes, `?beta=true` and a slash at the end are all the same path; HEAD says it is there."""
    stage.upstream.script(reply(claude("fine")))
    stage.at("claude")
    for spelled in ("/messages", "/v1/messages", "/api/v1/messages/", "//v1//messages?beta=true"):
        assert stage.mux.post(f"/w/claude{spelled}", ASKED).json()["content"][0]["text"] == "fine"
    assert stage.mux.request("HEAD", "/v1/mux").status == 200
    assert stage.mux.request("HEAD", "/w/claude").status == 200


@either
def test_no_route_is_told(stage, body):
    """Without a rule it is a 400 that says what to do."""
    answer = stage.mux.post("/w/bare/messages", body)
    assert answer.status == 400
    assert "mux-sidecar rule default" in error_of(answer.body)["message"]
    assert answer.headers["x-should-retry"] == "false"
    assert answer.headers["x-mux-workspace"] == "bare"


CHAT_STATUSES = {
    400: (400, "invalid_request_error"),
    401: (401, "authentication_error"),
    402: (402, "billing_error"),
    403: (403, "permission_error"),
    404: (404, "not_found_error"),
    413: (413, "request_too_large"),
    422: (400, "invalid_request_error"),
    429: (429, "rate_limit_error"),
    500: (502, "api_error"),
    503: (503, "overloaded_error"),
    504: (504, "timeout_error"),
}


@either
@pytest.mark.parametrize("status", CHAT_STATUSES)
def test_a_chat_provider_s_refusal(stage, body, status):
    """It has its status class, Anthropic's type for it and the provider's words, before anything is streamed."""
    refusal = {"error": {"message": "boom", "type": "whatever", "code": None, "param": None}}
    answer = post(stage, "up", body, reply(refusal, status=status, headers={"retry-after": "3"}))
    assert (answer.status, error_of(answer.body)["type"]) == CHAT_STATUSES[status]
    assert "boom" in error_of(answer.body)["message"]
    assert set(answer.json()) == {"type", "error"}
    assert answer.headers["retry-after"] == "3"
    assert stage.row(answer)["outcome"] == "error"


@either
@pytest.mark.parametrize("status", [400, 401, 413, 429, 500, 529])
def test_anthropic_s_refusal_is_its_own(stage, body, status):
    """Status and object of a provider that speaks Messages stay as they are, the rate limits too."""
    refusal = {"type": "error", "error": {"type": "some_error", "message": "boom", "x": 1}, "request_id": "req_1"}
    limits = {"anthropic-ratelimit-requests-limit": "5", "retry-after": "2", "request-id": "req_1"}
    answer = post(stage, "claude", body, reply(refusal, status=status, headers=limits))
    assert (answer.status, answer.json()) == (status, refusal)
    assert {name: answer.headers[name] for name in limits} == limits
    assert len(stage.upstream.received) == 1


def test_no_key_is_repeated(stage):
    """A provider that repeats our key in its error does not get it to the client."""
    for place, name in (("up", "UP_KEY"), ("claude", "CLAUDE_KEY")):
        body = {"type": "error", "error": {"type": "authentication_error", "message": f"bad key {KEYS[name]}"}}
        answer = post(stage, place, ASKED, reply(body, status=401))
        assert answer.status == 401
        assert KEYS[name] not in answer.body.decode()


@pytest.mark.parametrize(
    ("place", "event", "status", "kind"),
    [
        ("up", {"error": {"message": "boom", "code": 429}}, 429, "rate_limit_error"),
        ("up", {"object": "error", "message": "boom", "code": 400}, 400, "invalid_request_error"),
        (
            "claude",
            {"type": "error", "error": {"type": "overloaded_error", "message": "boom"}},
            529,
            "overloaded_error",
        ),
    ],
)
def test_an_error_in_the_stream(stage, place, event, status, kind):
    """As the first event it is an HTTP error; later it is `event: error`, and no end follows."""
    answer = post(stage, place, STREAMED, stream(event))
    assert (answer.status, error_of(answer.body)["type"]) == (status, kind)
    answer = post(stage, place, STREAMED, stream(*HALF[place], event))
    error = broke_off(answer)
    assert (error["type"], error["message"]) == (kind, "boom")
    assert b'"ha' in answer.body
    assert (stage.row(answer)["outcome"], stage.row(answer)["status"]) == ("error", 200)


@both
@pytest.mark.parametrize("end", ["clean", "cut", "reset"])
def test_a_stream_that_breaks_off(stage, place, end):
    """Whichever way it ends without a reason, the client is told that it is not complete."""
    answer = post(stage, place, STREAMED, stream(*HALF[place], end=end))
    assert broke_off(answer)["type"] == "api_error"
    assert stage.row(answer)["outcome"] == "truncated"


@both
@pytest.mark.parametrize("end", ["clean", "reset"])
def test_events_that_break_off_for_a_plain_request(stage, place, end):
    """A provider that streams unasked and breaks off gives no half answer."""
    answer = post(stage, place, ASKED, stream(*HALF[place], end=end))
    assert answer.status == 502
    assert error_of(answer.body)["type"] == "api_error"


@both
@pytest.mark.parametrize("garbage", [b"data: {half\n\n", b"event: x\ndata: <html>\n\n"])
def test_an_event_that_is_no_json(stage, place, garbage):
    """Before the first byte it is a 502; later it ends the stream with an error."""
    assert post(stage, place, STREAMED, stream(garbage)).status == 502
    assert broke_off(post(stage, place, STREAMED, stream(*HALF[place], garbage)))["type"] == "api_error"


PAGES = [(place, page) for place in HALF for page in (b"<html>captive</html>", b"[]", b'"text"')]


@pytest.mark.parametrize(("place", "page"), [*PAGES, ("claude", b'{"hello": 1}')])
def test_a_page_in_place_of_an_answer(stage, place, page):
    """A 200 that is no answer at all is a 502."""
    answer = post(stage, place, ASKED, reply(page))
    assert answer.status == 502
    assert error_of(answer.body)["type"] == "api_error"


@both
@either
def test_nobody_listens(stage, closed_port, fresh_mux, place, body):
    """A refused connection is a 502 that names the provider."""
    mux = fresh_mux()
    kind = {"up": "openai", "claude": "anthropic"}[place]
    where = ("--type", kind, "--endpoint", f"http://127.0.0.1:{closed_port}/v1", "--auth", "none")
    mux.cli("provider", "add", "gone", *where, "--offline", "--model", "m1")
    mux.cli("rule", "default", "gone/m1")
    mux.start()
    answer = mux.post("/messages", body)
    assert answer.status == 502
    assert "gone" in error_of(answer.body)["message"]


@both
def test_silence_has_its_limit(stage, other_upstream, fresh_mux, place):
    """Silence before the first byte is a 504, within a stream an error event."""
    mux = fresh_mux()
    kind, root = {"up": ("openai", "/v1"), "claude": ("anthropic", "")}[place]
    where = ("--type", kind, "--endpoint", other_upstream.url + root, "--auth", "none")
    mux.cli("provider", "add", "slow", *where, "--first-byte-timeout", "2", "--idle-timeout", "2")
    mux.cli("rule", "default", "slow/m1")
    mux.start()
    other_upstream.script(silence)
    for body in (ASKED, STREAMED):
        answer = mux.post("/messages", body)
        assert (answer.status, error_of(answer.body)["type"]) == (504, "timeout_error")
    other_upstream.script(stream(*HALF[place], end="stall"))
    assert broke_off(mux.post("/messages", STREAMED))["type"] == "timeout_error"
    assert other_upstream.last.left.wait(30)


@both
def test_a_client_that_leaves_frees_the_provider(stage, place):
    """The provider's connection is closed within a second, and the record says cancelled."""
    assert stage.leave(place, PATH, STREAMED, stream(*HALF[place], end="stall"), seen=b'"ha') < AT_ONCE
    until(lambda: stage.mux.log(1)[0]["outcome"], lambda outcome: outcome == "cancelled")


def test_nothing_comes_after_the_end(stage):
    """What a provider says after `message_stop` is not passed on, and the answer ends there at once."""
    before = time.monotonic()
    answer = post(stage, "claude", STREAMED, stream(*claude_events("a"), *claude_events("b"), end="stall"))
    assert time.monotonic() - before < AT_ONCE
    assert answer.body.count(b"event: message_stop") == 1
    answer = post(stage, "up", STREAMED, stream(*chunks("a"), chunk(content="late"), "[DONE]", *chunks("b")))
    assert answer.body.count(b"event: message_stop") == 1
    assert b"late" not in answer.body


def test_a_forgotten_end_is_added(stage):
    """A stream that gave its reason and no `[DONE]` is complete."""
    answer = post(stage, "up", STREAMED, stream(*chunks("a"), end="clean"))
    assert answer.body.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    assert stage.row(answer)["outcome"] == "ok"


@pytest.mark.long
def test_a_long_silence_is_bridged_by_pings(stage):
    """After 15 s without a word the client gets its 200 and a ping, and an error after that in the stream."""
    stage.upstream.script(late(17, reply({"error": {"message": "boom"}}, status=500)))
    with stage.mux.open("POST", stage.path("up", PATH), STREAMED) as got:
        assert got.status == 200
        told = got.answer.read()
    assert told.startswith(b'event: ping\ndata: {"type": "ping"}\n\n')
    assert b"event: error\n" in told
    assert b"boom" in told


async def test_many_at_once(stage):
    """Streams of both wires run side by side, each with its own words."""
    places = ["up", "claude"] * 10
    for place in set(places):
        stage.at(place)

    async def by_path(request, wire):
        is_chat = request.path.endswith("/chat/completions")
        text = str(request.json()["max_tokens"])
        await stream(*(chunks(text) if is_chat else claude_events(text)))(request, wire)

    stage.upstream.script(by_path)

    async def one(place, number):
        url = f"{stage.mux.url}/w/{place}"
        asked = {**ASKED, "max_tokens": number}
        async with (
            anthropic.AsyncAnthropic(base_url=url, api_key="any", max_retries=0, timeout=30) as client,
            client.messages.stream(**asked) as told,
        ):
            return await told.get_final_text()

    found = await asyncio.gather(*(one(place, 1000 + number) for number, place in enumerate(places)))
    assert found == [str(1000 + number) for number in range(len(places))]


@either
def test_a_plain_chat_answer_is_never_half(stage, body):
    """A body that is cut short is an error, whichever form was asked for."""
    whole = json.dumps(completion("Hello")).encode()
    answer = post(stage, "up", body, reply(whole[:-20], length=len(whole)))
    assert answer.status == 502
    assert error_of(answer.body)
