"""The same wire on both sides: bytes pass through, and are only looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from sidecar import sse
from sidecar.bridges.base import JSON, Bridge, broken_off, empty, unreadable
from sidecar.bridges.refusals import openai_refusal
from sidecar.dialects import openai
from sidecar.dialects.incoming import Incoming
from sidecar.dialects.splice import splice
from sidecar.errors import ProviderRefused
from sidecar.sse import Event
from sidecar.translate import frames
from sidecar.values import Tokens

NULL = msgspec.Raw(b"null")
ABSENT = msgspec.Raw(b"")


class _Choice(msgspec.Struct):
    index: Any = 0
    finish_reason: Any = None
    delta: msgspec.Raw = ABSENT
    text: Any = None

    @property
    def says(self) -> bool:
        """Whether a client would take something from it."""
        return bool(self.finish_reason or self.text) or bytes(self.delta) not in (b"", b"{}", b"null")


class _Seen(msgspec.Struct):
    """What is looked at in an answer or a chunk; everything else is skipped over."""

    choices: list[_Choice] | None = None
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL
    object: Any = None
    model: msgspec.Raw = ABSENT
    data: msgspec.Raw = ABSENT

    @property
    def answers(self) -> bool:
        """Whether it has what every answer has: a choice, or the embeddings' list."""
        return bool(self.choices) or bytes(memoryview(self.data)[:1]) == b"["


_SEEN = msgspec.json.Decoder(_Seen)


