"""Files of the store that are full, damaged, older or newer, behind the running product."""

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from mux import COMMAND, Mux
from said import ask, completion
from upstream import reply
from waiting import until

from sidecar.store.database import CONFIG, REQUESTS


@contextmanager
def small_disk(place):
    """A disk of its own at this place, of a megabyte and a half."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a tmpfs")
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def furnish(mux, upstream):
    """One route, to the upstream."""
    mux.cli("provider", "add", "up", "--type", "openai", "--endpoint", f"{upstream.url}/v1", "--auth", "none")
    mux.cli("rule", "default", "up/m1")
    upstream.script(reply(completion()))


def test_a_full_disk(tmp_path, other_upstream):
    """On a full disk requests go on, a change is refused with a sentence, nothing is lost, and it heals with space."""
    with small_disk(tmp_path / "disk") as disk:
        mux = Mux(disk / "home")
        furnish(mux, other_upstream)
        mux.start()
        try:
            assert mux.post("/chat/completions", ask()).status == 200
            before, document = mux.json("workspace", "list"), many_rules(mux)
            filler = disk / "filler"
            fill(filler)
            for _ in range(30):
                assert mux.post("/chat/completions", ask()).status == 200
            refused = mux.cli("workspace", "import", "-", "--name", "big", typed=document, check=False)
            assert refused.returncode == 1
            assert "full" in refused.stderr
            assert len(refused.stderr.splitlines()) == 1
            assert mux.json("workspace", "list") == before
            filler.unlink()
            mux.cli("workspace", "import", "-", "--name", "big", typed=document)
            answer = mux.post("/chat/completions", ask())
            assert answer.status == 200
            assert mux.row(answer)["outcome"] == "ok"
            for name in ("config.db", "requests.db"):
                assert check(mux.home / name) == "ok"
        finally:
            mux.stop()


def many_rules(mux):
    """A workspace to import that needs more room than SQLite's log has by then: a small change may still fit."""
    document = json.loads(mux.cli("workspace", "export", "default").stdout)
    (rule,) = document["rules"]
    document["rules"] = [rule | {"filter": f"{number:090}.py"} for number in range(900)]
    return json.dumps(document)


def fill(file):
    """Take all the space that is left."""
    with file.open("wb", buffering=0) as out:
        for size in (65_536, 4096, 1):
            try:
                while True:
                    out.write(b"\0" * size)
            except OSError:
                continue


def check(file):
    """SQLite's own word about a file."""
    with closing(sqlite3.connect(file)) as db:
        return db.execute("PRAGMA integrity_check").fetchone()[0]


def test_a_damaged_configuration(fresh_mux, other_upstream):
    """Pages overwritten under a running mux: requests go on, the next command says so and keeps the file."""
    mux = fresh_mux()
    furnish(mux, other_upstream)
    mux.start()
    assert mux.post("/chat/completions", ask()).status == 200
    file = mux.home / "config.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damaged = file.read_bytes()[:4096] + os.urandom(8192)
    file.write_bytes(damaged)
    told = mux.cli("workspace", "add", "work", check=False)
    assert told.returncode == 1
    assert "was damaged and was put aside as" in told.stderr
    (aside,) = (one for one in mux.home.glob("config.db.corrupt-*") if not one.name.endswith(("-wal", "-shm")))
    assert str(aside) in told.stderr
    assert aside.read_bytes() == damaged
    assert mux.post("/chat/completions", ask()).status == 200
    until(lambda: mux.rpc("mux/status")["problems"])
    assert "damaged" in str(mux.rpc("mux/status")["problems"])
    mux.cli("workspace", "add", "work")
    assert "work" in {row["name"] for row in mux.json("workspace", "list")}


def test_a_damaged_configuration_is_told_until_another_is_made(fresh_mux):
    """Each listing that is empty since says where the damaged file is, as long as it is there and no rule is made."""
    mux = fresh_mux()
    mux.home.mkdir(mode=0o700)
    (mux.home / "config.db").write_bytes(b"garbage" * 3000)
    assert "was damaged" in mux.cli("rule", "list", check=False).stderr
    (aside,) = mux.home.glob("config.db.corrupt-*")
    for noun in ("rule", "workspace", "provider"):
        told, hint = mux.cli(noun, "list").stderr.splitlines()
        assert f"was damaged and was put aside as {aside}" in told
        assert " yet. " in hint
    assert mux.json("rule", "list") == []
    away = aside.rename(mux.home.parent / "away")
    assert len(mux.cli("rule", "list").stderr.splitlines()) == 1
    away.rename(aside)
    mux.cli("provider", "add", "echo", "--type", "echo")
    mux.cli("rule", "default", "echo/echo")
    assert not mux.cli("rule", "list").stderr
    mux.cli("workspace", "add", "work")
    assert len(mux.cli("rule", "list", "-w", "work").stderr.splitlines()) == 1


def test_a_configuration_that_is_gone(fresh_mux, other_upstream):
    """Deleted under a running mux: requests go on with what was read last, and Status says so until it is back."""
    mux = fresh_mux()
    furnish(mux, other_upstream)
    mux.start()
    assert mux.post("/chat/completions", ask()).status == 200
    moved = mux.home.parent / "moved"
    moved.mkdir()
    for name in ("config.db", "config.db-wal", "config.db-shm"):
        if (mux.home / name).exists():
            (mux.home / name).rename(moved / name)
    until(lambda: mux.rpc("mux/status")["problems"])
    assert mux.post("/chat/completions", ask()).status == 200
    for file in moved.iterdir():
        file.rename(mux.home / file.name)
    until(lambda: not mux.rpc("mux/status")["problems"])
    assert mux.post("/chat/completions", ask()).status == 200


