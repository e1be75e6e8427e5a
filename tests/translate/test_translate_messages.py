"""Messages as a client's dialect: requests to chat, and chat's answers back, whole and streamed."""

from __future__ import annotations

import json
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import call, events, message, use

from sidecar.errors import BadRequest
from sidecar.sse import Decoder
from sidecar.translate import frames as chat_frames
from sidecar.translate.messages import frames
from sidecar.translate.messages.estimate import tokens_of_request
from sidecar.translate.messages.front import MessagesFront
from sidecar.translate.messages.replay import own_thinking
from sidecar.translate.messages.request import to_chat
from sidecar.translate.target import Target
from sidecar.translate.thinking import ThinkingMemory, maker
from sidecar.values import Tokens

HELLO = {"role": "user", "content": "hi"}
TOOL = {"name": "look", "input_schema": {"type": "object", "properties": {}}}
ENDED = {"message_start", "message_delta", "message_stop", "ping"}


def target(provider="acme", **more):
    """Whom a request is for."""
    given_ = {"model": "m", "maker": maker(provider, "m"), "memory": ThinkingMemory(), **more}
    return Target(provider=provider, **given_)


def chat(*messages, to=None, **fields):
    """A Messages request as a chat request, and what was left out."""
    asked = to_chat({"max_tokens": 100, "messages": list(messages) or [HELLO], **fields}, to or target())
    return asked.chat, set(asked.ignored)


def streamed(chunks, *, tokens=None, **body):
    """The events that a stream of chunks becomes."""
    front = MessagesFront({"messages": [HELLO], **body}, target())
    raw = b"".join(front.chunk(json.dumps(chunk).encode()) for chunk in chunks)
    raw += front.end(tokens or Tokens())
    told = Decoder().feed(raw)
    assert all(event.name == json.loads(event.data)["type"].encode() for event in told)
    return [json.loads(event.data) for event in told]


def whole(completion, *, tokens=None, **body):
    """The message that a completion becomes."""
    front = MessagesFront({"messages": [HELLO], **body}, target())
    return json.loads(front.whole(completion, tokens or Tokens()))


def told(*deltas, finish="stop"):
    """The chunks with these deltas."""
    head = {"id": "c", "object": "chat.completion.chunk", "model": "m1"}
    ends = [{"index": 0, "delta": {}, "finish_reason": finish}]
    return [{**head, "choices": [{"index": 0, "delta": delta}]} for delta in deltas] + [{**head, "choices": ends}]


def assert_in_order(made):
    """Blocks open and close one after the other, between the start and the end."""
    kinds = [event["type"] for event in made]
    assert (kinds[0], kinds[-2:]) == ("message_start", ["message_delta", "message_stop"])
    current, following = None, 0
    for event in made:
        if event["type"] == "content_block_start":
            assert (current, event["index"]) == (None, following)
            current, following = following, following + 1
        elif event["type"] == "content_block_stop":
            assert event["index"] == current
            current = None
        elif event["type"] not in ENDED:
            assert (event["type"], event["index"]) == ("content_block_delta", current)
    assert current is None


def test_documents_become_files_or_text():
    """A PDF is a file, text is text behind its title; what stands in Anthropic's store is refused."""
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    text = {"type": "text", "media_type": "text/plain", "data": "inside"}
    content = [
        {"type": "document", "source": pdf, "title": "a.pdf"},
        {"type": "document", "source": text, "title": "b.txt", "context": "about"},
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "parts"}]}},
        {"type": "search_result", "title": "T", "source": "https://x", "content": [{"type": "text", "text": "found"}]},
    ]
    sent, lost = chat({"role": "user", "content": content})
    file, *texts = sent["messages"][0]["content"]
    assert file["file"] == {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}
    assert [one["text"] for one in texts] == ["b.txt", "about", "inside", "parts", "T\nhttps://x\nfound"]
    assert lost == set()
    for source in ({"type": "url", "url": "https://x/a.pdf"}, {"type": "file", "file_id": "f"}):
        with pytest.raises(BadRequest) as refused:
            chat({"role": "user", "content": [{"type": "document", "source": source}]})
        assert refused.value.error_code == "unsupported_parameter"


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]},
        {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": 1}]}]},
        {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
        {"messages": [{"role": "user", "content": " "}], "max_tokens": "many"},
        {"tools": [{"name": 1}]},
        {"tools": [TOOL], "tool_choice": "auto"},
        {"thinking": "yes"},
        {"system": [{"type": "text"}]},
    ],
    ids=json.dumps,
)
def test_what_is_malformed_is_refused(body):
    """It is a 400, whatever part of the request it is."""
    with pytest.raises(BadRequest):
        to_chat({"max_tokens": 10, "messages": [HELLO], **body}, target())


