"""Completions as streams and back, and legacy completions by way of chat."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import BadRequest
from sidecar.translate.completions import (
    FIM_TOKENS,
    chat_to_text_completion,
    chunk_to_text,
    completion_to_chat,
    is_fim,
)
from sidecar.translate.frames import chunks_of, text_chunks_of
from sidecar.translate.joined import Joined
from sidecar.translate.messages import frames as messages_frames
from sidecar.translate.responses import frames as responses_frames

USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "cost": 0.5}
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}}


def completion(**message):
    """A chat completion in one piece."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello", **message}, "logprobs": None}
    head = {"id": "x", "object": "chat.completion", "created": 7, "model": "m", "provider": "P"}
    return {**head, "choices": [{**choice, "finish_reason": "stop"}], "usage": USAGE}


def chunk(*choices, **more):
    """One piece of a streamed one; a choice is index, delta and perhaps a finish reason."""
    told = [{"index": i, "delta": delta, "finish_reason": (reason or [None])[0]} for i, delta, *reason in choices]
    return {"id": "x", "object": "chat.completion.chunk", "created": 7, "model": "m", "choices": told, **more}


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"content": None, "tool_calls": [CALL, {**CALL, "id": "c2"}]},
        {"reasoning": "Hm", "reasoning_details": [{"text": "Hm"}], "refusal": "No"},
        {"content": None, "function_call": CALL["function"]},
    ],
)
def test_a_completion_survives_its_stream(message):
    """Unknown fields, reasoning by either name, tool calls and usage included."""
    whole = completion(**message)
    pieces = chunks_of(whole)
    assert Joined(pieces).completion() == whole
    assert all(piece["object"] == "chat.completion.chunk" for piece in pieces)
    assert pieces[-1] == {**{k: v for k, v in pieces[0].items() if k != "choices"}, "choices": [], "usage": USAGE}
    reasons = [choice["finish_reason"] for piece in pieces for choice in piece["choices"]]
    assert reasons == [None, "stop"]


def test_interleaved_choices_are_kept_apart():
    """With `n: 2` their pieces come in any order."""
    pieces = [
        chunk((1, {"role": "assistant", "content": "B"})),
        chunk((0, {"content": "a"}), (1, {"content": "b"})),
        chunk((1, {}, "stop")),
        chunk((0, {}, "length")),
    ]
    whole = Joined(pieces).completion()
    told = [(c["index"], c["message"]["content"], c["finish_reason"]) for c in whole["choices"]]
    assert told == [(0, "a", "length"), (1, "Bb", "stop")]


def test_pieces_of_a_tool_call_belong_together_by_index():
    """Also two in one delta, and an id that is only told once."""
    first = {"index": 0, "id": "c1", "type": "function", "function": {"name": "look", "arguments": ""}}
    pieces = [
        chunk((0, {"tool_calls": [first, {"index": 0, "function": {"arguments": '{"a"'}}]})),
        chunk((0, {"tool_calls": [{"index": 0, "id": "", "function": {"name": None, "arguments": ": 1}"}}]})),
        chunk((0, {}, "tool_calls")),
    ]
    message = Joined(pieces).completion()["choices"][0]["message"]
    assert message == {"role": "assistant", "content": None, "tool_calls": [CALL]}


def test_a_finish_reason_that_did_not_come_is_null():
    """An empty one, which some servers send for none, included."""
    assert Joined([chunk((0, {"content": "a"}, ""))]).completion()["choices"][0]["finish_reason"] is None
    late = Joined([chunk((0, {"content": "a"}, "stop")), chunk((0, {}, ""))]).completion()
    assert late["choices"][0]["finish_reason"] == "stop"


def test_the_last_usage_counts():
    """Some servers tell it with each chunk, some null between."""
    pieces = [chunk((0, {}), usage={"prompt_tokens": 1}), chunk(usage=USAGE), chunk(usage=None)]
    assert Joined(pieces).completion()["usage"] == USAGE


def test_log_probabilities_are_joined():
    """In their order."""
    pieces = [chunk((0, {"content": text})) for text in "ab"]
    for piece, text in zip(pieces, "ab", strict=True):
        piece["choices"][0]["logprobs"] = {"content": [{"token": text}], "refusal": None}
    told = Joined(pieces).completion()["choices"][0]["logprobs"]
    assert told == {"content": [{"token": "a"}, {"token": "b"}], "refusal": None}


@given(st.lists(st.text(), max_size=5))
def test_text_adds_up(texts):
    """Whatever it holds."""
    whole = Joined(chunk((0, {"content": text})) for text in texts).completion()
    assert "".join(choice["message"]["content"] for choice in whole["choices"]) == "".join(texts)


