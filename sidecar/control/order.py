"""The order of a workspace's rules: a new one goes before the catch-alls, these stay last, and `any` is the very last.

Pure functions over rules; positions count from 1.
"""

from __future__ import annotations

from collections import Counter

from sidecar.errors import InvalidParameter, NotFound
from sidecar.values import RuleDraft

Rules = tuple[RuleDraft, ...]


def arranged(rules: Rules) -> Rules:
    """The rules with the catch-alls last.

    Raises:
        InvalidParameter: two catch-alls have the same kind.
    """
    kinds = Counter(rule.kind for rule in rules if _is_catch_all(rule))
    for kind, count in kinds.items():
        if count > 1:
            raise InvalidParameter("rules", f"There are {count} catch-alls of kind {kind}; keep one of them.")
    return tuple(sorted(rules, key=_rank))


def inserted(rules: Rules, rule: RuleDraft, position: int | None = None) -> Rules:
    """With one rule more: at that position, or before the catch-alls; a catch-all takes the place of its like.

    Raises:
        InvalidParameter: the position is past a catch-all, or before one that must stay last.
    """
    if _is_catch_all(rule):
        like = next((at for at, other in enumerate(rules, start=1) if _is_like(other, rule)), None)
        if like is not None:
            rules = (*rules[: like - 1], *rules[like:])
            position = position or like
    return _placed(rules, rule, position, "position")


def moved(rules: Rules, position: int, to: int) -> Rules:
    """With that rule at another position.

    Raises:
        NotFound: there is no rule at `position`.
        InvalidParameter: `to` is past a catch-all, or before one that must stay last.
    """
    rule = at(rules, position)
    return _placed((*rules[: position - 1], *rules[position:]), rule, to, "to")


def changed(rules: Rules, position: int, rule: RuleDraft) -> Rules:
    """With another rule in place of that one; one that becomes a catch-all, or stops being one, goes where it belongs.

    Raises:
        NotFound: there is no rule at `position`.
    """
    old = at(rules, position)
    rest = (*rules[: position - 1], *rules[position:])
    like = next((index for index, other in enumerate(rest) if _is_like(other, rule)), None)
    if like is not None:
        rest = (*rest[:like], *rest[like + 1 :])
    stays = _rank(old) == _rank(rule) and like is None
    return _placed(rest, rule, position if stays else None, "position")


def removed(rules: Rules, position: int) -> Rules:
    """Without that rule. Raises NotFound."""
    at(rules, position)
    return (*rules[: position - 1], *rules[position:])


def at(rules: Rules, position: int) -> RuleDraft:
    """The rule at that position.

    Raises:
        InvalidParameter: positions count from 1.
        NotFound: there are not so many.
    """
    if position < 1:
        raise InvalidParameter("position", "Positions of rules count from 1.")
    if position > len(rules):
        count = f"the last one is {len(rules)}" if rules else "there are none yet"
        raise NotFound(f"There is no rule {position}; {count}.")
    return rules[position - 1]


def _placed(rules: Rules, rule: RuleDraft, position: int | None, field: str) -> Rules:
    first = 1 + sum(_rank(other) < _rank(rule) for other in rules)
    last = 1 + sum(_rank(other) <= _rank(rule) for other in rules)
    position = last if position is None else position
    if not first <= position <= last:
        raise InvalidParameter(field, _refusal(rule, first, last))
    return (*rules[: position - 1], rule, *rules[position - 1 :])


def _refusal(rule: RuleDraft, first: int, last: int) -> str:
    where = f"position {first}" if first == last else f"positions {first} to {last}"
    if _is_catch_all(rule):
        return f"Catch-alls stay last, in order of their kind; this one can be at {where}."
    return f"A rule stands before the catch-alls, which match everything; this one can be at {where}."


def _is_catch_all(rule: RuleDraft) -> bool:
    return not rule.filter


def _is_like(other: RuleDraft, rule: RuleDraft) -> bool:
    return _is_catch_all(other) and _is_catch_all(rule) and other.kind == rule.kind


def _rank(rule: RuleDraft) -> int:
    """0 for a rule with a filter, 1 for a catch-all of one kind, 2 for the catch-all of any kind."""
    if rule.filter:
        return 0
    return 2 if rule.kind == "any" else 1
