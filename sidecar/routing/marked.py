"""The text of a user's message taken apart: the files that a client put into it, and the user's own words.

Only lines that begin with a client's mark, a tag or a fence are looked at one by one; one pattern finds them, so that
plain text costs next to nothing, and what holds a file's content is jumped over.
"""

from __future__ import annotations

import re

from sidecar.routing import formats
from sidecar.routing.comments import header_name
from sidecar.routing.diffs import diff_names, is_diff
from sidecar.routing.elements import CLOSING_LINE, PIPED, STATED_WITHIN, TAG, attribute_name, visible_files
from sidecar.routing.fences import FENCE, closing, fence_info, is_markdown, names_above_fences
from sidecar.routing.filetypes import MEMORY_FILES, word_set
from sidecar.routing.names import base, clean, is_known
from sidecar.routing.passages import PATTERNS, content_end, passage, without_frame
from sidecar.routing.words import Matters, Words, whole_name

MOST_MARKS = 600  # of one text; a text of thousands of fences is data
_LONGEST_OUTPUT = 20_000

_STRUCTURE = ("<", "```", "~~~", "diff --git ", "--- ", "*** Begin Patch", "# Context from my IDE", "## My request")
_STARTS = (*_STRUCTURE, *(start for row in formats.MARKS for start in row.starts), *formats.BLOCK_STARTS)
_BEGINNINGS = "|".join((*map(re.escape, _STARTS), *PATTERNS))
_FIRST = "".join(sorted({re.escape(start[0]) for start in (*_STARTS, "`", "-", "=")}))
_HERE = re.compile(rf"[ \t]*(?:{_BEGINNINGS})")
_NEXT = re.compile(rf"\n[ \t]*(?=[{_FIRST}])(?:{_BEGINNINGS})")
_RULE = re.compile(r"={20}")
_STATED_NEAR = 600  # characters of an element in which its fence's first line stands
_NUMBERED = re.compile(r"\s*1[ \t]*[|:→\t]")
_NEXT_CONTENT = ("\nContent from ", "\nContent of ", "\n[read_file for ")
_WORDS_BEHIND_RESULT = ("<feedback>", "<user_message>", "<answer>", "<environment_details>")
_DIAGNOSTIC_FENCES = word_set("text txt console terminal log output plaintext pytb traceback") | {""}


class Reader:
    """Reads the text parts of one message in order.

    `names` are the files found, `weak` those that count only if nothing else does; `own` says whether there are words
    of the user's own, `title` is their first line. With `matters`, names in plain words are sought in those lines alone
    that it picks; `skipped` is at least the number of the others, and where there are any, the title is left out.
    """

    def __init__(self, matters: Matters | None = None) -> None:
        self._matters, self.skipped = matters, 0
        self.names: list[str] = []
        self.weak: list[str] = []
        self.own = False
        self.title = ""
        self._in_content = False
        self._in_result = False

    def read(self, text: str) -> None:
        """Read one part."""
        start = text.lstrip()[:400]
        if self._in_content:
            self._in_content = False
        elif start.startswith(formats.LISTINGS_OF_FILES):
            self.names += names_above_fences(text)
        elif not start.startswith(formats.NOISE_STARTS):
            self._read(text, formats.RESULT_START.match(start))

    def read_marks(self, text: str) -> None:
        """Read a text in which no word is the user's."""
        part = Part(text)
        part.quiet = len(text)
        part.read()
        self.names += part.names

    def _read(self, text: str, result: re.Match[str] | None) -> None:
        part = Part(without_frame(text), self._matters)
        if result or self._in_result:
            part.skip_to_words()
        part.read()
        self._in_result = bool(result and result.end() == len(text.strip()))  # Cline puts it into the next part
        self._in_content = part.opens_content
        self.names += part.names
        self.weak += part.weak
        self.skipped += part.words.skipped
        self.own = self.own or part.words.own
        self.title = self.title or ("" if self.skipped else part.words.title)


