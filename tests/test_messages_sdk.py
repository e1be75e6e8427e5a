"""The official Anthropic SDK in front of the mux, as programs use it."""

import json

import anthropic
import pytest
from said import call, chunk, chunks, claude, claude_events, completion, thinking_block, tool_block, usage_chunk
from upstream import reply, stream

MESSAGES = [{"role": "user", "content": "hi"}]
TOOLS = [{"name": "look", "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}}}]
PLACES = ("up", "claude", "vllm")

ASKED = {"model": "any", "max_tokens": 100, "messages": MESSAGES}
ANSWERS = {"up": reply(completion("Hello")), "claude": reply(claude("Hello"))}
STREAMS = {
    "up": stream(*chunks("Hel", "lo"), usage_chunk(), "[DONE]"),
    "claude": stream(*claude_events("Hello")),
}
CALLS = {
    "up": stream(
        chunk(role="assistant", reasoning="Hm."),
        chunk(content="See."),
        chunk(tool_calls=[call("c1", "look", "", 0)]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"path":"a"}'}}]),
        chunk("tool_calls"),
        usage_chunk(),
        "[DONE]",
    ),
    "claude": stream(
        *claude_events(
            thinking_block("Hm.", "c2ln"), "See.", tool_block("c1", "look", '{"path":', '"a"}'), stop="tool_use"
        )
    ),
}

both = pytest.mark.parametrize("place", ["up", "claude"])


@pytest.fixture
def client(stage):
    """Makes the SDK's client for a workspace."""
    made = []

    def make(place):
        made.append(anthropic.Anthropic(**stage.options(place)))
        return made[-1]

    yield make
    for one in made:
        one.close()


@both
def test_an_answer(stage, client, place):
    """A message reads as the SDK's own."""
    stage.upstream.script(ANSWERS[place])
    said = client(place).messages.create(**ASKED)
    assert (said.content[0].type, said.content[0].text) == ("text", "Hello")
    assert (said.role, said.stop_reason) == ("assistant", "end_turn")
    assert said.usage.input_tokens
    assert said.usage.output_tokens in (5, 7)


@both
def test_a_stream(stage, client, place):
    """A stream iterates to its end, and its helper gathers the message with the usage."""
    stage.upstream.script(STREAMS[place])
    with client(place).messages.stream(**ASKED) as told:
        assert "".join(told.text_stream) == "Hello"
        final = told.get_final_message()
    assert final.stop_reason == "end_turn"
    assert final.usage.input_tokens + (final.usage.cache_read_input_tokens or 0) >= 11
    stage.upstream.script(STREAMS[place])
    kinds = [event.type for event in client(place).messages.create(**ASKED, stream=True)]
    assert (kinds[0], kinds[-2:]) == ("message_start", ["message_delta", "message_stop"])


@both
async def test_an_async_stream(stage, place):
    """The asynchronous client streams as well."""
    stage.upstream.script(STREAMS[place])
    async with (
        anthropic.AsyncAnthropic(**stage.options(place)) as client,
        client.messages.stream(**ASKED) as told,
    ):
        assert await told.get_final_text() == "Hello"


@both
def test_tools_over_two_turns(stage, client, place):
    """The SDK's own turn, thinking and call and all, goes back with the tool's result."""
    stage.upstream.script(CALLS[place])
    own = client(place)
    with own.messages.stream(**ASKED, tools=TOOLS) as told:
        final = told.get_final_message()
    thought, text, use = final.content
    assert (thought.thinking, text.text) == ("Hm.", "See.")
    assert (use.id, use.name, use.input, final.stop_reason) == ("c1", "look", {"path": "a"}, "tool_use")
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "fine"}]}
    stage.upstream.script(ANSWERS[place])
    turn = {"role": "assistant", "content": [block.to_dict() for block in final.content]}
    said = own.messages.create(**{**ASKED, "messages": [*MESSAGES, turn, result]}, tools=TOOLS)
    assert said.content[0].text == "Hello"
    sent = stage.sent()["messages"]
    if place == "claude":
        assert [block["type"] for block in sent[1]["content"]] == ["thinking", "text", "tool_use"]
        assert sent[1]["content"][0]["signature"] == "c2ln"
    else:
        assert sent[1]["reasoning"] == "Hm."
        assert json.loads(sent[1]["tool_calls"][0]["function"]["arguments"]) == {"path": "a"}
        assert sent[2] == {"role": "tool", "tool_call_id": "c1", "content": "fine"}


def test_counting(stage, client):
    """Tokens are counted by Anthropic, and estimated for others."""
    stage.upstream.script(reply({"input_tokens": 42}))
    counted = {"model": "any", "messages": MESSAGES, "tools": TOOLS}
    assert client("claude").messages.count_tokens(**counted).input_tokens == 42
    assert 20 < client("up").messages.count_tokens(**counted).input_tokens < 60


def test_the_beta_client(stage, client):
    """The SDK's beta namespace, with its query and header, is the same path."""
    stage.upstream.script(ANSWERS["claude"])
    said = client("claude").beta.messages.create(**ASKED, betas=["context-1m-2025-08-07"])
    assert said.content[0].text == "Hello"
    assert stage.upstream.last.header("anthropic-beta") == "context-1m-2025-08-07"


@both
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (404, anthropic.NotFoundError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
    ],
)
def test_errors(stage, client, place, status, kind):
    """A provider's error is raised as the SDK's own, with its message."""
    stage.upstream.script(reply({"type": "error", "error": {"type": "some_error", "message": "boom"}}, status=status))
    with pytest.raises(kind, match="boom"):
        client(place).messages.create(**ASKED)


@both
def test_a_broken_stream_is_raised(stage, client, place):
    """A stream that breaks off is raised as an error, not taken for an end."""
    told = chunks("half", finish=None) if place == "up" else claude_events("half")[:5]
    stage.upstream.script(stream(*told, end="reset"))
    text = []
    with pytest.raises(anthropic.APIError), client(place).messages.stream(**ASKED) as events:
        text.extend(events.text_stream)
    assert "".join(text) in ("half", "ha")
    assert len(stage.upstream.received) == 1
