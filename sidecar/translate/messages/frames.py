"""A message as a stream of events and back, for providers that ignore `stream`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sidecar import sse
from sidecar.translate.checks import objects
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
    usage = message["usage"] if isinstance(message.get("usage"), dict) else {}
    head = {
        **message,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**usage, "output_tokens": 0},
    }
    yield {"type": "message_start", "message": head}
    for index, block in enumerate(objects(message.get("content"))):
        yield from _block_events(index, block)
    delta = {name: message.get(name) for name in ("stop_reason", "stop_sequence")}
    extras = {name: message[name] for name in ("stop_details", "container") if message.get(name) is not None}
    yield {"type": "message_delta", "delta": {**delta, **extras}, "usage": usage}
    yield {"type": "message_stop"}


class Joined:
    """Takes the events of one stream, each in a moment, and gives the message that they add up to."""

    def __init__(self, events: Iterable[JSON] = ()) -> None:
        self._message: JSON = {
            "type": "message",
            "role": "assistant",
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {},
        }
        self._collector = Collector(most=None)
        for event in events:
            self.add(event)

    def add(self, event: JSON) -> None:
        """One more event; one without what its type must have is passed over."""
        match event:
            case {"type": "message_start", "message": {} as message}:
                self._message |= message
            case {"type": "content_block_start", "index": int(index), "content_block": {} as block}:
                self._collector.start(index, dict(block))
            case {"type": "content_block_delta", "index": int(index), "delta": {} as delta}:
                self._collector.delta(index, delta)
            case {"type": "message_delta"}:
                self._message |= _told(event.get("delta"))
                self._message["usage"] = {**_told(self._message.get("usage")), **_told(event.get("usage"))}

    def message(self) -> JSON:
        """The message."""
        return {**self._message, "content": self._collector.blocks()}


def _told(members: object) -> JSON:
    """The members that are not null."""
    return {name: value for name, value in members.items() if value is not None} if isinstance(members, dict) else {}


def _block_events(index: int, block: JSON) -> Iterator[JSON]:
    kind = str(block.get("type", ""))
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
