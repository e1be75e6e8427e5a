"""An Anthropic answer, whole or streamed, in OpenAI's words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import (
    block_events,
    call,
    calling,
    chunks,
    deltas,
    events,
    message,
    recorded,
    result,
    sent,
    translated,
    translator,
    use,
)

from sidecar.errors import UpstreamError
from sidecar.sse import Decoder
from sidecar.translate.answer import tokens_of
from sidecar.translate.joined import Joined
from sidecar.translate.messages_to_chat import to_completion
from sidecar.translate.shape import AnswerShape
from sidecar.translate.thinking import ThinkingMemory
from sidecar.values import Tokens

USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 30,
    "output_tokens": 5,
    "output_tokens_details": {"thinking_tokens": 2},
}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
STOPS = [
    ("end_turn", "stop"),
    ("stop_sequence", "stop"),
    ("pause_turn", "stop"),
    ("max_tokens", "length"),
    ("model_context_window_exceeded", "length"),
    ("refusal", "content_filter"),
    ("tool_use", "tool_calls"),
    ("something_new", "stop"),
]


def completion(whole, **shape):
    """The whole answer, translated."""
    return to_completion(whole, AnswerShape(**{"model": "m", **shape}), 7, ThinkingMemory())


def said(whole, **shape):
    """Its message."""
    return completion(whole, **shape)["choices"][0]["message"]


def streamed(whole, **shape):
    """The message that the stream of the same answer adds up to."""
    return Joined(chunks(events(whole), **shape)).completion()["choices"][0]["message"]


def test_a_whole_answer():
    """Id, model and usage are the provider's; the time is ours."""
    assert completion(message("Hello", usage=USAGE)) == {
        "id": "msg_1",
        "object": "chat.completion",
        "created": 7,
        "model": "claude-x",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 60,
            "completion_tokens": 5,
            "total_tokens": 65,
            "prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 20},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }


def test_content_is_null_where_there_are_only_tool_calls():
    """As OpenAI has it; arguments are JSON text, `{}` if there are none."""
    told = said(message(use("toolu_1"), use("toolu_2", path="é"), stop="tool_use"))
    assert told["content"] is None
    arguments = [one["function"]["arguments"] for one in told["tool_calls"]]
    assert [json.loads(text) for text in arguments] == [{}, {"path": "é"}]


def test_thinking_is_reasoning_content():
    """In both forms of an answer."""
    whole = message({"type": "thinking", "thinking": "Hm, é.", "signature": "s"}, "So.")
    assert said(whole)["reasoning_content"] == streamed(whole)["reasoning_content"] == "Hm, é."


def test_what_runs_at_the_provider_is_not_the_client_s_to_see():
    """Server tools, redacted thinking and what is not known yet make no text and no call."""
    hidden = [SEARCH, {"type": "redacted_thinking", "data": "x"}, {"type": "novelty", "content": [1]}]
    told = said(message(*hidden, "So."))
    assert told == {"role": "assistant", "content": "So.", "refusal": None}
    assert "".join(delta.get("content", "") for delta in deltas(events(message(*hidden, "So.")))) == "So."


@pytest.mark.parametrize(("reason", "told"), STOPS)
def test_finish_reasons(reason, told):
    """Each stop reason has its word, streamed or not."""
    assert completion(message("x", stop=reason))["choices"][0]["finish_reason"] == told
    assert [c["choices"][0]["finish_reason"] for c in chunks(events(message("x", stop=reason)))][-1] == told


def test_a_reason_that_was_not_given_is_not_made_up():
    """Without `stop_reason` there is no finish reason."""
    assert completion(message("x", stop=None))["choices"][0]["finish_reason"] is None
    stream = translator()
    for event in list(events(message("x")))[:-2]:
        stream.feed(event)
    assert (stream.finish_reason, stream.finished) == (None, False)
    assert stream.end() == []


def test_a_refusal_tells_why():
    """The explanation goes to `refusal`."""
    details = {"type": "refusal", "explanation": "Not this."}
    whole = message("Well", stop="refusal", stop_details=details)
    assert said(whole)["refusal"] == streamed(whole)["refusal"] == "Not this."


def test_an_error_in_place_of_an_answer_is_an_error():
    """Also with status 200."""
    with pytest.raises(UpstreamError) as caught:
        completion({"type": "error", "error": {"type": "overloaded_error", "message": "boom"}})
    assert caught.value.status == 503
    assert "boom" in str(caught.value)


def test_what_is_no_message_is_an_error():
    """A server that speaks something else is told of, not passed off as silence."""
    with pytest.raises(UpstreamError):
        completion({"hello": "world"})


def test_legacy_functions_get_a_function_call():
    """A client that spoke of functions is answered in its words."""
    whole = message(use(path="a"), stop="tool_use")
    told = completion(whole, legacy=True)["choices"][0]
    assert told["message"]["function_call"] == {"name": "look", "arguments": '{"path":"a"}'}
    assert told["finish_reason"] == "function_call"
    function = streamed(whole, legacy=True)["function_call"]
    assert (function["name"], json.loads(function["arguments"])) == ("look", {"path": "a"})


def test_a_legacy_answer_has_one_call():
    """Its form has room for no more; a second one is not mixed into the first."""
    whole = message(use("t1", n=1), use("t2", n=2), stop="tool_use")
    for told in (said(whole, legacy=True), streamed(whole, legacy=True)):
        assert json.loads(told["function_call"]["arguments"]) == {"n": 1}


def test_names_come_back_as_the_client_knows_them():
    """What was put into Anthropic's alphabet is taken out of it."""
    names = {"srv_look_1": "srv.look"}
    whole = message(use(name="srv_look_1"), stop="tool_use")
    assert said(whole, names=names)["tool_calls"][0]["function"]["name"] == "srv.look"
    assert streamed(whole, names=names)["tool_calls"][0]["function"]["name"] == "srv.look"


def test_the_tool_that_stands_in_for_a_schema_is_unwrapped():
    """Its input is the content, and the answer just ends; what was said around it is no part of the JSON."""
    whole = message("Here:", use(name="json_response", a="é"), stop="tool_use")
    for told in (said(whole, response_tool="json_response"), streamed(whole, response_tool="json_response")):
        assert json.loads(told["content"]) == {"a": "é"}
        assert told["reasoning_content"] == "Here:"
        assert "tool_calls" not in told
    assert completion(whole, response_tool="json_response")["choices"][0]["finish_reason"] == "stop"
    assert chunks(events(whole), response_tool="json_response")[-1]["choices"][0]["finish_reason"] == "stop"


def test_a_stream_begins_with_the_role_and_ends_with_the_reason():
    """Every chunk bears the same id, time and model; exactly one has a finish reason, and it is the last."""
    told = chunks(events(message("Hello")))
    assert told[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert {(c["id"], c["created"], c["model"], c["object"]) for c in told} == {
        ("msg_1", 7, "claude-x", "chat.completion.chunk")
    }
    reasons = [c["choices"][0]["finish_reason"] for c in told]
    assert reasons == [None] * (len(told) - 1) + ["stop"]
    assert told[-1]["choices"][0]["delta"] == {}
    assert all("usage" not in c for c in told)


def test_usage_comes_last_if_it_was_asked_for():
    """In a chunk without choices; all others have a null."""
    told = chunks(events(message("Hello", usage=USAGE)), include_usage=True)
    assert told[-1]["choices"] == []
    assert told[-1]["usage"]["prompt_tokens"] == 60
    assert [c["usage"] for c in told[:-1]] == [None] * (len(told) - 1)


def test_counts_are_cumulative():
    """A later count replaces an earlier one; what is not told again stays."""
    stream = translator(include_usage=True)
    stream.feed({"type": "message_start", "message": {"usage": {**USAGE, "output_tokens": 1}}})
    stream.feed({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 4, "input_tokens": None}})
    stream.feed({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}})
    assert stream.usage == Tokens(input=60, output=9, cached=30, cache_write=20, reasoning=2)
    (last,) = stream.feed({"type": "message_stop"})
    assert last["usage"]["completion_tokens"] == 9
    assert stream.end() == []


