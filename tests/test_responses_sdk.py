"""The official OpenAI SDK in front of the mux, speaking Responses, and how failures are told in it."""

import contextlib
import json

import openai
import pytest
from said import call, chunk, chunks, claude, claude_events, completion, tool_block, usage_chunk
from upstream import reply, stream

TOOLS = [
    {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {"path": {"type": "string"}}}}
]
ANSWERS = {"up": reply(completion("Hello")), "claude": reply(claude("Hello"))}
STREAMS = {
    "up": stream(*chunks("Hel", "lo"), usage_chunk(), "[DONE]"),
    "claude": stream(*claude_events("Hello")),
}
CALLS = {
    "up": stream(
        chunk(role="assistant", content="See."),
        chunk(tool_calls=[call("c1", "look", "", 0)]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"path":"a"}'}}]),
        chunk("tool_calls"),
        usage_chunk(),
        "[DONE]",
    ),
    "claude": stream(*claude_events("See.", tool_block("c1", "look", '{"path":', '"a"}'), stop="tool_use")),
}

both = pytest.mark.parametrize("place", ["up", "claude"])

MISSING = reply({"error": {"message": "Not Found"}}, 404)


@pytest.fixture
def client(stage):
    """Makes the SDK's client for a workspace."""
    made = []

    def make(place):
        made.append(openai.OpenAI(**stage.options(place)))
        return made[-1]

    # The mux is every test's: it learns here, once or again, that this server does not speak Responses.
    stage.upstream.script(MISSING, ANSWERS["up"])
    with contextlib.suppress(openai.NotFoundError):
        make("up").responses.create(model="any", input="hi")
    yield make
    for one in made:
        one.close()


@both
def test_an_answer(stage, client, place):
    """A response reads as the SDK's own."""
    own = client(place)
    stage.upstream.script(ANSWERS[place])
    said = own.responses.create(model="any", input="hi", store=False)
    assert said.output_text == "Hello"
    assert said.status == "completed"
    assert said.usage.input_tokens
    assert said.usage.output_tokens in (5, 7)


@both
def test_a_stream(stage, client, place):
    """A stream's helper gathers the response, and its events count up from 0."""
    own = client(place)
    stage.upstream.script(STREAMS[place])
    with own.responses.stream(model="any", input="hi") as told:
        kinds = [(event.sequence_number, event.type) for event in told if hasattr(event, "sequence_number")]
        final = told.get_final_response()
    assert [number for number, _ in kinds] == list(range(len(kinds)))
    assert (kinds[0][1], kinds[-1][1]) == ("response.created", "response.completed")
    assert final.output_text == "Hello"


@both
def test_tools_over_two_turns(stage, client, place):
    """A call comes whole, and it goes back with the tool's result."""
    own = client(place)
    stage.upstream.script(CALLS[place], STREAMS[place])
    with own.responses.stream(model="any", input="hi", tools=TOOLS) as told:
        first = told.get_final_response()
    (use,) = [item for item in first.output if item.type == "function_call"]
    assert (use.name, json.loads(use.arguments)) == ("look", {"path": "a"})
    result = {"type": "function_call_output", "call_id": use.call_id, "output": "b"}
    turn = [{"role": "user", "content": "hi"}, *(item.model_dump(exclude_none=True) for item in first.output), result]
    for item in turn[1:-1]:
        item.pop("parsed_arguments", None)
        for part in item.get("content", ()):
            part.pop("parsed", None)
    with own.responses.stream(model="any", input=turn, tools=TOOLS) as told:
        assert told.get_final_response().output_text == "Hello"
    sent = json.dumps(stage.upstream.received[-1].json())
    assert use.call_id in sent
    assert '"b"' in sent


@both
def test_a_stream_that_breaks_off(stage, client, place):
    """A stream that breaks off ends with `response.failed`, never with `response.completed`."""
    own = client(place)
    whole = [*chunks("Hel", finish=None)] if place == "up" else claude_events("Hel")[:3]
    stage.upstream.script(stream(*whole))
    events = [event.type for event in own.responses.create(model="any", input="hi", stream=True)]
    assert events[-1] in ("response.failed", "error")
    assert "response.completed" not in events


@both
def test_a_refusal_is_an_http_error(stage, client, place):
    """A provider's error before the first event keeps its status, in OpenAI's form."""
    own = client(place)
    said = {"type": "error", "error": {"type": "invalid_request_error", "message": "no such thing"}}
    stage.upstream.script(reply(said, 400))
    with pytest.raises(openai.BadRequestError, match="no such thing"):
        own.responses.create(model="any", input="hi", stream=True)


def test_earlier_responses_are_refused(client):
    """What needs a store of answers is 400 and says so, before any provider is asked."""
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        client("claude").responses.create(model="any", input="hi", previous_response_id="resp_1")


def test_a_server_without_responses_is_remembered(stage, client):
    """A server that should speak Responses and answers 404 is asked over chat, and from then on at once."""
    own = client("lm_studio")
    stage.upstream.script(MISSING, ANSWERS["up"])
    before = len(stage.upstream.received)
    for _ in range(2):
        assert own.responses.create(model="any", input="hi").output_text == "Hello"
    asked = [request.path for request in stage.upstream.received[before:]]
    assert asked == ["/v1/responses", "/v1/chat/completions", "/v1/chat/completions"]
