"""OpenAI's Responses on both sides: bytes pass through, and are only looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sidecar import sse
from sidecar.bridges.base import JSON, Bridge, broken_off, unreadable
from sidecar.bridges.refusals import openai_refusal
from sidecar.dialects import openai
from sidecar.dialects.forms import Clean
from sidecar.dialects.incoming import Incoming
from sidecar.dialects.responses import failed_event, status_of
from sidecar.dialects.splice import splice
from sidecar.errors import ProviderRefused, RequestError
from sidecar.sse import Event
from sidecar.translate.responses import replay
from sidecar.translate.responses.frames import ENDS, streamed
from sidecar.translate.target import Target
from sidecar.values import Dialect, Tokens, WireName

NULL = msgspec.Raw(b"null")
_ENDS = {f"response.{end}": end for end in ENDS}
_VOID = (b"", b"null", b'""', b"{}", b"false")


class _Seen(msgspec.Struct, gc=False):
    """What is looked at in an event or a response; everything else is skipped over."""

    type: str = ""
    object: Any = None
    sequence_number: Any = None
    response: msgspec.Raw = NULL
    item: msgspec.Raw = NULL
    error: msgspec.Raw = NULL


_decode = msgspec.json.Decoder(_Seen).decode


class SameResponses(Bridge):
    """Responses to a server that speaks them. Reasoning that another provider made is left out of the request."""

    dialect: Dialect = "responses"
    wire: WireName = "responses"

    def __init__(self, incoming: Incoming, target: Target) -> None:
        self._incoming = incoming
        self._provider = target.provider
        self._target = target
        self._tokens = Tokens()
        self._number = 0  # the next event's
        self._response: JSON = {"model": target.model}  # as far as it was told
        self._items: list[Any] = []
        self._failed = b""  # the server's own word that it failed
        own = replay.own_reasoning(incoming.fields, target)
        self._edits = own.edits
        self.ignored = own.ignored

    def body(self) -> bytes:
        """The client's bytes with the route's model."""
        edits = {"model": msgspec.json.encode(self._target.model), **self._edits}
        return splice(self._incoming.body, self._incoming.fields, edits)

    def feed(self, event: Event) -> bytes:
        """The event's own bytes; behind the last one nothing comes, a `[DONE]` neither, which OpenAI does not send."""
        data = event.data or b""
        if data.startswith(b"[DONE]"):
            self.done = True
            return self.end()
        seen = self._look(data)
        if event.name == b"error" or seen.type == "error" or (not seen.type and bytes(seen.error) not in _VOID):
            raise openai_refusal(_flat_error(data), 200, self._provider)
        if isinstance(seen.sequence_number, int):
            self._number = seen.sequence_number + 1
        raw = event.raw if event.clean else sse.encode(data, event.name)
        if seen.response != NULL:
            self._on_response(seen, raw)
        elif seen.type == "response.output_item.done" and b'"reasoning"' in bytes(seen.item):
            replay.seal([msgspec.json.decode(seen.item)], self._target)
        return raw

    def _on_response(self, seen: _Seen, raw: bytes) -> None:
        """Take notice of the events that hold the response itself: the first ones and the last."""
        self._response = _object(seen.response, self._provider)
        end = _ENDS.get(seen.type)
        if end is None:
            return
        self._count(self._response)
        self.done = True
        if end == "failed":
            self._failed = raw
            raise _failure(self._response, self._provider)
        self.finished = True

    def end(self) -> bytes:
        """Nothing: a response that is complete has said so itself."""
        if not self.finished:
            raise broken_off(self._provider)
        return b""

    def failed(self, error: RequestError, clean: Clean) -> bytes:
        """The server's own event, if it told that it failed, else one of ours behind what it told."""
        if self._failed:
            return clean(self._failed.decode()).encode()
        return failed_event(error, clean, self._response, self._number)

    def whole(self, body: bytes) -> bytes:
        """The body as it came; the model that was asked for is added where it names none."""
        seen = self._look(body)
        is_answer = isinstance(seen.object, str) and seen.object.startswith("response")
        if not is_answer and bytes(seen.error) not in _VOID:
            raise openai_refusal(body, 200, self._provider)
        response = _object(body, self._provider)
        failed, output = response.get("status") == "failed", response.get("output")
        if not isinstance(output, list) and not (failed and output is None):
            raise unreadable("an answer that is no response", self._provider)
        self._count(response)
        replay.seal(output or (), self._target)
        self.failure = _failure(response, self._provider) if failed else None
        self.finished = True
        if response.get("model") is not None:
            return body
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        return splice(body, fields, {"model": msgspec.json.encode(self._target.model)})

    def as_stream(self, body: bytes) -> bytes:
        """The response cut into events."""
        return streamed(msgspec.json.decode(self.whole(body)))

    def gather(self, event: Event) -> None:
        """Take notice of it; items are kept, since some servers end with a response that lacks them."""
        self.feed(event)
        if b'"response.output_item.done"' in (event.data or b""):
            self._items.append(msgspec.json.decode(event.data or b"").get("item"))

    def gathered(self) -> bytes:
        """The response with which the events ended."""
        self.end()
        output = self._response.get("output") or self._items
        if not isinstance(output, list):
            raise unreadable("an answer that is no response", self._provider)
        return msgspec.json.encode({**self._response, "output": output})

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderRefused:
        """The server's own error object, completed."""
        return openai_refusal(body, status, self._provider, headers)

    def tokens(self) -> Tokens:
        """As the end told them."""
        return self._tokens

    def _look(self, data: bytes) -> _Seen:
        try:
            return _decode(data)
        except msgspec.ValidationError as error:
            raise unreadable("JSON that is no event or response", self._provider) from error
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise unreadable("an answer that is not JSON", self._provider) from error

    def _count(self, response: JSON) -> None:
        usage = response.get("usage")
        self._tokens = openai.tokens_of_response(usage)
        self.cost = openai.cost_of(usage)


def _object(data: bytes, provider: str) -> JSON:
    answer = msgspec.json.decode(data)
    if not isinstance(answer, dict):
        raise unreadable("JSON that is no response", provider)
    return answer


def _failure(response: JSON, provider: str) -> ProviderRefused:
    """What a response that failed says of it."""
    told = response.get("error")
    error: JSON = told if isinstance(told, dict) else {}
    code = error.get("code")
    code = code if isinstance(code, str) else "server_error"
    message = error.get("message") or f"The provider {provider!r} failed without a word; ask again."
    status = status_of(code)
    return ProviderRefused(RequestError(str(message), status=status, type=openai.type_of(status), error_code=code))


def _flat_error(data: bytes) -> bytes:
    """An `error` event as the object that errors are elsewhere: in Responses its members stand in the event itself."""
    event = msgspec.json.decode(data)
    if not isinstance(event, dict) or isinstance(event.get("error"), dict):
        return data
    members = {name: event.get(name) for name in ("code", "message", "param")}
    return msgspec.json.encode({"error": members})
