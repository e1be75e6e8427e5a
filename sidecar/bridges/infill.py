"""Fill-in-the-middle completions to a llama.cpp server, which has `/infill` for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sidecar import sse
from sidecar.bridges.base import JSON, Bridge, broken_off, empty, unreadable
from sidecar.bridges.same import SameWire
from sidecar.dialects import openai
from sidecar.dialects.incoming import Incoming
from sidecar.errors import ProviderRefused
from sidecar.providers.infill import Stamp, infill_chunk, infill_to_completion, to_infill
from sidecar.sse import Event
from sidecar.translate import frames
from sidecar.values import Dialect, Tokens, WireName


class CompletionOverInfill(Bridge):
    """A legacy completion with a suffix that `/infill` answers."""

    dialect: Dialect = "completions"
    wire: WireName = "infill"

    def __init__(self, incoming: Incoming, model: str, provider: str) -> None:
        self._model = model
        self._provider = provider
        self._tokens = Tokens()
        self._begun = False
        self._stamp = Stamp()
        self._body = to_infill(incoming.json())
        # Errors have one form on all of the server's paths.
        self._same = SameWire(incoming, model, provider, ask_usage=False)

    def body(self) -> bytes:
        """The infill request."""
        return msgspec.json.encode(self._body)

    def feed(self, event: Event) -> bytes:
        """One event as a chunk of a text completion, with `[DONE]` behind the last."""
        chunk = self._chunk(event.data or b"")
        out = b"" if chunk is None else sse.encode(msgspec.json.encode(chunk))
        return out + openai.DONE if self.done else out

    def _chunk(self, data: bytes) -> JSON | None:
        """One event's chunk; none for a `[DONE]`, which such servers do not send."""
        if data.startswith(b"[DONE]"):
            self.done = True
            if not self._begun:
                raise empty(self._provider)
            return None
        self._begun = True
        answer = self._object(data)
        if answer.get("error"):
            raise self._same.refusal(200, {}, data)
        chunk = infill_chunk(answer, self._model, self._stamp)
        self._note(chunk)
        self.done = self.finished
        return chunk

    def end(self) -> bytes:
        """A stream that ended before its last event has broken off."""
        raise broken_off(self._provider)

    def whole(self, body: bytes) -> bytes:
        """The text completion."""
        return msgspec.json.encode(self._completion(body))

    def as_stream(self, body: bytes) -> bytes:
        """The completion cut into chunks."""
        chunks = frames.text_chunks_of(self._completion(body))
        return b"".join(sse.encode(msgspec.json.encode(chunk)) for chunk in chunks) + openai.DONE

    def gather(self, event: Event) -> None:
        """Keep its chunk."""
        chunk = self._chunk(event.data or b"")
        if chunk is not None:
            self._kept.add(chunk)

    def gathered(self) -> bytes:
        """The chunks put together."""
        if not self.done:
            self.end()
        return msgspec.json.encode(self._kept.text_completion())

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderRefused:
        """The server's own error object, completed."""
        return self._same.refusal(status, headers, body)

    def tokens(self) -> Tokens:
        """As the last event told them."""
        return self._tokens

    def _completion(self, body: bytes) -> JSON:
        answer = self._object(body)
        if answer.get("error"):
            raise self._same.refusal(200, {}, body)
        if not isinstance(answer.get("content"), str):
            raise unreadable("JSON that is no answer", self._provider)
        completion = infill_to_completion(answer, self._model, self._stamp)
        self._note(completion)
        self.finished = True
        return completion

    def _note(self, completion: JSON) -> None:
        if completion.get("usage"):
            self._tokens = openai.tokens_of(completion["usage"])
        choices: list[Any] = completion.get("choices") or []
        self.finished = self.finished or any(choice.get("finish_reason") for choice in choices)

    def _object(self, data: bytes) -> JSON:
        try:
            answer = msgspec.json.decode(data)
        except (msgspec.DecodeError, RecursionError) as error:
            raise unreadable("an answer that is not JSON", self._provider) from error
        if not isinstance(answer, dict):
            raise unreadable("JSON that is no object", self._provider)
        return answer
