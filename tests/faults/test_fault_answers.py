"""Providers that answer wrongly, on every lane. The numbers are those of docs/reliability.md."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from lanes import LANES, WORDS, either, every
from said import USAGE
from upstream import reply, stream

STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)
PAGES = (b"<html>Please sign in</html>", b"[]", b'"text"', b"", b"null", b"{", b"{}", b'{"model": "m1"}')
TRANSLATED = {408: 504, 422: 400, 500: 502, 529: 503}


def whole_stream(lane, **more):
    """The provider's whole stream."""
    return stream(*lane.half, *lane.rest, **more)


@every
@either
def test_what_is_whole_is_whole(road, lane, streamed):
    """Without a fault the words come through, the client is told the end, and the record says ok."""
    answer = road.post(lane, whole_stream(lane) if streamed else reply(lane.whole), streamed=streamed)
    assert (answer.status, lane.text(answer)) == (200, WORDS)
    assert lane.is_complete(answer) or lane.path == "/responses"
    assert road.row(answer)["outcome"] == "ok"


@every
@pytest.mark.parametrize("end", ["clean", "cut", "reset"])
def test_f7_a_stream_that_breaks_off(road, lane, end):
    """However it ends before its end, the client gets what came and an error, nothing that looks complete."""
    answer = road.post(lane, stream(*lane.half, end=end), streamed=True)
    assert lane.text(answer).startswith("ha")
    assert lane.broke_off(answer)["message"]
    row = road.row(answer)
    assert (row["outcome"], row["status"]) == ("truncated", 200)


@every
@either
@pytest.mark.parametrize("end", ["cut", "reset"])
def test_f7_nothing_but_a_head(road, lane, streamed, end):
    """An answer that ends before its first event or byte is a 502."""
    answer = road.post(lane, stream(end=end), streamed=streamed)
    assert lane.refused(answer)
    assert answer.status == 502
    assert len(road.stage.upstream.received) == 1


@every
@either
def test_f7_a_body_shorter_than_it_says(road, lane, streamed):
    """Half of a JSON text is never passed on."""
    whole = json.dumps(lane.whole).encode()
    answer = road.post(lane, reply(whole[:-20], length=len(whole)), streamed=streamed)
    assert lane.refused(answer)
    assert answer.status == 502


@every
def test_f8_a_stream_without_its_last_event(road, lane):
    """A stream that has told its reason is whole, and the client gets the end that is missing."""
    answer = road.post(lane, stream(*lane.half, *lane.rest[:-1]), streamed=True)
    if lane.name == "responses":  # there the last event is the reason
        assert lane.broke_off(answer)
        return
    assert lane.text(answer) == WORDS
    assert lane.is_complete(answer)
    assert road.row(answer)["outcome"] == "ok"


@every
@either
@pytest.mark.parametrize(
    "page", [b"<html>Please sign in</html>", b"[]", b'"text"', b"", b"null", b"{", b"{}", b'{"model": "m1"}']
)
def test_f9_a_page_in_place_of_an_answer(road, lane, streamed, page):
    """What is no answer is a 502 that names the provider and does not repeat it."""
    answer = road.post(lane, reply(page, headers={"content-type": "text/html"}), streamed=streamed)
    error = lane.refused(answer)
    assert answer.status == 502
    assert lane.place in error["message"]
    assert "sign in" not in error["message"]


@every
@pytest.mark.parametrize("bad", ["{broken", "<html>", "[1]", '"text"', '{"a": 1e999999'])
def test_f9_an_event_that_is_no_json(road, lane, bad):
    """At first it is a 502; later the stream ends with an error."""
    assert road.post(lane, stream(bad, *lane.half), streamed=True).status == 502
    answer = road.post(lane, stream(*lane.half, bad, *lane.rest), streamed=True)
    assert lane.broke_off(answer)
    assert "whole" not in lane.text(answer)


def hollow(lane):
    """What its provider may send as an answer that holds none, plain and streamed."""
    if lane.kind == "anthropic":
        return [reply({**lane.whole, "content": [], "stop_reason": None}), stream({"type": "message_stop"})]
    if lane.name == "responses":
        return [reply({**lane.whole, "output": None}), stream("[DONE]")]
    plain = [reply({**lane.whole, "choices": choices}) for choices in ([], [None])]
    return [*plain, stream("[DONE]"), stream(b": wait\n\n", "[DONE]")]


@every
@either
def test_f9_an_answer_that_holds_none(road, lane, streamed):
    """A 200 that says that it is complete, and nothing else, is a 502 and no answer without words."""
    for told in hollow(lane):
        answer = road.post(lane, told, streamed=streamed)
        assert lane.refused(answer)["message"]
        assert answer.status == 502
        assert road.row(answer)["outcome"] != "ok"


@every
@either
def test_f9_an_answer_without_words(road, lane, streamed):
    """A model may say nothing and end: who tells that has answered."""
    if lane.kind == "anthropic":
        told = reply({**lane.whole, "content": []})
    elif lane.name == "responses":
        told = reply({**lane.whole, "output": []})
    else:
        told = stream(lane.rest[-2], "[DONE]")
    answer = road.post(lane, told, streamed=streamed)
    assert (answer.status, lane.text(answer).strip()) == (200, "")
    assert road.row(answer)["outcome"] == "ok"


