"""Thinking: what must be sent back of it with the next turn, and who may read it.

Chat clients cannot carry Anthropic's signed thinking blocks, nor the blocks of tools that ran on its side, yet a tool
result must come back with the assistant's turn "exactly as received" (Anthropic, "Thinking in tool and multi-turn
workflows"). So the turn is kept here, by the ids of its tool calls, for an hour.

Clients of Messages and Responses carry their thinking themselves, signed or encrypted. It is worth nothing to another
provider than the one that made it, and routes change in the midst of a conversation: so who made which is kept too.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from sidecar.translate.lenient import decode, encode
from sidecar.translate.shape import JSON

THINKING = ("thinking", "redacted_thinking")
VISIBLE = ("text", "tool_use")

HOUR = 3600.0


#: Seals that are kept: each costs about 200 bytes.
MOST_SEALS = 32_768


def maker(provider: int | str, model: str) -> str:
    """What stands for the model of a provider that thought something."""
    return f"{provider}/{model}"


class _Kept(NamedTuple):
    """One turn: when it is forgotten, who said it, and its blocks as JSON."""

    until: float
    maker: str
    blocks: bytes


class _Seals:
    """Which provider made which signature or encrypted reasoning, by its hash: bounded in number and time."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._kept: OrderedDict[bytes, tuple[float, str]] = OrderedDict()
        self._seconds = seconds
        self._clock = clock

    def put(self, seal: str, provider: str) -> None:
        key = _seal_key(seal)
        self._kept.pop(key, None)
        self._kept[key] = (self._clock() + self._seconds, provider)
        while len(self._kept) > MOST_SEALS:
            self._kept.popitem(last=False)

    def get(self, seal: str) -> str | None:
        key = _seal_key(seal)
        until, provider = self._kept.get(key, (0.0, ""))
        if until > self._clock():
            return provider
        self._kept.pop(key, None)
        return None


class ThinkingMemory:
    """Assistant turns of which a chat client sees only a part, and who made what others carry: bounded, for an hour."""

    def __init__(
        self,
        max_entries: int = 4096,
        max_bytes: int = 32 * 2**20,
        seconds: float = HOUR,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._clock = clock
        self._seals = _Seals(seconds, clock)

    @property
    def entries(self) -> int:
        """How many turns are kept."""
        return len(self._kept)

    def seal(self, seal: str, maker: str) -> None:
        """Keep whose this signature or encrypted reasoning is."""
        if seal:
            self._seals.put(seal, maker.partition("/")[0])

    def is_foreign(self, seal: str, maker: str) -> bool:
        """Whether another provider is known to have made this signature or encrypted reasoning."""
        made_by = self._seals.get(seal)
        return made_by is not None and made_by != maker.partition("/")[0]

    def is_own(self, seal: str, maker: str) -> bool:
        """Whether this provider is known to have made it."""
        return self._seals.get(seal) == maker.partition("/")[0]

    def remember(self, blocks: Iterable[JSON], maker: str) -> None:
        """Keep a turn's blocks as the provider gave them; a turn with nothing hidden keeps only that it was seen."""
        blocks = list(blocks)
        for block in blocks:
            self.seal(seal_of(block), maker)
        hidden = [block for block in blocks if block.get("type") not in VISIBLE]
        idents = (block.get("id") for block in blocks if block.get("type") == "tool_use")
        keys = [ident for ident in idents if isinstance(ident, str) and ident]
        if not keys and any(block.get("type") not in THINKING for block in hidden):
            keys = [_text_key(visible_text(blocks))]
        kept = _Kept(self._clock() + self._seconds, maker, encode(blocks if hidden else []))
        if len(kept.blocks) > self._max_bytes:
            return
        for key in keys:
            self._put(key, kept)

    def recall(self, tool_ids: Iterable[str], text: str, maker: str) -> list[JSON] | None:
        """The blocks of the turn with these tool calls (or, without any, with this text), empty if it hid none.

        None if it is unknown, forgotten, or another maker's: signatures are worth nothing elsewhere.
        """
        if not self._kept:
            return None
        key = next(iter(tool_ids), None) or _text_key(text)
        kept = self._kept.get(key)
        if kept is None or kept.maker != maker:
            return None
        if kept.until <= self._clock():
            self._drop(key)
            return None
        blocks: list[JSON] = decode(kept.blocks)
        return blocks

    def _put(self, key: str, kept: _Kept) -> None:
        if key in self._kept:
            self._drop(key)
        self._kept[key] = kept
        self._bytes += len(kept.blocks)
        while self._kept and (len(self._kept) > self._max_entries or self._bytes > self._max_bytes):
            self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        self._bytes -= len(self._kept.pop(key).blocks)


def seal_of(block: JSON) -> str:
    """What makes a thinking block its maker's: its signature, or all of a redacted one; empty for any other block."""
    if block.get("type") not in THINKING:
        return ""
    found = block.get("signature") or block.get("data")
    return found if isinstance(found, str) else ""


def visible_text(blocks: Iterable[JSON]) -> str:
    """The text that a chat client was shown of a turn."""
    told = (block.get("text") for block in blocks if block.get("type") == "text")
    return "".join(text for text in told if isinstance(text, str))


def _text_key(text: str) -> str:
    return "text:" + hashlib.sha256(text.strip().encode("utf-8", "surrogatepass")).hexdigest()


def _seal_key(seal: str) -> bytes:
    return hashlib.blake2b(seal.encode("utf-8", "surrogatepass"), digest_size=16).digest()
