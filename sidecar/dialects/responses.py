"""How the Responses dialect tells an error: OpenAI's object, and `response.failed` in the midst of a stream.

Shapes: platform.openai.com/docs/api-reference/responses-streaming (`response.failed`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec

from sidecar import sse
from sidecar.errors import RequestError

JSON = dict[str, Any]

#: Codes of ours and of providers that clients act on (Codex: `codex-api`, `sse/responses.rs`); the first is in the
#: specification, the others OpenAI sends all the same.
_KNOWN = frozenset(
    ("rate_limit_exceeded", "invalid_prompt", "server_error", "context_length_exceeded", "insufficient_quota")
)


def code_of(error: RequestError) -> str:
    """The code of a failed response: what no retry helps is `invalid_prompt`, what one may is `server_error`."""
    if error.error_code in _KNOWN:
        return str(error.error_code)
    if error.status == 429:
        return "rate_limit_exceeded"
    return "server_error" if error.status >= 500 else "invalid_prompt"


def status_of(code: str) -> int:
    """The HTTP status that goes with the code of a response that failed."""
    if code == "rate_limit_exceeded":
        return 429
    return 502 if code in ("server_error", "vector_store_timeout") else 400


def blank() -> JSON:
    """A response of which nothing is known."""
    return {
        "id": "resp_mux",
        "created_at": int(time.time()),
        "model": "",
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def failed_event(error: RequestError, clean: Callable[[str], str], response: JSON, sequence_number: int) -> bytes:
    """The end of a stream that failed, after which nothing comes; `response` as far as it was told until then."""
    told = {"code": code_of(error), "message": error.message, "type": error.type, "param": error.param}
    event: JSON = {
        "type": "response.failed",
        "sequence_number": sequence_number,
        "response": {**blank(), **response, "object": "response", "status": "failed", "error": told},
    }
    return sse.encode(clean(msgspec.json.encode(event).decode()).encode(), b"response.failed")


def error_event(error: RequestError, clean: Callable[[str], str]) -> bytes:
    """The same before anything of the response was told."""
    return failed_event(error, clean, {}, 0)
