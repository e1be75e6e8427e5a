"""Anthropic's Messages on both sides: bytes pass through, and are only looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sidecar import sse
from sidecar.bridges.base import JSON, Bridge, broken_off, empty, passed_headers, unreadable
from sidecar.dialects import anthropic, openai
from sidecar.dialects.incoming import Incoming
from sidecar.dialects.splice import splice
from sidecar.errors import ProviderRefused, RequestError
from sidecar.sse import Event
from sidecar.translate.answer import tokens_of
from sidecar.translate.errors import STATUSES
from sidecar.translate.messages import frames, replay
from sidecar.translate.messages.answer import message_start
from sidecar.translate.messages.estimate import tokens_of_request
from sidecar.translate.target import Target
from sidecar.translate.thinking import THINKING, seal_of
from sidecar.values import Dialect, Tokens, WireName

NULL = msgspec.Raw(b"null")
ABSENT = msgspec.Raw(b"")
MAX_SNIPPET = 300
STOP = sse.encode(b'{"type":"message_stop"}', b"message_stop")
#: Events that stand behind `message_start`. llama.cpp's server leaves that out where the first token is not yet a
#: character (its `to_json_anthropic` goes by the number of tokens).
_INNER = frozenset(("content_block_start", "content_block_delta", "message_delta"))


class _Delta(msgspec.Struct, gc=False):
    signature: Any = None
    stop_reason: Any = None


class _Message(msgspec.Struct, gc=False):
    model: msgspec.Raw = ABSENT
    usage: msgspec.Raw = NULL


class _Seen(msgspec.Struct, gc=False):
    """What is looked at in an event or a message; everything else is skipped over."""

    type: str = ""
    message: _Message | None = None
    delta: _Delta | None = None
    usage: msgspec.Raw = NULL
    model: msgspec.Raw = ABSENT
    content: msgspec.Raw = ABSENT
    stop_reason: Any = None
    content_block: msgspec.Raw = NULL
    error: msgspec.Raw = NULL

    @property
    def answers(self) -> bool:
        """Whether it is a message with content; none is an answer too, if it says why."""
        content = bytes(self.content)
        return content.startswith(b"[") and bool(self.stop_reason or content.strip(b"[ \t\r\n]"))


_decode = msgspec.json.Decoder(_Seen).decode


class SameMessages(Bridge):
    """Messages to a server that speaks them. Thinking that another provider made is left out of the request."""

    dialect: Dialect = "messages"
    wire: WireName = "messages"

    def __init__(self, incoming: Incoming, target: Target) -> None:
        self._incoming = incoming
        self._provider = target.provider
        self._model = target.model
        self._target = target
        self._usage: JSON = {}
        self._begun = False
        self._joined: frames.Joined | None = None
        own = replay.own_thinking(incoming.fields, target)
        self._edits = own.edits
        self.ignored = own.ignored

    def body(self) -> bytes:
        """The client's bytes with the route's model."""
        edits = {"model": msgspec.json.encode(self._model), **self._edits}
        return splice(self._incoming.body, self._incoming.fields, edits)

    def headers(self) -> Mapping[str, str]:
        """The version and the betas that the client asks for."""
        return self._incoming.headers

    def feed(self, event: Event) -> bytes:
        """The event's own bytes, and what a server leaves out that clients go by: names, `message_start`, `input`."""
        data = event.data or b""
        if data.startswith(b"[DONE]"):
            self.done = True
            return self.end()
        seen = self._look(data)
        if event.name == b"error" or _is_error(seen):
            raise self._failure(data, 200)
        before = b"" if self._begun or seen.type not in _INNER else frames.encoded((self._opening(),))
        if seen.message is not None:
            data = self._started(seen.message, data)
        elif seen.delta is not None:
            if isinstance(seen.delta.signature, str):
                replay.seal(seen.delta.signature, self._target)
            self.finished = self.finished or bool(seen.delta.stop_reason)
        elif b'"tool_use"' in bytes(seen.content_block):
            data = _with_input(data)
        self._count(seen.usage)
        if seen.type == "message_stop":
            self.finished = self.done = True
            if not self._begun:
                raise empty(self._provider)
        if event.name is None or data is not event.data or not event.clean:
            return before + sse.encode(data, event.name or seen.type.encode() or None)
        return before + event.raw

    def end(self) -> bytes:
        """The `message_stop` that the server forgot."""
        if not self.finished:
            raise broken_off(self._provider)
        return STOP

    def whole(self, body: bytes) -> bytes:
        """The body as it came; the model that was asked for is added where it names none."""
        seen = self._look(body)
        if _is_error(seen):
            raise self._failure(body, 200)
        if not seen.answers:
            raise unreadable("an answer that is no message", self._provider)
        self._count(seen.usage)
        self._seal(seen.content)
        self.finished = True
        return body if bytes(seen.model) not in (b"", b"null") else self._named(body)

    def as_stream(self, body: bytes) -> bytes:
        """The message cut into events."""
        message = msgspec.json.decode(self.whole(body))
        return frames.encoded(frames.events_of(message))

    def gather(self, event: Event) -> None:
        """Keep the event itself, behind a first one for a server that leaves it out."""
        if self._joined is None:
            self._joined = frames.Joined([message_start(self._model)])
        self.feed(event)
        if event.data and not event.data.startswith(b"[DONE]"):
            self._joined.add(msgspec.json.decode(event.data))

    def gathered(self) -> bytes:
        """The events put together."""
        if self._joined is None or not self.finished:
            raise broken_off(self._provider)
        return msgspec.json.encode(self._joined.message())

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderRefused:
        """The server's own error object, completed."""
        return self._failure(body, status, headers)

    def tokens(self) -> Tokens:
        """As told so far; counts are cumulative."""
        return tokens_of(self._usage)

    def _look(self, data: bytes) -> _Seen:
        try:
            return _decode(data)
        except msgspec.ValidationError as error:
            if _is_bare_error(data):
                raise self._failure(data, 200) from error
            raise unreadable("JSON that is no event or message", self._provider) from error
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise unreadable("an answer that is not JSON", self._provider) from error

    def _opening(self) -> JSON:
        """The first event, for a server that leaves it out."""
        self._begun = True
        return message_start(self._model)

    def _started(self, message: _Message, data: bytes) -> bytes:
        """The first event, with the model that was asked for where it names none."""
        self._begun = True
        self._count(message.usage)
        if bytes(message.model) not in (b"", b"null"):
            return data
        event = msgspec.json.decode(data)
        event["message"]["model"] = self._model
        return msgspec.json.encode(event)

    def _count(self, raw: msgspec.Raw) -> None:
        if len(raw) <= 4:  # null
            return
        usage = msgspec.json.decode(raw)
        if isinstance(usage, dict):
            self._usage.update({name: count for name, count in usage.items() if count is not None})
            self.cost = openai.cost_of(usage)

    def _seal(self, content: msgspec.Raw) -> None:
        for block in msgspec.json.decode(content):
            if isinstance(block, dict) and block.get("type") in THINKING:
                replay.seal(seal_of(block), self._target)

    def _named(self, body: bytes) -> bytes:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        return splice(body, fields, {"model": msgspec.json.encode(self._model)})

    def _failure(self, body: bytes, status: int, headers: Mapping[str, str] | None = None) -> ProviderRefused:
        try:
            answer = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            answer = None
        snippet = body[:MAX_SNIPPET].decode("utf-8", "replace").strip()
        told = f"The provider {self._provider!r} answered {status}" + (f": {snippet}" if snippet else ".")
        payload = anthropic.completed_error(answer, 502 if status == 200 else status, told)
        error = payload["error"]
        status = STATUSES.get(error["type"], 502) if status == 200 else status
        refused = RequestError(error["message"], status=status, type=error["type"])
        return ProviderRefused(refused, payload=payload, headers=passed_headers(headers or {}))


