"""What a Messages client sends back of earlier thinking, and which of it the provider may get."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from sidecar.translate.lenient import encode
from sidecar.translate.seal import MARK
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target
from sidecar.translate.thinking import THINKING, seal_of

#: Where a signature or a redacted block's data stands in JSON; both are in base64 (or of the mark's alphabet).
_SEALS = re.compile(rb'"(?:signature|data)"\s*:\s*"([A-Za-z0-9+/=_.\\-]*)"')
#: Longer ones are pictures.
_LONGEST = 65_536


class OwnThinking(NamedTuple):
    """What is to be changed of a request, by member, and the names of what was left out."""

    edits: Mapping[str, bytes]
    ignored: tuple[str, ...] = ()


AS_IT_IS = OwnThinking({})


def own_thinking(fields: Mapping[str, msgspec.Raw], target: Target) -> OwnThinking:
    """The request without thinking blocks that are of no use to this provider; nothing is changed if there is none.

    Blocks of other providers, as far as that is known, and those that nobody signed go. Where a tool is in the midst
    of running, Anthropic wants its turn to begin with thinking while thinking is on, so that it is switched off then.
    """
    raw = fields.get("messages")
    if raw is None:
        return AS_IT_IS
    found = {seal.replace(b"\\/", b"/").decode() for seal in _SEALS.findall(raw) if len(seal) <= _LONGEST}
    foreign = {seal for seal in found if _is_useless(seal, target)}
    if not foreign:
        return AS_IT_IS
    messages = msgspec.json.decode(raw)
    kept = [_without(message, foreign) for message in messages if isinstance(message, dict)]
    if kept == messages:
        return AS_IT_IS
    kept = [message for message in kept if message.get("content") != []]
    edits = {"messages": encode(kept)}
    if _must_think(fields) and _is_bare(kept):
        return OwnThinking({**edits, "thinking": b'{"type":"disabled"}'}, ("messages.thinking", "thinking"))
    return OwnThinking(edits, ("messages.thinking",))


def seal(signature: str, target: Target) -> None:
    """Keep who made a signature, and of a provider that leaves them empty, that it does."""
    target.memory.seal(signature or _unsigned(target), target.maker)


def _is_useless(seal: str, target: Target) -> bool:
    """Whether a thinking block that bears this is of no use to the provider: another's, or unsigned where it signs."""
    if not seal:
        return target.signs and not target.memory.is_own(_unsigned(target), target.maker)
    return seal.startswith(MARK) or target.memory.is_foreign(seal, target.maker)


def _unsigned(target: Target) -> str:
    return f"unsigned by {target.maker}"


def _without(message: JSON, foreign: set[str]) -> JSON:
    content = message.get("content")
    if message.get("role") != "assistant" or not isinstance(content, list):
        return message
    kept = [block for block in content if not _is_thinking(block) or seal_of(block) not in foreign]
    return message if len(kept) == len(content) else {**message, "content": kept}


def _is_thinking(block: object) -> bool:
    return isinstance(block, dict) and block.get("type") in THINKING


def _must_think(fields: Mapping[str, msgspec.Raw]) -> bool:
    """Whether thinking is on by budget: models that think by themselves do not insist on their earlier thinking."""
    try:
        thinking = msgspec.json.decode(fields["thinking"]) if "thinking" in fields else None
    except msgspec.DecodeError:
        return False
    return isinstance(thinking, dict) and thinking.get("type") == "enabled"


def _is_bare(messages: list[JSON]) -> bool:
    """Whether the last turn of the assistant's called tools, goes on, and has no thinking at its beginning."""
    for message in reversed(messages):
        content = message.get("content")
        kinds = [block.get("type") for block in content if isinstance(block, dict)] if isinstance(content, list) else []
        if message.get("role") == "user" and "tool_result" not in kinds:
            return False
        if message.get("role") == "assistant":
            return "tool_use" in kinds and kinds[0] not in THINKING
    return False
