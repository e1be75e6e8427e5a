"""Anything at all: bytes, JSON, text and streams that nobody thought of get an answer, in time."""

import json
import re
import sys
import time
from contextlib import suppress
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from said import ask, claude, completion
from upstream import reply, stream

from sidecar import sse
from sidecar.dialects.incoming import read
from sidecar.errors import BadRequest, UpstreamError
from sidecar.routing.files import Finder

DIALECTS = ("chat", "completions", "embeddings", "messages", "responses")
LINES = st.sampled_from(
    [
        b"data: {}",
        b"data:",
        b"data",
        b": c",
        b"event: x",
        b"id: 1",
        b"\xef\xbb\xbf",
        b"\xf0\x9f\xa7\xa9",
        b"x",
        b"\0",
        b" ",
    ]
)
STREAMS = st.lists(st.one_of(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"]), st.binary(max_size=8)), max_size=40)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.floats() | st.text(max_size=8) | st.just("data:;base64,%"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KEYS = (
    "type role content text image_url tool_calls tool_call_id function name arguments id input output source data"
    " call_id url media_type action command tools namespace summary encrypted_content operation file input_schema"
)
KINDS = (
    "text image_url input_text output_text tool_use tool_result image document thinking redacted_thinking function"
    " function_call function_call_output custom_tool_call local_shell_call shell_call_output apply_patch_call url"
    " reasoning"
    " message input_image input_file namespace additional_tools base64 custom refusal web_search auto any json_schema"
)
MORE = (
    "tools tool_choice system stop max_tokens response_format reasoning thinking n metadata text instructions suffix"
    " temperature reasoning_effort functions parallel_tool_calls stop_sequences output_config"
)
ROLES = st.sampled_from(["user", "assistant", "tool", "system", "x"])
kinds = st.sampled_from(KINDS.split())
parts = st.recursive(
    VALUES | kinds,
    lambda inner: st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4) | st.lists(inner, max_size=2),
)
messages = st.fixed_dictionaries(
    {"role": ROLES, "content": parts},
    optional=dict.fromkeys(("tool_calls", "tool_call_id", "name", "reasoning_content"), parts),
)
typed = st.fixed_dictionaries(
    {"type": kinds},
    optional=dict.fromkeys(("call_id", "output", "input", "name", "tools", "arguments", "action", "content"), parts),
)
members = st.dictionaries(st.sampled_from(MORE.split()), parts | st.lists(parts, max_size=2), max_size=2)


def events_of(pieces):
    """The events of a stream cut so, or what the decoder says of it."""
    decoder = sse.Decoder(max_event=1000)
    try:
        found = [event for piece in pieces for event in decoder.feed(piece)] + decoder.flush()
    except UpstreamError:
        return "too large"
    return [(event.name, event.data) for event in found if event.data is not None]


@given(STREAMS, st.lists(st.integers(0, 400), max_size=10))
def test_any_split_of_any_stream(lines, cuts):
    """However bytes of any kind are cut, the decoder tells the same events, and raises nothing."""
    stream = b"".join(lines)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(places)]
    whole = events_of([stream])
    assert events_of(pieces) == whole
    assert events_of([stream[at : at + 1] for at in range(len(stream))]) == whole


