"""Files that their owner alone may read: the folder 0700, the files 0600, locks, and writing that cannot be half done.

On Windows the folder's access list names the user alone, and what is made in it inherits that.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
            _restrict_folder(folder)
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
        _check_owner(path, os.fstat(descriptor))
        return file.read()


def write(path: Path, data: bytes) -> None:
    """Replaces the file by one of mode 0600, wholly or not at all, on the disk when this returns. Raises OSError."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    descriptor = os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _NO_FOLLOW | _BINARY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


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
    while not _try_lock(descriptor):
        if time.monotonic() > until:
            raise StoreUnusable(f"Another process has held {path} for long; close other windows or try again.")
        time.sleep(_LOCK_STEP)  # waiting in the kernel could not be given up after a while


if sys.platform == "win32":
    import getpass
    import msvcrt
    import subprocess

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _restrict_folder(folder: Path) -> None:
        grant = f"{getpass.getuser()}:(OI)(CI)F"
        command = ["icacls", str(folder), "/inheritance:r", "/grant:r", grant]
        subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - the system's own tool, no shell

    def _check_owner(path: Path, status: os.stat_result) -> None:
        """The folder's access list stands for it."""

    def _sync_folder(folder: Path) -> None:
        """Windows keeps a folder's entries in order by itself."""

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _restrict_folder(folder: Path) -> None:
        status = folder.stat()
        # A sticky folder (/tmp) is everybody's, and another user's folder is not ours to change.
        if status.st_uid == os.geteuid() and not status.st_mode & stat.S_ISVTX:
            folder.chmod(0o700)

    def _check_owner(path: Path, status: os.stat_result) -> None:
        if status.st_uid != os.geteuid():
            raise StoreUnusable(f"{path} belongs to another user and is not read; remove it, or make it yours.")
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise StoreUnusable(f"{path} can be read by others and is not used; run: chmod 600 '{path}'")

    def _sync_folder(folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
