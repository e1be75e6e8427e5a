"""A port is one data folder's at a time: a lock file for each port, held shared, that names the folder by its hash.

The name changes only under the exclusive lock, which nobody gets while another holds the shared one; so all who hold it
have read the same name, and two data folders that race for a port never both have it.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from sidecar import systems

if TYPE_CHECKING:
    from pathlib import Path

_TRIES = 20
_STEP = 0.005  # seconds; who tries holds the lock for microseconds
_FLAGS = os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)


class Claim:
    """One process's hold on a port for its data folder. The system lets go of it when the process dies."""

    def __init__(self, folder: Path, port: int, home_hash: str) -> None:
        self._path = folder / f"{port}.lock"
        self._home = home_hash.encode()
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process holds the port."""
        return self._descriptor is not None

    def take(self) -> bool:
        """Whether the port is this data folder's, and stays so until `release`. Blocks for 0.1 s at most.

        Raises:
            OSError: the lock file cannot be used.
        """
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, _FLAGS, 0o600)
        try:
            for _ in range(_TRIES):
                if systems.this().claim(descriptor, self._home):
                    self._descriptor, descriptor = descriptor, -1
                    return True
                time.sleep(_STEP)  # a lock that somebody holds for microseconds; waiting in the kernel has no end
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        return False

    def release(self) -> None:
        """Let another data folder have the port."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
