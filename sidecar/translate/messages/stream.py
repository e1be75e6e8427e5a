"""The chunks of a streamed chat completion as the events of an Anthropic message."""

from __future__ import annotations

from sidecar.translate.messages.answer import message_start, stopping, usage_of
from sidecar.translate.messages.blocks import Blocks, events
from sidecar.translate.messages.request import Asked
from sidecar.translate.reader import ChunkReader
from sidecar.translate.said import reasoning_in
from sidecar.translate.seal import signature_for
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target
from sidecar.values import Tokens


class MessageStream(ChunkReader[Blocks]):
    """Translates one stream."""

    def __init__(self, asked: Asked, target: Target) -> None:
        super().__init__(Blocks(lambda: signature_for(self._field, target.maker), asked.names, asked.calls))
        self._asked = asked
        self._target = target
        self._field = ""
        self._stopping: JSON | None = None

    def end(self, tokens: Tokens) -> bytes:
        """The stop reason with the usage, which chat tells last, and the end."""
        out = self.finish()
        told = self._stopping or stopping({}, (), called=self.called)
        usage = usage_of(tokens)
        return out + events(({"type": "message_delta", "delta": told, "usage": usage}, {"type": "message_stop"}))

    def _opening(self, chunk: JSON) -> bytes:
        return events((message_start(chunk.get("model") or self._target.model),))

    def _beside(self, choice: JSON, delta: JSON) -> bytes:  # noqa: ARG002 - the reader's signature
        self._field = reasoning_in(delta)[0] or self._field
        return b""

    def _ending(self, choice: JSON) -> None:
        self._stopping = stopping(choice, self._asked.stops, called=self.called)