def test_system_text_for_accounting_is_left_out():
    """Claude Code's first system block differs with each request, and would cost local servers their cache."""
    system = [{"type": "text", "text": "x-anthropic-billing-header: cc=1"}, {"type": "text", "text": "You code."}]
    sent, lost = chat(HELLO, system=system)
    assert sent["messages"][0] == {"role": "system", "content": "You code."}
    assert lost == {"x-anthropic-billing-header"}


def test_system_messages_within_become_reminders():
    """Chat templates refuse a system message that is not the first; so does none that stands in the user's words."""
    within = {"role": "system", "content": "mind the gap"}
    sent, _ = chat(HELLO, within, {"role": "assistant", "content": "ok"}, within)
    assert [one["role"] for one in sent["messages"]] == ["user", "assistant", "user"]
    assert sent["messages"][0]["content"] == "hi\n<system-reminder>\nmind the gap\n</system-reminder>"


def test_long_names_of_tools_are_shortened_and_come_back():
    """OpenAI takes 64 characters; the answer has the client's name again, streamed or not."""
    name = "mcp__a_server_with_a_long_name__" + "x" * 60
    tools = [{**TOOL, "name": name}]
    body = {"tools": tools, "tool_choice": {"type": "tool", "name": name}}
    sent, _ = chat(HELLO, {"role": "assistant", "content": [use("t", name)]}, HELLO, **body)
    short = sent["tools"][0]["function"]["name"]
    assert len(short) <= 64
    assert sent["tool_choice"]["function"]["name"] == short
    assert sent["messages"][1]["tool_calls"][0]["function"]["name"] == short
    said = {"role": "assistant", "tool_calls": [call("c", short)]}
    assert whole({"choices": [{"message": said}]}, tools=tools)["content"][0]["name"] == name
    made = streamed(told({"tool_calls": [{"index": 0, **call("c", short)}]}), tools=tools)
    assert made[1]["content_block"]["name"] == name


@pytest.mark.parametrize(
    ("fields", "effort", "lost"),
    [
        ({}, None, set()),
        ({"thinking": {"type": "disabled"}}, "none", set()),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low", set()),
        ({"thinking": {"type": "enabled", "budget_tokens": 10_000}}, "medium", set()),
        ({"thinking": {"type": "enabled", "budget_tokens": 31_999}}, "high", set()),
        ({"thinking": {"type": "adaptive"}}, "medium", set()),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, "low", set()),
        ({"output_config": {"effort": "max"}}, "high", {"output_config.effort"}),
        ({"output_config": {"task_budget": {}}}, None, {"output_config.task_budget"}),
    ],
)
def test_thinking_becomes_effort(fields, effort, lost):
    """By its budget, or by the effort that is asked for."""
    sent, left = chat(HELLO, **fields)
    assert sent.get("reasoning_effort") == effort
    assert left == lost


def test_a_schema_for_the_answer():
    """Structured output is asked for in OpenAI's words."""
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    for field in ({"output_config": {"format": FORMAT(schema)}}, {"output_format": FORMAT(schema)}):
        sent, lost = chat(HELLO, **field)
        assert sent["response_format"]["json_schema"]["schema"] == schema
        assert lost == set()


def FORMAT(schema):  # noqa: N802 - it reads as a constant with a hole
    """A wish for an answer of this schema."""
    return {"type": "json_schema", "schema": schema}


def test_the_limit_fits_the_model():
    """Clients ask for Claude's limit of models that have less: it is cut to the listing's, and to what is left."""
    assert chat(HELLO, max_tokens=32_000)[0]["max_tokens"] == 32_000
    sent, lost = chat(HELLO, max_tokens=32_000, to=target(most=8192))
    assert (sent["max_tokens"], lost) == (8192, {"max_tokens"})
    long = {"role": "user", "content": "x" * 35_000}
    sent, lost = chat(long, max_tokens=32_000, to=target(window=32_768))
    assert 20_000 < sent["max_tokens"] <= 32_768 - 10_000
    assert lost == {"max_tokens"}
    assert chat(long, max_tokens=1000, to=target(window=32_768))[0]["max_tokens"] == 1000


