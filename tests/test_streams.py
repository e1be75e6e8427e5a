"""Streams tell the truth: what the provider said, all of it, and how it ended."""

import asyncio
import gzip
import http.client
import json
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
from mux import events
from said import ask, call, chunk, chunks, completion, usage_chunk
from upstream import hang_up, late, reply, silence, stream
from waiting import AT_ONCE, PATIENCE, until

STREAMED = ask(stream=True)
WITH_USAGE = ask(stream=True, stream_options={"include_usage": True})
WORDS = ["Grüße ", "漢字 ", "😀 ", "e\u0301\n", "\u2028 end"]


def lines(*data, newline="\n", field="data: "):
    """Events as bytes, in a provider's own manner of writing them."""
    text = [json.dumps(one, ensure_ascii=False) if isinstance(one, dict) else one for one in data]
    return "".join(f"{field}{one}{newline}{newline}" for one in text).encode()


MANNERS = {
    "LF": lines(*chunks(*WORDS), "[DONE]"),
    "CRLF": lines(*chunks(*WORDS), "[DONE]", newline="\r\n"),
    "CR": lines(*chunks(*WORDS), "[DONE]", newline="\r"),
    "no space": lines(*chunks(*WORDS), "[DONE]", field="data:"),
    "BOM": b"\xef\xbb\xbf" + lines(*chunks(*WORDS), "[DONE]"),
    "comments": b": OPENROUTER PROCESSING\n\n:\n\n" + lines(*chunks(*WORDS)) + b": bye\n\n" + lines("[DONE]"),
    "other fields": b"retry: 5\n\nid: 7\n\nevent: x\n\n"
    + lines(*chunks(*WORDS), "[DONE]", field="id: 3\nevent: m\ndata: "),
    "many lines": b"".join(
        b"data: " + json.dumps(one, indent=1, ensure_ascii=False).replace("\n", "\ndata: ").encode() + b"\n\n"
        for one in chunks(*WORDS)
    )
    + b"data: [DONE]\n\n",
    "many blank lines": b"\n\n\n" + lines(*chunks(*WORDS), "[DONE]", newline="\n\n"),
    "no last blank line": lines(*chunks(*WORDS)) + b"data: [DONE]\n",
}


def body(*pieces, gap=0):
    """A stream of exactly these bytes."""
    return stream(*pieces, gap=gap)


@pytest.mark.parametrize("manner", MANNERS)
def test_any_manner_of_writing_reads_the_same(stage, manner):
    """However a provider writes its events, the client reads the same words, one [DONE], and no field but data."""
    answer = stage.post("up", STREAMED, body(MANNERS[manner]))
    assert answer.text == "".join(WORDS)
    assert (answer.finish, answer.events.count("[DONE]"), answer.events[-1]) == (["stop"], 1, "[DONE]")
    assert not [line for line in answer.body.splitlines() if line.startswith((b"id:", b"retry:"))]


@pytest.mark.parametrize("manner", MANNERS)
def test_any_split_reads_the_same(stage, manner):
    """Where the network cuts makes no difference, also in the midst of a character or a line's end."""
    single = [MANNERS[manner][at : at + 1] for at in range(len(MANNERS[manner]))]
    assert stage.post("up", STREAMED, body(*single)).text == "".join(WORDS)


def test_events_come_as_they_are_told(stage):
    """An event reaches the client when the provider sends it, not when the next one comes."""
    read = threading.Event()
    answer = stream(chunk(role="assistant", content=""), read, *chunks("late"), "[DONE]")
    with stage.open("up", STREAMED, answer) as got:
        first = got.read()
        assert b"late" not in first
        read.set()


def written(path, body, version="HTTP/1.1", *fields):
    """A request as it stands on the wire."""
    said = json.dumps(body)
    own = (*fields, "Host: localhost", "Content-Type: application/json", f"Content-Length: {len(said)}")
    return "\r\n".join([f"POST /v1/mux{path} {version}", *own, "", said]).encode()