@pytest.mark.parametrize("lane", [lane for lane in LANES if "choices" in lane.whole], ids=lambda lane: lane.name)
@either
def test_f9_chunks_without_choices(road, lane, streamed):
    """They are no answer, but may stand around one: Azure's verdict on the prompt before it, the usage behind it."""
    bare = {**lane.half[0], "choices": []}
    verdict, usage = {**bare, "model": "", "prompt_filter_results": []}, {**bare, "usage": USAGE}
    told = stream(verdict, *lane.half, *lane.rest[:-1], usage, "[DONE]")
    answer = road.post(lane, told, streamed=streamed)
    assert (answer.status, lane.text(answer)) == (200, WORDS)
    row = road.row(answer)
    assert (row["outcome"], row["outputTokens"]) == ("ok", 7)
    answer = road.post(lane, stream(verdict, usage, "[DONE]"), streamed=streamed)
    assert lane.failed(answer)["message"]
    assert road.row(answer)["outcome"] == "error"


@every
def test_f10_an_error_in_a_200(road, lane):
    """As the whole answer or the first event it is an HTTP error; later it is told in the stream, which ends there."""
    for answer in (
        road.post(lane, reply(lane.error())),
        road.post(lane, reply(lane.error()), streamed=True),
        road.post(lane, stream(lane.error()), streamed=True),
        road.post(lane, stream(b": wait\n\n", lane.error()), streamed=True),
    ):
        assert "boom" in lane.refused(answer)["message"]
    answer = road.post(lane, stream(*lane.half, lane.error(), *lane.rest), streamed=True)
    assert "boom" in lane.broke_off(answer)["message"]
    assert "whole" not in lane.text(answer)
    assert road.row(answer)["outcome"] == "error"


@every
@either
def test_f11_a_provider_s_refusal(road, lane, streamed):
    """Each status reaches the client, with the provider's words and wait, and the provider is asked once."""
    for status in STATUSES:
        if lane.name in ("responses", "completions") and status == 404:
            continue  # such a server is asked over chat from then on
        answer = road.post(lane, reply(lane.error(), status=status, headers={"retry-after": "7"}), streamed=streamed)
        assert answer.status == (TRANSLATED.get(status, status) if lane.translated else status)
        assert "boom" in lane.refused(answer)["message"]
        assert answer.headers["retry-after"] == "7"
        assert len(road.stage.upstream.received) == 1, status


@every
@either
@pytest.mark.parametrize("how", [{"length": 500}, {"headers": {"content-encoding": "gzip"}}])
def test_f11_a_refusal_whose_body_cannot_be_read(road, lane, streamed, how):
    """Its status and its wait still reach the client, for they say what is to be done."""
    more = {**how, "headers": {"retry-after": "7", **how.get("headers", {})}}
    answer = road.post(lane, reply(b"too many", status=429, **more), streamed=streamed)
    assert lane.refused(answer)["message"]
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")


@every
@pytest.mark.parametrize(
    ("said", "told"),
    [("2", "2"), ("0.5", "0.5"), ("-1", None), ("1e9", None), ("soon", None), ("nan", None), ("\u00b2", None)],
)
def test_f12_a_wait_that_makes_no_sense(road, lane, said, told):
    """`Retry-After` is passed on where a client can use it, and left out where not."""
    answer = road.post(lane, reply(lane.error(), status=429, headers={"retry-after": said}))
    assert answer.headers.get("retry-after") == told


@every
@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"llm_provider-retry-after": "60"}, "60"),
        ({"llm_provider-retry-after": "60", "retry-after": "2"}, "2"),
        ({"llm_provider-retry-after": "soon"}, None),
    ],
    ids=["its", "both", "nonsense"],
)
def test_f12_a_wait_of_the_provider_behind_a_proxy(road, lane, headers, told):
    """LiteLLM tells it under a name that no client knows: it is told under its own, if LiteLLM asks for none itself."""
    answer = road.post(lane, reply(lane.error(), status=429, headers=headers))
    assert answer.headers.get("retry-after") == told
    assert not [name for name in answer.headers if name.lower().startswith("llm_provider")]


@every
@either
@pytest.mark.parametrize("status", [301, 307])
def test_f13_a_redirect(road, lane, streamed, status, other_upstream):
    """It is not followed: neither request nor key goes elsewhere."""
    location = {"location": f"{other_upstream.url}/v1/chat/completions"}
    answer = road.post(lane, reply(b"", status=status, headers=location), streamed=streamed)
    assert lane.refused(answer)
    assert answer.status == 502
    assert other_upstream.received == other_upstream.asked_for_models == []
    assert other_upstream.connections == 0


@every
@either
@pytest.mark.parametrize("status", [304, 305])
def test_f13_what_leads_nowhere(road, lane, streamed, status):
    """An answer that nothing of ours asked for is a bad one, and not called a redirect."""
    answer = road.post(lane, reply(b"", status=status), streamed=streamed)
    message = lane.refused(answer)["message"]
    assert answer.status == 502
    assert str(status) in message
    assert "redirect" not in message


def test_f14_a_million_chunks(road):
    """A body in a million pieces of a byte holds up nobody else."""
    lane = next(lane for lane in LANES if lane.name == "chat")
    whole = json.dumps({**lane.whole, "padding": "x" * 1_000_000}).encode()
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in whole)

    async def answer(_request, wire):
        await wire.head(200, {"content-type": "application/json", "transfer-encoding": "chunked"})
        for at in range(0, len(pieces), 60_000):
            await wire.send(pieces[at : at + 60_000])
        await wire.chunk(b"")

    path = road.path(lane)
    road.stage.upstream.script(answer)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(road.stage.mux.post, path, lane.body)
        waits = []
        while not asked.done():
            waits.append(road.stage.mux.get("/health").seconds)
    assert lane.text(asked.result()) == WORDS
    assert waits
    assert max(waits) < 5
