"""The user's own words: which of their lines are prose, and the files that those name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.routing.names import clean, is_known
from sidecar.routing.prose import name_of, names_in_line, path_with_blanks

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_PROSE = 16_000  # characters that are looked at from either end
LONGEST_TITLE = 80
MOST_NAMES = 256

_CODE_ENDS = (";", "{", "}", ");", "({", "[", "=>", "):", "},", "],", "->", "(", "*/", "/>", "};")
_CODE_STARTS = (
    "#include", "import ", "from ", "export ", "const ", "let ", "var ", "using ", "namespace ", "package ", "#!/",
    "//", "/*", "def ", "class ", "fn ", "func ", "pub ", "return ", "@", "elif ", "else:", "try:", "<", "$ ", "\u2502", "\u22ee",
)  # fmt: skip
_CODE_PARTS = ("('", '("', ' = "', " = '", " from '", ' from "', " == ", "={", "();", "::<", "\t1\t")
_TREE = re.compile(r"[\s│|]*(?:├|└|\+--|`--|\|--)|[│⋮]")
_DIAGNOSTIC = re.compile(
    r"File \"|[\w./\\-]{2,200}(?::\d{1,7}(?::\d{1,5})?:?|\(\d{1,7}(?:,\d{1,5})?\):?)(?:\s|$|\))|(?:FAILED|ERROR|PASS|FAIL) [\w./-]{3,200}"
)
_CLOSING_TAG = re.compile(r"</[A-Za-z][\w:-]{0,40}>")
_DECORATION = re.compile(r"^(?:[-*+>]\s+|\d{1,3}[.)]\s+|#{1,6}\s+|(?:file(?:name|path)?|path)\s*:\s*)+", re.IGNORECASE)


class Words:
    """Collects lines of plain words, each with its place among the names found so far."""

    def __init__(self) -> None:
        self.own = False
        self.title = ""
        self._lines: list[tuple[int, str]] = []
        self._size = 0
        self._diagnostics: list[tuple[int, str]] = []

    def add(self, place: int, line: str) -> None:
        """One line that is not marked as anything else."""
        self.own = True
        if not self.title:
            self.title = title_of(line)
        self._lines.append((place, line))
        self._size += len(line)

    def add_diagnostics(self, place: int, text: str) -> None:
        """Unnamed output of a compiler or a test run: only lines that point at a place in a file count."""
        self._diagnostics += [(place, line) for line in text.split("\n")]

    def restart_title(self) -> None:
        """What follows are surely the user's words."""
        self.title = ""

    def seen_fence(self) -> None:
        """A fence parts paragraphs."""
        self._lines.append((-1, ""))

    def drop_last(self, line: str) -> None:
        """Forget the last line: it was a heading of what follows."""
        if self._lines and self._lines[-1][1].strip() == line:
            self._lines.pop()

    def close(self, names: list[str]) -> None:
        """Put the files that the words name into `names`, each at its place."""
        found = [(place, name) for place, line in self._prose() for name in names_in_line(line)]
        found += [
            (place, name)
            for place, line in self._diagnostics[:400]
            if _DIAGNOSTIC.search(line[:600])
            for name in names_in_line(line)
        ]
        found = sorted(found[:MOST_NAMES], key=lambda entry: entry[0])
        for shift, (place, name) in enumerate(found):
            names.insert(place + shift, name)

    def _prose(self) -> Iterator[tuple[int, str]]:
        """The lines that are prose, from both ends of what was said."""
        lines = self._lines if self._size <= 2 * LONGEST_PROSE else self._ends()
        code = [is_code(line) for _, line in lines]
        pasted = len(lines) > 5 and sum(code) * 4 > len(lines)
        told = _edges(lines) if pasted else range(len(lines))
        for index in told:
            place, line = lines[index]
            if place >= 0 and (not code[index] or _DIAGNOSTIC.search(line[:600])):
                yield place, _CLOSING_TAG.sub(" ", line) if "</" in line else line

    def _ends(self) -> list[tuple[int, str]]:
        first, last, size = [], [], 0
        for entry in self._lines:
            size += len(entry[1])
            if size <= LONGEST_PROSE:
                first.append(entry)
        size = 0
        for entry in reversed(self._lines[len(first) :]):
            size += len(entry[1])
            if size > LONGEST_PROSE:
                break
            last.append(entry)
        return first + last[::-1]


def is_code(line: str) -> bool:
    """Whether a line is rather a program's than a person's."""
    text = line.strip()
    if text.endswith(_CODE_ENDS) or any(part in text for part in _CODE_PARTS):
        return True
    if text.startswith(_CODE_STARTS):
        return text.startswith(("#include", "#!/", "//", "/*", "<", "\u2502", "\u22ee")) or text.endswith((":", ")", '"', "'", ","))
    return line.startswith(("    ", "\t")) and not text.startswith(("-", "*", "File ", "at ")) or bool(_TREE.match(text))


def _edges(lines: list[tuple[int, str]]) -> list[int]:
    """Of pasted code with a question, the question: the paragraphs at both ends."""
    count = len(lines)
    first = next((index for index in range(count) if is_code(lines[index][1])), count)
    last = next((index for index in range(count - 1, -1, -1) if is_code(lines[index][1])), -1)
    return [*range(first), *range(max(first, last + 1), count)]


def whole_name(line: str) -> str | None:
    """The file that a line names if it says nothing else: `**src/a.py**`, `### src/a.py:`, `docs/Release Notes.md`."""
    text = _DECORATION.sub("", line.strip()[:600]).strip().rstrip(":").strip("*`\"' ")
    if not text:
        return None
    if " " in text:
        return path_with_blanks(text, alone=True)
    name = name_of(text) or clean(text)
    return name if name and (is_known(name) or "/" in name) and "://" not in text else None


def title_of(line: str) -> str:
    """A line as a title: one line, at most 80 characters, without the tags around it."""
    text = " ".join(_CLOSING_TAG.sub(" ", line[:600]).split()).strip("\"“” ")
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 1].rstrip() + "…"
