"""Fenced blocks: where one ends, and which file its first line names."""

from __future__ import annotations

import re

from sidecar.routing.names import base, clean, is_known

_TAG_FENCE = re.compile(r"(<(?:source|code|pre|codeblock|sourcecode)>)$")  # aider's, where a file holds backticks
FENCE = re.compile(r"(`{3,}|~{3,})([^`\n]{0,400})$")

_ATTRIBUTE = re.compile(r"(?:path|file|filename|filepath|title|name)=(?:\"([^\"\n]+)\"|'([^'\n]+)'|(\S+))")
_TAGGED = re.compile(r"([A-Za-z][\w+#-]{1,30}):(?!\d|//)(\S.*)$")  # ts:src/a.ts, but not C:\\a.ts
_RANGE = re.compile(r"\s*\((?:lines? )?\d+(?:\s?(?:-|to)\s?\d+)?\)$")
_MARKDOWN = frozenset({"md", "mdx", "markdown", "mdc", "rst", "qmd", "rmd", "org"})


def fence_info(info: str) -> tuple[str, str | None]:
    """The language and the file's name in a fence's info string: `py src/a.py (1-6)`, `a.py:1-6`, `lua path=a.lua`."""
    first, _, rest = info.partition(" ")
    if not first:
        return "", None
    tagged = _TAGGED.match(info)
    if tagged and (name := clean(tagged.group(2))) and is_known(name):
        return tagged.group(1).lower(), name
    language = first.lower()
    if match := _ATTRIBUTE.search(info):
        return language, clean(match.group(match.lastindex or 1))
    if info == "git diff":  # Continue's @diff
        language = rest
    elif rest and not any(char in first for char in "./\\"):
        name = clean(_RANGE.sub("", rest.strip()))
        return language, name if name and (is_known(name) or "/" in name) and "=" not in name else None
    name = clean(_RANGE.sub("", info))
    if name and " " not in name and (is_known(name) or ("/" in name and "." in base(name))):
        return "", name
    return language, None


def is_markdown(language: str, name: str | None) -> bool:
    """Whether the block may hold fences of its own."""
    return language in _MARKDOWN or base(name or "").rpartition(".")[2].lower() in _MARKDOWN


def closing(text: str, begin: int, fence: str, *, nested: bool) -> tuple[int, int]:
    """Where the block's text ends and where the text behind it begins; the end of everything if it is never closed."""
    at, depth = begin, 0
    while (at := text.find(fence, at)) >= 0:
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        line_start = text.rfind("\n", begin - 1, at) + 1
        rest = text[at:stop].strip()
        if not text[line_start:at].strip():
            if not rest.strip(fence[0]):
                if depth == 0:
                    return line_start, min(stop + 1, len(text))
                depth -= 1
            elif nested:
                depth += 1
        at = stop
    return len(text), len(text)


def names_above_fences(text: str) -> list[str]:
    """The lines right above each outer fence, as aider lists the files in the chat."""
    found: list[str | None] = []
    fence, above = "", ""
    for line in text.split("\n"):
        if fence:
            fence = "" if line.strip() == fence else fence
        elif above and (match := FENCE.match(line) or _TAG_FENCE.match(line)):
            fence = match.group(1).replace("<", "</")
            found.append(clean(above))
        above = line
    return [name for name in found if name]
