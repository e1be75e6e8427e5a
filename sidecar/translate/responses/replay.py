"""What a Responses client sends back of earlier reasoning, and which of it a provider may get that speaks Responses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from sidecar.translate.lenient import encode
from sidecar.translate.responses.carried import ID, is_packed
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target

#: Where reasoning stands in JSON: its encrypted text, which is in base64, or an id that the mux or OpenAI gave it.
_SEALS = re.compile(rb'"(?:encrypted_content|id)"\s*:\s*"([A-Za-z0-9+/=_.\\-]+)"')


class OwnReasoning(NamedTuple):
    """What is to be changed of a request, by member, and the names of what was left out."""

    edits: Mapping[str, bytes]
    ignored: tuple[str, ...] = ()


AS_IT_IS = OwnReasoning({})


def own_reasoning(fields: Mapping[str, msgspec.Raw], target: Target) -> OwnReasoning:
    """The request without the reasoning of other providers, as far as that is known; else nothing is changed."""
    raw = fields.get("input")
    if raw is None or b'"reasoning"' not in bytes(raw):
        return AS_IT_IS
    if not any(_is_useless(seal.replace(b"\\/", b"/").decode(), target) for seal in _SEALS.findall(raw)):
        return AS_IT_IS
    items = msgspec.json.decode(raw)
    kept = [item for item in items if not _is_foreign(item, target)]
    return AS_IT_IS if len(kept) == len(items) else OwnReasoning({"input": encode(kept)}, ("input.reasoning",))


def seal(items: Iterable[Any], target: Target) -> None:
    """Keep whose reasoning this is."""
    for item in items:
        if isinstance(item, dict) and item.get("type") == "reasoning":
            for value in _seals_of(item):
                target.memory.seal(value, target.maker)


def _is_foreign(item: Any, target: Target) -> bool:
    is_reasoning = isinstance(item, dict) and item.get("type") == "reasoning"
    return is_reasoning and any(_is_useless(value, target) for value in _seals_of(item))


def _seals_of(item: JSON) -> list[str]:
    return [value for name in ("encrypted_content", "id") if isinstance(value := item.get(name), str) and value]


def _is_useless(seal: str, target: Target) -> bool:
    return is_packed(seal) or seal.startswith(ID) or target.memory.is_foreign(seal, target.maker)
