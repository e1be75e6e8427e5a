"""Rules that no request can reach: an earlier one takes all that they take. What is told is sure; not all is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.routing.filters import compile_filter, fold
from sidecar.routing.rules import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sidecar.routing.filters import Filter
    from sidecar.values import Kind, Rule

#: Kind → those whose rules take all requests that its rules take.
_WIDER: dict[Kind, tuple[Kind, ...]] = {
    kind: tuple(other for other in KINDS if KINDS[kind] <= KINDS[other]) for kind in KINDS
}


def unreached(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Each rule that is never reached, with the first of those before it that takes all that it takes.

    A thousand rules take some hundredths of a second.
    """
    seen = {kind: _Earlier() for kind in KINDS}
    for rule in rules:
        own = compile_filter(rule.filter)
        over = (found for kind in _WIDER[rule.kind] for found in seen[kind].over(own))
        if first := min(over, key=lambda each: each.position, default=None):
            yield rule, first
        seen[rule.kind].add(rule, own)


class _Earlier:
    """The rules of one kind so far, by how the files that they take can be told to be among theirs."""

    def __init__(self) -> None:
        self._same: dict[str, Rule] = {}
        self._bases: list[tuple[str, Rule]] = []
        self._paths: list[tuple[str, Rule]] = []
        self._globs: list[tuple[Filter, Rule]] = []

    def add(self, rule: Rule, own: Filter) -> None:
        """One more, the last."""
        text = fold(own.text)
        self._same.setdefault(text, rule)
        if own.form == "base":
            self._bases.append((own.needle, rule))
        elif own.form == "path":
            self._paths.append((own.needle, rule))
        elif own.form == "glob" and "/" not in text:
            self._globs.append((own, rule))

    def over(self, own: Filter) -> Iterator[Rule]:
        """Of each sort the first that surely takes every file that the filter takes."""
        text = fold(own.text)
        yield from (found for each in ("", text) if (found := self._same.get(each)))
        match own.form:
            case "base":
                yield from _first(self._bases, own.needle)
            case "path":
                yield from _first(self._paths, own.needle)
            case "glob":
                yield from _first(self._bases, "\n".join(_base_pieces(text)))
            case "exact":
                yield from _first(self._bases, own.needle)
                yield from self._first_glob(f"/{own.needle}")

    def _first_glob(self, path: str) -> Iterator[Rule]:
        fitting = (rule for each, rule in self._globs if each.needle in path and each.glob and each.glob.fits(path))
        if found := next(fitting, None):
            yield found


def _first(needles: list[tuple[str, Rule]], text: str) -> Iterator[Rule]:
    """The first whose text stands in that one."""
    for needle, rule in needles:
        if needle in text:
            yield rule
            return


def _base_pieces(pattern: str) -> list[str]:
    """What stands between the wildcards that every base name fitting a glob holds."""
    last = pattern.rpartition("/")[2]
    return re.split(r"[*?]", re.split(r"\*\*+", last)[-1])
