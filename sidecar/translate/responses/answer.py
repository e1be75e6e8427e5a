"""What both forms of a response, whole and streamed, share: its object, status, usage, ids."""

from __future__ import annotations

import secrets
import time
from typing import Any

from sidecar.translate.shape import JSON
from sidecar.values import Tokens

#: OpenAI's `finish_reason` in chat → why a response is incomplete; what is not here is complete.
INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def response_id(identifier: Any) -> str:
    """The response's id: the provider's own, in the form of one."""
    if not isinstance(identifier, str) or not identifier:
        identifier = secrets.token_hex(16)
    return identifier if identifier.startswith("resp_") else f"resp_{identifier}"


def begun(chunk: JSON, echo: JSON, model: str) -> JSON:
    """A response of which nothing was said yet, from chat's first chunk or its completion."""
    created = chunk.get("created")
    is_time = isinstance(created, int | float) and not isinstance(created, bool) and created > 0
    return {
        **echo,
        "id": response_id(chunk.get("id")),
        "object": "response",
        "created_at": created if is_time else int(time.time()),
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": chunk.get("model") or model,
        "output": [],
        "usage": None,
    }


def ended(response: JSON, finish: Any, output: list[JSON], tokens: Tokens) -> JSON:
    """The response at its end."""
    why = INCOMPLETE.get(finish) if isinstance(finish, str) else None
    return {
        **response,
        "status": "incomplete" if why else "completed",
        "incomplete_details": {"reason": why} if why else None,
        "completed_at": None if why else int(time.time()),
        "output": output,
        "usage": usage_of(tokens),
    }


def usage_of(tokens: Tokens) -> JSON | None:
    """The `usage` of Responses; None where the provider counted nothing."""
    if tokens.input is None and tokens.output is None:
        return None
    asked, answered = tokens.input or 0, tokens.output or 0
    return {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": tokens.cached or 0, "cache_write_tokens": tokens.cache_write or 0},
        "output_tokens": answered,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning or 0},
        "total_tokens": asked + answered,
    }


def logprobs_of(choice: JSON) -> list[JSON]:
    """The log probabilities that a chat choice brings, in the form of Responses."""
    given = choice.get("logprobs")
    content = given.get("content") if isinstance(given, dict) else None
    return [_logprob(one) for one in content if isinstance(one, dict)] if isinstance(content, list) else []


def _logprob(one: JSON) -> JSON:
    top = one.get("top_logprobs")
    tops = [_token(other) for other in top if isinstance(other, dict)] if isinstance(top, list) else []
    return {**_token(one), "top_logprobs": tops}


def _token(one: JSON) -> JSON:
    token = str(one.get("token") or "")
    given = one.get("bytes")
    return {
        "token": token,
        "bytes": given if isinstance(given, list) else list(token.encode("utf-8", "replace")),
        "logprob": one.get("logprob") or 0.0,
    }
