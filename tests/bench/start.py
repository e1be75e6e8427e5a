"""Case 7: from the command to the first answer, and the memory that it takes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from measure import Counts, Row, tell
from processes import HERE, Product, Stage, await_health, end, free_port, resident_mb
from texts import Conversation, Texts, chat, encode, streamed


def start(tree: Path, counts: Counts) -> list[Row]:
    """Seconds from the start of `serve` to its first `/health`, beside the least that aiohttp can do."""
    seconds: dict[str, list[float]] = {"bare": [], "mux": []}
    product = Product(tree)
    try:
        product.run("workspace", "add", "work")
        for number in range(counts.starts + 1):
            for target, values in seconds.items():
                spent = _first_answer(product, target)
                if number or not counts.starts:
                    values.append(spent)
            tell(f"  start {number} of {counts.starts}")
    finally:
        product.remove()
    bare, mux = (statistics.median(seconds[target]) for target in ("bare", "mux"))
    spread = (min(seconds["mux"]) / bare, max(seconds["mux"]) / bare)
    return [Row("start to /health", "s", mux, bare, None, mux / bare, spread, "≤ 0.7 s", mux <= 0.7)]


def _first_answer(product: Product, target: str) -> float:
    port = free_port()
    before = time.monotonic()
    if target == "mux":
        process = product.spawn(port)
    else:
        process = subprocess.Popen([sys.executable, str(HERE / "least.py"), str(port)])
    with process:
        try:
            return await_health(port, process) - before
        finally:
            end(process)


def memory(stage: Stage, counts: Counts) -> list[Row]:
    """Resident memory after 200 requests of all kinds; run in a mux that has answered nothing yet."""
    rows = [_memory_row("memory after the start", resident_mb(stage.pid))]
    texts = Texts(7)
    conversation = Conversation(texts, 100_000)
    for number in range(max(1, min(25, counts.requests // 8))):
        conversation.turn()
        client = stage.mux
        client.ask("/chat/completions", chat(texts.prose(1_900)))
        client.ask("/chat/completions", conversation.body())
        client.ask("/chat/completions", chat(texts.attached(100_000)))
        client.ask("/completions", encode({"model": "mux", "prompt": texts.code(4_000), "suffix": texts.code(500)}))
        client.ask("/embeddings", encode({"model": "mux", "input": texts.code(2_000)}))
        client.stream("/chat/completions", streamed(texts, 200))
        stage.claude.stream("/chat/completions", streamed(texts, 200))
        stage.claude.ask("/chat/completions", chat(texts.prose(1_900)))
        tell(f"  {8 * (number + 1)} requests")
    time.sleep(0.3)  # their records are written
    return [*rows, _memory_row("memory after 200 requests", resident_mb(stage.pid))]


def _memory_row(name: str, used: float | None) -> Row:
    met = None if used is None else used <= 70
    return Row(name, "MB", used, aim="≤ 70 MB", met=met)
