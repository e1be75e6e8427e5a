"""The errors of servers that speak OpenAI's dialects, as their clients are told them: their own objects, completed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sidecar.bridges.base import passed_headers
from sidecar.dialects import openai
from sidecar.errors import ProviderRefused, RequestError

MAX_SNIPPET = 300


def openai_refusal(
    body: bytes, status: int, provider: str, headers: Mapping[str, str] | None = None
) -> ProviderRefused:
    """A server's error answer, or one that came within a 200."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        answer = None
    snippet = body[:MAX_SNIPPET].decode("utf-8", "replace").strip()
    told = f"The provider {provider!r} answered {status}" + (f": {snippet}" if snippet else ".")
    if status == 200:
        status = _status_within(answer)
    payload = openai.completed_error(answer, status, told)
    error = payload["error"]
    code = error["code"]
    refused = RequestError(
        error["message"], status=status, type=error["type"], error_code=None if code is None else str(code)
    )
    return ProviderRefused(refused, payload=payload, headers=passed_headers(headers or {}))


def _status_within(answer: Any) -> int:
    """The HTTP status that an error within a 200 names as its code (OpenRouter, vLLM), else 502."""
    holder = answer.get("error", answer) if isinstance(answer, dict) else None
    code = holder.get("code") if isinstance(holder, dict) else None
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) and 400 <= code <= 599 else 502
