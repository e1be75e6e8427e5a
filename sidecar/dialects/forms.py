"""How each dialect tells what is no answer: a row per dialect, so that nobody else knows their details."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from sidecar import sse
from sidecar.dialects import anthropic, openai, responses
from sidecar.errors import RequestError
from sidecar.values import Dialect

Clean = Callable[[str], str]


class Form(NamedTuple):
    """One dialect's form.

    `error_body` is an error as an answer's whole body, a provider's own object kept as it was completed; `error_event`
    is one in the midst of a stream, which ends with it; both are cleaned of keys. `keep_alive` is sent into silence.
    `headers` are the client's that go to a provider that speaks this dialect.
    """

    error_body: Callable[[RequestError, Clean], bytes]
    error_event: Callable[[RequestError, Clean], bytes]
    keep_alive: bytes = sse.comment()
    headers: tuple[str, ...] = ()

    def passed(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Those of a client's headers that are the provider's business."""
        return {name: headers[name] for name in self.headers if name in headers}


_OPENAI = Form(openai.error_body, openai.error_event)

FORMS: Mapping[Dialect, Form] = MappingProxyType(
    {
        "chat": _OPENAI,
        "completions": _OPENAI,
        "embeddings": _OPENAI,
        "messages": Form(anthropic.error_body, anthropic.error_event, anthropic.PING, anthropic.HEADERS),
        "responses": Form(openai.error_body, responses.error_event),
    }
)
