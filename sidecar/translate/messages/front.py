"""Anthropic's Messages over chat."""

from __future__ import annotations

from types import MappingProxyType

from sidecar.translate.front import Front
from sidecar.translate.lenient import encode
from sidecar.translate.messages.request import to_chat
from sidecar.translate.messages.stream import MessageStream
from sidecar.translate.messages.whole import to_message
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target
from sidecar.values import Dialect, Tokens


class MessagesFront(Front):
    """One Messages request."""

    dialect: Dialect = "messages"
    names = MappingProxyType({"reasoning_effort": "thinking", "user": "metadata", "stop": "stop_sequences"})

    def __init__(self, body: JSON, target: Target) -> None:
        self._target = target
        self._asked = to_chat(body, target)
        self.chat = self._asked.chat
        self.ignored = self._asked.ignored
        self._stream = MessageStream(self._asked, target)

    def chunk(self, data: bytes) -> bytes:
        """The events that this chunk becomes."""
        return self._stream.feed(data)

    def end(self, tokens: Tokens) -> bytes:
        """`message_delta` with the usage, and `message_stop`."""
        return self._stream.end(tokens)

    def whole(self, completion: JSON, tokens: Tokens) -> bytes:
        """The message."""
        return encode(to_message(completion, self._asked, self._target, tokens))
