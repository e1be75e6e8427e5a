"""Files that their owner alone may read: the folder 0700, the files 0600, locks, and writing that cannot be half done.

On Windows the folder's access list names the user alone, and what is made in it inherits that (see `systems`).
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sidecar import systems
from sidecar.errors import StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOCK_WAIT = 10.0
_LOCK_STEP = 0.02
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)


def make_folder(folder: Path) -> None:
    """Makes the folder for its owner alone.

    One that exists is tightened only while it is empty: a folder that holds other things was not made for us.

    Raises:
        StoreUnusable: it cannot be made.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = _mkdir(folder) or not any(folder.iterdir())
        if fresh:
            systems.this().restrict(folder)
    except OSError as error:
        raise StoreUnusable(
            f"The data folder {folder} cannot be used ({error.strerror or error}); "
            "make it writable, or set MUX_SIDECAR_HOME to another folder."
        ) from error


def create(path: Path) -> bool:
    """Makes an empty file of mode 0600; False if there is one. Raises OSError."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _NO_FOLLOW | _BINARY, 0o600))
    except FileExistsError:
        return False
    return True


def read(path: Path) -> bytes | None:
    """The file's bytes; None if there is none.

    Raises:
        StoreUnusable: it is a link, another user's, or others may read it.
        OSError: it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW | _BINARY)
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.is_symlink():
            raise StoreUnusable(f"{path} is a link and is not followed; put the file itself there.") from error
        raise
    with os.fdopen(descriptor, "rb") as file:
        flaw = systems.this().flaw(path, os.fstat(descriptor))
        if flaw is not None:
            raise StoreUnusable(flaw)
        return file.read()


def told(flaw: StoreUnusable) -> tuple[str, str]:
    """What is wrong with a file that was refused, and the command that mends it; empty where no command does."""
    sentence, _, command = str(flaw).partition("; run: ")
    return (f"{sentence}.", command) if command else (sentence, "")


def write(path: Path, data: bytes) -> None:
    """Replaces the file by one of mode 0600, wholly or not at all, on the disk when this returns. Raises OSError."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    descriptor = os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _NO_FOLLOW | _BINARY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        systems.this().replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)  # it is there only where it was not finished
    systems.this().sync_folder(path.parent)


@contextmanager
def lock(path: Path, wait: float = _LOCK_WAIT) -> Iterator[None]:
    """Holds the lock file alone, among threads and processes; the system lets go of it when a process dies.

    Raises:
        StoreUnusable: another one held it for `wait` seconds, or the file cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | _NO_FOLLOW | _BINARY, 0o600)
    except OSError as error:
        raise StoreUnusable(f"{path} cannot be made ({error.strerror or error}); make the folder writable.") from error
    try:
        _wait_for(descriptor, path, time.monotonic() + wait)
        yield
    finally:
        os.close(descriptor)  # which also lets go of the lock


def _mkdir(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return False
    return True


def _wait_for(descriptor: int, path: Path, until: float) -> None:
    while not systems.this().try_lock(descriptor):
        if time.monotonic() > until:
            raise StoreUnusable(f"Another process has held {path} for long; close other windows or try again.")
        time.sleep(_LOCK_STEP)  # waiting in the kernel could not be given up after a while
