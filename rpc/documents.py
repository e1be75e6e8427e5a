"""Documents by their URI, as a client would name their files in a prompt."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_DRIVE = re.compile(r"/[A-Za-z]:")


def path_of(uri: str) -> str:
    """The path of a URI of any scheme (RFC 3986), `c:/x` for one on a drive; empty if it has none."""
    try:
        path = unquote(urlsplit(uri).path)
    except ValueError:  # a host that cannot be
        return ""
    return path[1:] if _DRIVE.match(path) else path


def file_of(uri: str, folders: tuple[str, ...]) -> str:
    """The document's path: relative to the innermost of the folders that it is in, as clients name it, else whole."""
    path = path_of(uri)
    around = [folder.rstrip("/") + "/" for folder in folders if path.startswith(folder.rstrip("/") + "/")]
    return path[len(max(around, key=len)) :] if around else path