def test_unknown_counts_stay_unknown():
    """Nothing is counted as zero that was not counted."""
    assert tokens_of({}) == Tokens()


def test_tool_calls_are_numbered_among_themselves():
    """Not by their block: text before them does not count. No block's end is the answer's."""
    told = chunks(events(message("Both.", use("toolu_1", "a", x=1), use("toolu_2", "b"), stop="tool_use")))
    calls = [one for c in told for one in c["choices"][0]["delta"].get("tool_calls", ())]
    starts = [(one["index"], one["id"], one["function"]) for one in calls if "id" in one]
    assert starts == [
        (0, "toolu_1", {"name": "a", "arguments": ""}),
        (1, "toolu_2", {"name": "b", "arguments": ""}),
    ]
    arguments = ["".join(c["function"]["arguments"] for c in calls if c["index"] == index) for index in (0, 1)]
    assert [json.loads(text) for text in arguments] == [{"x": 1}, {}]
    assert [c["choices"][0]["finish_reason"] for c in told if c["choices"][0]["finish_reason"]] == ["tool_calls"]


def test_interleaved_tools_keep_apart():
    """Blocks that are open at the same time do not mix."""
    one, two = (list(block_events(index, use(f"t{index}", n=index))) for index in (0, 1))
    mixed = [event for pair in zip(one, two, strict=True) for event in pair]
    whole = list(events(message(stop="tool_use")))
    told = Joined(chunks([whole[0], *mixed, *whole[1:]])).completion()["choices"][0]["message"]["tool_calls"]
    assert [json.loads(call_["function"]["arguments"]) for call_ in told] == [{"n": 0}, {"n": 1}]


