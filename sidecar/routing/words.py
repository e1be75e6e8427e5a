"""The user's own words: which of their lines are prose, and the files that those name."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from sidecar.routing.names import clean, is_known
from sidecar.routing.naming import may_name, most_names, naming_lines
from sidecar.routing.prose import name_of, names_in_line, path_with_blanks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Matters = Callable[[str], dict[int, str]]  # those of a text's lines, by where they begin, that may decide anything

LONGEST_PROSE = 6_000  # characters that are looked at from either end
LONGEST_TITLE = 80
MOST_NAMES = 256

_CODE_ENDS = (";", "{", "}", ");", "({", "[", "=>", "):", "},", "],", "->", "(", "*/", "/>", "};")
_CODE_SIGNS = ("#include", "#!/", "//", "/*", "<", "│", "⋮")
_CODE_STARTS = (
    "import ", "from ", "export ", "const ", "let ", "var ", "using ", "namespace ", "package ", "def ",
    "class ", "fn ", "func ", "pub ", "return ", "@", "elif ", "else:", "try:", "$ ",
)  # fmt: skip
# What a line of a program holds, by a character of it: a text without that costs next to nothing.
_CODE_PARTS = {
    "(": re.compile(r"\((?:['\"]|\);)"),
    "=": re.compile(r"=(?:\{|(?<= =) ['\"]|(?<= =)= )"),
    "'": re.compile(r"'(?<= from ')"),
    '"': re.compile(r'"(?<= from ")'),
    "<": re.compile(r"<(?<=::<)"),
}
# A person's words about a component: `<Cart> in src/cart.tsx is slow`.
_ABOUT_A_TAG = re.compile(r"<[A-Za-z][\w.-]{0,60}>(?: +[^\s<>={}]{1,200}){2,60}")
_TREE = re.compile(r"[\s│|]*(?:├|└|\+--|`--|\|--)")
# An indented line is a program's, but for lists, traces, and the starts above without the ends of code.
_INDENTED_WORDS = ("-", "*", "File ", "at ", *_CODE_STARTS)
# Cheap looks ahead of the dear ones: how what each of those finds begins or ends.
_LAST_OF_CODE = frozenset(end[-1] for end in _CODE_ENDS)
_FIRST_OF_SIGNS = frozenset(sign[0] for sign in _CODE_SIGNS)
_LAST_BEHIND_STARTS = frozenset(":)\"',")
_FIRST_OF_TREE = frozenset("│|├└+`")
_FIRST_OF_CODE = _FIRST_OF_SIGNS | _FIRST_OF_TREE
_LAST_OF_ANY_CODE = _LAST_OF_CODE | _LAST_BEHIND_STARTS
# Where a line ends or begins, in a text between line breaks, that may be code though it holds none of _CODE_PARTS.
_CODE_EDGE = re.compile(
    rf"\n(?:(?=[\s{re.escape(''.join(_FIRST_OF_CODE))}])|(?<=[\s{re.escape(''.join(_LAST_OF_ANY_CODE))}]\n))"
)
# A place in a file, as tracebacks, test runs and compilers print it: `a.py:3`, `a.ts(10,5)`, `File "a.py", line 3`.
_DIAGNOSTIC = re.compile(
    r"File \"|(?:FAILED|ERROR|PASS|FAIL) \S|(?:\.\w{1,10}|file)(?::\d{1,7}(?:[:\s),]|$)|\(\d{1,7},\d{1,5}\))"
)
_CLOSING_TAG = re.compile(r"</[A-Za-z][\w:-]{0,40}>")
_DECORATION = re.compile(r"^(?:[-*+>]\s+|\d{1,3}[.)]\s+|#{1,6}\s+|(?:file(?:name|path)?|path)\s*:\s*)+", re.IGNORECASE)


class Words:
    """Collects what is told in plain words, each piece with its place among the names found so far.

    With `matters`, only the lines that it picks are searched, and `skipped` is at least the number of names in the
    others.
    """

    def __init__(self, matters: Matters | None = None) -> None:
        self.skipped = 0
        self._matters = matters
        self._pieces: list[tuple[int, str]] = []
        self._titled = 0
        self._output: list[tuple[int, str]] = []

    def add(self, place: int, text: str) -> None:
        """A piece of text that is not marked as anything else."""
        text = text.strip("\r\n")
        if text and not text.isspace():
            self._pieces.append((place, text))

    def add_diagnostics(self, place: int, text: str) -> None:
        """Unnamed output of a compiler or a test run: only lines that point at a place in a file count."""
        self._output.append((place, text))

    def restart_title(self) -> None:
        """What follows are surely the user's words."""
        self._titled = len(self._pieces)

    @property
    def own(self) -> bool:
        """Whether anything was told."""
        return bool(self._pieces)

    @property
    def title(self) -> str:
        """The first line of what was told."""
        return next((title for _, text in self._pieces[self._titled :] if (title := title_of(text))), "")

    def close(self, names: list[str]) -> None:
        """Put the files that the words name into `names`, each at its place."""
        found = list(islice(self._names(), MOST_NAMES))
        for shift, (place, name) in enumerate(sorted(found, key=lambda entry: entry[0])):
            names.insert(place + shift, name)

    def _names(self) -> Iterator[tuple[int, str]]:
        for place, text in _ends(self._pieces):
            for line in _prose(text, self._naming(text)):
                for name in names_in_line(line):
                    yield place, name
        for place, text in _ends(self._output):
            for line in self._naming(text).values():
                if _DIAGNOSTIC.search(line[:600]):
                    for name in names_in_line(line):
                        yield place, name

    def _naming(self, text: str) -> dict[int, str]:
        """Those of the text's lines, by where they begin, that may hold names and matter."""
        if self._matters is None:
            return naming_lines(text)
        kept = self._matters(text)
        if sum(map(len, kept.values())) + len(kept) <= len(text) and (kept or may_name(text)):
            self.skipped += most_names(text)
        return kept