def test_a_client_of_http_1_0(stage):
    """Chunks are not of its language: its stream ends with its connection, which it cannot keep."""
    request = written(stage.path("up"), STREAMED, "HTTP/1.0", "Connection: keep-alive")
    stage.upstream.script(stream(*chunks(*WORDS), "[DONE]"))
    told, _, said = stage.mux.raw(request).partition(b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.0 200 OK\r\n")
    assert not {b"chunked", b"keep-alive"} & set(told.lower().split())
    *told, end = events(said)
    assert (told, end) == ([json.dumps(one) for one in chunks(*WORDS)], "[DONE]")


def test_what_comes_at_once_goes_at_once(stage):
    """The head goes with the first events, and the end with the last one: a short answer is one packet."""
    request = written(stage.path("up"), STREAMED)
    stage.upstream.script(body(lines(*chunks("short"), "[DONE]")))
    with socket.create_connection(("127.0.0.1", stage.mux.port), PATIENCE) as sock:
        sock.sendall(request)
        first = sock.recv(65536)
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert first.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")


PLAIN = {
    "1.1": ("HTTP/1.1", None, None, False),
    "1.1, the last one": ("HTTP/1.1", "Connection: close", "close", True),
    "1.0": ("HTTP/1.0", None, None, True),
    "1.0, kept alive": ("HTTP/1.0", "Connection: keep-alive", "keep-alive", False),
}


@pytest.mark.parametrize("case", PLAIN)
def test_a_plain_answer_says_whether_it_is_the_last(stage, case):
    """A connection is kept or closed as the client's version and wish have it, and the answer says what else is so."""
    version, wish, told, ends = PLAIN[case]
    request = written(stage.path("up"), ask(), version, *filter(None, [wish]))
    stage.upstream.script(*[reply(completion("hello"))] * 2)
    with socket.create_connection(("127.0.0.1", stage.mux.port), PATIENCE) as sock:
        answers = []
        for _ in range(1 if ends else 2):
            sock.sendall(request)
            answers.append(sock.recv(65536))
        assert not ends or sock.recv(1) == b""
    for answer in answers:
        head, _, rest = answer.partition(b"\r\n\r\n")
        first, *rows = head.decode().split("\r\n")
        fields = dict(row.lower().split(": ", 1) for row in rows)
        assert first == f"{version} 200 OK"
        assert (fields.get("connection"), int(fields["content-length"])) == (told, len(rest))
        assert json.loads(rest)["choices"]


def test_adds_the_missing_done(stage):
    """A stream that gave its reason and ends without [DONE] is whole, and gets one."""
    answer = stage.post("up", STREAMED, stream(*chunks("all")))
    assert (answer.text, answer.finish, answer.events.count("[DONE]")) == ("all", ["stop"], 1)
    assert stage.row(answer)["outcome"] == "ok"


@pytest.mark.parametrize("reason", ["stop", "length", "tool_calls", "content_filter", "function_call"])
def test_keeps_the_finish_reason(stage, reason):
    """The finish reason is the provider's."""
    assert stage.post("up", STREAMED, stream(*chunks("a", finish=reason), "[DONE]")).finish == [reason]


@pytest.mark.parametrize("end", ["clean", "cut", "reset"])
def test_a_broken_stream_ends_with_an_error(stage, end):
    """A stream that ends without a reason ends with an error event: no [DONE], no invented stop."""
    answer = stage.post("up", STREAMED, stream(*chunks("half", finish=None), end=end))
    assert (answer.status, answer.text) == (200, "half")
    assert "up" in answer.broke_off()["message"]
    assert stage.row(answer)["outcome"] == "truncated"


def test_a_provider_s_own_done_is_an_end(stage):
    """A provider that gives an empty finish reason and its [DONE] is taken at its word: no error, no invented stop."""
    told = [*chunks("all", finish=None), chunk(""), "[DONE]"]
    answer = stage.post("up", STREAMED, stream(*told))
    assert answer.events == [json.dumps(one) for one in told[:-1]] + ["[DONE]"]


@pytest.mark.parametrize("end", ["clean", "cut", "reset"])
def test_a_stream_without_an_event_is_an_http_error(stage, end):
    """What ends before its first event is a 502, not an empty answer."""
    answer = stage.post("up", STREAMED, stream(b": hello\n\n", end=end))
    assert answer.status == 502
    assert "up" in answer.error["message"]


ERRORS = {
    "OpenAI": '{"error":{"message":"boom","type":"server_error","param":null,"code":null}}',
    "OpenRouter": '{"id":"x","error":{"code":502,"message":"boom"},'
    '"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}',
    "vLLM": '{"object":"error","message":"boom","type":"BadRequestError","param":null,"code":400}',
    "Ollama": '{"error":"boom"}',
}


@pytest.mark.parametrize("manner", ERRORS)
@pytest.mark.parametrize("before", [b"", b": wait\n\n:\n\n"], ids=["at once", "after comments"])
def test_a_first_event_that_is_an_error_is_an_http_error(stage, manner, before):
    """An error before anything that means something is an HTTP error with the provider's message."""
    answer = stage.post("up", STREAMED, stream(before + f"data: {ERRORS[manner]}\n\n".encode(), "[DONE]"))
    assert answer.status >= 400
    assert answer.headers["content-type"].startswith("application/json")
    assert "boom" in answer.error["message"]
    assert stage.row(answer)["outcome"] == "error"


@pytest.mark.parametrize("manner", ERRORS)
def test_a_later_error_is_an_error_event(stage, manner):
    """An error after the first words is told in the stream, which ends there without [DONE]."""
    answer = stage.post("up", STREAMED, stream(*chunks("half", finish=None), ERRORS[manner], "[DONE]"))
    assert (answer.status, answer.text) == (200, "half")
    assert "[DONE]" not in answer.events
    assert "boom" in json.loads(answer.events[-1])["error"]["message"]
    assert "stop" not in answer.finish
    assert stage.row(answer)["outcome"] in {"error", "truncated"}


@pytest.mark.parametrize("bad", ["{broken", "<html>sign in</html>", "[1]", '"text"'])
def test_nonsense_is_never_passed_on(stage, bad):
    """An event that is no JSON object is a 502 at first, and an error event later."""
    first = stage.post("up", STREAMED, stream(bad, *chunks("a"), "[DONE]"))
    assert (first.status, first.error["code"]) == (502, "bad_upstream_response")
    later = stage.post("up", STREAMED, stream(*chunks("half", finish=None), bad, *chunks("b"), "[DONE]"))
    assert later.text == "half"
    assert later.broke_off()


@pytest.mark.parametrize("streamed", [False, True])
def test_a_page_instead_of_an_answer(stage, streamed):
    """A captive portal's page is a 502 that names the provider."""
    page = reply(b"<html>Please sign in</html>", headers={"content-type": "text/html"})
    answer = stage.post("up", ask(stream=streamed), page)
    assert (answer.status, answer.error["code"]) == (502, "bad_upstream_response")
    assert "up" in answer.error["message"]


@pytest.mark.parametrize("length", [500])
def test_a_short_answer_is_an_error(stage, length):
    """An answer shorter than it says is a 502, never half a JSON text."""
    answer = stage.post("up", ask(), reply(completion("x"), length=length + len(json.dumps(completion("x")))))
    assert answer.status == 502
    assert "up" in answer.error["message"]


def test_json_for_a_stream_becomes_events(stage):
    """A provider that ignores `stream` is re-framed: the same words, calls and reason as events, and a [DONE]."""
    calls = [call("c1", "look", '{"a":1}'), call("c2", "look", "{}")]
    said = completion("Hi", finish="tool_calls", tool_calls=calls, reasoning_content="hm")
    answer = stage.post("up", WITH_USAGE, reply(said))
    assert (answer.text, answer.finish, answer.events[-1]) == ("Hi", ["tool_calls"], "[DONE]")
    deltas = [one["choices"][0]["delta"] for one in answer.chunks if one["choices"]]
    got = [one for delta in deltas for one in delta.get("tool_calls") or []]
    assert [(one["index"], one["id"], one["function"]["arguments"]) for one in got] == [
        (0, "c1", '{"a":1}'),
        (1, "c2", "{}"),
    ]
    assert "".join(delta.get("reasoning_content") or "" for delta in deltas) == "hm"
    assert {one["object"] for one in answer.chunks} == {"chat.completion.chunk"}
    assert answer.chunks[-1]["usage"]["prompt_tokens"] == 11


def test_events_for_a_plain_request_become_json(stage):
    """A provider that streams unasked is put together: words, calls, reason and usage in one piece."""
    told = [
        chunk(role="assistant", content="", reasoning_content="h"),
        chunk(content="Hel", reasoning_content="m"),
        chunk(content="lo", tool_calls=[call("c1", "look", "", 0)]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"a"'}}]),
        chunk(tool_calls=[call("c2", "see", "{}", 1)]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": ":1}"}}]),
        chunk("tool_calls"),
        usage_chunk(),
    ]
    answer = stage.post("up", ask(), stream(*told, "[DONE]"))
    assert answer.headers["content-type"].startswith("application/json")
    said = answer.json()
    message = said["choices"][0]["message"]
    assert (said["object"], said["choices"][0]["finish_reason"]) == ("chat.completion", "tool_calls")
    assert (message["role"], message["content"], message["reasoning_content"]) == ("assistant", "Hello", "hm")
    assert message["tool_calls"] == [call("c1", "look", '{"a":1}'), call("c2", "see", "{}")]
    assert said["usage"]["completion_tokens"] == 7


def test_broken_events_for_a_plain_request_are_an_error(stage):
    """A provider that streams unasked and breaks off gives no half answer."""
    assert stage.post("up", ask(), stream(*chunks("half", finish=None), end="reset")).status == 502


def test_usage_is_asked_for_and_kept_from_who_did_not(stage):
    """The provider is asked for usage, the record has it, and the client does not see what it did not ask for."""
    answer = stage.post("up", STREAMED, stream(*chunks("a"), usage_chunk(), "[DONE]"))
    assert stage.sent()["stream_options"] == {"include_usage": True}
    assert all(one["choices"] for one in answer.chunks)
    assert answer.events[-1] == "[DONE]"
    row = stage.row(answer)
    assert (row["inputTokens"], row["outputTokens"], row["cachedTokens"]) == (11, 7, 3)


def test_usage_is_given_to_who_asks(stage):
    """A client that asks for usage gets the provider's own event."""
    answer = stage.post("up", WITH_USAGE, stream(*chunks("a"), usage_chunk(), "[DONE]"))
    assert answer.chunks[-1] == usage_chunk()


def test_usage_beside_words_stays(stage):
    """Usage that comes with a choice does not cost the client that choice."""
    both = {**usage_chunk(), "choices": chunk("stop", content="!")["choices"]}
    answer = stage.post("up", STREAMED, stream(*chunks("a", finish=None), both, "[DONE]"))
    assert (answer.text, answer.finish) == ("a!", ["stop"])
    assert stage.row(answer)["outputTokens"] == 7


def test_usage_beside_nothing_is_kept_from_who_did_not_ask(stage):
    """LiteLLM puts an empty choice beside the usage, behind the last one."""
    beside = {**usage_chunk(), "choices": [{"index": 0, "delta": {}}]}
    answer = stage.post("up", STREAMED, stream(*chunks("a"), beside, "[DONE]"))
    assert not [sent for sent in answer.chunks if sent.get("usage")]
    assert stage.row(answer)["outputTokens"] == 7
    answer = stage.post("up", WITH_USAGE, stream(*chunks("a"), beside, "[DONE]"))
    assert answer.chunks[-1] == beside


def test_a_provider_that_refuses_the_asking_is_asked_without(stage, other_upstream):
    """A refusal that names `stream_options` costs one more request, once; afterwards it is left out."""
    stage.mux.cli("provider", "add", "picky", "--type", "openai", "--endpoint", f"{other_upstream.url}/v1")
    stage.mux.cli("workspace", "add", "picky")
    stage.mux.cli("rule", "default", "picky/m1", "-w", "picky")
    refusal = reply({"error": {"message": "Unknown field: stream_options"}}, status=422)
    other_upstream.script(refusal, stream(*chunks("fine"), "[DONE]"))
    for _ in range(2):
        assert stage.mux.post("/w/picky/chat/completions", STREAMED).text == "fine"
    asked = ["stream_options" in request.json() for request in other_upstream.received]
    assert asked == [True, False, False]


def test_any_other_refusal_is_not_repeated(stage):
    """One request to the provider per request of the client, whatever it answers."""
    for status in (400, 408, 409, 429, 500, 503):
        stage.post("up", STREAMED, reply({"error": {"message": "no"}}, status=status))
        assert len(stage.upstream.received) == 1, status


@pytest.mark.parametrize(
    ("body", "answer", "read"),
    [
        (STREAMED, silence, False),
        (STREAMED, stream(end="stall"), False),
        (STREAMED, stream(b": wait\n\n", end="stall"), False),
        (STREAMED, stream(*chunks("half", finish=None), end="stall"), True),
        (ask(), silence, False),
        (ask(), reply(b'{"id":', length=500), False),
    ],
    ids=["before headers", "before first byte", "after a comment", "mid-stream", "plain", "plain, body begun"],
)
def test_a_client_that_leaves_frees_the_provider(stage, body, answer, read):
    """Whenever a client leaves, the provider's connection is closed within a second, and the record says cancelled."""
    path = stage.path("up")
    stage.upstream.script(answer if read else late_end(answer))
    if read:
        with stage.mux.open("POST", path, body) as got:
            told = b""
            while b"half" not in told:
                told += got.read()
            left = got.leave()
    else:
        left = leave_unread(stage.mux, path, body, stage.upstream)
    request = stage.upstream.wait()
    assert request.left.wait(30), "the provider's connection stays open"
    assert request.left_at - left < AT_ONCE
    until(lambda: stage.mux.log(1)[0]["outcome"], lambda outcome: outcome == "cancelled")


def late_end(answer):
    """The answer, and then silence on the open connection."""

    async def then_silence(request, wire):
        wire.close = lambda: None
        await answer(request, wire)
        await asyncio.Event().wait()

    return then_silence


def leave_unread(mux, path, body, upstream):
    """Send a request, see it reach the provider, and leave before any answer; the moment of it."""
    connection = http.client.HTTPConnection("127.0.0.1", mux.port, timeout=30)
    connection.request("POST", f"/v1/mux{path}", json.dumps(body), {"Content-Type": "application/json"})
    upstream.wait()
    time.sleep(0.1)
    now = time.monotonic()
    connection.close()
    return now


def test_a_slow_reader_slows_the_provider(stage):
    """What a client does not read is not heaped up in memory: the provider has to wait."""
    megabyte = chunk(content="x" * 1_000_000)

    async def flood(request, wire):
        await stream(*[megabyte] * 200, *chunks("end"), "[DONE]")(request, wire)

    with stage.open("up", STREAMED, flood) as got:
        request = stage.upstream.wait()
        assert request.stands_still() < 64_000_000
        if sys.platform == "linux":
            status = Path(f"/proc/{stage.mux.process.pid}/status").read_text("ascii")
            assert int(status.split("VmRSS:")[1].split()[0]) < 400_000
        got.leave()
    assert request.left.wait(30)


def test_nothing_comes_after_done(stage):
    """What a provider says after [DONE] is not passed on, and the answer ends there at once."""
    before = time.monotonic()
    answer = stage.post("up", STREAMED, stream(*chunks("a"), "[DONE]", *chunks("b"), "[DONE]", end="stall"))
    assert time.monotonic() - before < AT_ONCE
    assert (answer.text, answer.events.count("[DONE]"), answer.events[-1]) == ("a", 1, "[DONE]")


def test_a_second_reason_is_left_out(stage):
    """Words and reasons after the finish reason are not passed on."""
    answer = stage.post("up", STREAMED, stream(*chunks("a"), *chunks("b", finish="length"), "[DONE]"))
    assert answer.finish == ["stop"]
    assert answer.text == "a"


def test_choices_may_interleave(stage):
    """With `n: 2` each choice has a finish reason of its own, and both arrive."""
    second = {**chunk(content="two"), "choices": [{"index": 1, "delta": {"content": "two"}, "finish_reason": None}]}
    ends = [{**chunk(), "choices": [{"index": at, "delta": {}, "finish_reason": "stop"}]} for at in (0, 1)]
    told = [chunk(role="assistant", content="one"), ends[0], second, ends[1]]
    answer = stage.post("up", ask(stream=True, n=2), stream(*told, "[DONE]"))
    assert [json.dumps(one) for one in told] == answer.events[:-1]


def test_an_unpacked_stream_arrives(stage):
    """A provider may compress its answer; the client reads it all the same."""
    plain = lines(*chunks("packed"), "[DONE]")
    packed = reply(gzip.compress(plain), headers={"content-encoding": "gzip", "content-type": "text/event-stream"})
    answer = stage.post("up", STREAMED, packed)
    assert answer.text == "packed"
    whole = reply(gzip.compress(json.dumps(completion("all")).encode()), headers={"content-encoding": "gzip"})
    assert stage.post("up", ask(), whole).json() == completion("all")


def test_what_is_not_packed_as_said_is_an_error(stage):
    """A wrong Content-Encoding is a 502."""
    answer = stage.post("up", ask(), reply(completion(), headers={"content-encoding": "gzip"}))
    assert answer.status == 502
    assert answer.error["message"]


def test_a_huge_event_is_refused(stage):
    """An event beyond 16 MB ends the stream with an error, instead of filling the memory."""
    answer = stage.post("up", STREAMED, stream(*chunks("a", finish=None), b"data: " + b"x" * 17_000_000, end="stall"))
    assert answer.broke_off()


def test_a_large_event_passes(stage):
    """An event of a few megabytes passes whole."""
    text = "x" * 4_000_000
    assert stage.post("up", STREAMED, stream(*chunks(text), "[DONE]")).text == text


def test_a_stale_connection_is_replaced_unseen(stage, other_upstream, fresh_mux):
    """A kept connection that the provider closed costs the client nothing; a fresh one is not asked twice."""
    mux = fresh_mux()
    mux.cli("provider", "add", "up", "--type", "openai", "--endpoint", f"{other_upstream.url}/v1")
    mux.cli("rule", "default", "up/m1")
    mux.start()
    other_upstream.script(hang_up)
    assert mux.post("/chat/completions", ask()).status == 502
    assert len(other_upstream.received) == 1
    other_upstream.script(reply(completion()), hang_up, reply(completion("again")))
    assert mux.post("/chat/completions", ask()).status == 200
    assert mux.post("/chat/completions", ask()).json() == completion("again")
    assert [request.nth for request in other_upstream.received] == [0, 1, 0]


def test_a_stream_whose_end_comes_late_keeps_its_connection(other_upstream, fresh_mux):
    """What ends a moment after its last event, as most streams do, is asked again over the same connection."""
    mux = fresh_mux()
    mux.cli("provider", "add", "up", "--type", "openai", "--endpoint", f"{other_upstream.url}/v1")
    mux.cli("rule", "default", "up/m1")
    mux.start()
    other_upstream.script(stream(*chunks("a"), "[DONE]", 0.1))

    def nth():
        assert mux.post("/chat/completions", STREAMED).text == "a"
        time.sleep(0.2)  # between two requests of a person
        return other_upstream.last.nth

    assert until(nth) > 0


def test_silence_has_its_limit(stage, other_upstream, fresh_mux):
    """A provider's own time limits hold: 504 before the first byte, an error event in the midst of a stream."""
    mux = fresh_mux()
    mux.start()
    where = ("--type", "openai", "--endpoint", f"{other_upstream.url}/v1", "--auth", "none")
    mux.cli("provider", "add", "up", *where, "--first-byte-timeout", "2", "--idle-timeout", "2")
    mux.cli("rule", "default", "up/m1")
    other_upstream.script(silence)
    answer = mux.post("/chat/completions", ask())
    assert (answer.status, answer.error["code"], answer.error["type"]) == (504, "upstream_timeout", "timeout_error")
    assert answer.headers["x-should-retry"] == "false"
    other_upstream.script(stream(*chunks("half", finish=None), end="stall"))
    answer = mux.post("/chat/completions", STREAMED)
    assert answer.text == "half"
    assert answer.broke_off()
    assert answer.seconds < AT_ONCE
    assert other_upstream.last.left.wait(30)


@pytest.mark.long
def test_a_long_silence_is_bridged(stage):
    """After 15 s without a word the client gets its 200 and a comment, and an error after that in the stream."""
    answer = late(17, reply({"error": {"message": "boom"}}, status=500))
    before = time.monotonic()
    with stage.open("up", STREAMED, answer) as got:
        assert got.status == 200
        assert 14 < time.monotonic() - before < 16.5
        told = got.answer.read()
    assert told.startswith(b":")
    assert "boom" in json.loads(events(told)[-1])["error"]["message"]
    assert b"[DONE]" not in told
