"""Which rules are told to be never reached: those below one that takes all that they take, and no other."""

from __future__ import annotations

import pytest

from sidecar.routing.unreached import unreached
from sidecar.values import Rule


def below(*rules):
    """The positions of the rules that are never reached; each is a filter, with a kind after a blank."""
    made = []
    for position, text in enumerate(rules, start=1):
        taken, _, kind = text.partition(" ")
        made.append(Rule(position=position, filter=taken, kind=kind or "any", provider="p", model="m"))
    return [(rule.position, over.position) for rule, over in unreached(made)]


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (".ts", ".ts"),
        (".ts", ".TSX"),
        (".ts", "*.ts"),
        (".ts", "src/**/*.test.ts"),
        (".ts", "=app.ts"),
        ("src/", "web/src/app"),
        ("*.ts", "=app.ts"),
        ("src/*.ts", "src/*.TS"),
        (".ts", ".ts chat"),
        (".ts chat", ".ts chat"),
    ],
)
def test_never_reached(wide, narrow):
    """All files of the second are the first one's."""
    assert below(wide, ".md", narrow) == [(3, 1)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (".tsx", ".ts"),
        ("*.ts", ".ts"),
        (".ts", "src/app.ts"),
        (".ts", "a.ts**b"),
        (".ts", "a.ts/*"),
        ("src", "src/*.py"),
        ("src/*.ts", "=app.ts"),
        ("=app.ts", "app.ts"),
        (".ts chat", ".ts"),
        (".ts", ".ts embed"),
        (" chat", ""),
        ("", " embed"),
    ],
)
def test_reached(first, second):
    """Some file or request of the second is not the first one's."""
    assert below(first, second) == []