def test_input_that_comes_with_the_block_s_start_is_not_lost():
    """Some servers send it whole; and some never close the block."""
    stream = [
        {"type": "message_start", "message": {}},
        {"type": "content_block_start", "index": 0, "content_block": use(path="a")},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
    ]
    told = Joined(chunks(stream)).completion()["choices"][0]["message"]
    assert json.loads(told["tool_calls"][0]["function"]["arguments"]) == {"path": "a"}


def test_pings_and_novelties_make_no_chunks():
    """They are passed over; what is not known is counted."""
    whole = list(events(message("Hello")))
    novelties = [{"type": "ping"}, {"type": "novelty"}]
    novelties.append({"type": "content_block_delta", "index": 0, "delta": {"type": "novelty_delta", "x": 1}})
    assert chunks([*whole[:2], *novelties, *whole[2:]]) == chunks(whole)
    stream = translator()
    for event in [*whole[:2], *novelties]:
        stream.feed_bytes(json.dumps(event).encode())
    assert stream.ignored == 2


def test_nothing_follows_the_end():
    """What comes after it is counted and left out."""
    stream = translator()
    whole = list(events(message("Hello")))
    for event in whole:
        stream.feed(event)
    assert stream.finished
    assert [stream.feed_bytes(json.dumps(event).encode()) for event in whole] == [b""] * len(whole)
    assert stream.ignored == len(whole)


def test_an_error_in_a_stream_is_raised():
    """With the provider's words, and the status that it would have had."""
    stream = translator()
    with pytest.raises(UpstreamError) as caught:
        stream.feed_bytes(b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}')
    assert (caught.value.status, caught.value.type) == (503, "overloaded_error")
    assert "Overloaded" in str(caught.value)


@pytest.mark.parametrize("data", [b"oops", b"", b'{"type":'])
def test_an_event_that_is_not_json_is_an_error(data):
    """A broken stream is not passed off as a whole one."""
    with pytest.raises(UpstreamError):
        translator().feed_bytes(data)


def test_halves_of_a_surrogate_pair_pass():
    """A server may cut an emoji in two."""
    stream = translator()
    stream.feed({"type": "message_start", "message": {}})
    halves = [
        stream.feed_bytes(b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%b"}}' % half)
        for half in (rb"\ud83d", rb"\ude00")
    ]
    texts = [json.loads(event.data)["choices"][0]["delta"]["content"] for event in Decoder().feed(b"".join(halves))]
    assert "".join(texts) == "\ud83d\ude00"


@pytest.mark.parametrize("name", ["parallel_tools", "thinking_and_tool", "tools_without_arguments", "server_tool"])
def test_recorded_streams(name):
    """Real answers come out the same whichever way they are fed, and end as they ended."""
    told = chunks([json.loads(data) for data in recorded(name)])
    whole = Joined(told).completion()["choices"][0]
    assert whole["finish_reason"] == "tool_calls"
    for one in whole["message"]["tool_calls"]:
        assert one["id"].startswith("toolu_")
        assert isinstance(json.loads(one["function"]["arguments"]), dict)


WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(str.strip)
CALLS = st.lists(st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), st.integers() | WORDS), max_size=3)


@given(WORDS, CALLS)
def test_text_and_tool_calls_survive_there_and_back(text, inputs):
    """A chat turn sent to Anthropic, and said by Anthropic in turn, is the same chat turn."""
    calls = [call(f"c{index}", arguments=json.dumps(given_)) for index, given_ in enumerate(inputs)]
    turn = calling(*calls, content=text)
    results = [result(one["id"]) for one in calls]
    blocks = sent("hi", turn, *results, "go on")["messages"][1]["content"]
    whole = message(*blocks, stop="tool_use" if inputs else "end_turn")
    for told in (said(whole), streamed(whole)):
        assert told["content"] == text
        assert [one["id"] for one in told.get("tool_calls", ())] == [one["id"] for one in calls]
        assert [json.loads(one["function"]["arguments"]) for one in told.get("tool_calls", ())] == inputs


def test_the_shape_goes_from_the_request_to_the_answer():
    """What the client asked of the form is kept beside the request."""
    done = translated("hi", model="claude-x", stream=True, stream_options={"include_usage": True})
    assert done.shape == AnswerShape(model="claude-x", maker="acme/claude-x", stream=True, include_usage=True)
