"""Whether a filter can take any file of a request, told by the request's bytes alone: most often it cannot.

A name of a file is a piece of the request's text. The letters, digits, dots, dashes and underscores of it stand there
one behind the other, in the same bytes if no escape hides them (RFC 8259, section 7; RFC 3986, section 2.1).
"""

from __future__ import annotations

import re

#: Bytes that are looked through in one request for all its rules: beyond, it costs more than finding the files.
MOST_BYTES = 64 * 1024

_PIECE = re.compile(r"[a-z0-9._-]+")
_DOTTED = re.compile(r"\.[a-z0-9._-]+")  # the rest of a piece from its first dot on
_ESCAPE = re.compile(r"\\u")  # a pattern, since `in` takes twice as long


class Plain:
    """JSON in small letters, in which pieces of names are sought: those that begin with a dot by a single search."""

    __slots__ = ("_dotted", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._dotted: str | None = None

    def holds(self, piece: str) -> bool:
        """Whether the piece, of `spelled`, stands somewhere in it."""
        if piece[0] != "." or piece == ".":
            return piece in self._text
        if self._dotted is None:
            self._dotted = "\n".join(_DOTTED.findall(self._text))
        return piece in self._dotted


def plain(body: bytes) -> Plain | None:
    r"""The JSON in small letters, if the names in it are spelled as they are: no `\u` and no `%20` within a URI."""
    if not body.isascii():
        return None
    text = body.decode().lower()
    return None if _ESCAPE.search(text) or ("%" in text and "file:" in text) else Plain(text)


def spelled(needle: str) -> tuple[str, ...]:
    """What a plain request must hold, longest first, so that a name in it can hold this (folded as for comparing)."""
    return tuple(sorted(_PIECE.findall(needle), key=len, reverse=True))
