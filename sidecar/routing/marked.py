"""The text of a user's message taken apart: the files that a client put into it, and the user's own words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.routing import formats
from sidecar.routing.diffs import diff_names, is_diff_line, patch_names
from sidecar.routing.filetypes import MEMORY_FILES
from sidecar.routing.names import base, clean, is_known
from sidecar.routing.words import Words, title_of, whole_name

if TYPE_CHECKING:
    from collections.abc import Iterable

_TAG = re.compile(r"<([A-Za-z][\w:-]{0,40})((?:\s[^<>\n]{0,2000})?)>")
_CLOSING_TAG = re.compile(r"</[A-Za-z][\w:-]{0,40}>\s*")
_ATTRIBUTE = re.compile(r"([\w-]{1,40})=[\"']([^\"'\n]*)[\"']")
_INFO_ATTRIBUTE = re.compile(r"(?:path|file|filename|filepath|title|name)=(?:\"([^\"\n]+)\"|'([^'\n]+)'|(\S+))")
_FENCE = re.compile(r"(`{3,}|~{3,})([^`\n]*)$")
_RANGE = re.compile(r"\s*\((?:lines? )?\d+(?:\s?(?:-|to)\s?\d+)?\)$")
_MARKDOWN = frozenset({"md", "mdx", "markdown", "mdc", "rst", "qmd", "rmd", "org"})
_DIAGNOSTIC_FENCES = frozenset({"", "text", "txt", "console", "terminal", "log", "output", "plaintext", "pytb", "traceback"})
# Only a line that begins so can be more than plain words.
_STARTS = frozenset("<`~#[*" + "".join({start[0] for mark in formats.MARKS for start in mark.starts}) + "di-+")
_MARKS = {
    first: tuple(mark for mark in formats.MARKS if any(start[0] == first for start in mark.starts))
    for first in _STARTS
}


class Reader:
    """Reads the text parts of one message in order.

    `names` are the files found, `weak` those that count only if nothing else does, `words` the user's own lines.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.weak: list[str] = []
        self.own = False
        self.title = ""
        self._in_content = False

    def read(self, text: str) -> None:
        """Read one part."""
        start = text.lstrip()[:400]
        if start.startswith(formats.NOISE_STARTS):
            return
        if start.startswith(formats.LISTINGS_OF_FILES):
            self.names += names_above_fences(text)
            return
        part = _Part(_without_frame(text), in_content=self._in_content)
        if formats.RESULT_START.match(start):
            part.skip_to_words()
        part.read()
        self._in_content = part.in_content
        self.names += part.names
        self.weak += part.weak
        self.own = self.own or part.words.own
        self.title = self.title or part.words.title


    def read_marks(self, text: str) -> None:
        """Read a text in which no word is the user's."""
        part = _Part(text, in_content=False)
        part.quiet = len(text)
        part.read()
        self.names += part.names


def _without_frame(text: str) -> str:
    for head in formats.HEADS:
        start = text.find(head)
        text = text[start + len(head) :] if start >= 0 else text
    for tail in formats.TAILS:
        end = text.find(tail)
        text = text[:end] if end >= 0 else text
    return text


def names_above_fences(text: str) -> list[str]:
    """The lines right above each outer fence, as aider lists the files in the chat."""
    lines, found, fence = text.split("\n"), [], ""
    for index, line in enumerate(lines):
        if fence:
            fence = "" if line.strip() == fence else fence
        elif (match := _FENCE.match(line)) and index:
            fence = match.group(1)
            found.append(clean(lines[index - 1]))
    return [name for name in found if name]


