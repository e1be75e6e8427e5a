"""Clients of Anthropic's Messages: bytes to who speaks it, and a translation to who does not."""

import json
import re

import pytest
from said import (
    call,
    chunk,
    chunks,
    claude,
    claude_events,
    completion,
    text_block,
    thinking_block,
    tool_block,
    usage_chunk,
)
from stage import KEYS
from upstream import reply, stream

PATH = "/v1/messages"
HELLO = {"role": "user", "content": "hi"}
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
TOOL = {"name": "look", "description": "Looks.", "input_schema": SCHEMA}
USAGE = {
    "input_tokens": 8,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 3,
    "output_tokens": 7,
}


def asked(*messages, **more):
    """A Messages request as clients send it."""
    return {"model": "claude-opus-4-8", "max_tokens": 1000, "messages": list(messages) or [HELLO], **more}


def send(stage, place, body, *answers, path=PATH, **headers):
    """Script the provider, send one request, and read the whole answer."""
    where = stage.path(place, path)
    stage.upstream.script(*answers)
    return stage.mux.post(where, body, {name.replace("_", "-"): value for name, value in headers.items()})


def told(answer):
    """The events of a stream, each with the name that its data says."""
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = re.findall(r"event: (\S+)\ndata: (.*)\n\n", answer.body.decode())
    events = [json.loads(data) for _, data in found]
    assert [event["type"] for event in events] == [name for name, _ in found]
    assert answer.body.count(b"data:") == len(events)
    return events


def blocks(events):
    """The blocks that a stream adds up to, one strictly after the other."""
    made, is_open = [], False
    for event in events:
        if event["type"] == "content_block_start":
            assert not is_open
            assert event["index"] == len(made)
            made.append(dict(event["content_block"]))
            is_open = True
        elif event["type"] == "content_block_delta":
            assert is_open
            assert event["index"] == len(made) - 1
            for name, value in event["delta"].items():
                if name != "type":
                    made[-1][name] = made[-1].get(name, "") + value
        elif event["type"] == "content_block_stop":
            assert is_open
            is_open = False
    assert not is_open
    return made


def ignored(answer):
    """What the answer says was left out."""
    return set(filter(None, re.split(r",\s*", answer.headers.get("x-mux-ignored", ""))))


# To a provider that speaks Messages


