"""Tool calls on their way from chat to Messages: their ids, and chunks that are not as they should be."""

import json

import pytest

from sidecar.errors import BadRequest
from sidecar.translate.messages.request import to_chat
from sidecar.translate.messages.stream import MessageStream
from sidecar.translate.messages.whole import to_message
from sidecar.translate.target import Target
from sidecar.translate.thinking import ThinkingMemory
from sidecar.values import Tokens

TARGET = Target("local", "small", "local/small", ThinkingMemory())
ASKED = {
    "max_tokens": 100,
    "tools": [{"name": "Read", "input_schema": {"type": "object"}}],
    "messages": [
        {"role": "user", "content": "Read it"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "call_0", "name": "Read", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_0", "content": "old"}]},
    ],
}
CALL = {"id": "call_0", "type": "function", "function": {"name": "Read", "arguments": "{}"}}


def told(*deltas):
    """The events' data that a stream of these deltas becomes."""
    stream = MessageStream(to_chat(ASKED, TARGET), TARGET)
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    out = b"".join(stream.feed(json.dumps(chunk).encode()) for chunk in chunks) + stream.end(Tokens())
    return [json.loads(line[6:]) for line in out.decode().splitlines() if line.startswith("data: ")]


def uses(events):
    """The tool calls that events begin."""
    blocks = [event["content_block"] for event in events if event["type"] == "content_block_start"]
    return [block for block in blocks if block["type"] == "tool_use"]


def test_a_call_has_an_id_that_the_conversation_has_not_seen():
    """A server that counts each answer's calls anew does not make a client take a new call for an old one."""
    (streamed,) = uses(told({"tool_calls": [{"index": 0, **CALL}]}))
    completion = {"choices": [{"message": {"tool_calls": [CALL]}, "finish_reason": "tool_calls"}]}
    (whole,) = to_message(completion, to_chat(ASKED, TARGET), TARGET, Tokens())["content"]
    for use in (streamed, whole):
        assert use["name"] == "Read"
        assert use["id"].startswith("toolu_")


def test_an_id_that_is_new_stays():
    """An id that no earlier call has is the server's own."""
    (use,) = uses(told({"tool_calls": [{"index": 0, **CALL, "id": "call_1"}]}))
    assert use["id"] == "call_1"


@pytest.mark.parametrize(
    "delta",
    [
        "text",
        ["text"],
        {"tool_calls": [{"index": ["x"], **CALL, "id": "call_2"}]},
        {"tool_calls": [{"index": 0, "id": {"a": 1}, "function": {"name": 7}}]},
    ],
)
def test_odd_deltas_are_read_past(delta):
    """A delta of unusual types costs no more than itself: what follows is told, and the message ends."""
    events = told(delta, {"content": "after"})
    assert any(event.get("delta") == {"type": "text_delta", "text": "after"} for event in events)
    assert events[-1] == {"type": "message_stop"}


@pytest.mark.parametrize(
    "block",
    [
        {"type": ["text"], "text": "a"},
        {"type": "document", "source": {"type": "text", "data": "a"}, "citations": "yes"},
    ],
)
def test_a_malformed_block_is_refused(block):
    """A block whose parts have wrong types is the client's mistake, told with its place."""
    body = {**ASKED, "messages": [{"role": "user", "content": [block]}]}
    with pytest.raises(BadRequest, match=r"messages\[0\]"):
        to_chat(body, TARGET)