class _Part:
    """One text, read line by line with a cursor; whatever holds a file's content is jumped over."""

    def __init__(self, text: str, *, in_content: bool) -> None:
        self.text = text
        self.at = 0
        self.quiet = 0  # up to here, plain words are the client's
        self.in_content = in_content
        self.names: list[str] = []
        self.weak: list[str] = []
        self.words = Words()
        self._unclosed: set[str] = set()
        self._above = ""  # the last line of plain words: it may name the fence below

    def read(self) -> None:
        text, end = self.text, len(self.text)
        if self.in_content:
            self._skip_content()
        while self.at < end:
            start = self.at
            stop = text.find("\n", start)
            stop = end if stop < 0 else stop
            line = text[start:stop].strip()
            self.at = stop + 1
            if not line:
                continue
            if line[0] in _STARTS and self._is_marked(line, start):
                continue
            if start >= self.quiet:
                self._above = line
                self.words.add(len(self.names), text[start:stop])
        self.words.close(self.names)

    def skip_to_words(self) -> None:
        """Go to the user's feedback behind a tool's result; to the end if there is none."""
        found = [self.text.find(f"<{tag}>") for tag in ("feedback", "user_message", "answer", "environment_details")]
        self.at = min((at for at in found if at >= 0), default=len(self.text))

    # Each of these says whether the line was its own.

    def _is_marked(self, line: str, start: int) -> bool:
        first = line[0]
        if first == "<":
            return self._tag(line, start)
        if first in "`~" and self._fence(line):
            return True
        return self._mark(line) or (first in "d*-+#" and self._special(line, start))

    def _tag(self, line: str, start: int) -> bool:
        if line.startswith("</"):
            closing = _CLOSING_TAG.match(line)
            return bool(closing and closing.end() == len(line))
        begin = self.text.index("<", start)
        match = _TAG.match(self.text, begin)
        tag = formats.TAGS.get(match.group(1).lower()) if match else None
        if match is None or tag is None:
            return False
        self.at = match.end()
        name = match.group(1)
        if match.group(2).endswith("/"):
            self._add(_attribute(match.group(2)) if tag.does == "file" else None)
            return True
        getattr(self, f"_tag_{tag.does}")(name, match.group(2), tag)
        return True

    def _tag_file(self, name: str, attributes: str, _: formats.Tag) -> None:
        self._add(_attribute(attributes), attached=True)
        if not attributes.strip() and name.lower() == "document":
            return
        if name.lower() == "document" and not _attribute(attributes):
            return  # files-to-prompt: <source> and <document_content> stand within
        self._within(name)

    def _tag_value(self, name: str, _: str, __: formats.Tag) -> None:
        body = self._within(name)
        if body is not None and "<type>directory" not in self.text[self.at : self.at + 40]:
            self._add(clean(body), attached=True)

    def _tag_words(self, name: str, _: str, __: formats.Tag) -> None:
        self.words.restart_title()
        self.quiet = min(self.quiet, self.at)
        del name

    def _tag_holder(self, name: str, _: str, __: formats.Tag) -> None:
        close = self._close_of(name)
        self.quiet = max(self.quiet, close)

    def _tag_sections(self, name: str, _: str, __: formats.Tag) -> None:
        self.names += visible_files(self._within(name) or "")

    def _tag_body(self, name: str, _: str, tag: formats.Tag) -> None:
        body = self._within(name) or ""
        match = tag.pattern.match(body[:1000]) if tag.pattern else None
        if match:
            self._add(clean(match.group(1)), weak=tag.weak)

    def _tag_drop(self, name: str, _: str, __: formats.Tag) -> None:
        self._within(name)

    def _fence(self, line: str) -> bool:
        match = _FENCE.match(line)
        if match is None:
            return False
        fence, info = match.groups()
        language, name = fence_info(info.strip())
        above = whole_name(self._above) if name is None else None
        if above:
            self.words.drop_last(self._above)
        self._add(name or above)
        self._above = ""
        body = self._fenced(fence, nested=language in _MARKDOWN or base(name or "").rpartition(".")[2] in _MARKDOWN)
        if language in ("diff", "patch"):
            self.names += diff_names(body)
        elif name is None and above is None and language in _DIAGNOSTIC_FENCES and len(body) < 20_000:
            self._unnamed(body)
        self.words.seen_fence()
        return True

    def _unnamed(self, body: str) -> None:
        if "current_file_path:" in body:
            match = re.search(r"current_file_path: *(.+)", body)
            self._add(clean(match.group(1)) if match else None)
        elif "\ndiff --git " in "\n" + body or "\n+++ " in body:
            self.names += diff_names(body)
        else:
            self.words.add_diagnostics(len(self.names), body)

    def _mark(self, line: str) -> bool:
        for mark in _MARKS[line[0]]:
            if not line.startswith(mark.starts):
                continue
            match = mark.pattern.match(line[:1000])
            name = clean(match.group(1)) if match else None
            if name is None or (not is_known(name) and not mark.content and line.startswith(("File", "file", "FILE"))):
                continue
            self._add(name, attached=True)
            if mark.content or self._begins_content():
                self._skip_content()
            return True
        return False

    def _special(self, line: str, start: int) -> bool:
        if line.startswith("# Context from my IDE setup"):
            request = self.text.find("## My request for Codex", self.at)
            self.quiet = request if request >= 0 else len(self.text)
            return True
        if line.startswith("## My request for Codex"):
            self.words.restart_title()
            return True
        if line.startswith("*** Begin Patch"):
            end = self.text.find("*** End Patch", self.at)
            end = len(self.text) if end < 0 else end
            self.names += patch_names(self.text[start:end])
            self.at = end + len("*** End Patch")
            return True
        if line.startswith(("diff --git ", "--- ", "+++ ")) and is_diff_line(self.text, start):
            self.at = start + len(_diff_at(self.text, start, self.names))
            return True
        return False

    # Jumps.

    def _begins_content(self) -> bool:
        """Whether a `File: x` line stands above numbered lines of that file."""
        return bool(re.match(r"\s*1[ \t]*[|:→\t]", self.text[self.at : self.at + 40]))

    def _skip_content(self) -> None:
        """Jump over a file's text that no fence closes; a fence is left to be read as one."""
        ahead = self.text[self.at : self.at + 400].lstrip()
        if ahead.startswith(("```", "~~~")):
            self.in_content = False
            return
        ends = [self.text.find(end, self.at) for end in formats.CONTENT_ENDS]
        nexts = [self.text.find("\n" + start, self.at) for start in ("Content from ", "Content of ", "[read_file for ")]
        found = [at for at in (*ends, *nexts) if at >= 0]
        self.in_content = not any(at >= 0 for at in ends)
        if not found:
            self.at = len(self.text)
            return
        at = min(found)
        end = self.text.find("\n", at + 1)
        self.at = at if at in nexts else (len(self.text) if end < 0 else end)

    def _fenced(self, fence: str, *, nested: bool) -> str:
        """The text up to the closing fence; the cursor goes behind it."""
        text, begin, at, depth = self.text, self.at, self.at, 0
        while at < len(text):
            at = text.find(fence, at)
            if at < 0:
                break
            stop = text.find("\n", at)
            stop = len(text) if stop < 0 else stop
            line_start = text.rfind("\n", 0, at) + 1
            if not text[line_start:at].strip():
                rest = text[at:stop].strip()
                if not rest.strip(fence[0]):
                    if depth == 0:
                        self.at = stop + 1
                        return text[begin:line_start]
                    depth -= 1
                elif nested and rest.startswith(fence):
                    depth += 1
            at = stop
        self.at = len(text)
        return text[begin:]

    def _within(self, name: str) -> str | None:
        """What stands up to the closing tag; the cursor goes behind it. None, and no move, without one."""
        begin, close = self.at, self._close_of(name)
        if close < begin:
            return None
        self.at = self.text.index(">", close) + 1
        return self.text[begin:close]

    def _close_of(self, name: str) -> int:
        if name in self._unclosed:
            return -1
        closing = f"</{name}>"
        at = self.text.find("\n" + closing, self.at) + 1 if self.text[self.at : self.at + 1] == "\n" else 0
        at = at or self.text.find(closing, self.at)
        if at < 0:
            self._unclosed.add(name)
        return at

    def _add(self, name: str | None, *, attached: bool = False, weak: bool = False) -> None:
        if name is None or (attached and base(name).lower() in MEMORY_FILES):
            return
        (self.weak if weak else self.names).append(name)


