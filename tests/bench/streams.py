"""Cases 4 and 5: streams at full speed, the age of a chunk when it arrives, and streams that are translated."""

from __future__ import annotations

import bisect
import itertools
import re
import statistics

from client import Arrival, Client, unchunked
from measure import Counts, Row, quantile, tell
from processes import Stage
from texts import Texts, streamed

STAMP = re.compile(rb"t=(\d+)\.")
CHAT = "/chat/completions"
RATE = 50


def full_speed(stage: Stage, counts: Counts) -> list[Row]:
    """Chunks per second of one stream: each chunk written by itself, and twenty in a write."""
    rows = []
    for burst, name in ((1, "stream, a chunk per write"), (20, "stream, 20 chunks per write")):
        speeds = _speeds(dict.fromkeys(stage.targets, CHAT), stage.targets, counts, burst)
        direct, bare, mux = (statistics.median(speeds[target]) for target in ("direct", "bare", "mux"))
        ratios = [ours / theirs for ours, theirs in zip(speeds["mux"], speeds["bare"], strict=True)]
        aim, met = ("≥ 0.8 × bare", mux >= 0.8 * bare) if burst == 1 else ("", None)
        spread = (min(ratios), max(ratios))
        rows.append(Row(name, "chunks/s", mux, bare, direct, mux / bare, spread, aim, met))
    return rows


def translated(stage: Stage, counts: Counts) -> list[Row]:
    """Events per second of an Anthropic stream for a client that speaks OpenAI; the others pass it on as it is."""
    rows = []
    clients = {"direct": stage.direct_claude, "bare": stage.bare, "mux": stage.claude}
    paths = {"direct": "/messages", "bare": "/messages", "mux": CHAT}
    for burst, name in ((1, "translated stream"), (20, "translated, 20 events per write")):
        speeds = _speeds(paths, clients, counts, burst)
        direct, bare, mux = (statistics.median(speeds[target]) for target in ("direct", "bare", "mux"))
        spread = (min(speeds["mux"]) / bare, max(speeds["mux"]) / bare)
        aim, met = "≥ 15,000 events/s", mux >= 15_000
        rows.append(Row(name, "events/s", mux, bare, direct, mux / bare, spread, aim, met))
    return rows


def _speeds(paths: dict[str, str], clients: dict[str, Client], counts: Counts, burst: int) -> dict[str, list[float]]:
    """Events per second, target after target, again and again."""
    texts = Texts(burst)
    speeds: dict[str, list[float]] = {target: [] for target in clients}
    orders = itertools.cycle(list(itertools.permutations(clients.items())))
    for number in range(counts.rounds + 1):
        body = streamed(texts, counts.chunks, burst=burst)
        for target, client in next(orders):
            before, arrivals = client.stream(paths[target], body)
            _check(arrivals, counts.chunks)
            if number:
                speeds[target].append(counts.chunks / (arrivals[-1].at - before) * 1e9)
        tell(f"  stream {number} of {counts.rounds}, {burst} per write")
    return speeds


def _check(arrivals: list[Arrival], count: int) -> None:
    """All that was sent must have come."""
    said = unchunked(arrivals).count(b" word")
    if said != count:
        raise RuntimeError(f"{said} of {count} chunks arrived")


def age(stage: Stage, counts: Counts) -> list[Row]:
    """How old a chunk is when it arrives, at 50 chunks per second."""
    texts = Texts(50)
    ages: dict[str, list[float]] = {target: [] for target in stage.targets}
    orders = itertools.cycle(list(itertools.permutations(stage.targets.items())))
    for number in range(max(1, counts.rounds // 2)):
        for target, client in next(orders):
            _, arrivals = client.stream(CHAT, streamed(texts, counts.paced, rate=RATE))
            ages[target] += _ages(arrivals)[1:]
        tell(f"  paced stream {number + 1} of {max(1, counts.rounds // 2)}")
    rows = []
    for name, share, factor in (("age of a paced chunk", 0.5, 1.2), ("age of a paced chunk, p99", 0.99, None)):
        direct, bare, mux = (quantile(ages[target], share) / 1e6 for target in ("direct", "bare", "mux"))
        aim, met = ("", None) if factor is None else ("≤ 1.2 × bare", mux <= factor * bare)
        note = f"added {(mux - direct) / max(1e-6, bare - direct):.2f} × bare's"
        rows.append(Row(name, "ms", mux, bare, direct, mux / bare, aim=aim, met=met, note=note))
    return rows


def _ages(arrivals: list[Arrival]) -> list[float]:
    """Nanoseconds from the sending of each chunk to the arrival of the bytes that bear its time."""
    ends = list(itertools.accumulate(len(arrival.data) for arrival in arrivals))
    raw = b"".join(arrival.data for arrival in arrivals)
    return [arrivals[bisect.bisect_left(ends, stamp.end())].at - int(stamp[1]) for stamp in STAMP.finditer(raw)]