def _ends(pieces: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The first and the last thousands of characters of what was told, in order."""
    if sum(len(text) for _, text in pieces) <= LONGEST_PROSE:
        return pieces
    first: list[tuple[int, str]] = []
    behind = list(reversed(pieces))
    room = LONGEST_PROSE
    while behind and room > 0:
        place, text = behind.pop()
        first.append((place, text[:room]))
        if len(text) > room:
            behind.append((place, text[room:]))
        room -= len(text)
    last: list[tuple[int, str]] = []
    room = LONGEST_PROSE
    for place, text in behind:
        if room <= 0:
            break
        last.append((place, text[-room:]))
        room -= len(text)
    return first + last[::-1]


def _prose(text: str, naming: dict[int, str]) -> Iterator[str]:
    """Those of a text's naming lines that are prose.

    Of pasted code with a question, the question at either end, and error messages.
    """
    if not naming:
        return
    parts = [part for sign, part in _CODE_PARTS.items() if sign in text and part.search(text)]
    first, last = _code_within(text.split("\n"), parts) if parts or _CODE_EDGE.search(f"\n{text}\n") else (0, 0)
    for begin, line in naming.items():
        if _is_code(line, parts):
            if not _DIAGNOSTIC.search(line[:600]):
                continue
        elif first < begin < last:
            continue
        yield _CLOSING_TAG.sub(" ", line) if "</" in line else line


def _code_within(lines: list[str], parts: Sequence[re.Pattern[str]]) -> tuple[int, int]:
    """Where the first and the last line of code begin, if so many are code that what stands between them is, too."""
    if len(lines) > 5:
        code = [
            index
            for index, (line, text) in enumerate(zip(lines, map(str.strip, lines), strict=True))
            if (text[:1] in _FIRST_OF_CODE or text[-1:] in _LAST_OF_ANY_CODE or len(text) < len(line) or parts)
            and _is_code(line, parts)
        ]
        if len(code) * 4 > len(lines) - lines.count(""):
            places = _beginnings(lines)
            return places[code[0]], places[code[-1]]
    return 0, 0


def _is_code(line: str, parts: Sequence[re.Pattern[str]]) -> bool:
    """Whether a line is rather a program's than a person's; `parts`: those of _CODE_PARTS that its text holds."""
    text = line.strip()
    if not text:
        return False
    first, last = text[0], text[-1]
    if (last in _LAST_OF_CODE and text.endswith(_CODE_ENDS)) or (parts and any(part.search(text) for part in parts)):
        return True
    if first in _FIRST_OF_SIGNS and text.startswith(_CODE_SIGNS):
        return not (first == "<" and _ABOUT_A_TAG.fullmatch(text))
    if last in _LAST_BEHIND_STARTS and text.startswith(_CODE_STARTS):
        return True
    if line.startswith(("    ", "\t")):
        return not text.startswith(_INDENTED_WORDS)
    return first in _FIRST_OF_TREE and bool(_TREE.match(text))


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
    first = line[:600].lstrip().partition("\n")[0]
    text = " ".join((_CLOSING_TAG.sub(" ", first) if "</" in first else first).split()).strip('"“” ')
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 1].rstrip() + "…"


def _beginnings(lines: Sequence[str]) -> list[int]:
    """Where the lines of a text begin in it."""
    return [0, *accumulate(len(line) + 1 for line in lines[:-1])]
