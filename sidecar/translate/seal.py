"""What the mux signs with where a provider's thinking bears no signature, so that it finds its way back to it."""

from __future__ import annotations

import hashlib

from sidecar.translate.shape import JSON
from sidecar.translate.thinking import seal_of

#: What such a signature begins with, which no provider's does.
MARK = "mux."

#: The fields in which providers give their reasoning, by what stands for them in a signature.
_FIELDS = {"c": "reasoning_content", "r": "reasoning"}


def signature_for(field: str, maker: str) -> str:
    """The signature of thinking that a maker (see `thinking.maker`) gave in this field of a chat answer."""
    letter = next((letter for letter, name in _FIELDS.items() if name == field), "c")
    return f"{MARK}{letter}.{digest_of(maker)}"


def field_of(block: JSON, maker: str) -> str:
    """The field in which this maker gave this thinking; empty if it was another."""
    mark, _, rest = seal_of(block).partition(".")
    letter, _, digest = rest.partition(".")
    return _FIELDS.get(letter, "") if f"{mark}." == MARK and digest == digest_of(maker) else ""


def digest_of(maker: str) -> str:
    """What stands for a maker where a client can see it."""
    return hashlib.sha256(maker.encode("utf-8", "surrogatepass")).hexdigest()[:32]