class Part:
    """One text with a cursor, `at`. Up to `quiet`, plain words are the client's; `opens_content` if a file follows."""

    def __init__(self, text: str, matters: Matters | None = None) -> None:
        self.text = text
        self.at = 0
        self.quiet = 0
        self.opens_content = False
        self.names: list[str] = []
        self.weak: list[str] = []
        self.words = Words(matters)
        self._unclosed: set[str] = set()

    def read(self) -> None:
        """Find all names from the cursor to the end."""
        begin = self.at
        for _ in range(MOST_MARKS):
            match = _HERE.match(self.text, self.at) or _NEXT.search(self.text, self.at)
            if match is None:
                break
            start = match.start() + (match.group()[0] == "\n")
            told = self._told(begin, start)
            if self._is_marked(start, told):
                begin = self.at
            else:
                stop = self.text.find("\n", start)
                self.at = len(self.text) if stop < 0 else stop
        else:
            begin = len(self.text)
        self.words.add(len(self.names), self._told(begin, len(self.text)))
        self.words.close(self.names)

    def skip_to_words(self) -> None:
        """Go to the user's feedback behind a tool's result; to the end if there is none."""
        found = [self.text.find(tag) for tag in _WORDS_BEHIND_RESULT]
        self.at = min((at for at in found if at >= 0), default=len(self.text))

    def _told(self, begin: int, end: int) -> str:
        return self.text[max(begin, self.quiet) : end] if end > self.quiet else ""

    def _is_marked(self, start: int, told: str) -> bool:
        """Whether the line is a client's; if so, what was told before is kept, and the cursor goes behind it."""
        stop = self.text.find("\n", start)
        stop = len(self.text) if stop < 0 else stop
        line = self.text[start:stop].strip()
        before = len(self.names)
        if line[0] == "<":
            marked = self._tag(self.text.index("<", start))
        elif line[0] in "`~":
            if self._fence(line, stop + 1, told):  # which has kept what was told
                return True
            marked = self._passage(start, told)
        else:
            marked = self._mark(line, stop + 1) or self._special(line, stop + 1) or self._passage(start, told)
        if marked:
            self.words.add(before, told if line != "---" else told.rstrip().rpartition("\n")[0])  # without the name
        return marked

    # Elements.

    def _tag(self, start: int) -> bool:
        if closed := CLOSING_LINE.match(self.text, start):
            self.at = closed.end()
            return True
        match = TAG.match(self.text, start) or PIPED.match(self.text, start)
        tag = formats.TAGS.get(match.group(1).strip("|").lower()) if match else None
        if match is None or tag is None:
            return False
        self.at = match.end()
        name, attributes = match.groups()
        if attributes.endswith("/"):
            self._add(attribute_name(attributes) if tag.does == "file" else None, attached=True)
        else:
            self._element(name, attributes, tag)
        return True

    def _element(self, name: str, attributes: str, tag: formats.Tag) -> None:
        match tag.does:
            case "words":
                self.words.restart_title()
            case "holder":
                self.quiet = max(self.quiet, self._close_of(name))
            case "file":
                self._file(name, attributes)
            case "value":
                self._value(name, attributes)
            case "sections":
                self.names += visible_files(self._within(name))
            case "body":
                found = tag.pattern.match(self._within(name)[:1000]) if tag.pattern else None
                self._add(clean(found.group(found.lastindex or 1)) if found else None, weak=tag.weak)
            case _:
                self._within(name)

    def _value(self, name: str, attributes: str) -> None:
        if file := attribute_name(attributes):  # Open WebUI: <source id="1" name="a.pdf">
            self._file(name, attributes)
        elif (file := clean(self._within(name))) and "<type>directory" not in self.text[self.at : self.at + 40]:
            self._add(file, attached=True)

    def _file(self, name: str, attributes: str) -> None:
        file = attribute_name(attributes)
        stated = STATED_WITHIN.search(self.text, self.at, self.at + _STATED_NEAR) if file and "/" not in file else None
        if file and stated and stated.group(1).endswith(file):
            file = clean(stated.group(1))  # Copilot's excerpt: the element says the base name only
        self._add(file, attached=True)
        if file or name.lower() != "document":  # files-to-prompt has <source> and <document_content> in it
            self._within(name)

    def _within(self, name: str) -> str:
        """What stands up to the closing tag; the cursor goes behind it. Nothing, and no move, without one."""
        begin, close = self.at, self._close_of(name)
        if close < begin:
            return ""
        self.at = close + len(name) + 3
        return self.text[begin:close]

    def _close_of(self, name: str) -> int:
        if name in self._unclosed:
            return -1
        tag = f"<|/{name[1:-1]}|>" if name[0] == "|" else f"</{name}>"
        at = self.text.find("\n" + tag, self.at) + 1 if self.text[self.at : self.at + 1] == "\n" else 0
        at = at or self.text.find(tag, self.at)
        if at < 0 and name in formats.CLOSED_BY:
            at = self.text.find(f"</{formats.CLOSED_BY[name]}>", self.at)
        if at < 0:
            self._unclosed.add(name)
        return at

    # Fences.

    def _fence(self, line: str, begin: int, told: str) -> bool:
        match = FENCE.match(line)
        if match is None:
            return False
        language, name = fence_info(match.group(2).strip())
        head, _, above = told.rstrip().rpartition("\n")
        heading = whole_name(above) if name is None else None
        self.words.add(len(self.names), head if heading else told)
        self._add(name or heading)
        nested = is_markdown(language, name or heading)
        end, self.at = closing(self.text, begin, match.group(1), nested=nested)
        if language in ("diff", "patch"):
            self.names += diff_names(self.text[begin:end])
        elif not name and not heading:
            self._unnamed(language, self.text[begin:end])
        return True

    def _unnamed(self, language: str, body: str) -> None:
        """Code under a comment that names it, output that a person pastes, or a whole request (Copilot's next edit)."""
        if header := header_name(body):
            self._add(header)
        elif language not in _DIAGNOSTIC_FENCES:
            return
        elif match := formats.CURRENT_FILE.search(body):
            self._add(clean(match.group(1)))
        elif is_diff(body):
            self.names += diff_names(body)
        else:
            self.words.add_diagnostics(len(self.names), body[:_LONGEST_OUTPUT])

    # Lines.

    def _mark(self, line: str, behind: int) -> bool:
        for mark in formats.MARKS:
            if not line.startswith(mark.starts):
                continue
            match = mark.pattern.match(line[:1000])
            name = clean(match.group(1)) if match else None
            if name is None or (mark.known and not is_known(name)):
                continue
            self._add(name, attached=True)
            self.at = min(behind, len(self.text))
            if not self.text[self.at :].strip():
                self.opens_content = mark.content or mark.result  # the next part is the file
            elif _RULE.match(self.text, self.at):
                self.at = content_end(self.text, self.at)
            elif mark.content or _NUMBERED.match(self.text, self.at):
                self._skip_content()
            return True
        return False

    def _special(self, line: str, behind: int) -> bool:
        start, self.at = self.at, behind
        if line.startswith("# Context from my IDE"):
            request = self.text.find("## My request", behind)
            self.quiet = request if request >= 0 else len(self.text)
            return True
        if line.startswith(("## My request for", "## My request:")):
            self.words.restart_title()
            return True
        self.at = start
        return False

    def _passage(self, start: int, told: str) -> bool:
        found = passage(self.text, start, told)
        if found is None:
            return False
        names, self.at = found
        self.names += names
        return True

    def _skip_content(self) -> None:
        """Jump over a file's text that no fence closes; a fence is left to be read as one."""
        if self.text[self.at : self.at + 400].lstrip().startswith(("```", "~~~")):
            return
        ends = {self.text.find(end, self.at) + len(end) for end in formats.CONTENT_ENDS if end in self.text[self.at :]}
        nexts = {self.text.find(start, self.at) for start in _NEXT_CONTENT}
        self.at = min((at for at in ends | nexts if at >= 0), default=len(self.text))

    def _add(self, name: str | None, *, attached: bool = False, weak: bool = False) -> None:
        if name is None or (attached and base(name).lower() in MEMORY_FILES):
            return
        (self.weak if weak else self.names).append(name)
