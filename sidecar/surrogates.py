r"""Halves of surrogate pairs in JSON's escapes: JSON allows them (RFC 8259, section 8.2), and no decoder takes them.

They come where a text was cut within a character, such as an emoji, that UTF-16 spells with two.
"""

from __future__ import annotations

import re

#: Escapes in JSON's strings; group 1 is half of a surrogate pair without its other half.
_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|[^\\n])"
)


def replaced(body: bytes) -> bytes:
    """The JSON with U+FFFD for each half without its other half, byte for byte as long."""
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    return _ESCAPES.sub(_whole_character, body)


def _whole_character(escape: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if escape.group(1) else escape.group()
