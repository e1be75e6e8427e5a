"""The files: made private, migrated, put aside when damaged, left alone when newer."""

from __future__ import annotations

import importlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
from contextlib import closing

import pytest

from sidecar.errors import StoreUnusable
from sidecar.store import damage, state, workspaces
from sidecar.store.database import CONFIG, REQUESTS, Database
from sidecar.store.trouble import StoreDamaged, StoreGone, StoreNewer

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes of files are POSIX's")


def names(database):
    """The workspaces that are there."""
    with database.read() as db:
        return [row.name for row in workspaces.every(db)]


def add(database, name):
    """One change."""
    with database.change() as db:
        workspaces.add(db, name, "turn")


def revision(database):
    """How many changes there were."""
    with database.read() as db:
        return state.revision(db)


def test_a_new_file_has_an_active_default_workspace(config):
    """Whoever opens a new data folder finds the workspace default, active."""
    with config.read() as db:
        assert workspaces.active(db).name == "default"


@POSIX
def test_folder_and_files_are_the_owners_alone(config, place):
    """The folder is 0700, and each file in it 0600, the log beside the database too."""
    with config.change() as db:
        workspaces.add(db, "work", "turn")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.home.iterdir()}
    assert stat.S_IMODE(place.home.stat().st_mode) == 0o700
    assert {"config.db", "config.db-wal", "store.lock"} <= set(modes)
    assert set(modes.values()) == {0o600}


@POSIX
def test_an_empty_folder_is_tightened_and_a_used_one_is_left(tmp_path):
    """An empty folder that exists becomes 0700; one that holds other things was not made for us and stays."""
    for name, used in (("empty", False), ("used", True)):
        home = tmp_path / name
        home.mkdir(mode=0o755)
        home.chmod(0o755)
        if used:
            (home / "letters.txt").write_text("…")
        Database(home / "config.db", CONFIG).prepare()
        assert stat.S_IMODE(home.stat().st_mode) == (0o755 if used else 0o700)


@pytest.mark.parametrize("schema", [CONFIG, REQUESTS])
def test_the_schema_number_counts_the_migrations(schema):
    """The newest number is that of the migrations, so that none is ever skipped."""
    migrations = importlib.import_module(schema.migrations).MIGRATIONS
    assert len(migrations._migrations) == schema.newest


def test_an_up_to_date_file_is_opened_without_sqlite_utils(config):
    """sqlite-utils is imported for a migration only."""
    config.prepare()
    code = f"""
        import sys
        from pathlib import Path
        from sidecar.store.database import CONFIG, Database
        from sidecar.store import workspaces
        with Database(Path({str(config.path)!r}), CONFIG).read() as db:
            assert workspaces.active(db).name == "default"
        assert "sqlite_utils" not in sys.modules and "sqlite3" in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)


def test_a_failed_change_leaves_nothing(config):
    """What is written before an error within a transaction is not there afterwards, and the revision is as before."""
    before = revision(config)
    with pytest.raises(ZeroDivisionError), config.change() as db:  # noqa: PT012 - what is tested is the block
        workspaces.add(db, "half", "turn")
        raise ZeroDivisionError
    assert names(config) == ["default"]
    assert revision(config) == before


def test_a_change_that_writes_nothing_is_no_new_revision(config):
    """Switching to the active workspace wakes nobody."""
    before = revision(config)
    with config.change() as db:
        workspaces.activate(db, workspaces.active(db))
    assert revision(config) == before
    add(config, "work")
    assert revision(config) == before + 1


def test_a_schema_of_the_future_is_refused_and_untouched(config):
    """A file that a newer mux-sidecar wrote is neither read nor changed by a byte."""
    config.prepare()
    with sqlite3.connect(config.path, isolation_level=None) as db:
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute(f"PRAGMA user_version={CONFIG.newest + 1}")
    db.close()
    before = config.path.read_bytes()
    for database in (config, Database(config.path, CONFIG)):
        with pytest.raises(StoreNewer, match="newer mux-sidecar"):
            names(database)
        with pytest.raises(StoreNewer):
            add(database, "work")
    assert config.path.read_bytes() == before


@pytest.mark.parametrize("seen", [False, True])
def test_garbage_is_put_aside_and_never_wiped(config, seen):
    """A file that is no database gets another name, the sentence says which, and a new one serves from then on."""
    if seen:
        config.prepare()
    else:
        config.path.parent.mkdir()
    garbage = b"not a database at all" * 500
    config.path.write_bytes(garbage)
    for suffix in ("-wal", "-shm"):
        config.path.with_name(config.path.name + suffix).unlink(missing_ok=True)
    with pytest.raises(StoreDamaged) as caught:
        names(config)
    (aside,) = damage.asides(config.path)
    assert aside.read_bytes() == garbage
    assert str(aside) in str(caught.value)
    assert names(config) == ["default"]


def test_a_torn_page_is_found_when_it_is_read(config):
    """Damage within a file whose head is sound puts it aside as well."""
    for number in range(200):
        add(config, f"workspace-{number:03}")
    with sqlite3.connect(config.path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    size = config.path.stat().st_size
    with config.path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    with pytest.raises(StoreDamaged):
        names(config)
    assert len(damage.asides(config.path)) == 1
    assert names(config) == ["default"]


def test_a_file_that_vanishes_is_not_made_anew_in_silence(config):
    """A database deleted under a running process is an error, not an empty configuration."""
    config.prepare()
    config.path.unlink()
    with pytest.raises(StoreGone, match="is gone"):
        names(config)
    assert not config.path.exists()
    assert names(Database(config.path, CONFIG)) == ["default"]


def test_what_is_left_of_a_lost_file_is_kept(config):
    """Beside the log of a file that is gone no new one is made; put back, it has all changes."""
    config.prepare()
    log = config.path.with_name("config.db-wal")
    holder = sqlite3.connect(config.path)
    holder.execute("SELECT * FROM state").fetchall()
    add(config, "work")
    away = config.path.rename(config.path.with_suffix(".away"))
    holder.close()
    kept = log.read_bytes()
    assert kept
    with pytest.raises(StoreGone, match="is gone"):
        names(Database(config.path, CONFIG))
    assert log.read_bytes() == kept
    away.rename(config.path)
    assert names(Database(config.path, CONFIG)) == ["default", "work"]
    config.path.unlink()
    for path in config.path.parent.glob("config.db-*"):
        path.unlink()
    assert names(Database(config.path, CONFIG)) == ["default"]


def test_a_file_in_use_is_not_made_anew(place):
    """Where a sidecar works with the file, a missing one is lost, and neither it nor its folder is made."""
    with pytest.raises(StoreGone):
        Database(place.config_db, CONFIG, used=lambda: True).prepare()
    assert not place.home.exists()
    Database(place.config_db, CONFIG, used=lambda: False).prepare()
    Database(place.config_db, CONFIG, used=lambda: True).prepare()


def test_a_change_is_in_the_file_itself(config, tmp_path):
    """While others have the file open, a change is in it, not in the log alone; a reading puts it off."""
    config.prepare()
    copy = Database(tmp_path / "copy.db", CONFIG)
    with closing(sqlite3.connect(config.path, isolation_level=None)) as reader:
        for number in range(3):
            reader.execute("SELECT * FROM state").fetchall()
            add(config, f"w{number}")
            shutil.copy(config.path, copy.path)
            assert names(copy) == names(config)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM workspaces").fetchone() == (4,)
        add(config, "meanwhile")
        assert reader.execute("SELECT count(*) FROM workspaces").fetchone() == (4,)
        reader.execute("COMMIT")
        add(config, "afterwards")
        shutil.copy(config.path, copy.path)
    assert names(copy) == names(config)
    assert "meanwhile" in names(copy)


def test_a_lock_held_for_long_is_told(place):
    """Another program's lock ends in a sentence, with nothing changed."""
    config = Database(place.config_db, CONFIG, wait=0.05)
    config.prepare()
    holder = sqlite3.connect(config.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StoreUnusable, match="locked by another program"):
            add(config, "work")
        assert names(config) == ["default"]
    finally:
        holder.close()


