"""The snapshot: always the newest, never in the way."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest
from waiting import until

from sidecar.settings import Place
from sidecar.snapshot import EMPTY, Snapshots
from sidecar.store import damage, models, providers, rules, workspaces
from sidecar.store.database import BUSY_SECONDS, CONFIG, Database
from sidecar.values import ModelInfo, ProviderConfig, RuleDraft

OLLAMA = ProviderConfig(
    id=0, name="Ollama", type="ollama", endpoint="http://localhost:11434", base="http://localhost:11434"
)


@pytest.fixture
def snapshots(place):
    """The snapshots of the place."""
    made = Snapshots(place)
    yield made
    made.close()


def configure(config):
    """A provider with two models, and a workspace with a rule."""
    with config.change() as db:
        provider = providers.add(db, OLLAMA)
        models.merge(db, provider.id, [ModelInfo(name="qwen3:8b", context_window=40960), ModelInfo(name="old")])
        work = workspaces.add(db, "Work", "conversation")
        rules.replace(db, work.id, [RuleDraft(filter=".py", provider="ollama", model="qwen3:8b")])


def test_a_new_folder_gives_an_empty_default(snapshots):
    """Before anything is configured, the active workspace is default and has no rules."""
    current = snapshots.current()
    assert current.workspace().name == "default"
    assert current.workspace().rules == ()
    assert snapshots.problem is None


def test_names_are_found_without_regard_to_case(snapshots, config):
    """Workspaces and providers answer to any case; models to their own only."""
    configure(config)
    current = snapshots.current()
    assert current.workspace("WORK").name == "Work"
    assert current.workspace("work").scope == "conversation"
    assert current.workspace("none") is None
    assert current.provider("OLLAMA").name == "Ollama"
    assert current.model("OLLAMA", "qwen3:8b").context_window == 40960
    assert current.model("ollama", "QWEN3:8b") is None
    assert [rule.model for rule in current.workspace("work").rules] == ["qwen3:8b"]


def test_the_next_question_has_what_another_connection_wrote(snapshots, config):
    """A switch holds from the next request on, and a request keeps the picture that it began with."""
    configure(config)
    before = snapshots.current()
    with config.change() as db:
        workspaces.activate(db, workspaces.named(db, "work"))
    assert snapshots.current().active == "Work"
    assert before.active == "default"


def test_nothing_is_built_anew_without_a_change(snapshots, config):
    """While nothing changed, it is the very same object; models stay as read while their list is the same."""
    configure(config)
    first = snapshots.current()
    assert snapshots.current() is first
    with config.change() as db:
        workspaces.add(db, "other", "turn")
    second = snapshots.current()
    assert second is not first
    assert second.models[("ollama", "qwen3:8b")] is first.models[("ollama", "qwen3:8b")]


def test_a_change_by_another_process_is_seen(snapshots, config):
    """Every process sees each change at its next question."""
    config.prepare()
    code = f"""
        import sys
        from pathlib import Path
        from sidecar.store.database import BUSY_SECONDS, CONFIG, Database
        from sidecar.store import workspaces
        database = Database(Path({str(config.path)!r}), CONFIG)
        for line in sys.stdin:
            with database.change() as db:
                workspaces.add(db, line.strip(), "turn")
            print("done", flush=True)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        for number in range(50):
            other.stdin.write(f"w{number}\n")
            other.stdin.flush()
            assert other.stdout.readline() == "done\n"
            assert snapshots.current().workspace(f"w{number}") is not None
        other.stdin.close()


def test_a_replaced_file_is_noticed(snapshots, config, place, tmp_path):
    """Another file in the place of the first, of the same revision, is read within a second or so."""
    configure(config)
    assert snapshots.current().provider("ollama")
    other = Database(tmp_path / "other" / "config.db", CONFIG)
    with other.change() as db:
        workspaces.add(db, "restored", "turn")
    other._shrink()
    config._shrink()
    other.path.replace(config.path)
    until(lambda: snapshots.current().workspace("restored") is not None)
    assert snapshots.current().provider("ollama") is None


def test_a_deleted_file_leaves_the_last_picture_and_a_problem(snapshots, config):
    """Routing goes on without the file, the problem says so, and goes when the file is back."""
    configure(config)
    assert snapshots.current().provider("ollama")
    config._shrink()
    kept = config.path.rename(config.path.with_name("kept.db"))
    until(lambda: snapshots.current() and snapshots.problem is not None)
    assert "is gone" in snapshots.problem
    assert snapshots.current().provider("ollama")
    kept.rename(config.path)
    until(lambda: snapshots.current() and snapshots.problem is None)