def test_ids_are_in_anthropic_s_alphabet():
    """Foreign characters become `_`, missing ids are made, and no two calls share one."""
    calls = [call("functions.look:0"), call("functions:look.0"), {"function": {"name": "look"}}]
    made = whole({"choices": [{"message": {"tool_calls": calls}}]})["content"]
    ids = [block["id"] for block in made]
    assert ids[0] == "functions_look_0"
    assert len(set(ids)) == 3
    assert all(one.replace("_", "").replace("-", "").isalnum() for one in ids)
    assert made[2]["input"] == {}


def test_two_calls_that_share_an_index():
    """Some servers count all calls as 0: an id and a name of its own begin another."""
    deltas = [{"tool_calls": [{"index": 0, **call(one, "look", '{"a":1}')}]} for one in ("c1", "c2")]
    made = streamed(told(*deltas, finish="tool_calls"))
    assert_in_order(made)
    assert [block["id"] for block in frames.Joined(made).message()["content"]] == ["c1", "c2"]


def test_parts_and_legacy_calls_are_read():
    """Mistral's lists of parts, refusals, and `function_call`."""
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "Hi"}]
    said = {"content": parts, "refusal": "No.", "function_call": {"name": "look", "arguments": "[1]"}}
    thought, text, refusal, called = whole({"choices": [{"message": said, "finish_reason": "function_call"}]})[
        "content"
    ]
    assert (thought["thinking"], text["text"], refusal["text"]) == ("Hm.", "Hi", "No.")
    assert called["input"] == {"input": "[1]"}
    made = streamed(told(said, finish="content_filter"))
    assert_in_order(made)
    assert [block["type"] for block in frames.Joined(made).message()["content"]] == ["thinking", "text", "tool_use"]
    assert made[-2]["delta"]["stop_reason"] == "refusal"


def test_a_stop_sequence_is_told_where_the_server_tells_it():
    """VLLM names the text at which it stopped."""
    choice = {"message": {"content": "a"}, "finish_reason": "stop", "stop_reason": "END"}
    made = whole({"choices": [choice]}, stop_sequences=["END"])
    assert (made["stop_reason"], made["stop_sequence"]) == ("stop_sequence", "END")
    assert whole({"choices": [choice]})["stop_reason"] == "end_turn"


def test_usage_is_split_by_cache():
    """`input_tokens` are those that were neither read from the cache nor written to it."""
    usage = whole({"choices": []}, tokens=Tokens(input=100, output=5, cached=60, cache_write=30))["usage"]
    assert usage == {
        "input_tokens": 10, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 60, "output_tokens": 5,
    }  # fmt: skip


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
inputs = st.dictionaries(texts, st.one_of(st.integers(-9, 9), texts, st.none()), max_size=3)


@given(st.lists(texts, max_size=3), st.lists(inputs, max_size=4), st.randoms(use_true_random=False))
def test_any_interleaving_makes_the_same_message(said, given_inputs, chance: random.Random):
    """However chat cuts and mixes an answer's pieces, blocks are well-formed and say what the whole answer says."""
    calls = [call(f"c{at}", f"tool{at}", json.dumps(one)) for at, one in enumerate(given_inputs)]
    completion = {"choices": [{"message": {"content": "".join(said) or None, "tool_calls": calls}}]}
    deltas = [{"content": text} for text in said]
    queues = [[{"index": at, **one, "function": {**one["function"], "arguments": ""}}] for at, one in enumerate(calls)]
    for at, one in enumerate(calls):
        left = one["function"]["arguments"]
        while left:
            size = chance.randint(1, 6)
            queues[at].append({"index": at, "function": {"arguments": left[:size]}})
            left = left[size:]
    for at in range(len(queues) - 1):  # a call never begins before the one before it
        queues[at + 1][0]["after"] = queues[at][0]
    begun: list[dict] = []
    while any(queues):
        ready = [queue for queue in queues if queue and (queue[0].get("after") is None or queue[0]["after"] in begun)]
        piece = chance.choice(ready).pop(0)
        begun.append(piece)
        deltas.append({"tool_calls": [{key: value for key, value in piece.items() if key != "after"}]})
    made = streamed(told(*deltas, finish="tool_calls" if calls else "stop"))
    assert_in_order(made)
    assert frames.Joined(made).message()["content"] == whole(completion)["content"]


