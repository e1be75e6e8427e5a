"""Passages without a closing mark of their own: files between rules, lists of files, trees and results of searches."""

from __future__ import annotations

import re

from sidecar.routing import formats
from sidecar.routing.diffs import DIFF_LINES, diff_names, is_diff, patch_names
from sidecar.routing.names import clean, is_known
from sidecar.routing.words import whole_name

# How the first line of a passage begins, beside the starts of `formats.BLOCKS`.
PATTERNS = (r"`[^`\n]{2,400}`:[ \t]*(?:\n|\Z)", r"---[ \t]*\n", r"={2,60}>? \S", r"-{3,60} \S", r"={20}")

_ABOVE_CONTENT = re.compile(r"`([^`\n]{2,400})`:$")
_RULED = re.compile(r"(?:={2,60}>?|-{3,60}) (\S.{0,400}?) (?:<?={2,60}|-{3,60})$")
_NEXT_RULED = re.compile(
    r"\n(?:(?:={2,60}>?|-{3,60}) (?=\S)[^\n]{0,400}? (?:<?={2,60}|-{3,60})|={20,100}\nFILE: [^\n]+)(?=\n|\Z)",
    re.IGNORECASE,
)
_RULE = re.compile(r"={20,100}$")
_LONGEST_BLOCK = 20_000


def passage(text: str, start: int, told: str) -> tuple[list[str], int] | None:
    """The files that the passage at `start` names, and where it ends; None if no passage begins there.

    `told` is the text before it that is not marked as anything else.
    """
    stop = text.find("\n", start)
    stop = len(text) if stop < 0 else stop
    line = text[start:stop].strip()
    behind = min(stop + 1, len(text))
    if text.startswith("---\n", start):
        return _under_name(text, behind, told)
    if match := _ABOVE_CONTENT.match(line):
        name = clean(match.group(1))
        fenced = text[behind : behind + 200].lstrip().startswith(("```", "~~~"))
        return ([name], behind) if name and is_known(name) and not fenced else None
    if match := _RULED.match(line):
        name = whole_name(match.group(1))
        return ([name], content_end(text, behind)) if name else None
    if _RULE.match(line):
        return [], behind
    return _change(text, start, line) or _block(text, start, line)


def content_end(text: str, begin: int) -> int:
    """Where a file's bare text ends: at the next file between rules, else at the last paragraph, the question."""
    head = text[begin : begin + 400].lstrip("=\n ")
    if head.startswith(("```", "~~~")):
        return begin
    following = _NEXT_RULED.search(text, max(begin - 1, 0))
    if following:
        return following.start() + 1
    last = text.rfind("\n\n", begin, len(text.rstrip()))
    return last if last >= begin else len(text)


def without_frame(text: str) -> str:
    """A user's message without a client's history or example ahead of it and without the reminder behind it."""
    for head in formats.HEADS:
        start = text.find(head)
        text = text[start + len(head) :] if start >= 0 else text
    tail = formats.TAIL.search(text)
    return text[: tail.start()] if tail else text


def _change(text: str, start: int, line: str) -> tuple[list[str], int] | None:
    """A patch or a diff that no fence holds."""
    if line.startswith("*** Begin Patch"):
        end = text.find("*** End Patch", start)
        end = len(text) if end < 0 else end + len("*** End Patch")
        return patch_names(text[start:end]), end
    if line.startswith(("diff --git ", "--- ")) and is_diff(text[start : start + 2000]):
        diff = DIFF_LINES.match(text, start)
        end = diff.end() if diff else len(text)
        return diff_names(text[start:end]), end
    return None


def _under_name(text: str, behind: int, told: str) -> tuple[list[str], int] | None:
    """files-to-prompt: a name, `---`, the content, an empty line, `---`."""
    name = whole_name(told.rstrip("\n").rpartition("\n")[2])
    end = text.find("\n---\n", behind) if name else -1  # no further than the next such line, so that all is linear
    return ([name], end + 5) if name and end >= 0 and text[end - 1] == "\n" else None


def _block(text: str, start: int, line: str) -> tuple[list[str], int] | None:
    for block in formats.BLOCKS:
        if line.startswith(block.starts) and (span := block.span.match(text, start, start + _LONGEST_BLOCK)):
            found = block.name.findall(span.group()) if block.name else []
            return [name for name in map(clean, found[:64]) if name], span.end()
    return None
