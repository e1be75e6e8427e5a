"""What a case hands back, and how figures are drawn from samples."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure: the mux's, the bare pass-through's, the provider's own, and what is aimed at.

    `ratio` is the mux's to the pass-through's, of what each *adds* to the provider's own where `added` says so.
    `spread` is the lowest and highest ratio among five parts of the run. `met` is None where there is no aim.
    """

    name: str
    unit: str
    mux: float | None
    bare: float | None = None
    direct: float | None = None
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    aim: str = ""
    met: bool | None = None
    added: bool = False
    note: str = ""


@dataclass(frozen=True)
class Counts:
    """How much is measured."""

    requests: int
    conversations: int
    turns: int
    rounds: int
    chunks: int
    paced: int
    repeats: int
    starts: int


FULL = Counts(requests=1500, conversations=14, turns=25, rounds=9, chunks=20_000, paced=250, repeats=400, starts=9)
QUICK = Counts(requests=300, conversations=4, turns=20, rounds=5, chunks=10_000, paced=100, repeats=100, starts=5)
LEAST = Counts(requests=4, conversations=1, turns=3, rounds=1, chunks=40, paced=20, repeats=2, starts=1)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def tell(what: str) -> None:
    """Progress, on standard error."""
    print(what, file=sys.stderr, flush=True)


def added_row(name: str, seconds: dict[str, list[float]], factor: float, aim: str) -> Row:
    """A row of medians in milliseconds, and the ratio of what is added to the provider's own."""
    direct, bare, mux = (1000 * statistics.median(seconds[target]) for target in ("direct", "bare", "mux"))
    ratio = _ratio(seconds)
    fifth = len(seconds["mux"]) // 5
    parts = [
        _ratio({target: values[at : at + fifth] for target, values in seconds.items()})
        for at in range(0, fifth * 5, fifth or 1)
    ]
    spread = (min(parts), max(parts)) if fifth >= 8 else None
    note = f"p99 {_p99(seconds)}"
    return Row(name, "ms", mux, bare, direct, ratio, spread, aim, ratio <= factor, added=True, note=note)


def _ratio(seconds: dict[str, list[float]]) -> float:
    direct, bare, mux = (statistics.median(seconds[target]) for target in ("direct", "bare", "mux"))
    return (mux - direct) / max(1e-9, bare - direct)


def _p99(seconds: dict[str, list[float]]) -> str:
    return ", ".join(f"{target} {1000 * quantile(values, 0.99):.2f}" for target, values in seconds.items())
