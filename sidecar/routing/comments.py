"""Comments that say which file the code below them is: `# src/a.py`, `/* web/a.css */`, `// filepath: src/a.ts`."""

from __future__ import annotations

import re

from sidecar.routing.names import clean, extension, is_known
from sidecar.routing.prose import path_with_blanks

LONGEST_COMMENT = 400

_BEGIN = re.compile(r"\s*(?:#+|//+|--+|;+|%+|/\*+|<!--|\"\"\"|'''|\"|'|REM |\{-|\(\*)\s?")
_END = re.compile(r"\s*(?:\*/|-->|\"\"\"|'''|-\}|\*\))\s*$")
_LABEL = re.compile(r"(?:[Pp]ath|[Ff]ile(?: ?[Nn]ame| ?[Pp]ath)?|file_path): *(\S.*)$")


def comment_text(line: str) -> str | None:
    """What a comment says that is all of its line; None for a line of code."""
    match = _BEGIN.match(line)
    return _END.sub("", line[match.end() : match.end() + LONGEST_COMMENT]).strip() if match else None


def labelled_name(comment: str) -> str | None:
    """The file of a comment such as `Path: src/a.py`."""
    match = _LABEL.match(comment)
    return clean(match.group(1)) if match else None


def bare_name(comment: str) -> str | None:
    """The file of a comment that says nothing else."""
    if not comment or "://" in comment or comment.endswith((".", ",", ":", "(", ")")):
        return None
    if " " in comment:
        return path_with_blanks(comment, alone=True)
    name = clean(comment)
    if name is None or name.startswith("#"):
        return None
    return name if is_known(name) or ("/" in name and extension(name)) else None


def header_name(code: str) -> str | None:
    """The file that the first line of a piece of code states in a comment."""
    comment = comment_text(code[:1000].lstrip().partition("\n")[0])
    return (labelled_name(comment) or bare_name(comment)) if comment else None
