"""Case 6, `python inprocess.py REPEATS` in the checkout to measure: routing alone. Prints {name: milliseconds}."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from texts import Conversation, Texts, agent, chat

sys.path.insert(0, str(Path.cwd()))

from sidecar.dialects.incoming import read
from sidecar.routing.files import Finder
from sidecar.routing.rules import CompiledRule, compile_filter, first_match
from sidecar.settings import read_place
from sidecar.snapshot import Snapshots


def timed(repeats: int, make: Callable[[int], Callable[[], object]]) -> float:
    """The median of a call, in milliseconds; `make` prepares each, uncounted."""
    spent = []
    for number in range(repeats):
        call = make(number)
        before = time.perf_counter()
        call()
        spent.append(time.perf_counter() - before)
    return 1000 * statistics.median(spent)


def rules() -> tuple[CompiledRule, ...]:
    """A thousand rules of all forms that take none of the files."""
    texts = [(f".x{n}", f"lib{n}/core/", f"*.spec{n}.ts", f"=Makefile.{n}")[n % 4] for n in range(1000)]
    return tuple(
        CompiledRule(position, text, "any", "bench", "m1", compile_filter(text))
        for position, text in enumerate(texts, start=1)
    )


def matching(repeats: int) -> dict[str, float]:
    """1,000 rules and 50 files, other files each time; where no file fits, and where only the last rule does."""
    none, texts = rules(), Texts(6)
    last = (*none[:-1], CompiledRule(1000, ".py", "any", "bench", "m1", compile_filter(".py")))
    files = [[texts.path() for _ in range(49)] + [f"/home/me/work/src/café_{n}.PY"] for n in range(repeats)]
    return {
        "1,000 rules × 50 files": timed(repeats, lambda n: lambda: first_match(none, "chat", files[n])),
        "the last of 1,000 rules fits": timed(repeats, lambda n: lambda: first_match(last, "chat", files[n])),
    }


def finding(repeats: int) -> dict[str, float]:
    """The files in context of 100 KB: never seen, seen before, and an agent's turn."""
    finder, none = Finder(), rules()
    fields = [read("chat", chat(Texts(n).attached(100_000))).fields for n in range(repeats)]
    prose = [read("chat", chat(Texts(n).prose(100_000))).fields for n in range(repeats)]
    conversations = [Conversation(Texts(n), 80_000) for n in range(1 + repeats // 20)]

    def of_turn(number: int) -> Callable[[], object]:
        conversation = conversations[number // 20]
        finder.context("chat", read("chat", conversation.body()).fields, "turn")
        conversation.turn()
        turn = read("chat", conversation.body())
        return lambda: finder.context("chat", turn.fields, "turn", messages=turn.messages)

    def of_agent(number: int) -> Callable[[], object]:
        body = agent(Texts(9_000 + number))
        return lambda: first_match(
            none, "chat", finder.context("messages", read("messages", body).fields, "turn").files
        )

    return {
        "files in 100 KB never seen": timed(repeats, lambda n: lambda: finder.context("chat", fields[n], "turn")),
        "files in 100 KB of plain words": timed(repeats, lambda n: lambda: finder.context("chat", prose[n], "turn")),
        "files in 100 KB seen before": timed(repeats, lambda _: lambda: finder.context("chat", fields[-1], "turn")),
        "files in an agent's turn": timed(repeats, of_turn),
        "Claude Code's first request": timed(repeats, of_agent),
    }


def looking(repeats: int) -> dict[str, float]:
    """The configuration as it is now."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["MUX_SIDECAR_HOME"] = home
        snapshots = Snapshots(read_place(1))
        snapshots.current()
        spent = timed(repeats * 10, lambda _: snapshots.current)
        snapshots.close()
    return {"the configuration as it is now": spent}


if __name__ == "__main__":
    times = int(sys.argv[1])
    print(json.dumps(matching(times) | finding(times) | looking(times)))
