"""A message as a stream of events and back, for providers that ignore `stream`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecar import sse
from sidecar.translate.collect import Collector
from sidecar.translate.lenient import encode
from sidecar.translate.shape import JSON

#: Blocks that are streamed in deltas: what is empty at their start, and the delta that brings it.
_TEXTS = {"text": "text_delta", "thinking": "thinking_delta"}
_CALLS = frozenset(("tool_use", "server_tool_use", "mcp_tool_use"))


def encoded(events: Iterable[JSON]) -> bytes:
    """The events, ready to send."""
    return b"".join(sse.encode(encode(event), str(event.get("type", "")).encode() or None) for event in events)


def events_of(message: JSON) -> Iterator[JSON]:
    """The events that a message would have been streamed as, each block's content in one delta."""
    usage = message.get("usage") or {}
    head = {
        **message,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**usage, "output_tokens": 0},
    }
    yield {"type": "message_start", "message": head}
    blocks = (block for block in message.get("content") or () if isinstance(block, dict))
    for index, block in enumerate(blocks):
        yield from _block_events(index, block)
    delta = {name: message.get(name) for name in ("stop_reason", "stop_sequence")}
    extras = {name: message[name] for name in ("stop_details", "container") if message.get(name) is not None}
    yield {"type": "message_delta", "delta": {**delta, **extras}, "usage": usage}
    yield {"type": "message_stop"}


def message_of(events: Iterable[JSON]) -> JSON:
    """The message that a stream of events adds up to."""
    message: JSON = {"type": "message", "role": "assistant", "stop_reason": None, "stop_sequence": None, "usage": {}}
    collector = Collector(most=None)
    for event in events:
        match event.get("type"):
            case "message_start":
                message |= event.get("message") or {}
            case "content_block_start":
                collector.start(event["index"], dict(event["content_block"]))
            case "content_block_delta":
                collector.delta(event["index"], event["delta"])
            case "message_delta":
                message |= {name: value for name, value in event["delta"].items() if value is not None}
                counts = {name: count for name, count in (event.get("usage") or {}).items() if count is not None}
                message["usage"] = {**(message.get("usage") or {}), **counts}
    return {**message, "content": collector.blocks()}


def _block_events(index: int, block: JSON) -> Iterator[JSON]:
    kind = block.get("type", "")
    start, deltas = block, []
    if kind in _TEXTS and isinstance(block.get(kind), str):
        start = {**block, kind: ""}
        deltas.append({"type": _TEXTS[kind], kind: block[kind]})
        if isinstance(block.get("signature"), str):
            start["signature"] = ""
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
    elif kind in _CALLS:
        start = {**block, "input": {}}
        deltas.append({"type": "input_json_delta", "partial_json": encode(block.get("input") or {}).decode()})
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}
