"""Whether a filter can take any file of a request, told by the request's bytes alone: most often it cannot.

A name of a file is a piece of the request's text. The letters, digits, dots, dashes and underscores of it stand there
one behind the other, in the same bytes if no escape hides them (RFC 8259, section 7; RFC 3986, section 2.1).
"""

from __future__ import annotations

import re

#: Bytes that are looked through in one request for all its rules: beyond, it costs more than finding the files.
MOST_BYTES = 64 * 1024

_PIECE = re.compile(r"[a-z0-9._-]+")


def plain(body: bytes) -> str | None:
    r"""The JSON in small letters, if the names in it are spelled as they are: no `\u` and no `%20` within a URI."""
    if not body.isascii():
        return None
    text = body.decode().lower()
    return None if "\\u" in text or ("%" in text and "file:" in text) else text


def spelled(needle: str) -> tuple[str, ...]:
    """What a plain request must hold so that a name in it can hold this (folded as names are compared)."""
    return tuple(_PIECE.findall(needle))