def test_the_bytes_pass_but_for_the_model(stage):
    """Odd spacing, unknown fields, cache marks and signatures reach Anthropic as they were written."""
    signed = {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"}
    body = json.dumps(
        asked(
            HELLO,
            {"role": "assistant", "content": [signed, {"type": "text", "text": "é", "cache_control": {}}]},
            HELLO,
            x_unknown={"b": 1, "a": [None]},
            thinking={"type": "adaptive"},
        ),
        indent=3,
    ).encode()
    answer = send(stage, "claude", body, reply(claude("Hello")))
    assert answer.status == 200
    assert stage.upstream.last.body == body.replace(b"claude-opus-4-8", b"claude-sonnet-4-5")
    assert stage.upstream.last.path == "/v1/messages"
    assert answer.json() == claude("Hello")
    assert ignored(answer) == set()


def test_version_and_betas_go_along_and_keys_do_not(stage):
    """`anthropic-version` and `anthropic-beta` are the client's, the key is the provider's."""
    headers = {"anthropic_version": "2023-01-01", "anthropic_beta": "a-2025,b-2026", "x_api_key": "sk-client"}
    send(stage, "claude", asked(), reply(claude()), **headers, authorization="Bearer sk-client", cookie="c=1")
    got = stage.upstream.last
    assert (got.header("anthropic-version"), got.header("anthropic-beta")) == ("2023-01-01", "a-2025,b-2026")
    assert got.header("x-api-key") == KEYS["CLAUDE_KEY"]
    assert "sk-client" not in str(got.headers)
    assert got.header("cookie") is None
    send(stage, "claude", asked(), reply(claude()))
    assert stage.upstream.last.header("anthropic-version") == "2023-06-01"
    assert stage.upstream.last.header("anthropic-beta") is None


def test_events_pass_as_they_are(stage):
    """A stream's own bytes go out: padding, pings, unknown events and all."""
    events = [*claude_events(thinking_block("Hm.", "c2ln"), "Hello", tool_block("t", "look", '{"path":', '"a"}'))]
    events.insert(3, {"type": "new_event", "x": 1})
    raw = b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}   \n\n".encode() for one in events)
    answer = send(stage, "claude", asked(stream=True), stream(raw))
    assert answer.body == raw
    row = stage.row(answer)
    assert (row["dialect"], row["kind"], row["outcome"], row["status"]) == ("messages", "chat", "ok", 200)
    assert (row["inputTokens"], row["outputTokens"], row["cachedTokens"]) == (60, 5, 30)


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_flag_that_the_provider_ignores_is_kept(stage, is_streamed):
    """JSON becomes events for who asked for a stream, and events JSON for who did not."""
    uses = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"path": "a"}}
    whole = claude({"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}, "Hello", uses, stop="tool_use")
    parts = thinking_block("Hm.", "c2ln"), text_block("Hello"), tool_block("toolu_1", "look", '{"path":', '"a"}')
    events = stream(*claude_events(*parts, stop="tool_use"))
    answer = send(stage, "claude", asked(stream=is_streamed), reply(whole) if is_streamed else events)
    if is_streamed:
        made = told(answer)
        assert made[-1] == {"type": "message_stop"}
        assert made[-2]["delta"]["stop_reason"] == "tool_use"
        assert [block["type"] for block in blocks(made)] == ["thinking", "text", "tool_use"]
        assert blocks(made)[2]["partial_json"] == '{"path":"a"}'
    else:
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.json()["content"] == whole["content"]
        assert answer.json()["stop_reason"] == "tool_use"
        assert answer.json()["usage"]["output_tokens"] == 5


def test_a_stream_without_names_or_an_end_gets_them(stage):
    """Clients go by `event:` and `message_stop`: what a server leaves out of them is added."""
    events = [f"data: {json.dumps(one)}\n\n".encode() for one in claude_events("Hello")[:-1]]
    made = told(send(stage, "claude", asked(stream=True), stream(*events, b"data: [DONE]\n\n")))
    assert made == claude_events("Hello")


@pytest.mark.parametrize("first", [1, -2], ids=["text", "nothing"])
@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_stream_that_begins_in_its_midst_gets_a_beginning(stage, is_streamed, first):
    """llama.cpp leaves `message_start` out where the first token is no whole character; clients give up on that."""
    events = [{"type": "ping"}, *(one for one in claude_events("Hello")[first:] if one["type"] != "ping")]
    answer = send(stage, "claude", asked(stream=is_streamed), stream(*events))
    if is_streamed:
        ping, start, *rest = told(answer)
        assert [ping, *rest] == events
        assert start["type"] == "message_start"
        message = start["message"]
        assert message["content"] == []
    else:
        message = answer.json()
        assert message["stop_reason"] == "end_turn"
    assert message["id"].startswith("msg_")
    assert (message["type"], message["role"], message["model"]) == ("message", "assistant", "claude-sonnet-4-5")
    assert {"input_tokens", "output_tokens"} <= set(message["usage"])
    assert stage.row(answer)["outcome"] == "ok"


def test_a_call_that_begins_without_input_gets_it(stage):
    """llama.cpp leaves it out, and a strict client cannot read the event then; others of its members stay."""
    opening, deltas = tool_block("toolu_1", "look", '{"path":', '"a"}')
    bare = {name: value for name, value in opening.items() if name != "input"}
    answer = send(stage, "claude", asked(stream=True), stream(*claude_events((bare, deltas), stop="tool_use")))
    assert told(answer) == claude_events((opening, deltas), stop="tool_use")


# Thinking finds its maker


def signed(stage, place, signature):
    """A conversation whose thinking this place's provider signed just now."""
    blocks_ = thinking_block("Hm.", signature), tool_block("toolu_1", "look", '{"path":"a"}')
    send(stage, place, asked(stream=True, tools=[TOOL]), stream(*claude_events(*blocks_, stop="tool_use")))
    return [
        HELLO,
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": signature},
                {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"path": "a"}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "fine"}]},
    ]


def test_thinking_goes_back_to_who_made_it(stage):
    """With the next request, byte for byte."""
    conversation = signed(stage, "claude", "c2lnLW93bg==")
    answer = send(stage, "claude", asked(*conversation, tools=[TOOL]), reply(claude("Done")))
    assert stage.sent()["messages"] == conversation
    assert ignored(answer) == set()


