"""An OpenAI client in front of an Anthropic provider: what is sent, what comes back, event by event."""

import json
import re

import pytest
from said import (
    CLAUDE_USAGE,
    ask,
    call,
    claude,
    claude_events,
    thinking_block,
    tool,
    tool_block,
)
from stage import KEYS
from upstream import reply, stream

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HELLO = {"role": "user", "content": "hi"}


def send(stage, *messages, place="claude", answer=None, **more):
    """Send messages; the answer, and the body that Anthropic got."""
    body = {"model": "x", "messages": list(messages) or [HELLO], **more}
    got = stage.post(place, body, answer or reply(claude("Hello")))
    assert got.status == 200, got.body
    return got, stage.sent()


def text_of(content):
    """The words of a string or of text blocks, joined."""
    return content if isinstance(content, str) else "".join(block.get("text", "") for block in content)


def blocks(message):
    """A message's content as blocks."""
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def ignored(answer):
    """What the answer says was left out."""
    return set(filter(None, re.split(r",\s*", answer.headers.get("x-mux-ignored", ""))))


def deltas(answer):
    """The deltas of a stream's choices."""
    return [one["choices"][0]["delta"] for one in answer.chunks if one["choices"]]


def test_asks_as_anthropic_wants_to_be_asked(stage):
    """The request goes to `/v1/messages` with version, key, model and a limit."""
    _, body = send(stage)
    got = stage.upstream.last
    assert (got.method, got.path) == ("POST", "/v1/messages")
    assert (got.header("anthropic-version"), got.header("x-api-key")) == ("2023-06-01", KEYS["CLAUDE_KEY"])
    assert got.header("authorization") is None
    assert body["model"] == "claude-sonnet-4-5"
    assert [(one["role"], text_of(one["content"])) for one in body["messages"]] == [("user", "hi")]
    assert isinstance(body["max_tokens"], int)
    assert body["max_tokens"] >= 1024
    assert not body.get("stream")


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_the_limit_is_the_client_s(stage, field):
    """Either name of the limit is taken."""
    assert send(stage, **{field: 77})[1]["max_tokens"] == 77


def test_system_and_developer_are_hoisted(stage):
    """All system and developer messages become the system text, in order, each on its line."""
    parts = [{"type": "text", "text": "two"}]
    _, body = send(stage, {"role": "system", "content": "one"}, HELLO, {"role": "developer", "content": parts})
    system = body["system"]
    assert (system if isinstance(system, str) else "\n".join(block["text"] for block in system)) == "one\ntwo"
    assert [message["role"] for message in body["messages"]] == ["user"]


def test_cache_marks_pass(stage):
    """A client's `cache_control` on parts is kept."""
    mark = {"type": "ephemeral"}
    parts = [{"type": "text", "text": "long", "cache_control": mark}]
    _, body = send(stage, {"role": "system", "content": parts}, {"role": "user", "content": parts})
    assert body["system"][0]["cache_control"] == mark
    assert body["messages"][0]["content"][0]["cache_control"] == mark


