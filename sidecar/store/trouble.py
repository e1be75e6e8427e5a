"""What SQLite complains of, as sentences for the user: the one place where its errors are translated."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from sidecar.errors import StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class StoreDamaged(StoreUnusable):
    """The file is no database, or a broken one."""


class StoreNewer(StoreUnusable):
    """A newer mux-sidecar wrote the file: this one must neither read nor write it."""


class StoreGone(StoreUnusable):
    """The file was there and is not any more."""


_LOCKED = "{path} is locked by another program; nothing was changed. Close what holds it and try again."
_UNWRITABLE = "{path} cannot be opened or written; nothing was changed. Make it and its folder yours and writable."
_FULL = "The disk that holds {path} is full; nothing was changed. Free some space and try again."
_BROKEN_DISK = (
    "{path} could not be read or written ({error}); nothing was changed. Look to the disk and its free space."
)
_DAMAGED = "{path} is damaged ({error}); what was last read of it stays in use. Run: mux-sidecar doctor"

# https://www.sqlite.org/rescode.html: the primary result code is the low byte of the extended one.
_SENTENCES: Mapping[int, tuple[type[StoreUnusable], str]] = {
    sqlite3.SQLITE_BUSY: (StoreUnusable, _LOCKED),
    sqlite3.SQLITE_LOCKED: (StoreUnusable, _LOCKED),
    sqlite3.SQLITE_PERM: (StoreUnusable, _UNWRITABLE),
    sqlite3.SQLITE_READONLY: (StoreUnusable, _UNWRITABLE),
    sqlite3.SQLITE_CANTOPEN: (StoreUnusable, _UNWRITABLE),
    sqlite3.SQLITE_FULL: (StoreUnusable, _FULL),
    sqlite3.SQLITE_IOERR: (StoreUnusable, _BROKEN_DISK),
    sqlite3.SQLITE_CORRUPT: (StoreDamaged, _DAMAGED),
    sqlite3.SQLITE_NOTADB: (StoreDamaged, _DAMAGED),
}
_OTHER = "{path} cannot be used ({error}); restore it from a copy, or move it away to begin anew."


def gone(path: Path) -> str:
    """What to do about a file that is not there any more; what SQLite left beside it may hold the newest changes."""
    return (
        f"{path} is gone; put it back. To begin with an empty one, remove what is left of {path.name}-wal and "
        f"{path.name}-shm beside it and restart mux-sidecar."
    )


#: What `translated` translates.
FOREIGN = (sqlite3.Error, msgspec.MsgspecError, UnicodeDecodeError)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns SQLite's errors within it, and rows that cannot be read, into StoreUnusable.

    Raises:
        StoreUnusable: with a sentence that says what to do.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(path, error) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreUnusable(_OTHER.format(path=path, error=error)) from error


def _translate(path: Path, error: sqlite3.Error) -> StoreUnusable:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    kind, sentence = _SENTENCES.get(code, (StoreUnusable, _OTHER))
    return kind(sentence.format(path=path, error=error))
