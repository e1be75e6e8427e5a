"""OpenAI's Responses over chat."""

from __future__ import annotations

from types import MappingProxyType

from sidecar.dialects.forms import Clean
from sidecar.errors import RequestError
from sidecar.translate.frames import chunks_of
from sidecar.translate.front import Front
from sidecar.translate.lenient import encode
from sidecar.translate.responses.request import to_chat
from sidecar.translate.responses.stream import ResponseStream
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target
from sidecar.values import Dialect, Tokens


class ResponsesFront(Front):
    """One Responses request."""

    dialect: Dialect = "responses"
    names = MappingProxyType(
        {
            "max_tokens": "max_output_tokens",
            "reasoning_effort": "reasoning.effort",
            "response_format": "text.format",
            "verbosity": "text.verbosity",
            "thinking": "reasoning",
        }
    )

    def __init__(self, body: JSON, target: Target) -> None:
        asked = to_chat(body, target)
        self.chat = asked.chat
        self.ignored = asked.ignored
        self.carries = asked.carries
        self._stream = ResponseStream(asked, target)

    def chunk(self, data: bytes) -> bytes:
        """The events that this chunk becomes."""
        return self._stream.feed(data)

    def end(self, tokens: Tokens) -> bytes:
        """The end of what is open, and `response.completed` or `response.incomplete`."""
        return self._stream.end(tokens)

    def whole(self, completion: JSON, tokens: Tokens) -> bytes:
        """The response that the same answer would have been streamed as."""
        for chunk in chunks_of(completion):
            self._stream.feed(encode(chunk))
        self._stream.end(tokens)
        return encode(self._stream.response)

    def failed(self, error: RequestError, clean: Clean) -> bytes:
        """`response.failed`, with what was told until then."""
        return self._stream.failed(error, clean)
