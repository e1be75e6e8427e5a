"""Names of files in plain words: what a person types, a compiler prints, a shell command holds."""

from __future__ import annotations

import re
from itertools import filterfalse
from typing import TYPE_CHECKING

from sidecar.routing.filetypes import (
    AMBIGUOUS,
    DOTFILES,
    EXTENSIONLESS,
    EXTENSIONS,
    NOT_FILES,
    TOP_LEVEL_DOMAINS,
    word_set,
)
from sidecar.routing.names import LONGEST_NAME, base, clean, extension, is_known, without_position

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_LINE = 2000

_SEPARATORS = re.compile(
    r"(?:,(?!\d)|[\s;|\"`“”„«»<>、，。：；！？（）「」『』《》【】…→])+|\]\(|->|=>|'(?=\s|$)|(?<!\S)'"
)
_QUOTED = re.compile(r"`([^`]{3,300})`|\"([^\"]{3,300})\"|“([^“”]{3,300})”|‘([^‘’]{3,300})’|'(?<!\w')([^']{3,300})'")
_CALL = re.compile(r"(?<=[^/(\s])\(")
_PROGRAM = re.compile(r"(?:^|/)s?bin/[a-z][\w-]{1,40}$")
_ENDING = re.compile(r"[A-Za-z0-9+]{1,12}$")
_HOST = re.compile(r"^(?:localhost|\d+\.\d+\.\d+\.\d+|(?:[\w-]+\.)+([A-Za-z]{2,}))(?::\d+)?$")
_IDEOGRAM = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_IDEOGRAMS = re.compile(f"[{_IDEOGRAM}]")
_PICTURES = re.compile("^[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]+|[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]+$")
_LATIN_RUN = re.compile(f"[^{_IDEOGRAM}]*")
_OPENING = "([{<*_'‘"
_CLOSING = ".,;:!?)]}>*_~'’"
_AROUND = _OPENING + _CLOSING + '"`“”,'
# Nothing has to be taken off or made uniform: `src/auth/session_2.py`. Most names are written so.
_SIMPLE = re.compile(rf"[A-Za-z0-9][\w./-]{{0,{LONGEST_NAME - 2}}}[A-Za-z]", re.ASCII)
_FEW_CLOSING = 2  # characters behind a name that surely belong to the sentence
_LIBRARY = re.compile(r"/(?:(?:site-|dist-)packages|node_modules|usr/(?:lib|include))/|<frozen ")
_ANY_QUOTE = re.compile("[\"`“'‘]")


def names_in_line(line: str) -> Iterator[str]:
    """The files that a line of plain words names, in order."""
    line = line[:LONGEST_LINE]
    if "\\ " in line:  # a blank escaped as shells and mentions do it
        line = line.replace("\\ ", "\x00")
    if " " in line and _quotes(line):
        for span, spaced in _quoted_with_blanks(line):
            yield spaced
            line = line.replace(span, " ")
    runs: Iterable[str] = line.split()
    if EXTENSIONLESS.isdisjoint(runs):
        runs = filterfalse(str.isalnum, runs)  # most words are letters alone
    for run in runs:
        told = run.rstrip(_CLOSING)
        if "." in told or "/" in told or "\\" in told:
            yield from _names_in_run(run, told)
        elif len(told) > 3 and (bare := told if told.isalnum() else _unwrapped(told)) in EXTENSIONLESS:
            yield bare


def _names_in_run(run: str, told: str) -> list[str]:
    """The names in what stands between blanks; `told` is that without the punctuation behind it."""
    if len(run) - len(told) <= _FEW_CLOSING and _SIMPLE.fullmatch(told):
        return [told] if _is_file(told) and told != "dev/null" else []
    words = (word.replace("\x00", " ") for word in _SEPARATORS.split(run) if len(word) > 2)
    return [name for word in words if (name := name_of(word))]


def _quotes(line: str) -> bool:
    """Whether a quoted name may stand in the line."""
    return '"' in line or "`" in line or "'" in line or (not line.isascii() and bool(_ANY_QUOTE.search(line)))


def _unwrapped(word: str) -> str:
    return word.strip(_AROUND).removesuffix("'s")


def _quoted_with_blanks(line: str) -> list[tuple[str, str]]:
    found = []
    for match in _QUOTED.finditer(line):
        inner = next(group for group in match.groups() if group is not None)
        whole = match.group(0).strip() == line.strip()
        if " " in inner and (name := path_with_blanks(inner, alone=not whole)):
            found.append((match.group(0), name))
    return found


_VERBS = word_set(
    """
    add and cat cd change check code compare convert cp create debug delete diff edit explain fix format git in into
    make mv node npm nano of open or please python read refactor remove rename review rm run see show simplify sum
    test that the this to translate update use vim what where why with write your
    """
)


def path_with_blanks(text: str, *, alone: bool) -> str | None:
    """The text, if it is one file's name with blanks in it; `alone` says that nothing but a name would stand there."""
    words = text.strip().split(" ")
    if not 2 <= len(words) <= 8 or extension(words[-1]) not in EXTENSIONS:
        return None
    if any(extension(word) in EXTENSIONS for word in words[:-1]) or _VERBS & {word.lower() for word in words}:
        return None
    in_folder = "/" in words[0].replace("\\", "/")
    if not in_folder and (not alone or len(words) > 4 or any("/" in word for word in words)):
        return None
    return clean(text)


def name_of(word: str) -> str | None:
    """The file that one word names, without the punctuation around it, or None."""
    if len(word) > LONGEST_NAME:
        return None
    if "://" in word or "@" in word[1:]:
        return _special(word)
    return _plain(word)


