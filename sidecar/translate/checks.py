"""Reading a client's JSON by type: the value, or a 400 that says where it is wrong."""

from __future__ import annotations

from typing import Any

from sidecar.errors import BadRequest
from sidecar.translate.shape import JSON


def invalid(where: str, what: str) -> BadRequest:
    """The error for a value of the wrong type: `messages[3].content must be …`."""
    return BadRequest(f"{where} must be {what}.", param=where)


def unsupported(where: str, sentence: str) -> BadRequest:
    """The error for what the provider cannot do and the answer could not hide."""
    return BadRequest(sentence, error_code="unsupported_parameter", param=where)


def an_object(value: Any, where: str) -> JSON:
    """A JSON object."""
    if not isinstance(value, dict):
        raise invalid(where, "an object")
    return value


def a_list(value: Any, where: str) -> list[Any]:
    """A JSON array; none at all is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid(where, "an array")
    return value


def objects(value: Any) -> list[JSON]:
    """The objects of a JSON array, whatever else is in it; none where it is no array."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def a_text(value: Any, where: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise invalid(where, "a string")
    return value


def an_integer(value: Any, where: str) -> int | None:
    """An integer of at least 0, or None where there is none."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise invalid(where, "an integer of at least 0")
    return value


def a_number(value: Any, where: str) -> float | None:
    """A number, or None where there is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(where, "a number")
    return value


def a_flag(value: Any, where: str) -> bool:
    """A boolean; none at all is false."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise invalid(where, "true or false")
    return value
