"""Which names and texts can be: the contract's patterns, and what the database and a terminal can bear."""

from __future__ import annotations

import re

from sidecar.errors import InvalidParameter

_PROVIDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONGEST_TEXT = 2000
_LONGEST_MODEL = 256
_MOST_MODELS = 1000


def provider(text: str, field: str = "name") -> str:
    """The text, if a provider can be called so.

    Raises:
        InvalidParameter: it cannot.
    """
    if not _PROVIDER.fullmatch(text):
        raise InvalidParameter(
            field,
            f"{_shown(text)} cannot be a provider's name; use 1 to 64 letters, digits, spaces, dots, dashes and "
            "underscores, a letter or digit first.",
        )
    return text


def workspace(text: str, field: str = "name") -> str:
    """The text, if a workspace can be called so.

    Raises:
        InvalidParameter: it cannot.
    """
    if not _WORKSPACE.fullmatch(text):
        raise InvalidParameter(
            field,
            f"{_shown(text)} cannot be a workspace's name; use 1 to 64 letters, digits, dots, dashes and underscores, "
            "a letter or digit first.",
        )
    return text


def line(text: str, field: str, longest: int = _LONGEST_TEXT) -> str:
    """The text without blanks around it, if it is one line that can be stored and shown.

    Raises:
        InvalidParameter: it is too long, or holds control characters or halves of surrogate pairs.
    """
    text = text.strip()
    if len(text) > longest:
        raise InvalidParameter(field, f"{field} is too long; {longest} characters are the most.")
    if any(ord(each) < 32 or 0x7F <= ord(each) < 0xA0 or 0xD800 <= ord(each) < 0xE000 for each in text):
        raise InvalidParameter(field, f"{field} holds a line break or another character that cannot be shown.")
    return text


def model(text: str, field: str = "model") -> str:
    """The text, if a model can be called so.

    Raises:
        InvalidParameter: it cannot.
    """
    text = line(text, field, _LONGEST_MODEL)
    if not text:
        raise InvalidParameter(field, "A model needs a name; `mux-sidecar provider models` lists them.")
    return text


def models(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Names given by hand, each once.

    Raises:
        InvalidParameter: one cannot be, or they are too many.
    """
    if len(texts) > _MOST_MODELS:
        raise InvalidParameter("models", f"At most {_MOST_MODELS} models can be named by hand.")
    return tuple(dict.fromkeys(model(text, "models") for text in texts))


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:79] + "…")
