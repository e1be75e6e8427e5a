"""The mux beside others: python tests/bench/others.py [--quick] [--json FILE] [--without nginx].

A provider asked directly, through nginx, through a bare pass-through and through the mux, in turns and in one run; what
each adds to the provider's own. `plot.py FILE PICTURE` draws the figures.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import itertools
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import start
import streams
from client import Client
from crowd import ask_at_once, watch
from measure import FULL, LEAST, QUICK, Counts, quantile, tell
from nginx import nginx
from processes import HERE, Stage, compile_bytecode, resident_mb, stage
from texts import Conversation, Texts, chat, streamed

CHAT = "/chat/completions"
CONNECTIONS, STREAMS, RATE = 8, 50, 50
LEAST_ADDED = 0.02  # what is less is noise, and no ratio


@dataclass(frozen=True)
class Figure:
    """One figure of each target; `added` says that what counts is what it is more than the provider's own."""

    name: str
    unit: str
    values: dict[str, float]
    added: bool = False

    def ratio(self) -> float | None:
        """The mux's to the pass-through's."""
        mux, bare = self.values.get("mux"), self.values.get("bare")
        own = self.values["direct"] if self.added else 0.0
        if mux is None or bare is None or bare - own < LEAST_ADDED or mux < own:
            return None
        return (mux - own) / (bare - own)


@dataclass(frozen=True)
class Field:
    """Who is compared: a client for each, and the process ids of those that stand between."""

    clients: dict[str, Client]
    pids: dict[str, int]
    stage: Stage
    nginx_start: float | None


def bodies(size: str, count: int, seed: int) -> Iterator[bytes]:
    """Requests of a size, each with text that was not there before: words alone, or the turns of a conversation."""
    if size == "2 KB":
        texts = Texts(seed)
        return (chat(texts.prose(1_900)) for _ in range(count))
    return _turns({"100 KB": 100_000, "1 MB": 1_000_000}[size], count, seed)


def _turns(size: int, count: int, seed: int) -> Iterator[bytes]:
    conversation = Conversation(Texts(seed), size - 1_000 * min(count, 40))
    for _ in range(count):
        conversation.turn()
        yield conversation.body()


