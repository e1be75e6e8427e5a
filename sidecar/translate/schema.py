"""JSON schemas in the part of the language that Anthropic's structured outputs take.

What they do not take is said in the description, so that the model may follow it still (the same is done by
Anthropic's own SDK; the list is on its page "Structured outputs", section "JSON Schema limitations").
"""

from __future__ import annotations

from typing import Any

import msgspec

from sidecar.translate.shape import JSON

STRING_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
)

#: Keywords that are kept as they are.
KEPT = ("$ref", "type", "enum", "const", "description", "title", "required", "default")

#: Keywords that hold schemas, and under which name they are kept.
LISTS = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
MAPS = ("$defs", "definitions", "properties")

#: Keywords that mean nothing to a model.
DROPPED = ("$schema", "$id", "additionalProperties", "strict")


def strict_schema(schema: Any) -> Any:
    """A copy in which every object is closed (`additionalProperties: false`) and unknown keywords became prose."""
    if not isinstance(schema, dict):
        return schema
    out: JSON = {}
    rest: JSON = {}
    for key, value in schema.items():
        if key in KEPT:
            out[key] = value
        elif key in LISTS and isinstance(value, list):
            out[LISTS[key]] = [strict_schema(item) for item in value]
        elif key in MAPS and isinstance(value, dict):
            out[key] = {name: strict_schema(item) for name, item in value.items()}
        elif key == "items" and isinstance(value, dict):
            out[key] = strict_schema(value)
        elif (key == "minItems" and value in (0, 1)) or (key == "format" and value in STRING_FORMATS):
            out[key] = value
        elif key not in DROPPED:
            rest[key] = value
    return _closed(_told(out, rest), schema.get("additionalProperties"))


def _closed(out: JSON, additional: Any) -> JSON:
    if out.get("type") != "object" and "properties" not in out:
        return out
    if isinstance(additional, dict) and additional:  # a map from any name to such a value cannot be said
        out = _told(out, {"additionalProperties": additional})
    return {**out, "properties": out.get("properties", {}), "additionalProperties": False}


def _told(out: JSON, rest: JSON) -> JSON:
    if not rest:
        return out
    told = "{" + ", ".join(f"{key}: {_json(value)}" for key, value in rest.items()) + "}"
    description = out.get("description")
    return {**out, "description": f"{description}\n\n{told}" if description else told}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
