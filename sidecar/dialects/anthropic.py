"""Anthropic's error object, its place in a stream, and its ping.

Shapes: Anthropic's API reference, "Errors" and "Streaming messages" (events `ping` and `error`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from sidecar import sse
from sidecar.errors import ProviderRefused, RequestError

JSON = dict[str, Any]

#: Clients pass over it, wherever it stands.
PING = sse.encode(b'{"type": "ping"}', b"ping")

#: What the client sends for the provider's API and the mux must not choose for it.
HEADERS = ("anthropic-version", "anthropic-beta")

#: Kinds of error by status.
TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def type_of(status: int) -> str:
    """The error type that goes with an HTTP status."""
    return TYPES.get(status) or ("api_error" if status >= 500 else "invalid_request_error")


def error_object(error: RequestError) -> JSON:
    """`{"type": "error", "error": {type, message}}`."""
    return {"type": "error", "error": {"type": type_of(error.status), "message": error.message}}


def error_body(error: RequestError, clean: Callable[[str], str]) -> bytes:
    """The error as an answer's body: the provider's own object if it has one, `clean`ed of keys that it repeats."""
    payload = error.payload if isinstance(error, ProviderRefused) else None
    return clean(msgspec.json.encode(payload or error_object(error)).decode()).encode()


def error_event(error: RequestError, clean: Callable[[str], str]) -> bytes:
    """The error in the midst of a stream, which ends with it: no `message_stop` follows."""
    return sse.encode(error_body(error, clean), b"error")


def completed_error(answer: Any, status: int, fallback: str) -> JSON:
    """A provider's own error object with what is missing filled in; everything it holds is kept.

    Servers that imitate Anthropic's API answer with OpenAI's object (llama.cpp), a text (LM Studio, Ollama, vLLM's
    401), FastAPI's `detail`, or no JSON at all: then `fallback` is told.
    """
    rest = dict(answer) if isinstance(answer, dict) else {}
    own = rest.pop("error", None)
    found = dict(own) if isinstance(own, dict) else {"message": own} if isinstance(own, str) else {}
    message = found.get("message") or rest.get("message") or rest.get("detail") or fallback
    found["message"] = message if isinstance(message, str) else msgspec.json.encode(message).decode()
    if not isinstance(found.get("type"), str):
        found["type"] = type_of(status)
    return {**rest, "type": "error", "error": found}
