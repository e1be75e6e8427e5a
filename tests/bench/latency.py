"""Cases 1 to 3: what a request costs on its way through, by its size and by what of it was seen before."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace

from measure import Counts, Row, added_row, quantile, tell
from processes import HERE, Stage
from texts import Conversation, Texts, chat

Seconds = dict[str, list[float]]
CHAT = "/chat/completions"


def small(stage: Stage, counts: Counts) -> list[Row]:
    """A request of 2 KB at one connection, another text each time."""
    texts = Texts(1)
    seconds = _ask_in_turns(stage, (chat(texts.prose(1_900)) for _ in range(counts.requests + 30)), skip=30)
    return [added_row("latency, 2 KB", seconds, 1.2, "added ≤ 1.2 × bare's")]


def turn(stage: Stage, counts: Counts) -> list[Row]:
    """An agent's turn: 100 KB as before and 2 KB that are new."""
    seconds: Seconds = {}
    for number in range(counts.conversations):
        conversation = Conversation(Texts(100 + number), 100_000 - 2_000 * (counts.turns // 2))
        bodies = []
        for _ in range(counts.turns + 2):
            conversation.turn()
            bodies.append(conversation.body())
        for target, values in _ask_in_turns(stage, bodies, skip=2).items():
            seconds.setdefault(target, []).extend(values)
        tell(f"  conversation {number + 1} of {counts.conversations}")
    return [added_row("an agent's turn, 100 KB", seconds, 1.0, "added ≤ 1 × bare's")]


def unseen(stage: Stage, counts: Counts) -> list[Row]:
    """100 KB that were never seen before, and whether others have to wait meanwhile."""
    requests = max(2, counts.requests // 6)
    bodies = [chat(Texts(1000 + number).attached(100_000)) for number in range(requests + 5)]
    row = added_row("100 KB never seen", _ask_in_turns(stage, bodies, skip=5), 0.0, "added ≤ bare's + 2 ms")
    assert row.mux is not None
    assert row.bare is not None
    rows = [replace(row, met=row.mux - row.bare <= 2.0)]
    return [*rows, _waiting(stage, counts)]


def _ask_in_turns(stage: Stage, bodies: Iterable[bytes], skip: int) -> Seconds:
    """Each body to each target, the first one changing from body to body; the first `skip` are for warming up."""
    seconds: Seconds = {target: [] for target in stage.targets}
    orders = itertools.cycle(list(itertools.permutations(stage.targets.items())))
    for number, body in enumerate(bodies):
        for target, client in next(orders):
            spent = client.ask(CHAT, body)
            if number >= skip:
                seconds[target].append(spent)
    return seconds


def _waiting(stage: Stage, counts: Counts) -> Row:
    """How long `/health` takes while bodies of 100 KB are read, beyond what it takes when all is quiet."""
    gaps: dict[str, list[float]] = {"bare": [], "mux": []}
    quiet: dict[str, list[float]] = {"bare": [], "mux": []}
    for number in range(counts.rounds):
        for target in gaps:
            idle, loaded = _probed(stage, target, counts, seed=5000 + 100 * number)
            quiet[target] += idle
            gaps[target] += loaded
        tell(f"  probe {number + 1} of {counts.rounds}")
    over = {
        target: [1000 * (quantile(values, share) - quantile(quiet[target], 0.5)) for share in (0.99, 1.0)]
        for target, values in gaps.items()
    }
    return Row(
        name="others wait for it (p99)",
        unit="ms",
        mux=over["mux"][0],
        bare=over["bare"][0],
        ratio=over["mux"][0] / max(1e-6, over["bare"][0]),
        aim="≤ 5 ms over idle",
        met=over["mux"][0] <= 5.0,
        note=f"longest: bare {over['bare'][1]:.1f}, mux {over['mux'][1]:.1f}; {len(gaps['mux'])} pings",
    )


def _probed(stage: Stage, target: str, counts: Counts, seed: int) -> tuple[list[float], list[float]]:
    """Round trips of pings when all is quiet, and while unseen bodies are on their way."""
    client = stage.targets[target]
    bodies = [chat(Texts(seed + number).attached(100_000)) for number in range(max(2, counts.repeats // 20))]
    command = [sys.executable, str(HERE / "probe.py"), str(client.port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as probe:
        time.sleep(0.5)  # pings while all is quiet
        spans = []
        for body in bodies:
            before = time.monotonic()
            client.ask(CHAT, body)
            spans.append((before, time.monotonic()))
            time.sleep(0.01)  # a ping or two between bodies
        pings = json.loads(probe.communicate("\n")[0])
    busy = [spent for at, spent in pings if any(at < end and at + spent > start for start, end in spans)]
    idle = [spent for at, spent in pings if at + spent < spans[0][0]]
    return idle or [0.0], busy or [0.0]