def test_thinking_of_another_is_left_out_and_named(stage):
    """Another provider cannot check the signature; thinking that must begin the turn is then switched off."""
    conversation = signed(stage, "claude", "c2lnLW90aGVy")
    body = asked(*conversation, tools=[TOOL], thinking={"type": "enabled", "budget_tokens": 1024})
    answer = send(stage, "claude-strict", body, reply(claude("Done")))
    sent = stage.sent()
    assert [block["type"] for block in sent["messages"][1]["content"]] == ["tool_use"]
    assert sent["messages"][0] == conversation[0]
    assert sent["messages"][2] == conversation[2]
    assert sent["thinking"] == {"type": "disabled"}
    assert ignored(answer) == {"messages.thinking", "thinking"}


def test_thinking_that_nobody_is_known_to_have_made_passes(stage):
    """The mux may have been restarted since."""
    conversation = [HELLO, {"role": "assistant", "content": [{**SIGNED, "signature": "b2xk"}, TEXT]}, HELLO]
    answer = send(stage, "claude", asked(*conversation), reply(claude("Done")))
    assert stage.sent()["messages"] == conversation
    assert ignored(answer) == set()


SIGNED = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
TEXT = {"type": "text", "text": "Hello"}


def test_thinking_of_a_chat_provider_finds_its_way_back(stage):
    """Within the turn that goes on it returns in the field it came in; later, and to others, it is left out."""
    pieces = [chunk(reasoning="H"), chunk(reasoning="m."), chunk(tool_calls=[call("c1", "look", "{}", 0)])]
    made = blocks(told(send(stage, "up", asked(stream=True, tools=[TOOL]), stream(*pieces, chunk("tool_calls")))))
    assert (made[0]["type"], made[0]["thinking"]) == ("thinking", "Hm.")
    assert made[0]["signature"]
    use = {"type": "tool_use", "id": "c1", "name": "look", "input": {}}
    conversation = [
        HELLO,
        {"role": "assistant", "content": [made[0], use]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "fine"}]},
    ]
    answer = send(stage, "up", asked(*conversation, tools=[TOOL]), reply(completion()))
    assert stage.sent()["messages"][1]["reasoning"] == "Hm."
    assert ignored(answer) == set()
    answer = send(stage, "up", asked(*conversation, HELLO, tools=[TOOL]), reply(completion()))
    assert "reasoning" not in stage.sent()["messages"][1]
    for place, said in (("vllm", reply(claude("Done"))), ("claude", reply(claude("Done")))):
        answer = send(stage, place, asked(*conversation, tools=[TOOL]), said)
        assert made[0] not in stage.sent()["messages"][1]["content"]
        assert ignored(answer) == {"messages.thinking"}


def test_unsigned_thinking_is_not_sent_to_who_signs(stage):
    """Anthropic answers 400 to it; a server that leaves signatures empty gets its own back."""
    conversation = [HELLO, {"role": "assistant", "content": [{**SIGNED, "signature": ""}, TEXT]}, HELLO]
    assert ignored(send(stage, "claude-adaptive", asked(*conversation), reply(claude("Hm")))) == {"messages.thinking"}
    assert stage.sent()["messages"][1]["content"] == [TEXT]
    assert ignored(send(stage, "vllm", asked(*conversation), reply(claude("Hm")))) == set()
    assert stage.sent()["messages"] == conversation


# To a provider that speaks chat


def test_asks_as_chat_is_asked(stage):
    """System text, limit, tools and the rest reach a chat provider in its words."""
    body = asked(
        HELLO,
        system=[{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}],
        tools=[TOOL],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        stop_sequences=["END"],
        temperature=0.5,
        thinking={"type": "enabled", "budget_tokens": 8000},
        metadata={"user_id": "user_alice_session_1"},
    )
    answer = send(stage, "up", body, reply(completion()))
    assert answer.status == 200
    sent = stage.sent()
    assert stage.upstream.last.path == "/v1/chat/completions"
    assert stage.upstream.last.header("authorization") == f"Bearer {KEYS['UP_KEY']}"
    assert stage.upstream.last.header("anthropic-version") is None
    assert sent.pop("user") != "user_alice_session_1"
    function = {"name": "look", "description": "Looks.", "parameters": SCHEMA}
    assert sent == {
        "model": "m1",
        "max_tokens": 1000,
        "messages": [{"role": "system", "content": "Be brief.\nBe kind."}, {"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": function}],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "stop": ["END"],
        "temperature": 0.5,
        "reasoning_effort": "medium",
    }
    assert ignored(answer) == set()


