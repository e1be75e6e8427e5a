"""A rule's filter, compiled: which names of files it takes."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sidecar.errors import InvalidParameter
from sidecar.routing.globs import Glob, compile_glob
from sidecar.routing.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_FILTER = 256

Form = Literal["all", "base", "path", "exact", "glob"]


def fold(text: str) -> str:
    r"""The text as names are compared: NFC, without case, `/` for `\\`."""
    if text.isascii():
        return text.lower().replace("\\", "/")
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return folded.replace("\\", "/")


class Names:
    """The names of a request's files, folded once for any number of filters.

    `joined_bases` and `joined_paths` hold all names, one a line, so that a filter that fits none is told by one
    substring search. Relative paths get a leading `/`, so that absolute and relative names fare alike.
    """

    def __init__(self, files: Sequence[str]) -> None:
        self.files = tuple(files)
        self.paths = tuple("/" + fold(name).lstrip("/").removeprefix("./") for name in files)
        self.bases = tuple(path.rpartition("/")[2] for path in self.paths)
        self.joined_bases = "\n".join(self.bases)
        self.joined_paths = "\n".join(self.paths)


@dataclass(frozen=True)
class Filter:
    """A compiled filter. `text` is what the user wrote, `needle` what is sought, folded; `glob` only for globs.

    `spelled` is what a request's text (`spelling.plain`) must hold, all of it, so that one of its files can be taken.
    """

    text: str
    form: Form
    needle: str = ""
    glob: Glob | None = None
    spelled: tuple[str, ...] = ()

    def find(self, names: Names) -> int | None:
        """The index of the first file that the filter takes, or None."""
        return self._index(names) if self._possible(names) else None

    def count(self, names: Names) -> int:
        """How many files the filter takes."""
        return sum(self._takes(base, path) for base, path in zip(names.bases, names.paths, strict=True))

    def _possible(self, names: Names) -> bool:
        return self.needle in (names.joined_bases if self.form in ("base", "exact") else names.joined_paths)

    def _index(self, names: Names) -> int | None:
        pairs = zip(names.bases, names.paths, strict=True)
        return next((index for index, (base, path) in enumerate(pairs) if self._takes(base, path)), None)

    def _takes(self, base: str, path: str) -> bool:
        match self.form:
            case "base":
                return self.needle in base
            case "path":
                return self.needle in path
            case "exact":
                return self.needle == base
            case "glob":
                return self.glob is not None and self.glob.fits(path)
            case _:
                return True


def compile_filter(text: str) -> Filter:
    r"""The filter that a user wrote, ready to be asked.

    Plain text is sought in the base name, without regard to case; with a `/` or `\\` in it, in the whole path; with
    `*` or `?` it is a glob, matched from the right at `/` boundaries; after a leading `=` it is an exact base name;
    empty it is the catch-all.

    Raises:
        InvalidParameter: it cannot be a filter; `field` is `filter`.
    """
    _refuse_unreadable(text)
    folded = fold(text)
    if not text:
        return Filter(text, "all")
    if text.startswith("="):
        return _exact(text, folded[1:])
    if "*" in text or "?" in text:
        glob = compile_glob(folded)
        return Filter(text, "glob", glob.literal, glob, spelled(glob.literal))
    return Filter(text, "path" if "/" in folded else "base", folded, spelled=spelled(folded))


def _refuse_unreadable(text: str) -> None:
    if len(text) > LONGEST_FILTER:
        raise InvalidParameter("filter", f"A filter has at most {LONGEST_FILTER} characters; this one has {len(text)}.")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text):
        raise InvalidParameter("filter", "A filter is one line without control characters; remove them.")
    if text and not text.strip():
        raise InvalidParameter(
            "filter", "A filter of blanks alone matches nothing useful; leave it empty for all files."
        )
    if text and not text.strip("*"):
        raise InvalidParameter(
            "filter",
            f"{text} alone would match every file; leave the filter empty for a catch-all; on the command line: "
            "mux-sidecar rule default PROVIDER/MODEL",
        )


def _exact(text: str, name: str) -> Filter:
    if not name or "/" in name:
        raise InvalidParameter("filter", "After = comes one file's base name, such as =Makefile.")
    return Filter(text, "exact", name, spelled=spelled(name))
