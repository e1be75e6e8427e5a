"""What the scripted providers say, in the two wires' own words."""

from __future__ import annotations

from typing import Any

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, "prompt_tokens_details": {"cached_tokens": 3}}


def ask(text: str = "hi", **more: Any) -> dict[str, Any]:
    """A chat request as clients send it."""
    return {"model": "whatever", "messages": [{"role": "user", "content": text}], **more}


def completion(text: str | None = "Hello", finish: str = "stop", **message: Any) -> dict[str, Any]:
    """A chat completion in one piece."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, **message},
        "logprobs": None,
        "finish_reason": finish,
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1790000000,
        "model": "m1-2026",
        "choices": [choice],
        "usage": USAGE,
    }


def chunk(finish: str | None = None, usage: Any = None, **delta: Any) -> dict[str, Any]:
    """One piece of a streamed chat completion."""
    told = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1790000000,
        "model": "m1-2026",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }
    return told if usage is None else {**told, "usage": usage}


def usage_chunk(usage: dict[str, Any] = USAGE) -> dict[str, Any]:
    """The trailing event that tells the usage and nothing else."""
    return {**chunk(), "choices": [], "usage": usage}


def chunks(*texts: str, finish: str | None = "stop") -> list[dict[str, Any]]:
    """A streamed chat completion: the role, the texts, the finish reason."""
    last = [chunk(finish)] if finish else []
    return [chunk(role="assistant", content=""), *(chunk(content=text) for text in texts), *last]


def call(ident: str, name: str, arguments: str, index: int | None = None) -> dict[str, Any]:
    """A tool call; with `index` as it stands in a stream."""
    told = {"id": ident, "type": "function", "function": {"name": name, "arguments": arguments}}
    return told if index is None else {"index": index, **told}


def tool(name: str = "look", **properties: Any) -> dict[str, Any]:
    """A tool's definition."""
    schema = {"type": "object", "properties": properties or {"path": {"type": "string"}}}
    return {"type": "function", "function": {"name": name, "description": "Looks.", "parameters": schema}}


CLAUDE_USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 30,
    "output_tokens": 5,
}


def claude(*blocks: dict[str, Any] | str, stop: str = "end_turn", **more: Any) -> dict[str, Any]:
    """An Anthropic message in one piece; a string is a text block."""
    content = [{"type": "text", "text": block} if isinstance(block, str) else block for block in blocks]
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-as-served",
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": CLAUDE_USAGE,
        **more,
    }


def claude_events(*blocks: tuple[dict[str, Any], list[dict[str, Any]]] | str, stop: str = "end_turn") -> list[Any]:
    """An Anthropic stream; a block is what opens it and its deltas, or a text."""
    start = {**claude(), "stop_reason": None, "usage": {**CLAUDE_USAGE, "output_tokens": 1}}
    told: list[Any] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(blocks):
        opening, deltas = text_block(block) if isinstance(block, str) else block
        told.append({"type": "content_block_start", "index": index, "content_block": opening})
        told += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        told.append({"type": "content_block_stop", "index": index})
    ending = {"stop_reason": stop, "stop_sequence": None}
    return [
        *told,
        {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]


def text_block(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A streamed text in two pieces."""
    pieces = text[: len(text) // 2], text[len(text) // 2 :]
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces]


def tool_block(ident: str, name: str, *pieces: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A streamed tool call, its arguments in pieces."""
    opening = {"type": "tool_use", "id": ident, "name": name, "input": {}}
    return opening, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]


def thinking_block(text: str, signature: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A streamed thought with its signature."""
    deltas = [{"type": "thinking_delta", "thinking": text}, {"type": "signature_delta", "signature": signature}]
    return {"type": "thinking", "thinking": "", "signature": ""}, deltas
