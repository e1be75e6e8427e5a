"""What the process says of itself on standard error: little, and never a key."""

from __future__ import annotations

import logging
from collections.abc import Callable


class _Formatter(logging.Formatter):
    """Lines, tracebacks included, with keys taken out whatever the level."""

    def __init__(self, clean: Callable[[str], str]) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._clean = clean

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return self._clean(super().format(record))


def configure(level: str, clean: Callable[[str], str]) -> None:
    """Log from this level on, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(clean))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
