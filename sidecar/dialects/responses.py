"""How the Responses dialect tells an error: OpenAI's object, and `response.failed` in the midst of a stream.

Shapes: platform.openai.com/docs/api-reference/responses-streaming (`response.failed`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from sidecar import sse
from sidecar.errors import RequestError

JSON = dict[str, Any]


def failed_event(error: RequestError, clean: Callable[[str], str], response: JSON, sequence_number: int) -> bytes:
    """The end of a stream that failed, after which nothing comes; `response` as far as it was told until then."""
    told = {"code": error.error_code or error.type, "message": error.message}
    event: JSON = {
        "type": "response.failed",
        "sequence_number": sequence_number,
        "response": {**response, "object": "response", "status": "failed", "error": told},
    }
    return sse.encode(clean(msgspec.json.encode(event).decode()).encode(), b"response.failed")


def error_event(error: RequestError, clean: Callable[[str], str]) -> bytes:
    """The same before anything of the response was told."""
    return failed_event(error, clean, {"output": []}, 0)