def _diff_at(text: str, start: int, names: list[str]) -> str:
    diff = text[start:]
    lines = diff.split("\n")
    count = next((i for i, line in enumerate(lines) if line and not line.startswith(_DIFF_STARTS)), len(lines))
    body = "\n".join(lines[:count])
    names += diff_names(body)
    return body + "\n"


_DIFF_STARTS = (" ", "+", "-", "@", "\\", "diff ", "index ", "new ", "old ", "deleted ", "similarity ", "rename ", "copy ", "Binary ")


def fence_info(info: str) -> tuple[str, str | None]:
    """The language and the file's name of a fence's info string: `py src/a.py (1-6)`, `src/a.py:1-6`, `lua path=a.lua`."""
    first, _, rest = info.partition(" ")
    language = first.lower()
    if match := _INFO_ATTRIBUTE.search(info):
        return language, clean(next(group for group in match.groups() if group))
    if not first:
        return "", None
    if rest and "/" not in first and "." not in first and "\\" not in first:
        name = clean(_RANGE.sub("", rest.strip()))
        return language, name if name and (is_known(name) or "/" in name) and "=" not in name else None
    name = clean(_RANGE.sub("", info))
    if name and " " not in name and (is_known(name) or ("/" in name and "." in base(name))):
        return "", name
    tagged = clean(first.partition(":")[2])
    if tagged and is_known(tagged):
        return first.partition(":")[0].lower(), tagged
    return language, None


def _attribute(attributes: str) -> str | None:
    found = {key.lower(): value for key, value in _ATTRIBUTE.findall(attributes[:2000])}
    for key in formats.ATTRIBUTES:
        name = clean(found.get(key, ""))
        if name and (key not in ("id", "title", "name") or is_known(name)):
            return name
    return None


def visible_files(details: str) -> Iterable[str]:
    """The files in view that an editor's environment states: one a line or parted by commas, under their heading."""
    found: list[str | None] = []
    visible = False
    for line in details[:20_000].split("\n"):
        text = line.strip()
        if text.startswith("Active file:"):
            found.append(clean(text.removeprefix("Active file:")))
        elif formats.VISIBLE_SECTIONS.match(text):
            visible = True
        elif text.startswith("#") or text.endswith(":"):
            visible = False
        elif visible and text and not text.startswith("(") and "extension-output-" not in text:
            found += [clean(name) for name in text.split(",")]
    return [name for name in found if name]


__all__ = ["Reader", "fence_info", "names_above_fences", "title_of", "visible_files"]