def test_pictures(stage):
    """Pictures go along as base64 or as their URL, which is not fetched here."""
    parts = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://pictures.example/a.jpg"}},
    ]
    _, body = send(stage, {"role": "user", "content": parts})
    _, first, second = body["messages"][0]["content"]
    assert first == {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    assert second == {"type": "image", "source": {"type": "url", "url": "https://pictures.example/a.jpg"}}


@pytest.mark.parametrize("url", ["data:image/tiff;base64,AAAA", "data:image/svg+xml;base64,AAAA"])
def test_pictures_of_other_kinds_are_refused(stage, url):
    """A picture that Anthropic cannot read is a 400 here."""
    parts = [{"type": "image_url", "image_url": {"url": url}}]
    answer = stage.post("claude", {"messages": [{"role": "user", "content": parts}]}, reply(claude()))
    assert answer.status == 400
    assert answer.error["message"]
    assert stage.upstream.received == []


def test_documents(stage):
    """A PDF becomes a document block."""
    file = {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}
    _, body = send(stage, {"role": "user", "content": [{"type": "file", "file": file}, {"type": "text", "text": "?"}]})
    block = body["messages"][0]["content"][0]
    assert (block["type"], block["source"]["media_type"], block["source"]["data"]) == (
        "document",
        "application/pdf",
        "JVBERi0=",
    )


def test_sound_is_refused(stage):
    """Sound is a 400: Anthropic has no place for it."""
    parts = [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]
    answer = stage.post("claude", {"messages": [{"role": "user", "content": parts}]}, reply(claude()))
    assert answer.status == 400
    assert "audio" in answer.error["message"]


def test_empty_texts_are_left_out(stage):
    """Empty text parts, which Anthropic refuses, are not sent."""
    parts = [{"type": "text", "text": ""}, {"type": "text", "text": "hi"}]
    _, body = send(stage, {"role": "user", "content": parts})
    assert [block["text"] for block in blocks(body["messages"][0])] == ["hi"]


def test_tools(stage):
    """Tools keep their whole schema; one without parameters gets an empty one."""
    schema = {
        "type": "object", "properties": {"p": {"$ref": "#/$defs/P"}}, "$defs": {"P": {"type": "string"}},
        "required": ["p"], "additionalProperties": False,
    }  # fmt: skip
    described = {
        "type": "function",
        "function": {"name": "look", "description": "Looks.", "parameters": schema, "strict": True},
    }
    bare = {"type": "function", "function": {"name": "wait"}}
    _, body = send(stage, tools=[described, bare])
    first, second = body["tools"]
    assert (first["name"], first["description"], first["input_schema"], first["strict"]) == (
        "look",
        "Looks.",
        schema,
        True,
    )
    assert second["name"] == "wait"
    assert second["input_schema"] == {"type": "object", "properties": {}}
    assert "tool_choice" not in body or body["tool_choice"]["type"] == "auto"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "look"}}, {"type": "tool", "name": "look"}),
    ],
)
def test_tool_choice(stage, choice, expected):
    """The choice of a tool is said in Anthropic's words."""
    assert send(stage, tools=[tool()], tool_choice=choice)[1]["tool_choice"] == expected


def test_one_tool_at_a_time(stage):
    """`parallel_tool_calls: false` is a property of the choice there."""
    _, body = send(stage, tools=[tool()], parallel_tool_calls=False)
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


