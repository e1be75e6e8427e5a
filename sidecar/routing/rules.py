"""Which rule a request gets: the first, top to bottom, that is for its kind and takes one of its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sidecar.routing import spelling
from sidecar.routing.filters import Filter, Names, compile_filter
from sidecar.routing.spelling import MOST_BYTES
from sidecar.routing.surprises import also_takes
from sidecar.values import Considered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.values import Kind, RequestKind

__all__ = ["CompiledRule", "Filter", "Lines", "compile_filter", "explain", "first_match", "sift"]

KINDS: dict[Kind, frozenset[RequestKind]] = {
    "any": frozenset({"chat", "fim"}),  # embeddings only by rules of their own: vectors must not change unnoticed
    "chat": frozenset({"chat"}),
    "fim": frozenset({"fim"}),
    "embed": frozenset({"embed"}),
}


@dataclass(frozen=True)
class CompiledRule:
    """A rule with its filter compiled; `position` counts from 1, `filter` is the text that the user wrote."""

    position: int
    filter: str
    kind: Kind
    provider: str
    model: str
    compiled: Filter


def first_match(rules: Sequence[CompiledRule], kind: RequestKind, files: Sequence[str]) -> CompiledRule | None:
    """The rule that takes a request of this kind with these files in context, or None."""
    names = Names(files)
    for rule in rules:
        if kind in KINDS[rule.kind] and (rule.compiled.form == "all" or rule.compiled.find(names) is not None):
            return rule
    return None


class Lines:
    """Tells which lines of a request may hold a name that one of its rules takes; all other lines decide nothing."""

    def __init__(self, filters: Sequence[Filter]) -> None:
        self._needles = [(taken.spelled[0], taken.spelled[1:]) for taken in filters]

    def __call__(self, text: str) -> dict[int, str]:
        """Those of the lines of a text of the request, by where they begin."""
        lowered = text.lower()
        found: dict[int, str] = {}
        for longest, others in self._needles:
            end = 0
            while (at := lowered.find(longest, end)) >= 0:
                begin = lowered.rfind("\n", 0, at) + 1
                end = lowered.find("\n", at)
                end = len(text) if end < 0 else end
                if not others or all(lowered.find(piece, begin, end) >= 0 for piece in others):
                    found[begin] = text[begin:end]
        return dict(sorted(found.items())) if len(found) > 1 else found


def sift(
    rules: Sequence[CompiledRule], kinds: Sequence[RequestKind], body: bytes
) -> tuple[CompiledRule | None, Lines | None]:
    """What a request's bytes tell of its rule without its files: the rule, or which lines decide.

    The rule is the one that `first_match` would give for each of these kinds. Without a rule it depends on the files
    or the kind; without lines too, on every line, or it would take long to tell.
    """
    if len(rules) > 1 and len(rules) * len(body) > MOST_BYTES:
        return None, None
    plain: spelling.Plain | None = None
    doubtful: list[Filter] = []
    for rule in rules:
        own = KINDS[rule.kind]
        if own.isdisjoint(kinds):
            continue
        taken = rule.compiled
        if taken.form == "all":
            if not doubtful:
                return (rule if own.issuperset(kinds) else None), None
            break
        plain = spelling.plain(body) if plain is None else plain
        if plain is None or not taken.spelled:
            return None, None
        for piece in taken.spelled:
            if not plain.holds(piece):
                break
        else:
            doubtful.append(taken)
    return None, Lines(doubtful) if doubtful else None


def explain(rules: Sequence[CompiledRule], kind: RequestKind, files: Sequence[str]) -> tuple[Considered, ...]:
    """Each rule in order, whether it took the request, and why, in one sentence."""
    names = Names(files)
    considered: list[Considered] = []
    winner: CompiledRule | None = None
    for rule in rules:
        matched, why = (False, f"not reached: rule {winner.position} took it") if winner else _judge(rule, kind, names)
        considered.append(
            Considered(
                position=rule.position,
                filter=rule.filter,
                kind=rule.kind,
                matched=matched,
                why=why,
                also_takes=also_takes(rule.compiled),
            )
        )
        winner = rule if matched else winner
    return tuple(considered)


def _judge(rule: CompiledRule, kind: RequestKind, names: Names) -> tuple[bool, str]:
    if kind not in KINDS[rule.kind]:
        return False, "not for embed requests" if rule.kind == "any" else f"only for {rule.kind} requests"
    if rule.compiled.form == "all":
        return True, "catch-all"
    index = rule.compiled.find(names)
    if index is None:
        return False, _why_not(rule.compiled) if names.files else "no file is in context"
    others = rule.compiled.count(names) - 1
    return True, _why(rule.compiled, names.files[index]) + (f", and {others} more" if others else "")


def _why(taken: Filter, name: str) -> str:
    base = name.replace("\\", "/").rpartition("/")[2]
    match taken.form:
        case "exact":
            return f"`{name}` is named exactly `{taken.text[1:]}`"
        case "glob":
            return f"`{name}` fits `{taken.text}`"
        case "path":
            return f"`{taken.text}` is in `{name}`"
        case _:
            return f"`{taken.text}` is in `{base}`"


def _why_not(refused: Filter) -> str:
    match refused.form:
        case "exact":
            return f"no file is named exactly `{refused.text[1:]}`"
        case "glob":
            return f"no file fits `{refused.text}`"
        case "path":
            return f"no file has `{refused.text}` in its path"
        case _:
            return f"no file has `{refused.text}` in its name"
