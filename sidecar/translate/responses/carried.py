"""Reasoning that the client carries from turn to turn, as the `encrypted_content` of an item.

What a provider of chat or Messages thought bears no such thing, so the mux makes one of what has to go back: the text,
and the signatures that were told beside it (`reasoning_details`, in OpenRouter's form). It is not encrypted, since it
tells the client nothing that it was not told already.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from sidecar.translate.lenient import decode, encode
from sidecar.translate.seal import MARK, digest_of
from sidecar.translate.shape import JSON

#: What the ids of such items begin with.
ID = "rs_mux_"


class Thought(msgspec.Struct, kw_only=True):
    """What was thought before one answer or call: its text, the field of chat that it came in, what signs it."""

    text: str = ""
    field: str = ""
    details: list[JSON] = []

    def add(self, details: Any) -> None:
        """More of `reasoning_details`: pieces with one index and type belong together."""
        for detail in details if isinstance(details, list) else ():
            if not isinstance(detail, dict):
                continue
            key = detail.get("index"), detail.get("type")
            known = next((one for one in self.details if (one.get("index"), one.get("type")) == key), None)
            if known is None or key[0] is None:
                self.details.append(dict(detail))
            else:
                _merge(known, detail)


def _merge(known: JSON, detail: JSON) -> None:
    for name, value in detail.items():
        if name in ("text", "summary", "data") and isinstance(value, str):
            known[name] = (known.get(name) or "") + value
        elif value is not None:
            known[name] = value


def packed(thought: Thought, maker: str) -> str:
    """The `encrypted_content` of what a maker (see `thinking.maker`) thought."""
    inner = {"by": digest_of(maker), "field": thought.field, "text": thought.text, "details": thought.details}
    return MARK + base64.b64encode(encode(inner)).decode()


def unpacked(encrypted: Any, maker: str) -> Thought | None:
    """What this maker thought; None if it was another, or if it was not the mux that packed it."""
    if not is_packed(encrypted):
        return None
    try:
        inner = decode(base64.b64decode(encrypted[len(MARK) :], validate=True))
    except (ValueError, binascii.Error):
        return None
    if not isinstance(inner, dict) or inner.get("by") != digest_of(maker):
        return None
    try:
        return msgspec.convert({name: inner[name] for name in ("text", "field", "details") if name in inner}, Thought)
    except msgspec.ValidationError:
        return None


def is_packed(encrypted: Any) -> bool:
    """Whether it was the mux that packed this."""
    return isinstance(encrypted, str) and encrypted.startswith(MARK)