def _plain(word: str) -> str | None:
    if word.startswith("${") and "}/" in word:  # a folder held in a variable
        head, _, tail = word.partition("}/")
        name = name_of(tail)
        return f"{head}}}/{name}" if name else None
    if not word.isascii():
        word = _PICTURES.sub("", word)
    word = _bare(word)
    if not word or "*" in word or "{" in word or "=" in word:
        return name_of(word.rpartition("=")[2]) if "=" in word and "*" not in word else None
    if "#" in word[1:] and is_known(word.partition("#")[0]):  # docs/guide.md#setup
        word = word.partition("#")[0]
    if ":" in word[2:]:
        return _after_colon(word)
    if "(" in word and _CALL.search(word):
        inner = name_of(word.rpartition("(")[2])
        return inner if inner and len(extension(inner)) > 1 else None
    if not word.isascii():
        word = _without_prose(word)
    name = clean(word)
    return name if name and _is_file(name) else None


def _special(word: str) -> str | None:
    """A `file://` URI; any other URL and an e-mail address are none."""
    start = word.find("file://")
    if start >= 0:
        return clean(word[start:].rstrip(".,;:!?)]}'\""))
    at = word.rfind("@")
    if "://" not in word and word[at - 1] == "/":  # a folder such as app/@modal
        return _plain(word)
    return name_of(word[at:]) if "://" not in word and at > 0 and not word[at - 1].isalnum() else None


def _bare(word: str) -> str:
    for _ in range(6):  # **`(x)`**: each round takes one layer off
        if word[:1].isalnum() and word[-1:].isalpha() and "::" not in word and not word.endswith(("'s", "’s")):
            return word
        before = word
        word = without_position(word.rstrip(".,;:!?…'’*"))
        word = word.removesuffix("'s").removesuffix("’s")
        if len(word) > 2 and word[0] == word[-1] and word[0] in "*_~" and word[:2] != "__":
            word = word[1:-1]
        if word and word[-1] in _CLOSING and not _closes_inside(word):
            word = word[:-1]
        if word and word[0] in _OPENING and not _opens_part(word):
            word = word[1:]
        if word == before:
            break
    return word.removeprefix("@").removeprefix("#file:")


def _closes_inside(word: str) -> bool:
    """Whether the last character belongs to the name: `__init__`, `a(b)`, but not `(a` + `)`."""
    last = word[-1:]
    if last == ")":
        return "(" in word[1:]
    if last == "]":
        return "[" in word[1:]
    return False


def _opens_part(word: str) -> bool:
    """Whether the first character belongs to the name: `[id]/page.tsx`, `_app.tsx`, `(shop)/x`."""
    first = word[0]
    if first in "([":
        return {"(": ")/", "[": "]/"}[first] in word or word[1:].find({"(": ")", "[": "]"}[first]) > 0
    return first == "_" and not word.endswith("_")


def _after_colon(word: str) -> str | None:
    if _is_host(word.partition("/")[0]):
        return None
    left, _, right = word.rpartition(":")
    return name_of(right) or (name_of(left) if len(left) > 1 and left.count(":") < 3 else None)


def _without_prose(word: str) -> str:
    """The name in a word that runs on without blanks, as in Chinese: `修复src/a.rs中的` holds `src/a.rs`."""
    if not _IDEOGRAMS.search(word):
        return word
    dot = word.rfind(".")
    ending = _LATIN_RUN.match(word, dot + 1)
    head = word[:dot] + "." + (ending.group() if ending else "")
    first, slash, rest = head.partition("/")
    cut = max((match.end() for match in _IDEOGRAMS.finditer(first)), default=0)
    kept = first[cut:]
    return (kept if kept and (slash or not kept.startswith(".")) else first) + slash + rest


def _is_file(name: str) -> bool:
    last, ending = base(name), extension(name)
    if name.startswith("#") or ("/" in name and _LIBRARY.search(name)):
        return False
    if last.startswith("."):
        return _is_dotfile(last)
    if "/" in name and _is_host(name.partition("/")[0]):
        return False
    if ending in EXTENSIONS:
        return _is_plausible(name, last, ending)
    return is_known(name) or ("/" in name and (_has_unknown_ending(name, ending) or _is_program(name)))


def _is_dotfile(last: str) -> bool:
    if last in DOTFILES or last == ".env" or last.startswith((".env.", ".git", ".babelrc", ".eslintrc", ".prettierrc")):
        return last != ".git"
    return (last.endswith(("rc", "ignore")) and len(last) > 5) or ("." in last[1:] and extension(last) in EXTENSIONS)


def _is_plausible(name: str, last: str, ending: str) -> bool:
    if "/" in name:
        return not last.lower().startswith("v.") and any(map(str.isalnum, last))
    if last in EXTENSIONLESS:
        return True
    if ending in AMBIGUOUS or last.lower() in NOT_FILES:
        return False
    stem = last[: -len(ending) - 1]
    if ending == "org":
        return "." not in stem
    return any(char.isalpha() or char == "_" for char in stem) or (len(ending) > 1 and stem[-1:].isdigit())


def _is_host(part: str) -> bool:
    match = _HOST.match(part)
    return bool(match and (match.group(1) is None or match.group(1).lower() in TOP_LEVEL_DOMAINS))


def _is_program(name: str) -> bool:
    """A project's own script: `bin/setup`, not `/usr/bin/env` or `.venv/bin/python`."""
    match = _PROGRAM.search(name)
    return bool(match and not name.startswith("/") and "venv" not in name and "/." not in name)


def _has_unknown_ending(name: str, ending: str) -> bool:
    """An extension nobody knows is believed two folders deep: `data/raw/x.parq`, not `net/http.Server`."""
    return name.count("/") > 1 and bool(_ENDING.match(ending)) and ending.isalpha() and base(name).islower()