def test_an_answer_in_one_piece(stage):
    """Text, reasoning, calls, reason and usage in Anthropic's words."""
    said = completion("Hello", "tool_calls", reasoning_content="Hm.", tool_calls=[call("c1", "look", '{"path":"é"}')])
    answer = send(stage, "up", asked(tools=[TOOL]), reply(said))
    message = answer.json()
    thought, text, use = message["content"]
    assert (thought["type"], thought["thinking"]) == ("thinking", "Hm.")
    assert text == {"type": "text", "text": "Hello"}
    assert use == {"type": "tool_use", "id": "c1", "name": "look", "input": {"path": "é"}}
    assert (message["type"], message["role"], message["model"]) == ("message", "assistant", "m1-2026")
    assert (message["stop_reason"], message["stop_sequence"]) == ("tool_use", None)
    assert message["usage"] == USAGE
    assert message["id"].startswith("msg_")
    assert answer.headers["x-mux-model"] == "m1"
    row = stage.row(answer)
    assert (row["dialect"], row["provider"], row["inputTokens"], row["outputTokens"]) == ("messages", "up", 11, 7)


def test_a_stream_event_by_event(stage):
    """The first event tells the message, blocks follow one another, the last but one tells reason and usage."""
    pieces = [
        chunk(role="assistant", content=""),
        chunk(reasoning_content="H"),
        chunk(reasoning_content="m."),
        chunk(content="Hel"),
        chunk(content="lo"),
        chunk(tool_calls=[call("c1", "look", "", 0)]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"path"'}}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": ':"a"}'}}]),
        chunk("tool_calls"),
        usage_chunk(),
    ]
    answer = send(stage, "up", asked(stream=True, tools=[TOOL]), stream(*pieces, "[DONE]"))
    events = told(answer)
    start = events[0]["message"]
    assert (start["type"], start["role"], start["model"], start["content"]) == ("message", "assistant", "m1-2026", [])
    assert start["usage"]["input_tokens"] == 0
    thought, text, use = blocks(events)
    assert (thought["type"], thought["thinking"]) == ("thinking", "Hm.")
    assert thought["signature"]
    assert text == {"type": "text", "text": "Hello"}
    assert (use["id"], use["name"], use["input"], use["partial_json"]) == ("c1", "look", {}, '{"path":"a"}')
    assert events[-2]["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert events[-2]["usage"] == USAGE
    assert events[-1] == {"type": "message_stop"}
    assert stage.sent()["stream_options"] == {"include_usage": True}
    assert stage.row(answer)["outcome"] == "ok"


def test_calls_that_interleave_come_one_after_the_other(stage):
    """Pieces of a later call wait until the one before it is whole."""
    pieces = [
        chunk(tool_calls=[call("c1", "look", "", 0), call("c2", "see", '{"b"', 1)]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"a":'}}]),
        chunk(tool_calls=[{"index": 1, "function": {"arguments": ":2}"}}, call("c3", "wait", "", 2)]),
        chunk(content="So."),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": "1}"}}]),
        chunk("tool_calls"),
    ]
    answer = send(stage, "up", asked(stream=True), stream(*pieces, "[DONE]"))
    first, second, third, text = blocks(told(answer))
    assert (first["id"], first["partial_json"]) == ("c1", '{"a":1}')
    assert (second["id"], second["partial_json"]) == ("c2", '{"b":2}')
    assert (third["id"], third["name"], third.get("partial_json")) == ("c3", "wait", None)
    assert text["text"] == "So."


def test_a_call_streams_while_it_comes(stage):
    """The arguments of the first call reach the client piece by piece."""
    begin = [chunk(tool_calls=[call("c1", "look", '{"path":"a', 0)])]
    path = stage.path("up", PATH)
    stage.upstream.script(stream(*begin, end="stall"))
    with stage.mux.open("POST", path, asked(stream=True)) as got:
        read = b""
        while b'{\\"path\\":\\"a' not in read:
            read += got.read()
        got.leave()


REASONS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal", "eos": "end_turn"}


@pytest.mark.parametrize("reason", REASONS)
def test_stop_reasons(stage, reason):
    """Each finish reason has its stop reason, streamed or not."""
    assert send(stage, "up", asked(), reply(completion("a", reason))).json()["stop_reason"] == REASONS[reason]
    events = told(send(stage, "up", asked(stream=True), stream(*chunks("a", finish=reason), "[DONE]")))
    assert events[-2]["delta"]["stop_reason"] == REASONS[reason]


def test_results_of_tools(stage):
    """Each result becomes a message; pictures in it follow in the user's, failures are told."""
    source = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    results = [
        {"type": "tool_result", "tool_use_id": "c1", "content": [TEXT, {"type": "image", "source": source}]},
        {"type": "tool_result", "tool_use_id": "c2", "content": "no such file", "is_error": True},
        {"type": "text", "text": "go on"},
    ]
    uses = [{"type": "tool_use", "id": one, "name": "look", "input": {"path": one}} for one in ("c1", "c2")]
    conversation = [HELLO, {"role": "assistant", "content": [TEXT, *uses]}, {"role": "user", "content": results}]
    send(stage, "up", asked(*conversation, tools=[TOOL]), reply(completion()))
    _, said, first, second, rest = stage.sent()["messages"]
    assert said["content"] == "Hello"
    assert [json.loads(one["function"]["arguments"]) for one in said["tool_calls"]] == [{"path": "c1"}, {"path": "c2"}]
    assert first == {"role": "tool", "tool_call_id": "c1", "content": "Hello"}
    assert second == {"role": "tool", "tool_call_id": "c2", "content": "Error: no such file"}
    assert rest["content"] == [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "text", "text": "go on"},
    ]


