"""Configuration writes that are killed in the midst, and many at once: what was acknowledged is there."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mux import COMMAND

from sidecar.settings import Place
from sidecar.store import damage, rules, workspaces
from sidecar.store.database import CONFIG, Database

WRITER = Path(__file__).with_name("writer.py")


def written(config):
    """The workspaces that there are, each with how many rules it has."""
    with config.read() as db:
        return {row.name: len(rules.of(db, row.id)) for row in workspaces.every(db)}


def kill_in_rounds(home, rounds):
    """In each round two writers write until both are killed at some moment; then all must be there that was told."""
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    config = Database(Place(home=home, port=0, discover=False).config_db, CONFIG)
    config.prepare()
    told, waiting = set(), start(home, 0)
    for number in range(rounds):
        writers, waiting = waiting, start(home, number + 1)  # the next ones start while these write
        for writer in writers:
            assert writer.stdout.readline() == "ready\n"
            writer.stdin.write("go\n")
            writer.stdin.flush()
        first = {writer.stdout.readline().strip() for writer in writers}
        time.sleep(chance.random() * 0.05)
        for writer in writers:
            writer.kill()
        said = {name for writer in writers for name in writer.stdout.read().split()}
        told |= said | first
        for writer in writers:
            writer.communicate()
        assert damage.check(config.path) is None, f"round {number}, seed {seed}"
        there = written(config)
        assert told <= set(there), f"round {number}, seed {seed}"
        assert set(there.values()) <= {0, 2}, "a change was half written"
        assert len(there) - 1 <= len(told) + 2 * (number + 1)  # what was on the disk and not told yet
    for writer in waiting:
        writer.kill()
        writer.communicate()
    return len(told)


def start(home, number):
    """Two writers of a round, which wait for the word."""
    arguments = [sys.executable, str(WRITER), str(home)]
    return [
        subprocess.Popen([*arguments, f"r{number}{tag}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for tag in "ab"
    ]


def test_killed_writers_lose_nothing(tmp_path):
    """Twenty rounds of `kill -9` during the writes of two processes: whole, and each acknowledged change is there."""
    assert kill_in_rounds(tmp_path / "home", 20) > 20


@pytest.mark.long
def test_killed_writers_lose_nothing_for_long(tmp_path):
    """So in five hundred rounds."""
    print("acknowledged changes:", kill_in_rounds(tmp_path / "home", 500))


def test_twenty_commands_at_once(fresh_mux):
    """Twenty command lines that start together all succeed, and each change is there."""
    mux = fresh_mux()
    mux.cli("provider", "add", "echo", "--type", "echo")
    lines = [["workspace", "add", f"w{number}"] for number in range(10)]
    lines += [["rule", "add", "--filter", f"f{number}.py", "--model", "echo/echo"] for number in range(10)]
    running = [
        subprocess.Popen([*COMMAND, *line], env=mux.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in lines
    ]
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * 20, said
    assert {row["name"] for row in mux.json("workspace", "list")} == {
        "default",
        *(f"w{number}" for number in range(10)),
    }
    filters = [row["filter"] for row in mux.json("rule", "list")]
    assert sorted(filters) == sorted(f"f{number}.py" for number in range(10))
