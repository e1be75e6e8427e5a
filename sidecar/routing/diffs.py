"""The files that a diff or a patch changes."""

from __future__ import annotations

import re
from itertools import islice

from sidecar.routing.names import clean

MOST_NAMES = 256

# The lines of a diff, from its first on; the first other line ends it.
DIFF_LINES = re.compile(
    r"(?:(?:[ +\\@-]|diff |index |new |old |deleted |similarity |rename |copy |Binary )[^\n]*(?:\n|\Z)|\n)+"
)

_GIT = re.compile(r"^diff --git \"?a/(.{1,500}?)\"? \"?b/(.{1,500})$", re.MULTILINE)
_PLUS = re.compile(r"^(?:--- (?:a/)?([^\t\n]{1,500})[^\n]{0,80}\n)?\+\+\+ (?:b/)?([^\t\n]{1,500})", re.MULTILINE)
_PATCH = re.compile(r"^\s{0,20}\*\*\* (?:Update File|Add File|Delete File|Move to): (.{1,500})$", re.MULTILINE)
_LONGEST_DIFF = 400_000


def diff_names(text: str) -> list[str]:
    """The files of a unified diff in order, without `a/` and `b/`; of a deleted file, its old name."""
    text = text[:_LONGEST_DIFF]
    if "diff --git " in text:
        pairs = [(old, new.rstrip('"')) for old, new in islice(_GIT.findall(text), MOST_NAMES)]
        found = [name for old, new in pairs for name in ((new,) if old == new else (old, new))]
    elif "+++ " in text:
        pairs = list(islice(_PLUS.findall(text), MOST_NAMES))
        found = [old if new.strip() == "/dev/null" else new for old, new in pairs]
    else:
        return []
    names = (clean(name) for name in found)
    return [name for name in names if name]


def patch_names(text: str) -> list[str]:
    """The files of a `*** Begin Patch` patch in order."""
    if "*** " not in text:
        return []
    names = (clean(match.group(1)) for match in islice(_PATCH.finditer(text[:_LONGEST_DIFF]), MOST_NAMES))
    return [name for name in names if name]


def is_diff(text: str) -> bool:
    """Whether a text begins like a unified diff."""
    head = text[:2000].lstrip().split("\n", 3)
    if head[0].startswith("diff --git "):
        return True
    return len(head) > 2 and head[0].startswith("--- ") and head[1].startswith("+++ ") and head[2].startswith("@@")
