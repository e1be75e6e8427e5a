"""Anthropic's clients before a provider that speaks chat: what the translation of a short stream costs."""

from __future__ import annotations

import statistics

from client import Arrival, Client, unchunked
from measure import Counts, Row, tell
from processes import Stage
from texts import Texts, streamed

CHAT, MESSAGES = "/chat/completions", "/messages"
EVENTS = 100


def messages(stage: Stage, counts: Counts) -> list[Row]:
    """A stream of 100 events that is translated, beside the same one that passes; and one of full length."""
    texts = Texts(60)
    spent: dict[str, list[float]] = {CHAT: [], MESSAGES: []}
    for number in range(counts.requests // 2 + 10):
        body = streamed(texts, EVENTS, burst=20)
        for path in (CHAT, MESSAGES) if number % 2 else (MESSAGES, CHAT):
            seconds = _seconds(stage.mux, path, body, EVENTS)
            if number >= min(10, counts.requests):
                spent[path].append(seconds)
    tell(f"  {len(spent[CHAT])} streams of {EVENTS} events each way")
    ours, passed = (1000 * statistics.median(spent[path] or [0.0]) for path in (MESSAGES, CHAT))
    ratio = ours / max(1e-9, passed)
    row = Row(
        "100 events, translated for Messages", "ms", ours, passed, ratio=ratio, aim="≤ 2 × chat's", met=ratio <= 2
    )
    speeds = [counts.chunks / _seconds(stage.mux, MESSAGES, streamed(texts, counts.chunks, burst=20), counts.chunks)]
    return [row, Row("translated for Messages, 20 events per write", "events/s", statistics.median(speeds))]


def _seconds(client: Client, path: str, body: bytes, count: int) -> float:
    """From the request to the last byte of a stream that says all its words."""
    before, arrivals = client.stream(path, body)
    _check(arrivals, count)
    return (arrivals[-1].at - before) / 1e9


def _check(arrivals: list[Arrival], count: int) -> None:
    said = unchunked(arrivals).count(b" word")
    if said != count:
        raise RuntimeError(f"{said} of {count} events arrived")
