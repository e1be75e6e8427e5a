"""Chat completions to a provider that speaks Anthropic's Messages."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from sidecar import sse
from sidecar.bridges.base import JSON, Bridge, broken_off, empty, refused, translated_refusal, unreadable
from sidecar.dialects import openai
from sidecar.errors import ProviderRefused
from sidecar.sse import Event
from sidecar.translate import errors, frames
from sidecar.translate.answer import tokens_of, usage_of
from sidecar.translate.chat_to_messages import to_messages
from sidecar.translate.messages_to_chat import ChunkTranslator, to_completion
from sidecar.translate.target import Target
from sidecar.values import Dialect, Tokens, WireName


class ChatOverMessages(Bridge):
    """A chat completion that Anthropic's API answers."""

    dialect: Dialect = "chat"
    wire: WireName = "messages"

    def __init__(self, chat: JSON, target: Target) -> None:
        self._provider = target.provider
        self._memory = target.memory
        self._translated = to_messages(chat, target)
        self.ignored = self._translated.ignored
        self._tokens: Tokens | None = None
        self._created = int(time.time())
        self._chunks = ChunkTranslator(self._translated.shape, self._created, target.memory, target.provider)

    def body(self) -> bytes:
        """The Messages request."""
        return msgspec.json.encode(self._translated.body)

    def headers(self) -> Mapping[str, str]:
        """Beta headers that the request needs."""
        return dict(self._translated.headers)

    def feed(self, event: Event) -> bytes:
        """The chunks that this event makes, with `[DONE]` behind the last."""
        try:
            out = self._feed(event.data or b"")
        except msgspec.DecodeError as error:
            raise unreadable("an event that is not JSON", self._provider) from error
        self.finished = self._chunks.finish_reason is not None
        if self._chunks.finished:
            self.done = True
            if not self._chunks.begun:
                raise empty(self._provider)
            out += openai.DONE
        return out

    def _feed(self, data: bytes) -> bytes:
        if b'"error"' in data:
            self._check(msgspec.json.decode(data))
        return self._chunks.feed_bytes(data)

    def _check(self, answer: Any) -> None:
        if isinstance(answer, dict) and answer.get("type") == "error":
            raise refused(errors.stream_error(answer, self._provider))

    def end(self) -> bytes:
        """Anthropic ends with `message_stop`; without it the answer is complete only if it gave its stop reason."""
        if not self.finished:
            raise broken_off(self._provider)
        closing = (self._encode(chunk) for chunk in self._chunks.end())
        return b"".join(closing) + openai.DONE

    def _encode(self, chunk: JSON) -> bytes:
        return sse.encode(msgspec.json.encode(chunk))

    def whole(self, body: bytes) -> bytes:
        """The completion."""
        return msgspec.json.encode(self._answer(body))

    def _answer(self, body: bytes) -> JSON:
        try:
            message = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError) as error:
            raise unreadable("an answer that is not JSON", self._provider) from error
        self._check(message)
        if not isinstance(message, dict) or not _answers(message):
            raise unreadable("an answer that is no message", self._provider)
        usage = message.get("usage")
        self._tokens = tokens_of(usage if isinstance(usage, dict) else {})
        self.finished = True
        return to_completion(message, self._translated.shape, self._created, self._memory, self._provider)

    def as_stream(self, body: bytes) -> bytes:
        """The completion cut into chunks."""
        chunks = frames.chunks_of(self._answer(body))
        wanted = (c for c in chunks if self._translated.shape.include_usage or c.get("choices"))
        return b"".join(self._encode(chunk) for chunk in wanted) + openai.DONE

    def gather(self, event: Event) -> None:
        """Keep its chunks."""
        answer = msgspec.json.decode(event.data or b"")
        if not isinstance(answer, dict):
            raise unreadable("an event that is no JSON object", self._provider)
        self._check(answer)
        for chunk in self._chunks.feed(answer):
            self._kept.add(chunk)
        self.finished = self._chunks.finish_reason is not None
        self.done = self._chunks.finished

    def gathered(self) -> bytes:
        """The chunks put together."""
        if not self.finished:
            raise broken_off(self._provider)
        return msgspec.json.encode({**self._kept.completion(), "usage": usage_of(self.tokens())})

    def tokens(self) -> Tokens:
        """What the answer, or the stream so far, has told."""
        return self._chunks.usage if self._tokens is None else self._tokens

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderRefused:
        """Anthropic's error in OpenAI's words."""
        return translated_refusal(status, headers, body, self._provider)


def _answers(message: JSON) -> bool:
    """Whether it has content; none is an answer too, if it says why."""
    return isinstance(message.get("content"), list) and bool(message["content"] or message.get("stop_reason"))