class SameWire(Bridge):
    """Chat completions, legacy completions or embeddings to a server that speaks them."""

    def __init__(
        self,
        incoming: Incoming,
        model: str,
        provider: str,
        *,
        ask_usage: bool,
        on_usage_refused: Callable[[], None] | None = None,
    ) -> None:
        self.dialect = self.wire = incoming.dialect
        self._incoming = incoming
        self._model = model
        self._provider = provider
        options = _options(incoming)
        self._wants_usage = options.get("include_usage") is True
        self._asks_usage = ask_usage and incoming.stream and not self._wants_usage
        self._options = options
        self._on_usage_refused = on_usage_refused
        self._tokens = Tokens()
        self._begun = False  # there was a choice
        self._ended: list[Any] = []

    def body(self) -> bytes:
        """The client's bytes with the route's model, and a wish for usage where the server understands it."""
        edits: dict[str, bytes | None] = {"model": msgspec.json.encode(self._model)}
        if self._asks_usage:
            edits["stream_options"] = msgspec.json.encode({**self._options, "include_usage": True})
        return splice(self._incoming.body, self._incoming.fields, edits)

    def after(self, refusal: ProviderRefused) -> Bridge | None:
        """Once more without `stream_options` when that is what was refused and we had asked for it."""
        if not self._asks_usage or refusal.status not in (400, 422) or "stream_options" not in refusal.message:
            return super().after(refusal)
        self._asks_usage = False
        if self._on_usage_refused is not None:
            self._on_usage_refused()
        return self

    def feed(self, event: Event) -> bytes:
        """The event's own bytes, unless it answers a question that only we asked."""
        data = event.data or b""
        if data.startswith(b"[DONE]"):
            self.done = True
            if not self._begun:
                raise empty(self._provider)
            return openai.DONE
        seen = self._look(data)
        if event.name == b"error" or _is_error(seen):
            raise self._failure(data, 200)
        self._begun = self._begun or bool(seen.choices)
        counted = len(seen.usage) > 4  # more than null
        if counted:
            self._count(seen.usage)
            if not self._wants_usage and not (seen.choices and self._says(seen.choices)):
                return b""
        if seen.choices and self._is_late(seen.choices) and not counted:
            return b""
        if not seen.model or seen.model == NULL:
            return sse.encode(self._named(data), event.name)
        return event.raw if event.clean else sse.encode(data, event.name)

    def _says(self, choices: list[_Choice]) -> bool:
        """Whether a chunk that counts says something besides: LiteLLM puts an empty choice behind the last one."""
        return not self.finished or any(choice.says for choice in choices)

    def _is_late(self, choices: list[_Choice]) -> bool:
        """Whether all that this says comes behind its choices' finish reasons; notes the reasons that it gives."""
        late = all(choice.index in self._ended and choice.says for choice in choices)
        for choice in choices:
            if choice.finish_reason:
                self._ended.append(choice.index)
                self.finished = True
        return late

    def end(self) -> bytes:
        """The `[DONE]` that the server forgot."""
        if not self.finished:
            raise broken_off(self._provider)
        return openai.DONE

    def whole(self, body: bytes) -> bytes:
        """The body as it came; the model that was asked for is added where it names none."""
        seen = self._look(body)
        if _is_error(seen):
            raise self._failure(body, 200)
        if not seen.answers:
            raise unreadable("JSON that is no answer", self._provider)
        if len(seen.usage) > 4:
            self._count(seen.usage)
        self.finished = True
        if not seen.model or seen.model == NULL:
            return self._named(body)
        return body

    def as_stream(self, body: bytes) -> bytes:
        """The completion cut into chunks."""
        completion = _object(self.whole(body), self._provider)
        completion.setdefault("model", self._model)
        make = frames.text_chunks_of if self.wire == "completions" else frames.chunks_of
        events = [chunk for chunk in make(completion) if self._wants_usage or chunk.get("choices")]
        return b"".join(sse.encode(msgspec.json.encode(chunk)) for chunk in events) + openai.DONE

    def gather(self, event: Event) -> None:
        """Keep the chunk, if a client that wants usage would get it."""
        self._wants_usage = True
        if self.feed(event) and not self.done:
            self._kept.add(_object(event.data or b"", self._provider))

    def gathered(self) -> bytes:
        """The chunks put together."""
        if not self.done:
            self.end()
        joined = self._kept
        whole = joined.text_completion() if self.wire == "completions" else joined.completion()
        return msgspec.json.encode(whole if whole.get("model") else {**whole, "model": self._model})

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderRefused:
        """The server's own error object, completed."""
        return self._failure(body, status, headers)

    def tokens(self) -> Tokens:
        """As the last `usage` told them."""
        return self._tokens

    def _look(self, data: bytes) -> _Seen:
        try:
            return _SEEN.decode(data)
        except msgspec.ValidationError:
            return _look_again(data, self._provider)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise unreadable("an answer that is not JSON", self._provider) from error

    def _count(self, raw: msgspec.Raw) -> None:
        usage = msgspec.json.decode(raw)
        self._tokens = openai.tokens_of(usage)
        self.cost = openai.cost_of(usage)

    def _named(self, body: bytes) -> bytes:
        """The object with the model that was asked for."""
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        return splice(body, fields, {"model": msgspec.json.encode(self._model)})

    def _failure(self, body: bytes, status: int, headers: Mapping[str, str] | None = None) -> ProviderRefused:
        return openai_refusal(body, status, self._provider, headers)


def _look_again(data: bytes, provider: str) -> _Seen:
    """The same for JSON of unusual types."""
    answer = msgspec.json.decode(data)
    if not isinstance(answer, dict):
        raise unreadable("JSON that is no object", provider)
    raw = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    choices = answer.get("choices")
    return _Seen(
        choices=[
            _Choice(finish_reason=choice.get("finish_reason"))
            for choice in (choices if isinstance(choices, list) else ())
            if isinstance(choice, dict)
        ],
        data=raw.get("data", ABSENT),
        usage=raw.get("usage", NULL),
        error=raw.get("error", NULL),
        object=answer.get("object"),
        model=raw.get("model", ABSENT),
    )


def _is_error(seen: _Seen) -> bool:
    """Whether an answer or an event is an error: it says so, or holds one that is not null, empty or false."""
    return seen.object == "error" or bytes(seen.error) not in (b"null", b"", b'""', b"{}", b"false")


def _options(incoming: Incoming) -> JSON:
    """The client's `stream_options`, if it is an object."""
    raw = incoming.fields.get("stream_options")
    try:
        options = msgspec.json.decode(raw) if raw is not None else None
    except msgspec.DecodeError:
        options = None
    return options if isinstance(options, dict) else {}


def _object(data: bytes, provider: str) -> JSON:
    answer = msgspec.json.decode(data)
    if not isinstance(answer, dict):
        raise unreadable("JSON that is no object", provider)
    return answer
