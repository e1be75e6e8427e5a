"""Where one user's sidecars meet, whatever their data folders: a folder of the system's that only the user may enter.

Not the data folder: two of those contend for a port, and a Unix socket's path holds 107 bytes (unix(7)), which a data
folder's name may exceed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar import private, systems
from sidecar.errors import StoreUnusable

if TYPE_CHECKING:
    from pathlib import Path


def meeting_folder() -> Path:
    """The folder, made where there is none. Its place does not depend on variables that differ between windows.

    Raises:
        StoreUnusable: it cannot be made, or is somebody else's.
    """
    system = systems.this()
    folder = system.meeting_place()
    private.make_folder(folder)
    if not system.is_own(folder.lstat()):
        raise StoreUnusable(f"{folder} is not this user's alone; remove it, so that windows can share a port.")
    return folder
