"""The model that may stand in for one that is gone: the one whose name is most like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from sidecar.store import models, providers

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from sidecar.values import Rule

#: What being of the rule's own provider is worth, so that it decides between equals and no more.
_OWN = 0.05


def offered(db: sqlite3.Connection, rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules, those that cannot serve with the `replacement` that there is for them."""
    rules = tuple(rules)
    if not any(rule.broken for rule in rules):
        return rules  # as nearly always, and the models need not be read
    held = [
        (config.name, model.name, _pairs(model.name))
        for config in providers.every(db)
        for model in models.of(db, config.id)
        if not model.gone
    ]
    return tuple(
        msgspec.structs.replace(rule, replacement=_nearest(rule, held)) if rule.broken else rule for rule in rules
    )


def _nearest(rule: Rule, held: list[tuple[str, str, frozenset[str]]]) -> str | None:
    sought, own = _pairs(rule.model), rule.provider.casefold()

    def score(each: tuple[str, str, frozenset[str]]) -> float:
        return _likeness(sought, each[2]) + (_OWN if each[0].casefold() == own else 0)

    best = max(held, key=score, default=None)
    return f"{best[0]}/{best[1]}" if best else None


def _pairs(text: str) -> frozenset[str]:
    plain = text.casefold()
    return frozenset(plain[at : at + 2] for at in range(len(plain) - 1))


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """From 0 to 1 (Sørensen-Dice coefficient of the pairs of letters)."""
    whole = len(one) + len(other)
    return 2 * len(one & other) / whole if whole else 0.0
