"""A damaged database is put aside under another name, never wiped: what can be saved from it stays there."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sidecar import private
from sidecar.errors import StoreUnusable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

_MARK = ".corrupt-"
# https://www.sqlite.org/walformat.html: they belong to the file by its name, and may hold the newest of it.
_COMPANIONS = ("-wal", "-shm")


def guard(path: Path) -> AbstractContextManager[None]:
    """The lock under which a database is made, migrated or put aside."""
    return private.lock(path.parent / "store.lock")


def put_aside(path: Path) -> Path | None:
    """Renames the file to `NAME.corrupt-TIME` and returns that; None if another process did so and it is sound by now.

    Raises:
        StoreUnusable: it cannot be renamed (on Windows, while another process has it open).
    """
    if _sound(path):
        return None
    aside = path.with_name(f"{path.name}{_MARK}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    try:
        path.rename(aside)
        for suffix in _COMPANIONS:
            with suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise StoreUnusable(
            f"{path} is damaged and cannot be put aside ({error.strerror or error}); close other windows and try again."
        ) from error
    return aside


def asides(path: Path) -> tuple[Path, ...]:
    """What was put aside of this file and is still there, oldest first."""
    mark = f"{path.name}{_MARK}"
    try:
        names = os.listdir(path.parent)  # noqa: PTH208 - asked each second: a tenth of what `glob` takes
    except OSError:
        return ()
    found = sorted(name for name in names if name.startswith(mark) and not name.endswith(_COMPANIONS))
    return tuple(path.parent / name for name in found)


def remains(path: Path) -> bool:
    """Whether SQLite's files of this file are there, which a process left that held it: then it was here."""
    for suffix in _COMPANIONS:
        with suppress(FileNotFoundError, NotADirectoryError):
            if path.with_name(path.name + suffix).stat().st_size:
                return True
    return False


def kept(path: Path) -> str | None:
    """What to do about the newest of them, in a sentence; None if there is none."""
    found = asides(path)
    if not found:
        return None
    return (
        f"The configuration was damaged and was put aside as {found[-1]}; restore what is needed from a copy, "
        "then remove that file."
    )


def sentence(path: Path, aside: Path | None) -> str:
    """What to tell the user."""
    where = f"put aside as {aside}" if aside else "put aside"
    return f"{path} was damaged and was {where}; a new one was begun. Restore it from a copy, or set it up again."


def check(path: Path) -> str | None:
    """What SQLite's own check finds wrong in the file, None if nothing. Takes time with the file's size."""
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
        ) as database:
            found: str = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return str(error)
        raise
    return None if found == "ok" else found


def _sound(path: Path) -> bool:
    return not path.exists() or check(path) is None
