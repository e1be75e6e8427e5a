"""Which lines of plain words may name a file: a look ahead that costs a fraction of reading them."""

from __future__ import annotations

import re

from sidecar.routing.filetypes import EXTENSIONLESS

_DOT_WITHIN = re.compile(r"\.(?=\S)")
# What a name without a dot holds: `file` as in Dockerfile, or all of it.
_PIECES_OF_BARE = {"file" if "file" in name else name for name in EXTENSIONLESS if "." not in name}
# Of these, each name holds one: without a dot and a folder, that is a capital letter, or a letter of `justfile`.
_SIGNS = b"./\\jwABCDEFGHIJKLMNOPQRSTUVWXYZ"


def most_names(text: str) -> int:
    """At least as many names as the lines of a text can hold."""
    encoded = text.encode(errors="replace")
    return len(encoded) - len(encoded.translate(None, _SIGNS))


def may_name(text: str) -> bool:
    """Whether a line of the text may hold a name."""
    return (
        "/" in text
        or "\\" in text
        or _DOT_WITHIN.search(text) is not None
        or any(piece[0] in text and piece in text for piece in _PIECES_OF_BARE)
    )


def naming_lines(text: str) -> dict[int, str]:
    """Those of a text's lines, by where they begin, in which `names_in_line` may find a name."""
    bare = [piece for piece in _PIECES_OF_BARE if piece[0] in text and piece in text]
    found: dict[int, str] = {}
    begin = 0
    for line in text.split("\n"):
        if (
            "/" in line
            or (line.find(".", 0, -1) >= 0 and _DOT_WITHIN.search(line))
            or "\\" in line
            or (bare and any(map(line.__contains__, bare)))
        ):
            found[begin] = line
        begin += len(line) + 1
    return found
