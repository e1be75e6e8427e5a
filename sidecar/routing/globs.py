"""Globs over paths: `*` and `?` stop at `/`, `**` does not, and a match takes time linear in the path.

The matcher keeps the set of pattern positions reached so far as the bits of one integer (Baeza-Yates and Gonnet's
Shift-And, extended by stars), so there is no backtracking to blow up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ELEMENT = re.compile(r"\*\*+|\*|\?|[^*?]")


@dataclass(frozen=True)
class Glob:
    """A compiled glob. `literal` is its longest run without wildcards, folded as the pattern was: a first test."""

    literal: str
    end: int
    accepts: dict[str, int]
    any_char: int
    stars: int
    deep_stars: int
    skips: int

    def fits(self, path: str) -> bool:
        """Whether the pattern fits the end of the path, beginning at a `/` or at the path's start."""
        state, start = 0, True
        for char in path:
            state = self._step(self._close(state | start), char)
            start = char == "/"
        return bool(self._close(state | start) & self.end)

    def _close(self, state: int) -> int:
        state |= (state & self.skips) << 2
        return state | (state & (self.stars | self.deep_stars)) << 1

    def _step(self, state: int, char: str) -> int:
        if char == "/":
            return (state & self.accepts.get(char, 0)) << 1 | state & self.deep_stars
        return (state & (self.accepts.get(char, 0) | self.any_char)) << 1 | state & (self.stars | self.deep_stars)


def compile_glob(pattern: str) -> Glob:
    """The glob for a folded pattern. A `**/` at the start of a part stands for any number of folders, also none."""
    elements = _ELEMENT.findall(pattern.lstrip("/"))
    accepts: dict[str, int] = {}
    any_char = stars = deep_stars = skips = 0
    for index, element in enumerate(elements):
        bit = 1 << index
        if element == "?":
            any_char |= bit
        elif element == "*":
            stars |= bit
        elif len(element) > 1:
            deep_stars |= bit
            skips |= bit if _is_folders(elements, index) else 0
        else:
            accepts[element] = accepts.get(element, 0) | bit
    literal = max(re.split(r"\*+|\?", pattern.replace("**/", "**")), key=len)
    return Glob(literal, 1 << len(elements), accepts, any_char, stars, deep_stars, skips)


def _is_folders(elements: list[str], index: int) -> bool:
    starts_part = index == 0 or elements[index - 1] == "/"
    return starts_part and elements[index + 1 : index + 2] == ["/"]
