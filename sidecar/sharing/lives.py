"""Whether a sidecar lives: it holds a file, which the system lets go of when it dies. Dead ones' files are removed.

A process's number tells nothing, since it is given anew. Files of the meeting folder are named `HOME-PORT-PROCESS`.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from sidecar import systems

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
#: A card, also one that is being written (see `private.write`), what its owner holds, and its socket for handing over.
_NAME = re.compile(r"\.?(\w+-\d+-\d+)\.(?:card(?:\.\d+\.\d+)?|life|sock)")


def hold(life: Path) -> int:
    """The descriptor by which this process holds its file from now on. Raises OSError."""
    while True:
        descriptor = os.open(life, os.O_CREAT | os.O_RDWR | _NO_FOLLOW, 0o600)
        try:
            systems.this().hold(descriptor)
            is_there = _is_there(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        if is_there:
            return descriptor
        os.close(descriptor)  # it was taken for a dead namesake's before it was held


def lives(life: Path) -> bool:
    """Whether the process of this file lives."""
    return systems.this().is_locked(life)


def bury(life: Path, left: Iterable[Path]) -> None:
    """Remove what this process has left if it is dead: its file last, and while nobody else can hold it."""
    try:
        descriptor = os.open(life, os.O_RDWR | _NO_FOLLOW)
    except FileNotFoundError:
        for path in left:
            if not _listens(path):
                remove(path)
        return
    except OSError:
        return
    try:
        if not systems.this().try_lock(descriptor) or not _is_there(descriptor):
            return
        for path in left:
            remove(path)
        is_gone = remove(life)
    finally:
        os.close(descriptor)
    if not is_gone:
        remove(life)  # Windows removes no file that is open, this one's nor another's


def sweep(folder: Path) -> None:
    """Remove what dead sidecars have left in the meeting folder, whatever their data folders and ports."""
    left: dict[str, list[Path]] = {}
    with suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208 - a tenth of what `iterdir` takes
            if found := _NAME.fullmatch(name):
                left.setdefault(found[1], []).append(folder / name)
    for owner, paths in left.items():
        life = folder / f"{owner}.life"
        bury(life, [path for path in paths if path != life])


def remove(path: Path) -> bool:
    """Whether the file could be removed, or is not there."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _is_there(descriptor: int) -> bool:
    """Whether the locked file still has its name: another one of that name may be held by who lives."""
    return os.fstat(descriptor).st_nlink > 0


def _listens(path: Path) -> bool:
    """Whether a process listens at this socket, as one does that has not yet shown its card."""
    if path.suffix != ".sock" or (line := systems.this().line()) is None:
        return False
    with line:
        line.setblocking(False)  # noqa: FBT003 - the standard library's signature
        try:
            line.connect(str(path))
        except BlockingIOError:  # its queue is full
            return True
        except OSError:
            return False
    return True
