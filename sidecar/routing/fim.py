"""The file that a fill-in-the-middle prompt completes."""

from __future__ import annotations

import re

from sidecar.routing.comments import bare_name, comment_text, labelled_name
from sidecar.routing.names import clean

# What stands before the code ahead of the cursor, and what ends it.
PREFIXES = (
    "<|fim_prefix|>",
    "<fim_prefix>",
    "<fim-prefix>",
    "<PRE>",
    "<｜fim▁begin｜>",
    "[PREFIX]",
    "<|code_prefix|>",
    "<QUERY>",
)
HOLES = (
    "<|fim_suffix|>",
    "<fim_suffix>",
    "<fim-suffix>",
    "<SUF>",
    "<｜fim▁hole｜>",
    "[SUFFIX]",
    "<|code_middle|>",
    "{{FILL_HERE}}",
    "<|fim_middle|>",
    "<fim_middle>",
)
_CODEGEEX = "\n###PATH:"
# What stands before a file's name; the last one is the file at the cursor.
SEPARATORS = ("<|file_sep|>", "<|file_separator|>", "<file_sep>", "<filename>", "\n+++++ ", "]+++++ ", _CODEGEEX)

LONGEST_HEADER = 40_000  # other snippets stand before it as comments

# Zed's edit prediction: the excerpt to rewrite is a fence that names the file.
_EXCERPT = re.compile(r"### User Excerpt:\s{1,4}```([^\n]{1,500})\n")

_URI = re.compile(r"File uri: *(\S[^\n]{0,600})")
_LANGUAGE = re.compile(r"\s*\([\w +#.-]{1,30}\)\s*$")
_NOT_NAMES = frozenset({"edit_history", "user_cursor", "diagnostics", "related_files"})


def fim_names(prompt: str) -> list[str]:
    """The one file that the prompt completes, as its header or last separator names it, or none."""
    uris = _URI.findall(prompt)
    if uris:
        return _one(clean(_LANGUAGE.sub("", uris[-1].removesuffix("*/").removesuffix("-->").strip())))
    excerpts = _EXCERPT.findall(prompt)
    if excerpts:
        return _one(clean(excerpts[-1]))
    separated = _after_separator(prompt)
    if separated is not None:
        return _one(separated)
    return _one(_header(_prefix(prompt)))


def _one(name: str | None) -> list[str]:
    return [name] if name else []


def _after_separator(prompt: str) -> str | None:
    at, separator = max((prompt.rfind(separator), separator) for separator in SEPARATORS)
    while at >= 0:
        name = _separated(prompt[at + len(separator) : at + len(separator) + 600])
        if name is not None or separator == _CODEGEEX:  # the others there are neighbours
            return name
        at = prompt.rfind(separator, 0, at)
    return None


def _separated(text: str) -> str | None:
    line = text.split("\n", 1)[0]
    cut = min((at for mark in (*PREFIXES, *HOLES, "<|") if (at := line.find(mark)) >= 0), default=len(line))
    name = clean(line[:cut])
    return None if name is None or name in _NOT_NAMES or name.startswith("[object ") else name


def _prefix(prompt: str) -> str:
    """The code ahead of the cursor, its first few thousand characters."""
    starts = [at + len(mark) for mark in PREFIXES if (at := prompt.rfind(mark)) >= 0]
    begin = max(starts, default=0)
    ends = [at for mark in HOLES if (at := prompt.find(mark, begin)) >= 0]
    return prompt[begin : min(ends, default=len(prompt))]


def _header(prefix: str) -> str | None:
    """The header's name: the last comment that is nothing but one, behind other snippets, else the first."""
    bare: list[str] = []
    labelled: list[str] = []
    for line in prefix[:LONGEST_HEADER].lstrip().split("\n"):
        comment = comment_text(line)
        if comment is None:
            break
        if label := labelled_name(_LANGUAGE.sub("", comment)):
            labelled.append(label)
        elif name := bare_name(comment):
            bare.append(name)
    if bare:
        return bare[-1] if labelled else bare[0]
    return labelled[-1] if len(labelled) == 1 else None
