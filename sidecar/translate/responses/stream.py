"""The chunks of a streamed chat completion as the events of a response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sidecar.dialects.responses import failed_event
from sidecar.errors import RequestError
from sidecar.translate.reader import ChunkReader
from sidecar.translate.responses.answer import INCOMPLETE, begun, ended, logprobs_of
from sidecar.translate.responses.events import Events
from sidecar.translate.responses.output import Output
from sidecar.translate.responses.request import Asked
from sidecar.translate.said import reasoning_in
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target
from sidecar.values import Tokens


class ResponseStream(ChunkReader[Output]):
    """Translates one stream; `response` is the answer as far as it was told."""

    refusals = "refusal"

    def __init__(self, asked: Asked, target: Target) -> None:
        self._events = Events()
        super().__init__(Output(asked, target.maker, self._events))
        self._asked = asked
        self._model = target.model
        self._finish: Any = None
        self.response: JSON = begun({}, asked.echo, target.model)

    def end(self, tokens: Tokens) -> bytes:
        """The end of what is open, and the response with its usage, which chat tells last."""
        out = self.finish()
        self.response = ended(self.response, self._finish, self.parts.items, tokens)
        return out + self._events.tell(str(self.response["status"]), response=self.response)

    def failed(self, error: RequestError, clean: Callable[[str], str]) -> bytes:
        """The end of a stream that broke: the response as far as it was told, failed."""
        response = {**self.response, "output": self.parts.items}
        return failed_event(error, clean, response, self._events.number)

    def _opening(self, chunk: JSON) -> bytes:
        self.response = begun(chunk, self._asked.echo, self._model)
        out = self._events.tell("created", response=self.response)
        return out + self._events.tell("in_progress", response=self.response)

    def _beside(self, choice: JSON, delta: JSON) -> bytes:
        self.parts.field = reasoning_in(delta)[0] or self.parts.field
        if self._asked.logprobs:
            self.parts.logprobs += logprobs_of(choice)
        details = delta.get("reasoning_details")
        return self.parts.details(details) if isinstance(details, list) and details else b""

    def _ending(self, choice: JSON) -> None:
        self._finish = choice["finish_reason"]
        self.parts.is_cut = self._finish in INCOMPLETE
