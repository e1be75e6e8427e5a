"""OpenAI's error object, its place in a stream, and what an answer or a chunk of its tells.

Shapes: platform.openai.com/docs/api-reference (chat, completions, embeddings, "Error codes").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from sidecar import sse
from sidecar.errors import ProviderRefused, RequestError
from sidecar.values import MOST_COST, Tokens, token_count

JSON = dict[str, Any]
DONE = b"data: [DONE]\n\n"
COST_HEADER = "x-litellm-response-cost"

#: Kinds of error by status, where a provider names none.
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    404: "invalid_request_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def type_of(status: int) -> str:
    """The error type that goes with an HTTP status."""
    return TYPES.get(status) or ("api_error" if status >= 500 else "invalid_request_error")


def error_object(error: RequestError) -> JSON:
    """`{"error": {message, type, param, code}}`, all four keys."""
    return {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.error_code}}


def error_body(error: RequestError, clean: Callable[[str], str]) -> bytes:
    """The error as an answer's body: the provider's own object if it has one, `clean`ed of keys that it repeats."""
    payload = error.payload if isinstance(error, ProviderRefused) else None
    return clean(msgspec.json.encode(payload or error_object(error)).decode()).encode()


def error_event(error: RequestError, clean: Callable[[str], str]) -> bytes:
    """The error in the midst of a stream, which ends with it: no `[DONE]` follows."""
    return sse.encode(error_body(error, clean))


def completed_error(answer: Any, status: int, fallback: str) -> JSON:
    """A provider's own error object with what is missing filled in; everything it holds is kept.

    Seen: `{"error": {…}}`, `{"error": "text"}` (Ollama, LM Studio, vLLM's 401), `{"object": "error", "message": …}`
    (older vLLM), `{"detail": …}` (FastAPI), a list of one of these (Google), and no JSON at all: `fallback` is told.
    """
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    rest = dict(answer) if isinstance(answer, dict) else {}
    own = rest.pop("error", None)
    if isinstance(own, dict):
        found = dict(own)
    elif isinstance(own, str):
        found = {"message": own}
    else:
        found, rest = rest, {}
    message = found.get("message") or found.get("detail") or found.get("msg") or fallback
    found["message"] = message if isinstance(message, str) else msgspec.json.encode(message).decode()
    if not isinstance(found.get("type"), str):
        found["type"] = type_of(status)
    found.setdefault("param", None)
    found.setdefault("code", None)
    return {**rest, "error": found}


def tokens_of(usage: Any) -> Tokens:
    """What a `usage` object counts (prompt_tokens includes cached ones); fields that are missing or odd are None."""
    if not isinstance(usage, dict):
        return Tokens()
    prompt = usage.get("prompt_tokens_details")
    completion = usage.get("completion_tokens_details")
    return Tokens(
        input=_count(usage, "prompt_tokens"),
        output=_count(usage, "completion_tokens"),
        cached=_count(prompt, "cached_tokens"),
        cache_write=_count(prompt, "cache_write_tokens"),
        reasoning=_count(completion, "reasoning_tokens"),
    )


def tokens_of_response(usage: Any) -> Tokens:
    """The same of a response, whose `usage` has other words."""
    if not isinstance(usage, dict):
        return Tokens()
    asked, answered = usage.get("input_tokens_details"), usage.get("output_tokens_details")
    return Tokens(
        input=_count(usage, "input_tokens"),
        output=_count(usage, "output_tokens"),
        cached=_count(asked, "cached_tokens"),
        cache_write=_count(asked, "cache_write_tokens"),
        reasoning=_count(answered, "reasoning_tokens"),
    )


def cost_of(usage: Any) -> float | None:
    """The provider's own figure in USD (OpenRouter's `usage.cost`)."""
    cost = usage.get("cost") if isinstance(usage, dict) else None
    if not isinstance(cost, int | float) or isinstance(cost, bool):
        return None
    return float(cost) if 0 <= cost <= MOST_COST else None


def cost_told(headers: Mapping[str, str]) -> float | None:
    """A proxy's own figure in USD, told with the head of its answer (docs.litellm.ai/docs/proxy/response_headers).

    Of a stream it can only be what was known before it began; there, nought is no figure.
    """
    told = headers.get(COST_HEADER)
    if told is None:
        return None
    try:
        cost = float(told)
    except ValueError:
        return None
    streamed = headers.get("Content-Type", "").lower().startswith("text/event-stream")
    return cost if 0 <= cost <= MOST_COST and (cost or not streamed) else None


def _count(holder: Any, name: str) -> int | None:
    return token_count(holder.get(name)) if isinstance(holder, dict) else None
