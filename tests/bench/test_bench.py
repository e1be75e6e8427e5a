"""The benchmark runs: nothing is timed here, only that each case gives its rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from nginx import found

RUN = Path(__file__).parent / "run.py"
ROWS = (
    "memory after the start",
    "memory after 200 requests",
    "latency, 2 KB",
    "an agent's turn, 100 KB",
    "100 KB never seen",
    "others wait for it (p99)",
    "stream, a chunk per write",
    "stream, 20 chunks per write",
    "age of a paced chunk",
    "age of a paced chunk, p99",
    "translated stream",
    "translated, 20 events per write",
    "100 events, translated for Messages",
    "100 events, translated for Responses",
    "translated for Messages, 20 events per write",
    "1,000 rules × 50 files",
    "the last of 1,000 rules fits",
    "files in 100 KB never seen",
    "files in 100 KB of plain words",
    "files in 100 KB seen before",
    "files in an agent's turn",
    "Claude Code's first request",
    "the configuration as it is now",
    "start to /health",
    "launch to `initialize`",
    "`initialize` to /health",
    "first `mux/status`",
    "`mux/workspace/switch`, 99 of 100",
    "memory of a window",
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The benchmark's command line."""
    command = [sys.executable, str(RUN), *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False)


def test_each_case_gives_its_rows(tmp_path: Path) -> None:
    """All cases with the least counts write every row to the JSON file and the table, each with a figure."""
    written = tmp_path / "rows.json"
    done = run("--least", "--json", str(written))
    assert done.returncode == 0, done.stderr
    rows = json.loads(written.read_text("utf-8"))["rows"]
    assert tuple(row["name"] for row in rows) == ROWS
    for row in rows:
        assert row["mux"] is None or row["mux"] > 0 or "wait" in row["name"], row
        assert (row["met"] is None) == (not row["aim"] or row["mux"] is None), row
        assert row["name"] in done.stdout


def test_others_are_measured_in_the_same_run(tmp_path: Path) -> None:
    """Each figure is there for the mux and, but for what nginx cannot do, for everyone beside it."""
    written = tmp_path / "figures.json"
    without = () if found() else ("--without", "nginx")
    command = [sys.executable, str(RUN.with_name("others.py")), "--least", *without, "--json", str(written)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(written.read_text("utf-8"))["figures"]
    assert len(figures) == len({figure["name"] for figure in figures}) == 18
    for figure in figures:
        assert figure["name"] in done.stdout
        assert set(figure["values"]) >= {"mux", "bare"}, figure
        assert all(value >= 0 for value in figure["values"].values()), figure


def test_an_unknown_case_is_wrong_usage() -> None:
    """A name that is no case ends with 2 and the names that there are."""
    done = run("speed")
    assert done.returncode == 2
    assert "translated" in done.stderr
