"""What was found in a text, remembered by that text: agents send the same history again each turn."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_ENTRIES = 8192


class Memory(Generic[T]):
    """A bounded map from texts to findings. It keeps a text's hash only, so that prompts do not live on in it."""

    def __init__(self, size: int = MOST_ENTRIES) -> None:
        self.size = size
        self._found: OrderedDict[bytes, T] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._found)

    @staticmethod
    def key(text: bytes | memoryview) -> bytes:
        """What a text is remembered by."""
        return sha256(text, usedforsecurity=False).digest()

    def get(self, key: bytes) -> T | None:
        """What was found, or None for a text not seen yet, or long ago."""
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
            return found

    def put(self, key: bytes, found: T) -> None:
        """Remember; the longest unused goes."""
        with self._lock:
            self._found[key] = found
            self._found.move_to_end(key)
            while len(self._found) > self.size:
                self._found.popitem(last=False)
