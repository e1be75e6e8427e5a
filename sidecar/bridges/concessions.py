"""What a translation asks for beyond the question itself, and does without where a server refuses it by name.

Servers that speak chat differ in what they take: OpenAI's newer models want `max_completion_tokens` and its older ones
no `reasoning_effort`, Ollama refuses effort for models that cannot think, Mistral what it does not know. A client of
another dialect never asked for these fields in these words, so it shall not meet with the refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sidecar.bridges.base import JSON
from sidecar.errors import RequestError

#: Field → how its refusal says so, where it does not just quote it.
_TOLD = {
    "reasoning_effort": r"reasoning[_ .]effort|support thinking|think value",
    "max_tokens": r"max_completion_tokens",
    "parallel_tool_calls": r"parallel_tool_calls",
    "user": r"supplied: user\b",
    **{name: name for name in ("prompt_cache_key", "prompt_cache_retention", "safety_identifier", "verbosity")},
}
_PATTERNS = {
    field: re.compile(rf"['\"`]{field}['\"`]|{told}", re.IGNORECASE) if field != "max_tokens" else re.compile(told)
    for field, told in _TOLD.items()
}
#: Field → the one that is asked for in its stead.
_INSTEAD = {"max_tokens": "max_completion_tokens"}

REFUSALS = frozenset((400, 422))


def refused_field(refusal: RequestError, chat: JSON) -> str | None:
    """The field of this chat request that was refused and can be done without; None if it was something else."""
    if refusal.status not in REFUSALS:
        return None
    return next((field for field, told in _PATTERNS.items() if field in chat and told.search(refusal.message)), None)


def conceded(chat: JSON, fields: Iterable[str]) -> JSON:
    """The chat request without these fields, or with others in their stead."""
    out = dict(chat)
    for field in fields:
        if field in out:
            value = out.pop(field)
            out |= {_INSTEAD[field]: value} if field in _INSTEAD else {}
    return out


def lost(chat: JSON, fields: Iterable[str]) -> tuple[str, ...]:
    """Those of the fields whose wish is not fulfilled at all."""
    return tuple(field for field in fields if field in chat and field not in _INSTEAD)