def test_tool_calls_and_results(stage):
    """Calls become tool_use blocks after the text; results of one turn become one user message, before its text."""
    calls = [call("call_1", "look", '{"path":"a"}'), call("call_2", "look", ""), call("call_3", "look", "not json")]
    picture = [{"type": "text", "text": "two"}]
    _, body = send(
        stage,
        HELLO,
        {"role": "assistant", "content": "Let me see.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "call_1", "content": "one"},
        {"role": "tool", "tool_call_id": "call_2", "content": picture},
        {"role": "tool", "tool_call_id": "call_3", "content": "three"},
        {"role": "user", "content": "go on"},
        tools=[tool()],
    )
    user, assistant, results = body["messages"]
    assert [user["role"], assistant["role"], results["role"]] == ["user", "assistant", "user"]
    text, *uses = assistant["content"]
    assert text["text"] == "Let me see."
    assert [(use["type"], use["id"], use["name"], use["input"]) for use in uses] == [
        ("tool_use", "call_1", "look", {"path": "a"}),
        ("tool_use", "call_2", "look", {}),
        ("tool_use", "call_3", "look", {"input": "not json"}),
    ]
    told = results["content"]
    assert [block["type"] for block in told] == ["tool_result"] * 3 + ["text"]
    assert [(block["tool_use_id"], text_of(block["content"])) for block in told[:3]] == [
        ("call_1", "one"),
        ("call_2", "two"),
        ("call_3", "three"),
    ]


def test_foreign_ids_are_made_fit(stage):
    """Ids that Anthropic refuses are replaced, in call and result alike, and stay apart."""
    calls = [call("call:1.a", "look", "{}"), call("call:1/a", "look", "{}")]
    results = [{"role": "tool", "tool_call_id": one["id"], "content": one["id"]} for one in calls]
    _, body = send(stage, HELLO, {"role": "assistant", "content": None, "tool_calls": calls}, *results, tools=[tool()])
    uses = [block["id"] for block in body["messages"][1]["content"]]
    told = [block["tool_use_id"] for block in body["messages"][2]["content"]]
    assert uses == told
    assert len(set(uses)) == 2
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", one) for one in uses)


@pytest.mark.parametrize(("stop", "expected"), [("END", ["END"]), (["A", " ", "B", "\n"], ["A", "B"])])
def test_stop_sequences(stage, stop, expected):
    """Stop sequences go along, but for those of white space alone."""
    assert send(stage, stop=stop)[1]["stop_sequences"] == expected


def test_temperature_is_clamped(stage):
    """OpenAI's temperatures beyond 1 are 1 there."""
    assert send(stage, temperature=1.7)[1]["temperature"] == 1
    assert send(stage, temperature=0.3)[1]["temperature"] == 0.3


def test_strict_models_get_no_sampling(stage):
    """Models that refuse sampling parameters are spared them, and the answer says so."""
    answer, body = send(stage, place="claude-strict", temperature=0.3, top_p=0.9)
    assert not {"temperature", "top_p", "top_k"} & set(body)
    assert {"temperature", "top_p"} <= ignored(answer)


def test_what_has_no_place_is_named(stage):
    """What Anthropic has no place for is left out and named in `X-Mux-Ignored`."""
    extra = {"seed": 1, "logit_bias": {"1": 2}, "presence_penalty": 0.1, "frequency_penalty": 0.1, "store": True}
    answer, body = send(stage, **extra)
    assert ignored(answer) == set(extra)
    assert not set(extra) & set(body)


def test_the_user_is_hashed(stage):
    """The user's name goes along as a hash, the same each time."""
    first = send(stage, user="alice@example.com")[1]["metadata"]["user_id"]
    assert "alice" not in first
    assert send(stage, user="alice@example.com")[1]["metadata"]["user_id"] == first
    assert send(stage, user="bob@example.com")[1]["metadata"]["user_id"] != first


def test_effort_of_adaptive_models(stage):
    """Newer models are told the effort."""
    _, body = send(stage, place="claude-adaptive", reasoning_effort="high")
    assert body["thinking"]["type"] == "adaptive"
    assert body["output_config"]["effort"] == "high"
    assert send(stage, place="claude-adaptive", reasoning_effort="minimal")[1]["output_config"]["effort"] == "low"


def test_effort_of_older_models(stage):
    """Older models get a budget below the limit, and no temperature but 1."""
    for effort, more in [("low", {}), ("high", {"max_tokens": 2000}), ("medium", {"temperature": 0.2})]:
        _, body = send(stage, reasoning_effort=effort, **more)
        assert body["thinking"]["type"] == "enabled"
        assert 1024 <= body["thinking"]["budget_tokens"] < body["max_tokens"]
        assert body.get("temperature", 1) == 1
        assert "effort" not in body.get("output_config", {})


@pytest.mark.parametrize("place", ["claude", "claude-adaptive"])
def test_no_effort(stage, place):
    """`none` turns thinking off."""
    assert send(stage, place=place, reasoning_effort="none")[1]["thinking"] == {"type": "disabled"}


def test_a_schema_for_the_answer(stage):
    """A JSON schema for the answer goes along, without its name."""
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "thing", "strict": True, "schema": schema}}
    _, body = send(stage, response_format=wanted, answer=reply(claude('{"a":1}')))
    assert body["output_config"]["format"] == {"type": "json_schema", "schema": schema}


