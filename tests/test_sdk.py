"""The official OpenAI SDK in front of the mux, as programs use it."""

import openai
import pytest
from pydantic import BaseModel
from said import call, chunk, chunks, claude, claude_events, completion, tool, tool_block, usage_chunk
from upstream import reply, stream

MESSAGES = [{"role": "user", "content": "hi"}]


class Point(BaseModel):
    """What a structured answer is read into."""

    x: int
    y: int


@pytest.fixture
def client(stage):
    """Makes the SDK's client for a workspace."""
    made = []

    def make(place):
        made.append(openai.OpenAI(**stage.options(place)))
        return made[-1]

    yield make
    for one in made:
        one.close()


ANSWERS = {"up": reply(completion("Hello")), "claude": reply(claude("Hello"))}
STREAMS = {
    "up": stream(
        *chunks("Hel", "lo"), usage_chunk({"prompt_tokens": 60, "completion_tokens": 5, "total_tokens": 65}), "[DONE]"
    ),
    "claude": stream(*claude_events("Hello")),
}
CALLS = {
    "up": stream(
        chunk(role="assistant", tool_calls=[call("c1", "look", "", 0)]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"path":"a"}'}}]),
        chunk("tool_calls"),
        "[DONE]",
    ),
    "claude": stream(*claude_events("See.", tool_block("c1", "look", '{"path":', '"a"}'), stop="tool_use")),
}
POINTS = {"up": reply(completion('{"x":1,"y":2}')), "claude": reply(claude('{"x":1,"y":2}'))}

both = pytest.mark.parametrize("place", ["up", "claude"])


@both
def test_an_answer(stage, client, place):
    """A chat completion reads as the SDK's own."""
    stage.upstream.script(ANSWERS[place])
    said = client(place).chat.completions.create(model="any", messages=MESSAGES)
    assert said.choices[0].message.content == "Hello"
    assert said.choices[0].finish_reason == "stop"
    assert said.usage.total_tokens


@both
def test_a_stream(stage, client, place):
    """A stream iterates to its end, the usage last."""
    stage.upstream.script(STREAMS[place])
    with client(place).chat.completions.create(
        model="any", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    ) as told:
        events = list(told)
    assert "".join(one.choices[0].delta.content or "" for one in events if one.choices) == "Hello"
    assert events[-1].usage.total_tokens == 65


@both
async def test_an_async_stream(stage, place):
    """The asynchronous client streams as well."""
    stage.upstream.script(STREAMS[place])
    async with openai.AsyncOpenAI(**stage.options(place)) as client:
        told = await client.chat.completions.create(model="any", messages=MESSAGES, stream=True)
        text = [one.choices[0].delta.content or "" async for one in told]
    assert "".join(text) == "Hello"


@both
def test_the_streaming_helper(stage, client, place):
    """The SDK's streaming helper gathers the final completion, tools and all."""
    stage.upstream.script(CALLS[place])
    with client(place).chat.completions.stream(model="any", messages=MESSAGES, tools=[tool()]) as told:
        kinds = [event.type for event in told]
        final = told.get_final_completion()
    assert "tool_calls.function.arguments.done" in kinds
    one = final.choices[0].message.tool_calls[0]
    assert (one.id, one.function.name, one.function.arguments) == ("c1", "look", '{"path":"a"}')
    assert final.choices[0].finish_reason == "tool_calls"


@both
def test_a_structured_answer(stage, client, place):
    """A structured answer is parsed into the type that was asked for."""
    stage.upstream.script(POINTS[place])
    said = client(place).chat.completions.parse(model="any", messages=MESSAGES, response_format=Point)
    assert said.choices[0].message.parsed == Point(x=1, y=2)


def test_embeddings_and_completions(stage, client):
    """Embeddings and legacy completions read as the SDK's own."""
    stage.mux.cli("workspace", "add", "sdk")
    stage.mux.cli("rule", "default", f"{stage.at('up')}/m1", "-w", "sdk")
    stage.mux.cli("rule", "add", "--filter", "", "--kind", "embed", "--model", "up/m1", "-w", "sdk")
    own = openai.OpenAI(**{**stage.options("up"), "base_url": f"{stage.mux.url}/w/sdk/v1"})
    vector = {"object": "embedding", "index": 0, "embedding": "AACAPwAAAMA="}
    stage.upstream.script(
        reply({"object": "list", "data": [vector], "model": "m1", "usage": {"prompt_tokens": 1, "total_tokens": 1}})
    )
    with own:
        assert own.embeddings.create(model="any", input="a").data[0].embedding == [1.0, -2.0]
        choice = {"index": 0, "text": "b", "logprobs": None, "finish_reason": "stop"}
        stage.upstream.script(
            reply({"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [choice]})
        )
        assert own.completions.create(model="any", prompt="a").choices[0].text == "b"


def test_the_list_of_models(stage, client):
    """The SDK lists and looks up models."""
    own = client("up")
    assert next(iter(own.models.list())).id == "mux"
    assert own.models.retrieve("gpt-4o").id == "mux"


@pytest.mark.parametrize(
    ("place", "status", "kind"),
    [
        ("up", 401, openai.AuthenticationError),
        ("up", 429, openai.RateLimitError),
        ("up", 500, openai.InternalServerError),
        ("claude", 401, openai.AuthenticationError),
        ("claude", 404, openai.NotFoundError),
        ("claude", 529, openai.InternalServerError),
        ("claude", 400, openai.BadRequestError),
    ],
)
def test_errors(stage, client, place, status, kind):
    """A provider's error is raised as the SDK's own, with its message."""
    stage.upstream.script(reply({"type": "error", "error": {"type": "some_error", "message": "boom"}}, status=status))
    with pytest.raises(kind, match="boom"):
        client(place).chat.completions.create(model="any", messages=MESSAGES)


@both
def test_a_broken_stream_is_raised(stage, client, place):
    """A stream that breaks off is raised as an error, not taken for an end."""
    told = chunks("half", finish=None) if place == "up" else claude_events("half")[:5]
    stage.upstream.script(stream(*told, end="reset"))
    text = []
    with (
        pytest.raises(openai.APIError),
        client(place).chat.completions.create(model="any", messages=MESSAGES, stream=True) as events,
    ):
        text.extend(one.choices[0].delta.content or "" for one in events)
    assert len(stage.upstream.received) == 1


def test_other_fields_and_comments_are_no_harm(stage, client):
    """Fields and comments that trip the SDK's reader do not reach it."""
    odd = b"id: 1\nretry: 5\n\n: comment\n\nevent: ping\n\n"
    stage.upstream.script(stream(odd, *chunks("Hel"), odd, "[DONE]"))
    with client("up").chat.completions.create(model="any", messages=MESSAGES, stream=True) as told:
        assert "".join(one.choices[0].delta.content or "" for one in told) == "Hel"
