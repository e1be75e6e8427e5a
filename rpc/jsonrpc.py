"""JSON-RPC 2.0 messages, whatever brings them: ids, codes, and their bytes."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from rpc.dispatch import ErrorObject

# https://www.jsonrpc.org/specification#error_object; CANCELLED is of LSP 3.17, ErrorCodes.
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
CANCELLED = -32800
VERSION = "2.0"

JSON = dict[str, Any]
Id = str | int


def id_of(message: Any) -> Id | None:
    """The `id` of a message, if it is one."""
    number = message.get("id") if isinstance(message, dict) else None
    return number if isinstance(number, str | int) and not isinstance(number, bool) else None


def result_of(number: Id, result: Any) -> JSON:
    """The answer to a request."""
    return {"jsonrpc": VERSION, "id": number, "result": result}


def refusal(number: Id | None, error: ErrorObject) -> JSON:
    """The answer to a request that failed, or to what was none."""
    return {"jsonrpc": VERSION, "id": number, "error": error}


def encoded(message: Any) -> bytes:
    """The message's bytes."""
    try:
        return msgspec.json.encode(message)
    except UnicodeEncodeError:  # halves of surrogate pairs, which a client may send and JSON can escape
        return json.dumps(msgspec.to_builtins(message)).encode()