def left(mux):
    """What SQLite has beside the configuration."""
    return {path.name: path.read_bytes() for path in mux.home.glob("config.db-wal")}


@pytest.mark.parametrize("lost", ["the file", "its log too", "the folder"])
def test_a_lost_configuration_is_not_made_anew(fresh_mux, other_upstream, lost):
    """Commands beside a running mux say what to do and make none in its place; put back, it holds every change."""
    mux = fresh_mux()
    mux.cli("workspace", "list")
    mux.start()
    furnish(mux, other_upstream)
    for name in (".a", ".b"):
        mux.cli("rule", "add", "--filter", name, "--model", "up/m1")
    assert mux.post("/chat/completions", ask()).status == 200
    before, moved = mux.json("rule", "list"), mux.home.parent / "moved"
    assert len(before) == 3
    if lost == "the folder":
        mux.home.rename(moved)
    else:
        moved.mkdir()
        for path in list(mux.home.glob("config.db*" if lost == "its log too" else "config.db")):
            path.rename(moved / path.name)
    log = left(mux)
    assert bool(log) == (lost == "the file")
    for line in (["status"], ["rule", "list"], ["rule", "default", "up/m1"]):
        told = mux.cli(*line, check=False)
        assert told.returncode == 1
        assert f"{mux.home / 'config.db'} is gone; put it back." in told.stderr
        assert len(told.stderr.splitlines()) == 1
        assert not (mux.home / "config.db").exists()
        assert left(mux) == log
        assert mux.post("/chat/completions", ask()).status == 200
    if lost == "the folder":
        shutil.rmtree(mux.home, ignore_errors=True)  # the mux goes on keeping its records
        moved.rename(mux.home)
    else:
        for path in list(moved.iterdir()):
            path.rename(mux.home / path.name)
    assert mux.json("rule", "list") == before
    mux.stop()
    assert mux.json("rule", "list") == before


def test_a_copy_of_the_configuration_alone(fresh_mux, other_upstream):
    """While a mux serves, the file has each change that a command or a window made, without the log beside it."""
    mux, other = fresh_mux(), fresh_mux()
    mux.cli("workspace", "list")
    mux.start()
    furnish(mux, other_upstream)
    other.home.mkdir(mode=0o700)
    mux.cli("rule", "add", "--filter", ".a", "--model", "up/m1")
    shutil.copy(mux.home / "config.db", other.home)
    assert [row["filter"] for row in other.json("rule", "list")] == [".a", ""]
    mux.rpc("mux/rule/add", filter=".b", provider="up", model="m1")
    (other.home / "config.db").unlink()
    shutil.copy(mux.home / "config.db", other.home)
    assert [row["filter"] for row in other.json("rule", "list")] == [".a", ".b", ""]


# The files as each earlier schema made them, with something in each table. A schema that was released never changes.
EARLIER = {1: Path(__file__).with_name("config_1.sql")}


@pytest.mark.parametrize("number", range(1, CONFIG.newest))
def test_an_earlier_schema(fresh_mux, number):
    """A file of an earlier version is brought up to date at the first command, and nothing in it is lost."""
    mux = fresh_mux()
    mux.home.mkdir(mode=0o700)
    file = mux.home / "config.db"
    with closing(sqlite3.connect(file)) as db:
        db.executescript(EARLIER[number].read_text("utf-8"))
        assert db.execute("PRAGMA user_version").fetchone() == (number,)
    file.chmod(0o600)
    assert [row["name"] for row in mux.json("workspace", "list") if row["active"]] == ["Work"]
    assert [(row["filter"], row["model"]) for row in mux.json("rule", "list")] == [("*.py", "echo"), ("", "echo")]
    assert [row["name"] for row in mux.json("provider", "list")] == ["Echo"]
    assert mux.json("settings")["keep"] == "nothing"
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (CONFIG.newest,)
        assert tables(db) == tables_of_a_new_file(fresh_mux())
    assert check(file) == "ok"
    answer = mux.start().post("/chat/completions", ask())
    assert (answer.status, answer.headers["x-mux-workspace"]) == (200, "Work")


def tables(db):
    """The schema, whatever its order and spacing."""
    rows = db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '%migrations%'")
    return sorted(" ".join(row[0].split()) for row in rows)


def tables_of_a_new_file(mux):
    """The same of a file that is made today."""
    mux.cli("workspace", "list")
    with closing(sqlite3.connect(mux.home / "config.db")) as db:
        return tables(db)


def test_each_earlier_schema_has_its_file():
    """Whoever adds a schema adds a file of the one before."""
    assert set(EARLIER) == set(range(1, CONFIG.newest))
    assert REQUESTS.newest == 1  # then its first file comes here too


@pytest.mark.parametrize("name", ["config.db", "requests.db"])
def test_a_schema_of_the_future(echoing, name):
    """A file of a newer version is refused with a sentence, by commands and by a sidecar, and not touched by a byte."""
    mux = echoing
    mux.start().post("/chat/completions", ask())
    mux.stop()
    file = mux.home / name
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute("PRAGMA user_version=99")
    before = file.read_bytes()
    line = ["workspace", "add", "work"] if name == "config.db" else ["log"]
    told = mux.cli(*line, check=False)
    assert told.returncode == 1
    assert "newer mux-sidecar" in told.stderr
    assert len(told.stderr.splitlines()) == 1
    if name == "requests.db":  # records never stand in the way
        assert mux.start().post("/chat/completions", ask()).status == 200
        mux.stop()
    else:
        process = subprocess.Popen([*COMMAND, "serve"], env=mux.env, stderr=subprocess.PIPE, text=True)
        line = process.stderr.readline()
        process.terminate()
        process.communicate()
        assert line.startswith("Standing by: ")
        assert "newer mux-sidecar" in line
    assert file.read_bytes() == before
