"""The built-in provider: the same question has the same answer."""

import base64
import json
import math
import struct

import pytest

from sidecar.errors import BadRequest
from sidecar.providers.echo import MAX_PIECES, answer
from sidecar.sse import Decoder


def whole(dialect, body):
    """A whole answer, read."""
    echoed = answer(dialect, body, "echo")
    assert echoed.content_type == "application/json"
    return json.loads(b"".join(echoed.chunks))


def events(dialect, body):
    """A streamed answer's events, read, its `[DONE]` taken off."""
    echoed = answer(dialect, body, "echo", stream=True)
    assert echoed.content_type == "text/event-stream"
    data = [event.data for event in Decoder().feed(b"".join(echoed.chunks))]
    assert data.pop() == b"[DONE]"
    return [json.loads(each) for each in data]


def chat(*messages, **more):
    """A chat's body from pairs of role and content."""
    return {"model": "echo", "messages": [{"role": role, "content": content} for role, content in messages], **more}


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([("system", "be brief"), ("user", "Hello,  world!\n")], "Hello,  world!\n"),
        ([("user", "one"), ("assistant", "two"), ("user", "three")], "three"),
        ([("user", "one"), ("assistant", "two")], "one"),
        ([("user", [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}])], "ab"),
        ([("user", None)], ""),
        ([], ""),
    ],
)
def test_a_chat_is_answered_with_the_last_users_text(messages, text):
    """Exactly that text, whole or streamed."""
    body = chat(*messages)
    found = whole("chat", body)
    assert found["choices"][0]["message"] == {"role": "assistant", "content": text, "refusal": None}
    assert found["choices"][0]["finish_reason"] == "stop"
    chunks = events("chat", body)
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == text
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks].count("stop") == 1
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert {chunk["id"] for chunk in chunks} == {found["id"]}


def test_the_same_question_has_the_same_answer():
    """Byte for byte, so that scripts can compare."""
    body = chat(("user", "again and again"))
    assert list(answer("chat", body).chunks) == list(answer("chat", body).chunks)
    streams = [list(answer("chat", body, stream=True).chunks) for _ in range(2)]
    assert streams[0] == streams[1]
    assert whole("chat", chat(("user", "other")))["id"] != whole("chat", body)["id"]


def test_words_are_counted_as_tokens():
    """All messages count as asked; usage is streamed in a chunk of its own where it is wanted, and only there."""
    body = chat(("system", "be brief"), ("user", "one two three"))
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert whole("chat", body)["usage"] == usage
    assert all("usage" not in chunk for chunk in events("chat", body))
    *others, last = events("chat", body | {"stream_options": {"include_usage": True}})
    assert last["choices"] == []
    assert last["usage"] == usage
    assert all(chunk["usage"] is None for chunk in others)


def test_a_long_text_is_streamed_in_few_pieces():
    """A prompt of 100,000 words makes no 100,000 events."""
    text = "word " * 100_000
    chunks = events("chat", chat(("user", text)))
    assert len(chunks) <= MAX_PIECES + 2
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == text


@pytest.mark.parametrize(("prompt", "texts"), [("def f(", ["def f("]), (["a b", "c"], ["a b", "c"]), ([1, 2], ["1 2"])])
def test_a_completion_is_answered_with_its_prompt(prompt, texts):
    """One choice for each prompt, whole or streamed."""
    body = {"prompt": prompt, "suffix": "ignored"}
    found = whole("completions", body)
    assert [choice["text"] for choice in found["choices"]] == texts
    assert found["object"] == "text_completion"
    streamed = [""] * len(texts)
    for chunk in events("completions", body):
        choice = chunk["choices"][0]
        streamed[choice["index"]] += choice["text"]
    assert streamed == texts


def test_embeddings_are_unit_vectors_of_their_text():
    """Equal texts have equal vectors; OpenAI's compact form holds the same numbers."""
    body = {"input": ["one", "two", "one"]}
    first, second, third = (each["embedding"] for each in whole("embeddings", body)["data"])
    assert first == third != second
    assert len(first) == 8
    assert math.isclose(math.hypot(*first), 1)
    packed = whole("embeddings", body | {"encoding_format": "base64"})["data"][0]["embedding"]
    assert struct.unpack("<8f", base64.b64decode(packed)) == pytest.approx(first)


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("chat", {}),
        ("chat", {"messages": "hi"}),
        ("chat", {"messages": ["hi"]}),
        ("completions", {"prompt": 7}),
        ("completions", {"prompt": []}),
        ("completions", {"prompt": [{}]}),
        ("embeddings", {"input": None}),
        ("responses", {"input": "hi"}),
    ],
)
def test_what_is_no_request_is_refused(dialect, body):
    """Wrong types are a bad request, as anywhere."""
    with pytest.raises(BadRequest):
        answer(dialect, body)
