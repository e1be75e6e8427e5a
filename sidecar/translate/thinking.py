"""Thinking: how much of it a request asks for, and what must be sent back of it with the next turn.

Chat clients cannot carry Anthropic's signed thinking blocks, nor the blocks of tools that ran on its side, yet a tool
result must come back with the assistant's turn "exactly as received" (Anthropic, "Thinking in tool and multi-turn
workflows"). So the turn is kept here, by the ids of its tool calls, for an hour.
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


class _Kept(NamedTuple):
    """One turn: when it is forgotten, which model said it, and its blocks as JSON."""

    until: float
    model: str
    blocks: bytes


class ThinkingMemory:
    """Assistant turns of which a chat client sees only a part: bounded in number, bytes and time."""

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

    @property
    def entries(self) -> int:
        """How many turns are kept."""
        return len(self._kept)

    def remember(self, blocks: Iterable[JSON], model: str) -> None:
        """Keep a turn's blocks as the provider gave them; a turn with nothing hidden keeps only that it was seen."""
        blocks = list(blocks)
        hidden = [block for block in blocks if block.get("type") not in VISIBLE]
        keys = [block["id"] for block in blocks if block.get("type") == "tool_use" and block.get("id")]
        if not keys and any(block.get("type") not in THINKING for block in hidden):
            keys = [_text_key(visible_text(blocks))]
        kept = _Kept(self._clock() + self._seconds, model, encode(blocks if hidden else []))
        if len(kept.blocks) > self._max_bytes:
            return
        for key in keys:
            self._put(key, kept)

    def recall(self, tool_ids: Iterable[str], text: str, model: str) -> list[JSON] | None:
        """The blocks of the turn with these tool calls (or, without any, with this text), empty if it hid none.

        None if it is unknown, forgotten, or another model's: signatures are worth nothing elsewhere.
        """
        if not self._kept:
            return None
        key = next(iter(tool_ids), None) or _text_key(text)
        kept = self._kept.get(key)
        if kept is None or kept.model != model:
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


def visible_text(blocks: Iterable[JSON]) -> str:
    """The text that a chat client was shown of a turn."""
    return "".join(block.get("text") or "" for block in blocks if block.get("type") == "text")


def _text_key(text: str) -> str:
    return "text:" + hashlib.sha256(text.strip().encode("utf-8", "surrogatepass")).hexdigest()
