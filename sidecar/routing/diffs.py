"""The files that a diff or a patch changes."""

from __future__ import annotations

import re

from sidecar.routing.names import clean

_GIT = re.compile(r"^diff --git \"?a/(.{1,500}?)\"? \"?b/(.{1,500}?)\"?$", re.MULTILINE)
_PLUS = re.compile(r"^\+\+\+ (?:b/|[wico]/)?([^\t\n]+)", re.MULTILINE)
_MINUS = re.compile(r"^--- (?:a/|[wico]/)?([^\t\n]+)\t?[^\n]{0,80}\n\+\+\+ /dev/null", re.MULTILINE)
_PATCH = re.compile(r"^\s*\*\*\* (?:Update File|Add File|Delete File|Move to): (.+)$", re.MULTILINE)
_LONGEST_DIFF = 400_000


def diff_names(text: str) -> list[str]:
    """The files of a unified diff in order, without `a/` and `b/`; of a deleted file, its old name."""
    text = text[:_LONGEST_DIFF]
    found: list[str] = []
    if "diff --git " in text:
        for match in _GIT.finditer(text):
            found += match.groups() if match.group(1) != match.group(2) else match.groups()[1:]
    elif "+++ " in text:
        found = [*_MINUS.findall(text), *_PLUS.findall(text)]
    names = [clean(name) for name in found]
    return [name for name in names if name]


def patch_names(text: str) -> list[str]:
    """The files of a `*** Begin Patch` patch in order."""
    names = [clean(name) for name in _PATCH.findall(text[:_LONGEST_DIFF])]
    return [name for name in names if name]


def is_diff_line(text: str, start: int) -> bool:
    """Whether a unified diff begins at the line that starts here."""
    head = text[start : start + 2000].lstrip().split("\n", 3)
    if head[0].startswith("diff --git "):
        return True
    return len(head) > 2 and head[0].startswith("--- ") and head[1].startswith("+++ ") and head[2].startswith("@@")
