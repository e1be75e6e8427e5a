"""The table of editors: a TOML file each, and the files of their bindings, in the installation or beside its source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sidecar.editors.vsix import vsix
from sidecar.settings import user_path
from sidecar.steps import StatedStep, Where, everywhere, stated, this_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HERE = Path(__file__).parent
_PACKED = _HERE / "files"  # only in a wheel: editors/pack.py
_SOURCE = _HERE.parents[1] / "editors"


class Files(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Files of a binding: those that `from` (globs below the editor's folder) takes, and the folder they go to.

    That is `below` the editor's own folder `root`, the current one where that is `.`; it is below `other_root` where
    that is there and `root` is not, since to make `root` would hide it from some editors. `merges`: users have such
    files already, with settings of their own. `vsix`: they go there as one file of that name, which VS Code installs.
    """

    from_: tuple[str, ...]
    root: str | Where
    other_root: str | None = None
    below: str = ""
    merges: bool = False
    vsix: str | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An editor as its file states it. In its steps `@FILES@` stands for where its files go.

    `elsewhere` is what it has to be told where they go to a folder, `@FOLDER@`, in which it does not look by itself.
    """

    name: str
    needs: str
    files: tuple[Files, ...]
    steps: tuple[StatedStep, ...] = ()
    note: str | None = None
    elsewhere: str | None = None


@dataclass(frozen=True)
class Piece:
    """One file of a binding: where it is, where it belongs, and whether users have such a file of their own.

    A folder as its source is packed as an extension for VS Code.
    """

    source: Path
    target: Path
    merges: bool

    def read(self) -> bytes:
        """What is in it. Raises OSError where it cannot be read."""
        return vsix(self.source) if self.source.is_dir() else self.source.read_bytes()


@cache
def rows() -> Mapping[str, Row]:
    """The editors, by id."""
    return stated(_HERE / "rows", Row)


def pieces(name: str, folder: Path | None = None) -> tuple[Piece, ...]:
    """The files of an editor's binding; they belong into `folder`, else where the editor looks for them."""
    return tuple(piece for each in rows()[name].files for piece in _pieces(name, each, folder))


def _pieces(name: str, files: Files, folder: Path | None) -> Iterator[Piece]:
    source = (_PACKED if _PACKED.is_dir() else _SOURCE) / name
    target = folder or _folder(files)
    if files.vsix and source.is_dir():
        yield Piece(source, target / files.vsix, files.merges)
        return
    for path in sorted({path for glob in files.from_ for path in source.glob(glob)}):
        if path.is_file():
            yield Piece(path, target / path.relative_to(source), files.merges)


def _folder(files: Files) -> Path:
    root = files.other_root if files.other_root is not None and uses_other(files) else files.root
    return _resolved(root) / files.below


def uses_other(files: Files) -> bool:
    """Whether the editor's folder is its other one here: that is there, and its usual one is not."""
    if files.other_root is None or _resolved(files.root).is_dir():
        return False
    return _resolved(files.other_root).is_dir()


def _resolved(place: str | Where) -> Path:
    return user_path(everywhere(place).on(this_system())).absolute()
