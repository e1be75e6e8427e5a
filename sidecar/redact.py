"""Keeps secrets out of logs, records and messages: by value (those that are known) and by shape (the others)."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HIDDEN = "[redacted]"
# Shorter ones are words: hiding each "test" would make the text useless.
_SHORTEST = 6

# Each is linear: one character class repeated, after a fixed beginning. OpenAI's, Anthropic's and OpenRouter's keys all
# begin with `sk-`; the beginning stays, to tell which kind it was.
_SHAPES = (
    (re.compile(r"\b(sk-(?:ant-|or-v1-|proj-)?)[A-Za-z0-9_-]{8,}"), rf"\1{HIDDEN}"),
    (re.compile(r"\b(bearer\s{1,8})[^\s\"',;]{4,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"([?&](?:api[_-]?key|key|access_token|token)=)[^&\s\"'#]+", re.IGNORECASE), rf"\1{HIDDEN}"),
)
_GATES = ("sk-", "earer", "EARER", "key=", "KEY=", "oken=", "Key=")


class Redactor:
    """Cleans texts of the secrets that `secrets()` names at that moment, and of what looks like one."""

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        self._secrets = secrets
        self._spelled: dict[str, tuple[str, ...]] = {}

    def clean(self, text: str) -> str:
        """The text with `[redacted]` in place of each secret, as it is, URL-encoded or in base64."""
        for secret in sorted(set(self._secrets()), key=len, reverse=True):
            for spelling in self._spellings(secret):
                if spelling in text:
                    text = text.replace(spelling, HIDDEN)
        if any(gate in text for gate in _GATES):
            for shape, replacement in _SHAPES:
                text = shape.sub(replacement, text)
        return text

    def _spellings(self, secret: str) -> tuple[str, ...]:
        known = self._spelled.get(secret)
        if known is None:
            known = self._spelled[secret] = _spell(secret)
        return known


def _spell(secret: str) -> tuple[str, ...]:
    if len(secret) < _SHORTEST:
        return ()
    plain = {secret, quote(secret, safe=""), quote_plus(secret), secret.replace("/", "\\/")}
    return tuple(sorted(plain | _in_base64(secret.encode()), key=len, reverse=True))


def _in_base64(secret: bytes) -> set[str]:
    """How the secret looks within a longer text in base64: three ways, by where it falls in a group of three bytes.

    Characters at either end that hold bits of its neighbours too are left out.
    """
    found = set()
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret)
        first = (offset * 8 + 5) // 6
        last = (offset + len(secret)) * 8 // 6
        text = encoded[first:last].decode()
        found |= {text, text.replace("+", "-").replace("/", "_")}
    return found
