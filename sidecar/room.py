"""Whether there is memory for JSON that is about to be read, asked before it is too late to say no."""

from __future__ import annotations

#: Bytes of JSON that are read without asking.
SMALL = 2**20
#: Objects of one member each take some thirty times the room of their text.
GROWTH = 32


def check(size: int) -> None:
    """Nothing, if JSON of so many bytes can be read. Takes microseconds, since the system gives no page before its use.

    msgspec 0.21 does not survive an allocation that fails while it makes objects: the process ends.

    Raises:
        MemoryError: it may take more than there is.
    """
    if size > SMALL:
        bytes(size * GROWTH)