def test_json_for_the_answer(stage):
    """A wish for JSON becomes a sentence in the system text."""
    _, body = send(stage, {"role": "system", "content": "Be brief."}, HELLO, response_format={"type": "json_object"})
    assert "Be brief." in text_of(body["system"])
    assert "JSON" in text_of(body["system"])


def test_an_answer_in_one_piece(stage):
    """The answer has every key that OpenAI's has."""
    answer, _ = send(stage, answer=reply(claude("Hel", "lo")))
    said = answer.json()
    assert (said["object"], said["model"]) == ("chat.completion", "claude-as-served")
    assert isinstance(said["id"], str)
    assert said["created"] > 1_700_000_000
    choice = said["choices"][0]
    assert (choice["index"], choice["finish_reason"], choice["logprobs"]) == (0, "stop", None)
    assert choice["message"] == {"role": "assistant", "content": "Hello", "refusal": None}


def test_calls_in_one_piece(stage):
    """Parallel calls come with their arguments as JSON text; without words the content is null."""
    uses = [
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"path": "é"}},
        {"type": "tool_use", "id": "toolu_2", "name": "wait", "input": {}},
    ]
    answer, _ = send(stage, tools=[tool()], answer=reply(claude(*uses, stop="tool_use")))
    choice = answer.json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    got = [
        (one["id"], one["type"], one["function"]["name"], json.loads(one["function"]["arguments"]))
        for one in choice["message"]["tool_calls"]
    ]
    assert got == [("toolu_1", "function", "look", {"path": "é"}), ("toolu_2", "function", "wait", {})]


REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


@pytest.mark.parametrize("reason", REASONS)
def test_stop_reasons(stage, reason):
    """Each stop reason has its finish reason, streamed or not."""
    assert (
        send(stage, answer=reply(claude("x", stop=reason)))[0].json()["choices"][0]["finish_reason"] == REASONS[reason]
    )
    streamed, _ = send(stage, stream=True, answer=stream(*claude_events("x", stop=reason)))
    assert streamed.finish == [REASONS[reason]]
    assert streamed.events.count("[DONE]") == 1


def test_a_refusal_is_explained(stage):
    """A refusal's explanation is the message's `refusal`."""
    said = claude(stop="refusal", stop_details={"type": "refusal", "explanation": "I must not."})
    choice = send(stage, answer=reply(said))[0].json()["choices"][0]
    assert (choice["finish_reason"], choice["message"]["refusal"]) == ("content_filter", "I must not.")


