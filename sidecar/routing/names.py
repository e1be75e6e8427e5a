"""Names of files as prompts spell them, made uniform: `file:///src/my%20a.py#L3` is `/src/my a.py`."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sidecar.routing.filetypes import EXTENSIONLESS, EXTENSIONLESS_IN_FOLDER, EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_NAME = 512

_POSITION = re.compile(
    r"(?::L?\d+(?:[-:,.]L?\d+)*:?|#L?\d+(?:C\d+)?(?:[-:]L?\d+(?:C\d+)?)?|\s*\(\d+(?:\s?[-,:]\s?\d+)*\)"
    r"|\s*\(lines? \d+(?:\s?(?:-|to)\s?\d+)?\)|::[\w.:\[\]<>-]+)$",
)
_DRIVE = re.compile(r"/[A-Za-z]:/")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f*<>|\ufffd]")


def clean(raw: str) -> str | None:
    r"""The file that a client's own mark or a tool's argument names, or None if that cannot be one file.

    Quotes, a leading `@`, line numbers and `file://` are taken off, `\\` is read as `/`.
    """
    if len(raw) > LONGEST_NAME:
        return None
    name = raw.strip(" \t\r\n`\"'").removeprefix("@").strip("`\"'")
    name = without_position(name)
    if "://" in name:
        name = _from_uri(name)
    name = name.replace("\\", "/").removeprefix("./")
    if not name or name.endswith("/") or name in (".", "..", "~", "dev/null", "/dev/null") or _UNSAFE.search(name):
        return None
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def without_position(name: str) -> str:
    """The name without the lines behind it: `:12`, `#L3-L9`, `(1-6)`, `::test_total`."""
    if name and (name[-1] in "0123456789):" or "::" in name):
        return _POSITION.sub("", name)
    return name


def _from_uri(uri: str) -> str:
    scheme, _, path = uri.partition("://")
    if scheme.lower().rpartition(":")[2] != "file":
        return ""
    path = unquote(path.partition("#")[0].partition("?")[0]).removeprefix("localhost")
    return path[1:] if _DRIVE.match(path) else path


def extension(name: str) -> str:
    """What follows the last dot of the base name, in small letters; empty without one."""
    stem, dot, ending = base(name).rpartition(".")
    return ending.lower() if dot and stem else ""


def base(name: str) -> str:
    """What follows the last `/`."""
    return name.rpartition("/")[2]


def is_known(name: str) -> bool:
    """Whether the name has a known extension, is a dotfile, or is known without an extension (`Makefile`)."""
    last = base(name)
    if last in EXTENSIONLESS or (last.startswith(".") and len(last) > 2):
        return True
    stem, dot, _ = last.partition(".")
    if dot and stem in EXTENSIONLESS:
        return True
    return extension(last) in EXTENSIONS or ("/" in name and last.lower() in EXTENSIONLESS_IN_FOLDER)


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """The names in order, each file once.

    Of an absolute name and a relative one that it ends with, the relative one stays if it says a folder.
    """
    kept = dict.fromkeys(names)
    if len(kept) < 2:
        return tuple(kept)
    absolute = [name for name in kept if is_absolute(name)]
    if not absolute or len(absolute) == len(kept):
        return tuple(kept)
    for name in [name for name in kept if not is_absolute(name)]:
        longer = [other for other in absolute if other.endswith("/" + name)]
        if not longer:
            continue
        for other in longer if "/" in name else [name]:
            kept.pop(other, None)
    return tuple(kept)


def is_absolute(name: str) -> bool:
    """Whether the name says where the file is, wherever one stands: `/src/a.py`, `~/a.py`, `C:/a.py`."""
    return name.startswith(("/", "~/")) or name[1:3] == ":/"