def _with_input(data: bytes) -> bytes:
    """The event that opens a call, whose `input` must be there, and is empty as yet."""
    event = msgspec.json.decode(data)
    block = event["content_block"]
    if not isinstance(block, dict) or block.get("type") != "tool_use" or "input" in block:
        return data
    block["input"] = {}
    return msgspec.json.encode(event)


class CountMessages(SameMessages):
    """The tokens of a request, counted by a server that does."""

    wire: WireName = "count_tokens"
    cost = 0.0

    def whole(self, body: bytes) -> bytes:
        """The count as it came."""
        if _is_error(self._look(body)):
            raise self._failure(body, 200)
        if b'"input_tokens"' not in body:
            raise unreadable("an answer that is no count of tokens", self._provider)
        return body


class EstimatedCount(CountMessages):
    """The tokens of a request, estimated where nobody counts them."""

    def answered(self) -> bytes:
        """The estimate."""
        return msgspec.json.encode({"input_tokens": tokens_of_request(self._incoming.json())})


def _is_error(seen: _Seen) -> bool:
    return seen.type == "error" or bytes(seen.error) not in (b"null", b"")


def _is_bare_error(data: bytes) -> bool:
    """Whether this is `{"object": "error", "message": …}`, as older vLLMs tell it."""
    answer = msgspec.json.decode(data)
    return isinstance(answer, dict) and answer.get("object") == "error"