@given(st.sampled_from(DIALECTS), st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(dialect, body):
    """The readers of requests raise nothing but a refusal, whatever the bytes."""
    with suppress(BadRequest):
        read(dialect, body).json()


@pytest.mark.parametrize(
    ("place", "rest"),
    [
        ("up", "/chat/completions"),
        ("claude", "/chat/completions"),
        ("up", "/messages"),
        ("claude", "/messages"),
        ("claude", "/responses"),
        ("openrouter", "/responses"),
        ("claude", "/completions"),
    ],
)
def test_any_json_is_answered(stage, place, rest):
    """A request whose members are anything gets an answer that is no defect of ours, on every dialect and wire."""
    path = stage.path(place, rest)
    stage.upstream.script(reply(claude("ok") if place == "claude" else completion()))
    mains = {"/responses": "input", "/completions": "prompt"}

    @settings(max_examples=15)
    @given(st.lists(messages | typed | parts, max_size=3) | parts, members)
    def ask_anything(items, more):
        answer = stage.mux.post(path, json.dumps({mains.get(rest, "messages"): items, **more}).encode())
        assert answer.status != 500, (items, more)
        assert answer.status in (200, 400, 404, 415, 422, 502), (answer.status, answer.body)

    ask_anything()


def test_any_bytes_on_the_socket(stage):
    """Bytes of any kind get an HTTP answer or a closed connection, and the next client is served."""

    @settings(max_examples=25)
    @given(
        st.binary(max_size=200)
        | st.lists(
            st.sampled_from(
                [
                    b"GET ",
                    b"POST ",
                    b"/",
                    b" HTTP/1.1",
                    b"\r\n",
                    b"Host: localhost",
                    b": ",
                    b"\0",
                    b"\xff",
                    b"0",
                    b"Transfer-Encoding: chunked",
                ]
            ),
            max_size=20,
        ).map(b"".join)
    )
    def send_anything(data):
        got = stage.mux.raw(data + b"\r\n\r\n", timeout=0.3)
        assert not re.match(rb"HTTP/1\.1 5", got), (data, got)

    send_anything()
    stage.upstream.script(reply(completion()))
    assert stage.mux.post(stage.path("up"), ask()).status == 200


PIECES = [
    "a",
    "/",
    ".",
    "`",
    "```\n",
    "<",
    "<file>",
    "(",
    '"',
    ":",
    "@",
    "=",
    "\u4e2d",
    "File: ",
    "\\ ",
    "\n",
    " ",
    "diff --git a/x b/y\n",
    "--- a\n+++ b\n",
    "a.py",
    "$ ",
    "<<EOF\n",
    "'",
]


@settings(max_examples=40)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4), st.sampled_from(["chat", "messages", "responses"]))
def test_no_text_is_slow_to_read(pieces, dialect):
    """Files are found in 100 KB of any repeated marks in less than a second of this machine's time."""
    mark = "".join(pieces)
    text = mark * (100_000 // len(mark))
    name = "input" if dialect == "responses" else "messages"
    fields = msgspec.json.decode(
        json.dumps({name: [{"role": "user", "content": text}]}).encode(), type=dict[str, msgspec.Raw]
    )
    before = time.process_time()
    Finder().context(dialect, fields)
    assert time.process_time() - before < 1


COUNTS = [2**63, 2**70, 10**400, 10**9000, 1e300, -5, "7", True, None, [], {}]


@pytest.mark.parametrize("place", ["up", "claude", "openrouter"])
@pytest.mark.parametrize("rest", ["/chat/completions", "/messages", "/responses"])
def test_any_count_of_tokens(stage, place, rest):
    """A provider's absurd counts and costs are none: the answer comes, and its record is written."""
    path = stage.path(place, rest)
    body = {"input": "hi"} if rest == "/responses" else {**ask(), "max_tokens": 5}
    sys.set_int_max_str_digits(0)
    for count in COUNTS:
        usage = dict.fromkeys(("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "cost"), count)
        whole = claude("hi") if place == "claude" else completion()
        stage.upstream.script(reply({**whole, "usage": usage}))
        answer = stage.mux.post(path, body)
        assert answer.status in (200, 502), answer.body
        row = stage.row(answer)
        assert row.get("inputTokens") is None
        assert row.get("cost") in (None, 0)


MEMBERS = (
    "choices message delta content tool_calls finish_reason usage id model index error type role text function"
    " arguments name stop_reason content_block output response item reasoning_content thinking signature annotations"
)
TYPES = (
    "message_start content_block_start content_block_delta content_block_stop message_delta message_stop error ping"
    " text text_delta input_json_delta thinking_delta response.created response.output_text.delta response.completed"
    " message response.failed response.output_item.added response.output_item.done function_call reasoning tool_use"
)
answers = st.recursive(
    VALUES | st.sampled_from(TYPES.split()),
    lambda inner: st.dictionaries(st.sampled_from(MEMBERS.split()), inner, max_size=4) | st.lists(inner, max_size=2),
)
told = st.dictionaries(st.sampled_from(MEMBERS.split()), answers, max_size=5) | answers
typed_told = st.tuples(st.sampled_from(TYPES.split()), told).map(
    lambda pair: {**(pair[1] if isinstance(pair[1], dict) else {}), "type": pair[0]}
)


@pytest.mark.parametrize("place", ["up", "claude", "openrouter"])
@pytest.mark.parametrize("rest", ["/chat/completions", "/messages", "/responses", "/completions"])
def test_any_answer_of_a_provider(stage, place, rest):
    """Whatever JSON a provider answers or streams, the client gets it, or an error that is no defect of ours."""
    path = stage.path(place, rest)
    body = {"input": "hi", "prompt": "hi", **({} if rest == "/responses" else ask()), "max_tokens": 5}

    @settings(max_examples=10)
    @given(st.lists(typed_told | told, min_size=1, max_size=3), st.booleans(), st.booleans())
    def answer_anything(events, streams, asked):
        whole = reply(events[0]) if not streams else stream(*(json.dumps(one) for one in events))
        stage.upstream.script(whole)
        answer = stage.mux.post(path, {**body, "stream": asked})
        assert b"internal_error" not in answer.body, (events, answer.body)
        assert b"The mux failed" not in answer.body, (events, answer.body)

    answer_anything()
