"""Clients of Messages and of Responses before a provider that speaks chat: what translating a short stream costs."""

from __future__ import annotations

import json
import statistics

from client import Arrival, Client, unchunked
from measure import Counts, Row, tell
from processes import Stage
from texts import Texts, streamed

CHAT, MESSAGES, RESPONSES = "/chat/completions", "/messages", "/responses"
EVENTS = 100


def messages(stage: Stage, counts: Counts) -> list[Row]:
    """A stream of 100 events that is translated, beside the same one that passes; and one of full length."""
    texts = Texts(60)
    paths = (CHAT, MESSAGES, RESPONSES)
    spent: dict[str, list[float]] = {path: [] for path in paths}
    for number in range(counts.requests // 2 + 10):
        body = streamed(texts, EVENTS, burst=20)
        for path in paths if number % 2 else reversed(paths):
            asked = _as_input(body) if path == RESPONSES else body
            seconds = _seconds(stage.mux, path, asked, EVENTS)
            if number >= min(10, counts.requests):
                spent[path].append(seconds)
    tell(f"  {len(spent[CHAT])} streams of {EVENTS} events each way")
    passed = 1000 * statistics.median(spent[CHAT] or [0.0])
    rows = []
    for name, path in (("Messages", MESSAGES), ("Responses", RESPONSES)):
        ours = 1000 * statistics.median(spent[path] or [0.0])
        ratio = ours / max(1e-9, passed)
        told = f"100 events, translated for {name}"
        rows.append(Row(told, "ms", ours, passed, ratio=ratio, aim="≤ 2 × chat's", met=ratio <= 2))
    speeds = [counts.chunks / _seconds(stage.mux, MESSAGES, streamed(texts, counts.chunks, burst=20), counts.chunks)]
    return [*rows, Row("translated for Messages, 20 events per write", "events/s", statistics.median(speeds))]


def _as_input(body: bytes) -> bytes:
    """The same request in the words of Responses."""
    asked = json.loads(body)
    return json.dumps({"input": asked.pop("messages"), **asked}).encode()


def _seconds(client: Client, path: str, body: bytes, count: int) -> float:
    """From the request to the last byte of a stream that says all its words."""
    before, arrivals = client.stream(path, body)
    _check(arrivals, count)
    return (arrivals[-1].at - before) / 1e9


def _check(arrivals: list[Arrival], count: int) -> None:
    said = unchunked(arrivals).count(b" word")
    if said not in (count, 5 * count):  # a response tells its text four times more at the end
        raise RuntimeError(f"{said} of {count} events arrived")
