"""JSON as some servers write it: with half of a surrogate pair in one string and the other half in the next.

`msgspec` takes none of these, rightly (RFC 8259, section 8.2, calls them unpredictable), so the standard library
does where they occur.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from sidecar.translate.shape import JSON


def decode(data: bytes) -> Any:
    """The value.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        try:
            return json.loads(data)
        except RecursionError as exc:
            raise ValueError("nested too deeply") from exc


def encode(value: Any) -> bytes:
    """Its JSON, in which half a pair is escaped."""
    try:
        return msgspec.json.encode(value)
    except UnicodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def input_of(arguments: Any) -> JSON:
    """A call's arguments as an object: none are `{}`, and what is no object is wrapped, since the model did say it."""
    if not isinstance(arguments, str):
        return arguments if isinstance(arguments, dict) else {}
    if not arguments.strip():
        return {}
    try:
        value = decode(arguments.encode("utf-8", "surrogatepass"))
    except ValueError:
        return {"input": arguments}
    return value if isinstance(value, dict) else {"input": arguments}


def whole(text: str) -> str:
    """The text with pairs joined, and halves that stayed alone replaced."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
