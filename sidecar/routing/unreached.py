"""Rules that no request can reach: an earlier one takes all that they take. What is told is sure; not all is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sidecar.routing.filters import compile_filter, fold
from sidecar.routing.rules import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sidecar.routing.filters import Filter
    from sidecar.values import Rule


def unreached(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    """Each rule that is never reached, with the first of those before it that takes all that it takes."""
    seen: list[tuple[Rule, Filter]] = []
    for rule in rules:
        own = compile_filter(rule.filter)
        kinds = KINDS[rule.kind]
        over = (other for other, taken in seen if kinds <= KINDS[other.kind] and _covers(taken, own))
        if (first := next(over, None)) is not None:
            yield rule, first
        seen.append((rule, own))


def _covers(wide: Filter, narrow: Filter) -> bool:
    """Whether the one filter surely takes every file that the other takes."""
    if wide.form == "all" or fold(wide.text) == fold(narrow.text):
        return True
    match wide.form, narrow.form:
        case ("base", "base" | "exact") | ("path", "path"):
            return wide.needle in narrow.needle
        case ("base", "glob"):
            return any(wide.needle in piece for piece in _base_pieces(fold(narrow.text)))
        case ("glob", "exact"):
            return "/" not in fold(wide.text) and wide.glob is not None and wide.glob.fits(f"/{narrow.needle}")
        case _:
            return False


def _base_pieces(pattern: str) -> list[str]:
    """What stands between the wildcards that every base name fitting a glob holds."""
    last = pattern.rpartition("/")[2]
    return re.split(r"[*?]", re.split(r"\*\*+", last)[-1])