def test_what_has_no_place_is_named(stage):
    """What chat has no place for is left out and named; tools that only Anthropic runs among it."""
    search = {"type": "web_search_20250305", "name": "web_search"}
    marked = {"role": "user", "content": [{**TEXT, "cache_control": {"type": "ephemeral"}}]}
    body = asked(marked, tools=[TOOL, search], top_k=5, mcp_servers=[{"url": "https://x.example"}], container="c")
    answer = send(stage, "up", body, reply(completion()))
    assert ignored(answer) == {"tools.web_search", "top_k", "mcp_servers", "container", "cache_control"}
    assert [one["function"]["name"] for one in stage.sent()["tools"]] == ["look"]
    assert set(stage.row(answer).get("ignored", ())) == ignored(answer)


def test_what_the_model_would_miss_is_refused(stage):
    """A picture that only Anthropic's file store has is a 400 in Anthropic's words."""
    content = [{"type": "image", "source": {"type": "file", "file_id": "file_1"}}]
    answer = send(stage, "up", asked({"role": "user", "content": content}), reply(completion()))
    assert answer.status == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert stage.upstream.received == []


def test_echo_speaks_it_too(stage):
    """The built-in provider answers Messages, whole and streamed, by way of chat."""
    if not any(one["name"] == "parrot" for one in stage.mux.json("provider", "list")):
        stage.mux.cli("provider", "add", "parrot", "--type", "echo")
        stage.mux.cli("workspace", "add", "parrot")
        stage.mux.cli("rule", "default", "parrot/echo", "-w", "parrot")
    said = stage.mux.post("/w/parrot/messages", asked({"role": "user", "content": "one two"})).json()
    assert said["content"] == [{"type": "text", "text": "one two"}]
    assert said["usage"]["input_tokens"] == 2
    events = told(stage.mux.post("/w/parrot/messages", asked({"role": "user", "content": "one two"}, stream=True)))
    assert blocks(events) == [{"type": "text", "text": "one two"}]