def latency(field: Field, counts: Counts) -> list[Figure]:
    """Milliseconds of a plain request, by size, at one connection."""
    figures = []
    for size, share in (("2 KB", 1), ("100 KB", 4), ("1 MB", 20)):
        count = max(3, counts.requests // share)
        seconds: dict[str, list[float]] = {target: [] for target in field.clients}
        orders = itertools.cycle(list(itertools.permutations(field.clients.items())))
        for number, body in enumerate(bodies(size, count + 5, 100)):
            for target, client in next(orders):
                spent = client.ask(CHAT, body)
                if number >= min(5, counts.requests // 10):
                    seconds[target].append(spent)
        figures.append(_medians(f"latency, {size}, 1 connection", seconds))
        tell(f"  {size} at one connection: {count} requests each")
    return figures


def crowded(field: Field, counts: Counts) -> list[Figure]:
    """The same at eight connections, and how many requests a second that makes."""
    figures, speeds = [], {}
    rounds = min(3, counts.rounds)
    for size, share in (("2 KB", 8), ("100 KB", 30), ("1 MB", 150)):
        count = max(2, counts.requests // share)
        seconds: dict[str, list[float]] = {target: [] for target in field.clients}
        rates: dict[str, list[float]] = {target: [] for target in field.clients}
        for round_ in range(rounds):
            queues = [list(bodies(size, count, 1000 * round_ + 10 * k)) for k in range(CONNECTIONS)]
            for target, client in field.clients.items():
                spent, rate = ask_at_once(client, CHAT, queues)
                seconds[target] += spent
                rates[target].append(rate)
        figures.append(_medians(f"latency, {size}, {CONNECTIONS} connections", seconds))
        if size == "2 KB":
            speeds = {target: statistics.median(values) for target, values in rates.items()}
        tell(f"  {size} at {CONNECTIONS} connections: {rounds * CONNECTIONS * count} requests each")
    return [*figures, Figure(f"requests a second, 2 KB, {CONNECTIONS} connections", "1/s", speeds)]


def first_token(field: Field, counts: Counts) -> list[Figure]:
    """Milliseconds from the request to a stream's first token, in front of which some send the head alone."""
    texts = Texts(11)
    seconds: dict[str, list[float]] = {target: [] for target in field.clients}
    orders = itertools.cycle(list(itertools.permutations(field.clients.items())))
    for number in range(counts.requests // 2 + 5):
        body = streamed(texts, 5)
        for target, client in next(orders):
            before, arrivals = client.stream(CHAT, body)
            if number >= min(5, counts.requests // 10):
                first = next(each for each in arrivals if b"data:" in each.data)
                seconds[target].append((first.at - before) / 1e9)
    return [_medians("time to first token", seconds)]


def paced(field: Field, counts: Counts) -> list[Figure]:
    """50 streams at once, 50 tokens a second each: the time between chunks, their age, and the memory meanwhile."""
    texts = Texts(12)
    gaps: dict[str, list[float]] = {target: [] for target in field.clients}
    ages: dict[str, list[float]] = {target: [] for target in field.clients}
    memory: dict[str, float] = {}
    count = STREAMS if counts.requests > 10 else 3
    for _ in range(max(1, counts.rounds // 3)):
        for target, client in field.clients.items():
            more, old = watch(client, CHAT, [streamed(texts, counts.paced, rate=RATE) for _ in range(count)])
            gaps[target] += more
            ages[target] += old
            if target in field.pids and (used := _memory(field.pids[target])) is not None:
                memory[target] = max(memory.get(target, 0.0), used)
    told = [
        Figure(name, "ms", {target: quantile(values, share) for target, values in of.items()}, added=True)
        for name, of, share in (
            (f"time between chunks, {STREAMS} streams, p50", gaps, 0.5),
            (f"time between chunks, {STREAMS} streams, p99", gaps, 0.99),
            (f"age of a chunk, {STREAMS} streams, p50", ages, 0.5),
            (f"age of a chunk, {STREAMS} streams, p99", ages, 0.99),
        )
    ]
    return [*told, Figure(f"memory during {STREAMS} streams", "MB", memory)]


def translated(field: Field, counts: Counts) -> list[Figure]:
    """Events a second of an Anthropic stream: translated by the mux, passed by the pass-through."""
    rows = streams.translated(field.stage, counts)
    return [Figure(row.name, "1/s", _values(direct=row.direct, bare=row.bare, mux=row.mux)) for row in rows]


def idle(field: Field, name: str) -> Figure:
    """Resident memory of each."""
    told = {target: _memory(pid) for target, pid in field.pids.items()}
    return Figure(name, "MB", {target: used for target, used in told.items() if used is not None})


def started(field: Field, tree: Path, counts: Counts) -> Figure:
    """Seconds from the start of each to its first answer."""
    row = start.start(tree, counts)[0]
    return Figure("start to first answer", "s", _values(nginx=field.nginx_start, bare=row.bare, mux=row.mux))


def _values(**values: float | None) -> dict[str, float]:
    return {target: value for target, value in values.items() if value is not None}


def _medians(name: str, seconds: dict[str, list[float]]) -> Figure:
    medians = {target: 1000 * statistics.median(values) for target, values in seconds.items()}
    return Figure(name, "ms", medians, added=True)


def _memory(pid: int) -> float | None:
    """Megabytes of a process and those that it started."""
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    used = [resident_mb(each) for each in (pid, *map(int, children))]
    return None if None in used else sum(each for each in used if each is not None)


@contextlib.contextmanager
def field(tree: Path, *, with_nginx: bool) -> Iterator[Field]:
    """Everyone, ready."""
    with contextlib.ExitStack() as stack:
        ready = stack.enter_context(stage(tree))
        clients = {"direct": ready.direct, "bare": ready.bare, "mux": ready.mux}
        pids = {"bare": ready.bare_pid, "mux": ready.pid}
        seconds = None
        if with_nginx:
            port, pid, seconds = stack.enter_context(nginx(ready.direct.port))
            clients = {"direct": ready.direct, "nginx": Client(port, "/v1"), "bare": ready.bare, "mux": ready.mux}
            pids["nginx"] = pid
        yield Field(clients, pids, ready, seconds)


def measure(tree: Path, counts: Counts, *, with_nginx: bool) -> list[Figure]:
    """All figures."""
    compile_bytecode(tree)
    with field(tree, with_nginx=with_nginx) as ready:
        figures = [idle(ready, "memory, idle")]
        for case in (latency, crowded, first_token, paced, translated):
            tell(f"{case.__name__} …")
            gc.collect()
            gc.disable()
            figures += case(ready, counts)
            gc.enable()
        figures.append(replace(idle(ready, ""), name="memory, afterwards"))
        figures.append(started(ready, tree, counts))
    return figures


def table(figures: list[Figure]) -> str:
    """The figures for people: where something is added, what each adds."""
    lines = [f"{'':46}{'direct':>9}{'nginx':>9}{'bare':>9}{'mux':>9}  unit  mux to bare"]
    for figure in figures:
        own = figure.values.get("direct", 0.0) if figure.added else 0.0
        cells = []
        for target in ("direct", "nginx", "bare", "mux"):
            value = figure.values.get(target)
            if value is not None and figure.added and target != "direct":
                cells.append(f"{value - own:+.3g}")
            else:
                cells.append("" if value is None else f"{value:.3g}" if value < 1000 else f"{value:,.0f}")
        ratio = figure.ratio()
        told = "" if ratio is None else f"{ratio:.2f}"
        lines.append(f"{figure.name:46}" + "".join(f"{cell:>9}" for cell in cells) + f"  {figure.unit:5} {told}")
    return "\n".join(lines)


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument("--quick", action="store_const", dest="counts", const=QUICK, help="less of everything")
    how_much.add_argument("--least", action="store_const", dest="counts", const=LEAST, help="only whether it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--tree", type=Path, default=HERE.parents[1], help="the checkout to measure, if not this one")
    parser.add_argument("--without", choices=["nginx"], help="leave it out")
    options = parser.parse_args()
    figures = measure(options.tree.resolve(), options.counts or FULL, with_nginx=options.without != "nginx")
    if options.json:
        facts = {"python": platform.python_version(), "system": platform.system(), "date": time.strftime("%Y-%m-%d")}
        options.json.write_text(json.dumps({**facts, "figures": [asdict(each) for each in figures]}, indent=1), "utf-8")
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
