"""Short ways to say what goes over the two wires, for the tests of the translation."""

from __future__ import annotations

import json
from pathlib import Path

from sidecar.sse import Decoder
from sidecar.translate.chat_to_messages import to_messages
from sidecar.translate.messages_to_chat import ChunkTranslator
from sidecar.translate.shape import AnswerShape
from sidecar.translate.target import Target
from sidecar.translate.thinking import ThinkingMemory, maker

RECORDED = Path(__file__).parent / "recorded"
MODEL = "claude-sonnet-4-5"


def translated(*messages, model=MODEL, memory=None, most=None, **fields):
    """A chat request with these messages (a string is the user's), translated."""
    said = [{"role": "user", "content": message} if isinstance(message, str) else message for message in messages]
    memory = ThinkingMemory() if memory is None else memory
    target = Target(provider="acme", model=model, maker=maker("acme", model), memory=memory, most=most)
    return to_messages({"messages": said, **fields}, target)


def sent(*messages, **fields):
    """The body of that request."""
    return translated(*messages, **fields).body


def call(identifier, name="look", arguments="{}"):
    """A tool call as chat clients hold it."""
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}


def calling(*calls, content=None, **more):
    """An assistant message with tool calls."""
    return {"role": "assistant", "content": content, "tool_calls": list(calls), **more}


def result(identifier, content="done"):
    """A tool's result."""
    return {"role": "tool", "tool_call_id": identifier, "content": content}


def function(name="look", **more):
    """A tool."""
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}, **more}}


def schema(**properties):
    """A `response_format` with a schema of these properties."""
    inner = {"type": "object", "properties": properties}
    return {"type": "json_schema", "json_schema": {"name": "out", "schema": inner}}


def message(*blocks, stop="end_turn", **more):
    """An Anthropic message; a string is a text block."""
    content = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
    usage = {"input_tokens": 1, "output_tokens": 2}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "usage": usage}
    return {**head, "content": content, "stop_reason": stop, **more}


def use(identifier="toolu_1", name="look", **arguments):
    """A `tool_use` block."""
    return {"type": "tool_use", "id": identifier, "name": name, "input": arguments}


def events(whole):
    """The events that a message is streamed as."""
    yield {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}}
    for index, block in enumerate(whole["content"]):
        yield from block_events(index, block)
    delta = {"stop_reason": whole["stop_reason"], "stop_details": whole.get("stop_details")}
    yield {"type": "message_delta", "delta": delta, "usage": whole["usage"]}
    yield {"type": "message_stop"}


def block_events(index, block):
    """The events of one block, its text in pieces of three characters."""
    fields = {"text": ("text_delta", "text"), "thinking": ("thinking_delta", "thinking")}
    fields |= dict.fromkeys(("tool_use", "server_tool_use"), ("input_json_delta", "partial_json"))
    kind, field = fields.get(block["type"], (None, None))
    if kind is None:
        yield {"type": "content_block_start", "index": index, "content_block": block}
    else:
        said = (json.dumps(block["input"]) if block["input"] else "") if "input" in block else block[block["type"]]
        empty = {"input": {}} if "input" in block else {block["type"]: ""}
        empty |= {"signature": ""} if "signature" in block else {}
        yield {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
        for at in range(0, len(said), 3):
            piece = {"type": kind, field: said[at : at + 3]}
            yield {"type": "content_block_delta", "index": index, "delta": piece}
        if "signature" in block:
            delta = {"type": "signature_delta", "signature": block["signature"]}
            yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def translator(memory=None, **shape):
    """A translator of a stream."""
    told = AnswerShape(**{"model": MODEL, "maker": maker("acme", MODEL), **shape})
    return ChunkTranslator(told, 7, ThinkingMemory() if memory is None else memory)


def chunks(stream, **shape):
    """The chunks of a stream of events; both ways of feeding must agree."""
    stream = list(stream)
    one, other = translator(**shape), translator(**shape)
    raw = b"".join(one.feed_bytes(json.dumps(event).encode()) for event in stream)
    spliced = [json.loads(event.data) for event in Decoder().feed(raw)]
    assert spliced == [chunk for event in stream for chunk in other.feed(event)]
    return spliced


def deltas(stream, **shape):
    """The deltas of that."""
    return [choice["delta"] for chunk in chunks(stream, **shape) for choice in chunk["choices"]]


def recorded(name):
    """The events of a real answer, as bytes."""
    body = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))["response"]["body"]
    return [event.data for event in Decoder().feed(body.encode()) if event.data is not None]
