"""One editor's binding on this machine: looked at, and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sidecar.editors.editor import BindingFile, Editor, State
from sidecar.editors.table import Files, Piece, pieces, rows, uses_other
from sidecar.errors import AlreadyExists, NotFound
from sidecar.steps import Step, everywhere, this_system

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def editors() -> tuple[Editor, ...]:
    """All editors, by id; their files without what is in them."""
    return tuple(_editor(name, {piece: _state(piece) for piece in pieces(name)}) for name in rows())


def editor(name: str, folder: Path | None = None) -> Editor:
    """One editor with what is in its files, which belong into `folder`, else where the editor looks for them.

    Raises:
        NotFound: no such editor.
    """
    known = _known(name)
    return _editor(known, {piece: _state(piece) for piece in pieces(known, folder)}, folder, tells_text=True)


def write(name: str, folder: Path | None = None, *, replaces: bool = False) -> Editor:
    """The same, its files written now: all, or none. Settings that a user has are left alone, also where it `replaces`.

    Raises:
        NotFound: no such editor, or this installation has no files for it.
        AlreadyExists: files of ours are there that differ, and are not to be replaced.
        OSError: a file cannot be written.
    """
    known = _known(name)
    found = {piece: _state(piece) for piece in pieces(known, folder)}
    if not found:
        raise NotFound(
            f"This installation has no files for {rows()[known].name}; install it anew from a wheel or a checkout."
        )
    changed = [piece for piece, state in found.items() if state == "different" and not piece.merges]
    if changed and not replaces:
        raise AlreadyExists(_refusal(changed))
    written = {piece: _written(piece, state, replaces=replaces) for piece, state in found.items()}
    return _editor(known, written, folder, tells_text=True)


def _known(name: str) -> str:
    found = next((each for each, row in rows().items() if name.lower() in (each, row.name.lower())), None)
    if found is None:
        raise NotFound(f"There is no editor {name[:80]!r}; there are: {', '.join(rows())}.")
    return found


def _refusal(changed: Sequence[Piece]) -> str:
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    return (
        f"{changed[0].target}{more}: there already, of another version or changed, so nothing was written; "
        "replace what is there with --force."
    )


def _editor(
    name: str, states: Mapping[Piece, State], folder: Path | None = None, *, tells_text: bool = False
) -> Editor:
    row = rows()[name]
    places = {"@FILES@": " ".join(f'"{piece.target}"' for piece in states)}
    steps = [_moved(step.step(this_system(), places), row.files) for step in row.steps]
    note = row.note
    if folder is not None and row.elsewhere is not None:  # it starts nothing there by itself, as the note says it does
        told, note = row.elsewhere.replace("@FOLDER@", folder.as_posix()), None
        steps[0] = msgspec.structs.replace(steps[0], lines=f"{told}\n{steps[0].lines}")
    return Editor(
        id=name,
        name=row.name,
        needs=row.needs,
        files=tuple(_file(piece, state, tells_text=tells_text) for piece, state in states.items()),
        steps=tuple(steps),
        note=note,
    )


def _moved(step: Step, files: Sequence[Files]) -> Step:
    """The step, its file below the folder that the editor uses here where it knows two."""
    for stated in files:
        if step.where is not None and stated.other_root is not None and uses_other(stated):
            system = this_system()
            own, here = everywhere(stated.root).on(system), step.where.on(system)
            if here.startswith(own):
                return msgspec.structs.replace(step, where=everywhere(stated.other_root + here.removeprefix(own)))
    return step


def _file(piece: Piece, state: State, *, tells_text: bool) -> BindingFile:
    return BindingFile(
        path=str(piece.target),
        state=state,
        merges=piece.merges,
        text=_text(piece) if tells_text else None,
    )


def _text(piece: Piece) -> str | None:
    try:
        return piece.read().decode()
    except UnicodeDecodeError:  # a package, to be installed and not read
        return None


def _state(piece: Piece) -> State:
    try:
        return "same" if piece.target.read_bytes() == piece.read() else "different"
    except FileNotFoundError:
        return "absent"


def _written(piece: Piece, state: State, *, replaces: bool) -> State:
    if state == "same" or (state == "different" and (piece.merges or not replaces)):
        return state
    piece.target.parent.mkdir(parents=True, exist_ok=True)
    piece.target.write_bytes(piece.read())
    return "replaced" if state == "different" else "written"