def test_what_many_servers_say_first():
    """Azure's first chunk names nothing, others say null where an object follows: the later word counts."""
    function = {"name": "look", "arguments": "{}"}
    pieces = [
        {"id": "", "model": "", "created": 0, "choices": []},
        chunk((0, {"content": None, "function_call": None, "tool_calls": [{"index": 0, "function": None}]})),
        chunk((0, {"function_call": function, "tool_calls": [{"index": 0, "id": "c1", "function": function}]})),
    ]
    whole = Joined(pieces).completion()
    assert (whole["id"], whole["model"], whole["created"]) == ("x", "m", 7)
    message = whole["choices"][0]["message"]
    assert message["function_call"] == message["tool_calls"][0]["function"] == function


def test_parts_and_texts_are_joined():
    """Mistral's models think in parts and then speak in texts; nothing of either is lost."""
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
    told = [{"type": "text", "text": "a"}, thought, {"type": "text", "text": "b"}]
    whole = Joined(chunk((0, {"content": content})) for content in ("a", [thought], "b")).completion()
    assert whole["choices"][0]["message"]["content"] == told


def test_a_legacy_completion_survives_its_stream():
    """Its chunks have its own shape."""
    choice = {"index": 0, "text": "Hello", "logprobs": None, "finish_reason": "stop"}
    whole = {"id": "x", "object": "text_completion", "created": 7, "model": "m", "choices": [choice], "usage": USAGE}
    assert Joined(text_chunks_of(whole)).text_completion() == whole
    pieces = [{**whole, "choices": [{**choice, "text": text, "finish_reason": None}]} for text in "ab"]
    assert Joined(pieces).text_completion()["choices"][0]["text"] == "ab"


def test_a_prompt_becomes_the_user_s_message():
    """As a string or a list of one; everything else stays."""
    for prompt in ("hi", ["hi"]):
        body = completion_to_chat({"prompt": prompt, "max_tokens": 5, "stop": "x", "suffix": "", "echo": False})
        assert body == {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 5, "stop": "x"}


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"suffix": "x"}, "unsupported_parameter", "suffix"),
        ({"prompt": "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"}, "unsupported_parameter", "prompt"),
        ({"prompt": "<PRE> a <SUF>b <MID>"}, "unsupported_parameter", "prompt"),
        ({"echo": True}, "unsupported_parameter", "echo"),
        ({"best_of": 2}, "unsupported_parameter", "best_of"),
        ({"logprobs": 0}, "unsupported_parameter", "logprobs"),
        ({"prompt": ["a", "b"]}, "unsupported_parameter", "prompt"),
        ({"prompt": [1, 2]}, "unsupported_parameter", "prompt"),
        ({"prompt": None}, "invalid_request", "prompt"),
        ({"prompt": []}, "invalid_request", "prompt"),
        ({"prompt": {}}, "invalid_request", "prompt"),
    ],
)
def test_what_chat_cannot_complete_is_refused(fields, code, param):
    """With 400 and its name."""
    with pytest.raises(BadRequest) as caught:
        completion_to_chat({"prompt": "hi", **fields})
    assert (caught.value.status, caught.value.error_code, caught.value.param) == (400, code, param)


def test_fim_tokens():
    """Each family's are known; a lone tag of HTML is none."""
    assert all(is_fim(f"a{token}b") for token in FIM_TOKENS if token not in {"<PRE>", "[SUFFIX]"})
    assert not is_fim("<PRE>text</PRE>")


def test_a_chat_answer_becomes_a_legacy_one():
    """Text for content, and the same reason and usage."""
    told = chat_to_text_completion(completion(content="Hello"))
    assert told["object"] == "text_completion"
    assert told["choices"] == [{"index": 0, "text": "Hello", "logprobs": None, "finish_reason": "stop"}]
    assert told["usage"] == USAGE


def test_chat_chunks_become_legacy_ones():
    """Those with nothing to say are left out."""
    assert chunk_to_text(chunk((0, {"role": "assistant", "content": ""}))) is None
    assert chunk_to_text(chunk((0, {"reasoning_content": "Hm"}))) is None
    said = chunk_to_text(chunk((0, {"content": "a"})))
    assert said["object"] == "text_completion"
    assert said["choices"] == [{"index": 0, "text": "a", "logprobs": None, "finish_reason": None}]
    assert chunk_to_text(chunk((0, {}, "stop")))["choices"][0]["finish_reason"] == "stop"
    assert chunk_to_text(chunk(usage=USAGE))["usage"] == USAGE


@pytest.mark.parametrize("odd", [None, 7, "x", ["x"], [7], {"a": 1}], ids=str)
def test_answers_with_parts_of_any_type_are_cut(odd):
    """What a provider answered in place of a stream is cut into events, whatever its parts are."""
    message = {"content": [{"type": odd}, {"type": "text", "text": odd}, odd], "usage": odd}
    assert list(messages_frames.events_of(message))[-1] == {"type": "message_stop"}
    items = [{"type": odd}, {"type": "message", "content": odd}, {"type": "message", "content": [odd]}]
    assert b"response.completed" in responses_frames.streamed({"output": items})