def test_usage(stage):
    """Prompt tokens are all that was read, with the cache's part told apart."""
    usage = send(stage)[0].json()["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (60, 5, 65)
    assert usage["prompt_tokens_details"] == {"cached_tokens": 30, "cache_write_tokens": 20}


def test_thoughts_are_reasoning(stage):
    """Thoughts are the message's `reasoning_content`."""
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    hidden = {"type": "redacted_thinking", "data": "xyz"}
    message = send(stage, answer=reply(claude(thought, hidden, "Hi")))[0].json()["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("hm", "Hi")
    assert "xyz" not in json.dumps(message)


def test_a_stream(stage):
    """A stream has one id, the role first, the words, one reason and one [DONE]."""
    answer, body = send(stage, stream=True, answer=stream(*claude_events("Grüße!", " End.")))
    assert body["stream"] is True
    assert "stream_options" not in body
    assert answer.text == "Grüße! End."
    assert (answer.finish, answer.events.count("[DONE]"), answer.events[-1]) == (["stop"], 1, "[DONE]")
    told = {(one["id"], one["created"], one["model"], one["object"]) for one in answer.chunks}
    assert len(told) == 1
    assert {one[2:] for one in told} == {("claude-as-served", "chat.completion.chunk")}
    assert deltas(answer)[0]["role"] == "assistant"
    assert answer.chunks[-1]["choices"][0]["delta"] == {}
    assert all(one["choices"] for one in answer.chunks)


def test_a_stream_with_usage(stage):
    """Usage comes as the last event where it was asked for, the counts overwritten and not added."""
    answer, _ = send(stage, stream=True, stream_options={"include_usage": True}, answer=stream(*claude_events("Hi")))
    last = answer.chunks[-1]
    assert last["choices"] == []
    assert (last["usage"]["prompt_tokens"], last["usage"]["completion_tokens"]) == (60, 5)
    assert last["usage"]["prompt_tokens_details"]["cached_tokens"] == CLAUDE_USAGE["cache_read_input_tokens"]
    assert [one["usage"] for one in answer.chunks[:-1]] == [None] * (len(answer.chunks) - 1)


def gathered(answer):
    """The calls of a stream, put together by their index."""
    calls = {}
    for delta in deltas(answer):
        for piece in delta.get("tool_calls") or ():
            one = calls.setdefault(piece["index"], {"arguments": ""})
            one.update({key: piece[key] for key in ("id", "type") if key in piece})
            one["name"] = piece["function"].get("name", one.get("name"))
            one["arguments"] += piece["function"].get("arguments") or ""
    return calls


def test_a_stream_of_calls(stage):
    """Calls count from 0 whatever stands before them; one without arguments reads as `{}`."""
    told = ["Let me see.", tool_block("toolu_1", "look", "", '{"pa', 'th":"a"}'), "And", tool_block("toolu_2", "wait")]
    answer, _ = send(stage, stream=True, tools=[tool()], answer=stream(*claude_events(*told, stop="tool_use")))
    calls = gathered(answer)
    assert sorted(calls) == [0, 1]
    assert calls[0] == {"id": "toolu_1", "type": "function", "name": "look", "arguments": '{"path":"a"}'}
    assert (calls[1]["id"], calls[1]["name"], json.loads(calls[1]["arguments"])) == ("toolu_2", "wait", {})
    assert answer.finish == ["tool_calls"]
    assert answer.chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_stream_of_thoughts(stage):
    """Thoughts stream as `reasoning_content`; the signature is not shown."""
    answer, _ = send(stage, stream=True, answer=stream(*claude_events(thinking_block("hm", "signed"), "Hi")))
    assert "".join(delta.get("reasoning_content") or "" for delta in deltas(answer)) == "hm"
    assert answer.text == "Hi"
    assert b"signed" not in answer.body


def test_unknown_events_are_no_harm(stage):
    """Events, blocks and deltas that nobody knows yet are passed over."""
    told = claude_events("Hi")
    unknown = [
        {"type": "content_block_start", "index": 7, "content_block": {"type": "hologram"}},
        {"type": "content_block_delta", "index": 7, "delta": {"type": "light_delta", "light": 1}},
        {"type": "content_block_stop", "index": 7},
        {"type": "weather", "sun": True},
        b'event: ping\ndata: {"type": "ping"}      \n\n',
    ]
    answer, _ = send(stage, stream=True, answer=stream(*told[:-2], *unknown, *told[-2:]))
    assert (answer.text, answer.finish) == ("Hi", ["stop"])


OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


def test_a_first_event_that_is_an_error(stage):
    """An error before the message starts is an HTTP error."""
    answer = stage.post("claude", ask(stream=True), stream({"type": "ping"}, OVERLOADED))
    assert answer.status == 503
    assert "Overloaded" in answer.error["message"]


def test_a_later_error(stage):
    """An error in the midst is told in the stream, which ends without [DONE]."""
    answer = stage.post("claude", ask(stream=True), stream(*claude_events("half")[:5], OVERLOADED))
    assert answer.status == 200
    assert answer.text == "half"
    assert "Overloaded" in answer.broke_off()["message"]


@pytest.mark.parametrize("end", ["clean", "cut", "reset"])
@pytest.mark.parametrize("told", [5, 6], ids=["before the reason", "before the block's end"])
def test_a_broken_stream(stage, end, told):
    """A stream that ends without a stop reason is an error, never a stop."""
    answer = stage.post("claude", ask(stream=True), stream(*claude_events("half")[:told], end=end))
    assert answer.text == "half"
    assert answer.broke_off()
    assert stage.row(answer)["outcome"] == "truncated"


def test_a_reason_without_the_last_event(stage):
    """A stream that gave its stop reason is whole without `message_stop`."""
    answer = stage.post("claude", ask(stream=True), stream(*claude_events("all")[:-1]))
    assert (answer.text, answer.finish, answer.events[-1]) == ("all", ["stop"], "[DONE]")


def test_a_message_for_a_stream(stage):
    """A whole message in answer to a streamed request is re-framed."""
    answer, _ = send(stage, stream=True, answer=reply(claude("Hello")))
    assert (answer.text, answer.finish, answer.events[-1]) == ("Hello", ["stop"], "[DONE]")


def test_a_stream_for_a_message(stage):
    """A stream in answer to a plain request is put together."""
    told = claude_events("Hello", tool_block("toolu_1", "look", '{"a":', "1}"), stop="tool_use")
    choice = send(stage, answer=stream(*told))[0].json()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Hello", "tool_calls")
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "look", "arguments": '{"a":1}'}


SIGNED = {"type": "thinking", "thinking": "hm", "signature": "sIgNeD+/="}


@pytest.mark.parametrize("streamed", [False, True])
def test_thoughts_return_with_their_signature(stage, streamed):
    """The turn after a tool call gets the signed thought back in its place, though the client dropped it."""
    ident = f"toolu_back_{streamed}"
    use = {"type": "tool_use", "id": ident, "name": "look", "input": {"a": 1}}
    if streamed:
        told = (thinking_block("hm", SIGNED["signature"]), tool_block(ident, "look", '{"a":1}'))
        first = stream(*claude_events(*told, stop="tool_use"))
    else:
        first = reply(claude(SIGNED, use, stop="tool_use"))
    send(stage, tools=[tool()], reasoning_effort="low", stream=streamed, answer=first)
    turn = {"role": "assistant", "content": None, "tool_calls": [call(ident, "look", '{"a":1}')]}
    result = {"role": "tool", "tool_call_id": ident, "content": "seen"}
    answer, body = send(stage, HELLO, turn, result, tools=[tool()], reasoning_effort="low")
    assistant = body["messages"][1]["content"]
    assert assistant[0] == SIGNED
    assert assistant[1]["id"] == ident
    assert body["thinking"]["type"] == "enabled"
    assert not ignored(answer)


def test_unknown_thoughts_turn_thinking_off(stage):
    """Where the signed thought is not known any more, thinking is off for that request, and the answer says so."""
    turn = {"role": "assistant", "content": None, "tool_calls": [call("toolu_unknown", "look", "{}")]}
    result = {"role": "tool", "tool_call_id": "toolu_unknown", "content": "seen"}
    answer, body = send(stage, HELLO, turn, result, tools=[tool()], reasoning_effort="low")
    assert body.get("thinking", {"type": "disabled"}) == {"type": "disabled"}
    assert ignored(answer)


def test_unsigned_thoughts_are_not_sent(stage):
    """A thought that a client quotes, which bears no signature, is not sent as one."""
    turn = {"role": "assistant", "content": "Hi", "reasoning_content": "forged"}
    _, body = send(stage, HELLO, turn, {"role": "user", "content": "and?"})
    assert "thinking" not in [block["type"] for block in blocks(body["messages"][1])]


def test_old_functions_are_tools(stage):
    """The older `functions` and `function_call` are understood as tools."""
    _, body = send(stage, functions=[tool()["function"]], function_call={"name": "look"})
    assert body["tools"][0]["name"] == "look"
    assert body["tool_choice"] == {"type": "tool", "name": "look"}
