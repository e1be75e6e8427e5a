"""`python tests/bench/kept.py`: a request with 100,000 records and 1,000 rules beside one with none, turn by turn."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mux import Mux
from records import seed
from said import ask, completion
from upstream import Upstream, reply

TURNS, FIRST = 400, 50  # the first ones are not counted


def furnished(home: Path, upstream: Upstream, rules: int, records: int) -> Mux:
    """A running mux with so many rules ahead of its catch-all, and so many records of the last year."""
    mux = Mux(home)
    mux.start()
    given = {"endpoint": f"{upstream.url}/v1", "auth": "none", "models": ["m1"], "offline": True}
    mux.rpc("mux/provider/add", name="up", type="openai", **given)
    texts = [*(f"folder{number}/*.t{number}" for number in range(rules)), ""]
    mux.rpc("mux/rule/set", rules=[{"filter": text, "provider": "up", "model": "m1"} for text in texts])
    seed(mux, records, apart=300)
    return mux


def main() -> None:
    """Print both medians and their ratio."""
    upstream = Upstream()
    upstream.script(reply(completion()))
    with tempfile.TemporaryDirectory() as folder:
        few = furnished(Path(folder) / "few", upstream, 0, 0)
        much = furnished(Path(folder) / "much", upstream, 999, 100_000)
        times: dict[Mux, list[float]] = {few: [], much: []}
        try:
            for number in range(TURNS):
                for mux in (few, much) if number % 2 else (much, few):
                    answer = mux.post("/chat/completions", ask("Please explain `src/app/main.py` and `README.md`."))
                    times[mux].append(answer.seconds)
        finally:
            few.stop()
            much.stop()
            upstream.close()
    none, all_ = (1000 * statistics.median(times[mux][FIRST:]) for mux in (few, much))
    print(f"median {none:.2f} ms with nothing, {all_:.2f} ms with much: ratio {all_ / none:.2f}")


if __name__ == "__main__":
    main()