@pytest.mark.skipif(sys.platform == "win32", reason="links want rights there")
def test_a_folder_that_cannot_be_made(tmp_path):
    """It is told as such, at the start and later: a file that never was is not gone."""
    (tmp_path / "link").symlink_to(tmp_path / "absent" / "far")
    made = Snapshots(Place(home=tmp_path / "link" / "home", port=8989, discover=False))
    for _ in range(2):
        assert made.current() is EMPTY
        assert "cannot be used" in (made.problem or "")
    made.close()


def test_damage_leaves_the_last_picture_and_a_problem(snapshots, config):
    """When another process puts a damaged file aside, requests go on as before until something is configured anew."""
    configure(config)
    assert snapshots.current().provider("ollama")
    config._shrink()
    config.path.write_bytes(b"garbage" * 3000)
    for suffix in ("-wal", "-shm"):
        config.path.with_name(config.path.name + suffix).unlink(missing_ok=True)
    with pytest.raises(Exception, match="was damaged"), config.read():
        pass
    until(lambda: snapshots.current() and "put aside" in (snapshots.problem or ""))
    assert snapshots.current().provider("ollama")
    with config.change() as db:
        workspaces.add(db, "anew", "turn")
    assert snapshots.current().workspace("anew")
    assert snapshots.current().provider("ollama") is None
    damage.asides(config.path)[0].unlink()
    until(lambda: snapshots.current() and snapshots.problem is None)


def test_garbage_at_the_start_is_put_aside_and_told(place):
    """A sidecar starts with a damaged file: an empty configuration, and a problem that names what was put aside."""
    place.home.mkdir()
    place.config_db.write_bytes(b"garbage" * 3000)
    snapshots = Snapshots(place)
    assert "put aside" in snapshots.problem
    assert snapshots.current().workspace().name == "default"
    assert "put aside" in snapshots.problem
    snapshots.close()


def test_a_schema_of_the_future_means_stand_by(snapshots, config, place):
    """A newer sidecar's schema leaves the last picture and says to restart; at the start, an empty one."""
    configure(config)
    assert snapshots.current().provider("ollama")
    with sqlite3.connect(config.path) as db:
        db.execute(f"PRAGMA user_version={CONFIG.newest + 1}")
    db.close()
    assert snapshots.current().provider("ollama")
    assert snapshots.newer
    assert "restart this window" in snapshots.problem
    other = Snapshots(place)
    assert other.current() == EMPTY
    assert other.newer
    other.close()


def test_a_writer_holds_up_nobody(snapshots, config):
    """While another connection holds the write lock, the picture is there at once."""
    configure(config)
    with config.change() as db:
        workspaces.add(db, "unseen", "turn")
        began = time.monotonic()
        assert snapshots.current().workspace("unseen") is None
        assert time.monotonic() - began < BUSY_SECONDS
        assert snapshots.problem is None
    assert snapshots.current().workspace("unseen")


def test_asking_is_cheap(snapshots, config):
    """A question costs microseconds while nothing changes."""
    configure(config)
    snapshots.current()
    began = time.process_time()
    for _ in range(2000):
        snapshots.current()
    assert (time.process_time() - began) / 2000 < 200e-6


@pytest.fixture
def elsewhere():
    """A place in a folder that every user may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Place(home=Path(folder) / "home")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become a user who may not write"
)
def test_a_folder_that_cannot_be_written_can_be_read(elsewhere):
    """Where nothing can be written, requests are routed all the same, and a problem says so."""
    place = elsewhere
    configure(Database(place.config_db, CONFIG))
    for path in (*place.home.iterdir(), place.home):
        os.chown(path, 65534, 65534)
        path.chmod(0o500 if path.is_dir() else 0o400)
    code = f"""
        import os, sqlite_utils
        import ipaddress, resource, urllib.parse  # later, in Python 3.13, when its library may be closed to this user
        from pathlib import Path
        from sidecar.errors import StoreUnusable
        from sidecar.settings import Place
        from sidecar.snapshot import Snapshots
        from sidecar.store import workspaces
        from sidecar.store.database import BUSY_SECONDS, CONFIG, Database
        place = Place(home=Path({str(place.home)!r}))
        os.setegid(65534), os.seteuid(65534)
        snapshots = Snapshots(place)
        print(snapshots.current().provider("ollama").name, "|", snapshots.problem)
        database = Database(place.config_db, CONFIG)
        with database.read() as db:
            print(len(workspaces.every(db)))
        try:
            with database.change() as db:
                workspaces.add(db, "x", "turn")
        except StoreUnusable as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, text=True, timeout=60
    )
    first, second, third = done.stdout.splitlines()
    assert first.startswith("Ollama | ")
    assert "not written" in first
    assert second == "2"
    assert "nothing was changed" in third
