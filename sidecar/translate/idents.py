"""Tool names and tool-call ids in the alphabet that Anthropic takes, and back."""

from __future__ import annotations

import hashlib
import re

#: `tool_use.id` must match `^[a-zA-Z0-9_-]+$`, a tool's name the same with 1 to 128 characters (Messages API).
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")
MAX_NAME = 128


def safe_id(identifier: str) -> str:
    """The same id in Anthropic's alphabet; always the same one, and different ones stay different."""
    return _safe(identifier, 256)


def safe_name(name: str, most: int = MAX_NAME) -> str:
    """The same for a tool's name, of at most so many characters."""
    return _safe(name, most)


def _safe(text: str, limit: int) -> str:
    if text and len(text) <= limit and not _FOREIGN.search(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_FOREIGN.sub('_', text)[: limit - 9]}_{digest}"