@given(st.lists(texts, max_size=3), st.lists(inputs, max_size=3))
def test_a_conversation_keeps_every_word_and_call(said, given_inputs):
    """Whatever a turn holds, its texts and calls are in the chat request, each result right behind its call."""
    uses = [use(f"t{at}", "look", x=one) for at, one in enumerate(given_inputs)]
    turn = {"role": "assistant", "content": [*({"type": "text", "text": text} for text in said), *uses]}
    results = [{"type": "tool_result", "tool_use_id": one["id"], "content": one["id"]} for one in uses]
    asked = [HELLO, turn, {"role": "user", "content": [*results, {"type": "text", "text": "go on"}]}]
    sent, _ = chat(*asked)
    spoken = [text for text in said if text.strip()]
    if not spoken and not uses:
        assert [one["role"] for one in sent["messages"]] == ["user", "user"]
        return
    _, answer, *rest = sent["messages"]
    assert answer["content"] == ("\n".join(spoken) or None if uses else "\n".join(spoken))
    assert [json.loads(one["function"]["arguments"]) for one in answer.get("tool_calls", ())] == [
        one["input"] for one in uses
    ]
    assert [one["tool_call_id"] for one in rest[:-1]] == [one["id"] for one in uses]
    assert rest[-1] == {"role": "user", "content": "go on"}


@given(st.lists(texts, min_size=1, max_size=2), st.lists(inputs, max_size=2))
def test_a_message_survives_being_streamed(said, given_inputs):
    """A message cut into events adds up to itself."""
    blocks = [{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}, *said]
    one = message(*blocks, *(use(f"t{at}", x=value) for at, value in enumerate(given_inputs)))
    again = frames.Joined(frames.events_of(one)).message()
    assert {name: value for name, value in again.items() if value is not None} == one
    assert frames.Joined(events(one)).message()["content"] == one["content"]


def test_a_completion_s_own_chunks_make_the_same_message():
    """A provider that ignores `stream` gives the same answer."""
    said = {"role": "assistant", "content": "Hi", "reasoning": "Hm.", "tool_calls": [call("c1", "look", '{"a":1}')]}
    completion = {"id": "x", "model": "m1", "choices": [{"index": 0, "message": said, "finish_reason": "tool_calls"}]}
    made = frames.Joined(streamed(chat_frames.chunks_of(completion))).message()
    other = whole(completion)
    assert {**made, "id": ""} == {**other, "id": ""}


def fields(*messages, **more):
    """A request's members, undecoded."""
    return msgspec.json.decode(json.dumps({"messages": list(messages), **more}), type=dict[str, msgspec.Raw])


def test_foreign_thinking_is_found_however_it_is_written():
    """With escaped slashes, redacted, and between other blocks; a turn of nothing else goes altogether."""
    to = target("two", signs=True)
    for seal in ("ab/cd==", "cmVkYWN0ZWQ="):
        to.memory.seal(seal, maker("one", "m"))
    redacted = {"type": "redacted_thinking", "data": "cmVkYWN0ZWQ="}
    alone = {"role": "assistant", "content": [redacted]}
    mixed = {"role": "assistant", "content": [SIGNED("ab/cd=="), {"type": "text", "text": "a"}, SIGNED("own")]}
    raw = fields(HELLO, alone, mixed)
    raw["messages"] = msgspec.Raw(bytes(raw["messages"]).replace(b"/", rb"\/"))
    done = own_thinking(raw, to)
    kept = json.loads(done.edits["messages"])
    assert kept == [HELLO, {"role": "assistant", "content": mixed["content"][1:]}]
    assert done.ignored == ("messages.thinking",)
    assert own_thinking(fields(HELLO, mixed), target("one", memory=to.memory)).edits == {}


def SIGNED(signature):  # noqa: N802 - it reads as a constant with a hole
    """A thought with this signature."""
    return {"type": "thinking", "thinking": "Hm.", "signature": signature}


def test_the_estimate_counts_what_a_request_holds():
    """Text by its bytes, pictures and pages by the piece, tools by their schema."""
    assert tokens_of_request({"messages": []}) == 1
    assert tokens_of_request({"messages": [{"content": "x" * 350}]}) == 104
    assert tokens_of_request({"messages": [{"content": "字" * 350}]}) == 304
    picture = {"type": "image", "source": {"type": "base64", "data": "A" * 9999}}
    assert tokens_of_request({"messages": [{"content": [picture]}]}) == 1604
    pdf = {"type": "document", "source": {"type": "base64", "data": "A" * 100_000}}
    assert tokens_of_request({"messages": [{"content": [pdf]}]}) == 4004
    bare = tokens_of_request({"messages": [HELLO]})
    assert tokens_of_request({"messages": [HELLO], "tools": [TOOL], "system": "x" * 70}) > bare + 30
