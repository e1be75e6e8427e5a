"""The input of a freeform tool while its arguments come: the text within `{"input": "…"}`, piece by piece."""

from __future__ import annotations

import json
import re

_START = re.compile(r'\s*\{\s*"input"\s*:\s*"')
#: What must not be cut: an escape that is not complete, or half of a surrogate pair whose other half may follow.
_HELD = re.compile(r"(?:\\u[dD][89abAB][0-9a-fA-F]{2})?(?:\\(?:u[0-9a-fA-F]{0,3})?)?\Z")
#: The text up to the quote that ends it.
_TEXT = re.compile(r'(?:[^"\\]|\\.)*+', re.DOTALL)


class InputReader:
    """Takes the pieces of the arguments' JSON, and gives those of the input."""

    def __init__(self) -> None:
        self._waiting = ""
        self._begun = self._ended = False
        self.told = ""

    def feed(self, piece: str) -> str:
        """The input that this piece brings; empty where the arguments are something else so far."""
        if self._ended:
            return ""
        self._waiting += piece
        if not self._begun:
            start = _START.match(self._waiting)
            if start is None:
                return ""
            self._begun = True
            self._waiting = self._waiting[start.end() :]
        return self._more()

    def _more(self) -> str:
        text = _TEXT.match(self._waiting)
        end = text.end() if text else 0
        self._ended = self._waiting[end : end + 1] == '"'
        held = end if self._ended else min(end, _held(self._waiting[:end]))
        raw, self._waiting = self._waiting[:held], self._waiting[held:]
        try:
            said: str = json.loads(f'"{raw}"', strict=False)  # models forget to escape line breaks
        except ValueError:  # an escape that JSON does not have: told at the end, as it is
            self._ended = True
            return ""
        self.told += said
        return said


def _held(text: str) -> int:
    """Where what must not be cut begins."""
    found = _HELD.search(text)
    return found.start() if found else len(text)
