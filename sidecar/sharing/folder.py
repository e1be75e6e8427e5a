"""Where one user's sidecars meet, whatever their data folders: a folder of the system's that only the user may enter.

Not the data folder: two of those contend for a port, and a Unix socket's path holds 107 bytes (unix(7)), which a data
folder's name may exceed.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from sidecar import private
from sidecar.errors import StoreUnusable

_NAME = "mux-sidecar"


def meeting_folder() -> Path:
    """The folder, made where there is none. Its place does not depend on variables that differ between windows.

    Raises:
        StoreUnusable: it cannot be made, or is somebody else's.
    """
    folder = _place()
    private.make_folder(folder)
    status = folder.lstat()
    if hasattr(os, "geteuid") and (
        not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077
    ):
        raise StoreUnusable(f"{folder} is not this user's alone; remove it, so that windows can share a port.")
    return folder


def _place() -> Path:
    if not hasattr(os, "geteuid"):
        return Path(tempfile.gettempdir()) / _NAME  # on Windows a user's own
    runtime = Path(f"/run/user/{os.geteuid()}")  # pam_systemd(8)
    if os.access(runtime, os.W_OK | os.X_OK):
        return runtime / _NAME
    return Path("/tmp") / f"{_NAME}-{os.geteuid()}"  # noqa: S108 - made for its owner alone, and looked at above
