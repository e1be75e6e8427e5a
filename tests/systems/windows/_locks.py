"""Windows' module `msvcrt`, by what Linux has: locks of a byte that belong to an open file (fcntl(2), F_OFD)."""

import fcntl
import os
import struct

import _windows

LK_NBLCK, LK_UNLCK = 2, 0


def locking(descriptor, mode, size):
    """Lock so many bytes from where the file stands, or raise PermissionError at once, as another handle has them."""
    kind = fcntl.F_UNLCK if mode == LK_UNLCK else fcntl.F_WRLCK
    place = os.lseek(descriptor, 0, os.SEEK_CUR)
    asked = struct.pack("hhqqi4x", kind, os.SEEK_SET, place, size, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, asked)
    except OSError as error:
        raise PermissionError(13, "Permission denied") from error


def setmode(descriptor, mode):
    """Note that bytes are wanted as they are."""
    assert mode == os.O_BINARY
    os.fstat(descriptor)
    _windows.note("setmode", descriptor)