# What a server turns out not to have


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize(
    "answer",
    [
        reply({"detail": "Not Found"}, status=404),
        reply(b"404 page not found", status=404),
        reply({"error": "Unexpected endpoint or method. (POST /v1/messages)"}),
    ],
    ids=["FastAPI", "Go", "LM Studio, 200"],
)
def test_a_server_without_messages_is_translated_for(stage, other_upstream, fresh_mux, answer, is_streamed):
    """An older server that lacks its type's `/v1/messages` is asked by chat, and from then on at once."""
    mux = fresh_mux()
    mux.cli("provider", "add", "old", "--type", "vllm", "--endpoint", f"{other_upstream.url}/v1")
    mux.cli("rule", "default", "old/m1")
    mux.start()
    fine = stream(*chunks("fine"), "[DONE]") if is_streamed else reply(completion("fine"))
    other_upstream.script(answer, fine)
    for _ in range(2):
        got = mux.post("/messages", asked(stream=is_streamed, top_k=3, metadata={"other": 1}))
        assert (blocks(told(got)) if is_streamed else got.json()["content"])[0]["text"] == "fine"
        assert ignored(got) == {"metadata"}
    paths = [request.path for request in other_upstream.received]
    assert paths == ["/v1/messages", "/v1/chat/completions", "/v1/chat/completions"]
    assert other_upstream.last.json()["top_k"] == 3


def test_a_model_that_is_not_there_is_no_missing_path(stage):
    """A 404 that names the model is told as it is."""
    error = {"type": "error", "error": {"type": "not_found_error", "message": "model: m1"}}
    answer = send(stage, "vllm", asked(), reply(error, status=404))
    assert (answer.status, answer.json()) == (404, error)
    assert len(stage.upstream.received) == 1


def test_wishes_that_a_server_refuses_are_given_up(stage, other_upstream, fresh_mux):
    """A refusal that names what only the translation asked for costs one more request each, once."""
    mux = fresh_mux()
    mux.cli("provider", "add", "picky", "--type", "openai", "--endpoint", f"{other_upstream.url}/v1", "--auth", "none")
    mux.cli("rule", "default", "picky/m1")
    mux.start()
    told_ = [
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "Unrecognized request argument supplied: reasoning_effort",
    ]
    refusals = [reply({"error": {"message": one, "type": "invalid_request_error"}}, status=400) for one in told_]
    other_upstream.script(*refusals, reply(completion("fine")))
    for _ in range(2):
        got = mux.post("/messages", asked(thinking={"type": "adaptive"}))
        assert got.json()["content"][0]["text"] == "fine"
        assert ignored(got) == {"thinking"}
    assert len(other_upstream.received) == 4
    sent = other_upstream.last.json()
    assert sent["max_completion_tokens"] == 1000
    assert not {"max_tokens", "reasoning_effort"} & set(sent)


# Counting


def test_tokens_are_counted_by_who_can(stage):
    """Anthropic is asked for the count, with the client's bytes."""
    answer = send(stage, "claude", asked(tools=[TOOL]), reply({"input_tokens": 42}), path=f"{PATH}/count_tokens")
    assert answer.json() == {"input_tokens": 42}
    assert stage.upstream.last.path == "/v1/messages/count_tokens"
    assert stage.sent()["tools"] == [TOOL]
    row = stage.row(answer)
    assert (row["outcome"], row["cost"]) == ("ok", 0)


@pytest.mark.parametrize("place", ["up", "vllm"])
def test_tokens_are_estimated_elsewhere(stage, place):
    """No other provider is asked: 3.5 bytes are a token, and a message costs 4 more."""
    text = "x" * 7000
    answer = send(stage, place, asked({"role": "user", "content": text}), path=f"{PATH}/count_tokens")
    assert answer.json() == {"input_tokens": 2004}
    assert stage.row(answer)["cost"] == 0
    assert stage.upstream.received == []
    assert answer.headers["x-mux-provider"] == place


def test_tokens_are_estimated_where_the_server_cannot_count(stage, other_upstream, fresh_mux):
    """A server that imitates Anthropic without counting is asked once."""
    mux = fresh_mux()
    mux.cli("provider", "add", "like", "--type", "anthropic", "--endpoint", other_upstream.url, "--auth", "none")
    mux.cli("rule", "default", "like/m1")
    mux.start()
    other_upstream.script(reply({"detail": "Not Found"}, status=404))
    for _ in range(2):
        assert mux.post("/messages/count_tokens", asked()).json() == {"input_tokens": 5}
    assert len(other_upstream.received) == 1