def test_several_threads_write_at_once(config):
    """Nobody's change is lost and nobody is refused."""
    threads = [threading.Thread(target=add, args=(config, f"w{number}")) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(config)) == 13
    assert revision(config) == 13


def test_several_processes_found_the_file_at_once(place):
    """Processes that start together on an empty folder all find the one database."""
    code = f"""
        from pathlib import Path
        from sidecar.store.database import CONFIG, Database
        from sidecar.store import workspaces
        import os
        with Database(Path({str(place.config_db)!r}), CONFIG).change() as db:
            workspaces.add(db, f"w{{os.getpid()}}", "turn")
    """
    started = [subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)]) for _ in range(4)]
    assert [process.wait(60) for process in started] == [0] * 4
    assert len(names(Database(place.config_db, CONFIG))) == 5


WRITER = """
    import sys
    from pathlib import Path
    from sidecar.store.database import CONFIG, Database
    from sidecar.store import workspaces
    database = Database(Path(sys.argv[1]), CONFIG)
    for number in range(10_000):
        with database.change() as db:
            workspaces.add(db, f"{sys.argv[2]}{number}", "turn")
        print(number, flush=True)
"""


def test_a_killed_writer_leaves_all_that_was_acknowledged(config):
    """Killed four times while writing: what was acknowledged is there, at most one change more, and all is sound."""
    config.prepare()
    for tag in "abcd":
        arguments = [sys.executable, "-c", textwrap.dedent(WRITER), str(config.path), tag]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
            for _ in range(15):
                acknowledged = int(writer.stdout.readline())
            writer.kill()
            acknowledged = int((writer.stdout.read().split() or [acknowledged])[-1])
        written = [name for name in names(config) if name.startswith(tag) and name != "default"]
        assert acknowledged + 1 <= len(written) <= acknowledged + 2
        assert damage.check(config.path) is None


@POSIX
def test_a_full_disk_is_told_and_nothing_is_half_written(config):
    """Where no byte more fits, the change is refused with a sentence, and the file is as it was."""
    config.prepare()
    code = f"""
        import resource
        from pathlib import Path
        from sidecar.errors import StoreUnusable
        from sidecar.store.database import CONFIG, Database
        from sidecar.store import workspaces
        resource.setrlimit(resource.RLIMIT_FSIZE, (70_000, 70_000))
        try:
            with Database(Path({str(config.path)!r}), CONFIG).change() as db:
                for number in range(5000):
                    workspaces.add(db, f"workspace-{{number}}", "turn")
        except StoreUnusable as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, text=True, timeout=60
    )
    assert "nothing was changed" in done.stdout
    assert names(config) == ["default"]
    assert damage.check(config.path) is None
