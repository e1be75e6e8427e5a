"""Measures the mux beside a bare pass-through and the provider itself: python tests/bench/run.py [--quick] [NAME …].

All run as processes on this machine, on ports that the system chooses, in turns, so that noise hits all alike. What
counts are the ratios: figures differ between machines, and ratios hardly do.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import latency
import messages
import start
import stdio
import streams
from measure import FULL, LEAST, QUICK, Counts, Row, tell
from processes import HERE, Stage, compile_bytecode, stage

Case = Callable[[Stage, Counts], list[Row]]

# `memory` is the first: it must find a mux that has answered nothing yet.
OVER_HTTP: dict[str, Case] = {
    "memory": start.memory,
    "small": latency.small,
    "turn": latency.turn,
    "unseen": latency.unseen,
    "stream": streams.full_speed,
    "age": streams.age,
    "translated": streams.translated,
    "messages": messages.messages,
}
NAMES = (*OVER_HTTP, "routing", "start", "stdio")


def routing(tree: Path, counts: Counts) -> list[Row]:
    """Routing alone, in a process of its own."""
    command = [sys.executable, str(HERE / "inprocess.py"), str(counts.repeats)]
    told = subprocess.run(command, cwd=tree, stdout=subprocess.PIPE, check=True, text=True)
    aims = {"1,000 rules × 50 files": 1.0, "the last of 1,000 rules fits": 1.0, "Claude Code's first request": 2.0}
    return [
        Row(name, "ms", spent, aim=f"≤ {aims[name]:g} ms", met=spent <= aims[name])
        if name in aims
        else Row(name, "ms", spent)
        for name, spent in json.loads(told.stdout).items()
    ]


def measure(names: list[str], counts: Counts, tree: Path) -> list[Row]:
    """The rows of these cases, in the order of `NAMES`."""
    compile_bytecode(tree)
    rows: list[Row] = []
    over_http = [name for name in OVER_HTTP if name in names]
    if over_http:
        with stage(tree) as ready:
            for name in over_http:
                rows += told(name, lambda name=name: OVER_HTTP[name](ready, counts))  # type: ignore[misc]
    if "routing" in names:
        rows += told("routing", lambda: routing(tree, counts))
    if "start" in names:
        rows += told("start", lambda: start.start(tree, counts))
    if "stdio" in names:
        rows += told("stdio", lambda: stdio.stdio(tree, counts))
    return rows


def told(name: str, case: Callable[[], list[Row]]) -> list[Row]:
    """Run a case, telling so."""
    tell(f"{name} …")
    before = time.monotonic()
    gc.collect()
    gc.disable()
    try:
        return case()
    finally:
        gc.enable()
        tell(f"{name}: {time.monotonic() - before:.0f} s")


def table(rows: list[Row]) -> str:
    """The rows for people."""
    head = ("case", "mux", "bare", "direct", "unit", "ratio", "spread", "aim", "", "")
    cells = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head) - 1)]
    return "\n".join("  ".join([*map(str.ljust, line, widths), line[-1]]).rstrip() for line in cells)


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}" + (" added" if row.added else "")
    spread = "" if row.spread is None else "{:.2f}–{:.2f}".format(*row.spread)
    met = {True: "met", False: "MISSED", None: ""}[row.met]
    figures = (_figure(row.mux), _figure(row.bare), _figure(row.direct))
    return (row.name, *figures, row.unit, ratio, spread, row.aim, met, row.note)


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main() -> int:
    """Measure, print the table; 1 if an aim was missed and `--strict` was given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"cases, all unless named: {', '.join(NAMES)}")
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument("--quick", action="store_const", dest="counts", const=QUICK, help="less of everything")
    how_much.add_argument("--least", action="store_const", dest="counts", const=LEAST, help="only whether it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    parser.add_argument("--tree", type=Path, default=HERE.parents[1], help="the checkout to measure, if not this one")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if an aim is missed")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    rows = measure(options.names or list(NAMES), options.counts or FULL, options.tree.resolve())
    if options.json:
        facts = {"python": platform.python_version(), "system": platform.system(), "date": time.strftime("%Y-%m-%d")}
        options.json.write_text(json.dumps({**facts, "rows": [asdict(row) for row in rows]}, indent=1), "utf-8")
    print(table(rows))
    return int(options.strict and any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
