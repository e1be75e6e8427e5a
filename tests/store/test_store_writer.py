"""One connection kept for many batches, whatever becomes of the file meanwhile."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import threading
from contextlib import closing

import pytest
from test_store_records import ids, request

from sidecar.errors import StoreUnusable
from sidecar.store import requests
from sidecar.store.database import REQUESTS, Database
from sidecar.store.writer import Writer


@pytest.fixture
def records(tmp_path):
    """A file of records that is not there yet."""
    return Database(tmp_path / "requests.db", REQUESTS)


@pytest.fixture
def writer(records):
    """A writer to it."""
    writer = Writer(records)
    yield writer
    writer.close()


def fill(writer, *each):
    """One batch."""
    writer.run(lambda db: requests.append(db, [(one, None) for one in each]))


def test_batches_are_written_one_after_the_other(records, writer):
    """Every batch is there for others as soon as it is written; the first one makes the file."""
    for number in range(3):
        fill(writer, request(number))
        assert len(ids(records)) == number + 1


def test_a_batch_is_written_whole_or_not_at_all(records, writer):
    """What fails in the midst leaves nothing behind, and the next batch is written."""
    fill(writer, request(1))

    def broken(db):
        requests.append(db, [(request(2), None)])
        raise ValueError("in the midst")

    with pytest.raises(ValueError, match="midst"):
        writer.run(broken)
    fill(writer, request(3))
    assert ids(records) == ["r3", "r1"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not replace a file that is open")
def test_a_file_that_was_replaced_or_removed_is_noticed(records, writer):
    """Batches go into the file that bears the name now; one that is gone is begun anew."""
    fill(writer, request(1))
    records.path.rename(records.path.with_suffix(".old"))
    fill(writer, request(2))
    assert ids(records) == ["r2"]


def test_a_damaged_file_is_put_aside(records, writer):
    """A batch that meets a damaged file goes into a new one, and the damaged one is kept."""
    fill(writer, request(1))
    writer.close()
    records.path.write_bytes(b"no database" * 1000)
    fill(writer, request(2))
    assert ids(records) == ["r2"]
    assert list(records.path.parent.glob("*.corrupt-*"))


def test_another_program_s_lock_is_waited_for(records, writer):
    """While another process writes, a batch waits, and is written then."""
    fill(writer, request(1))
    with sqlite3.connect(records.path, isolation_level=None, check_same_thread=False) as other:
        other.execute("BEGIN IMMEDIATE")
        freed = threading.Timer(0.2, other.execute, ["ROLLBACK"])
        freed.start()
        fill(writer, request(2))
        freed.join()
    other.close()
    assert ids(records) == ["r2", "r1"]


def test_a_closed_writer_leaves_no_log_behind(records, writer):
    """Closed, it holds no file: the log beside the database is gone, and what was removed with it."""
    fill(writer, request(1))
    writer.close()
    assert [path.name for path in records.path.parent.iterdir() if "requests" in path.name] == ["requests.db"]
    fill(writer, request(2))
    assert len(ids(records)) == 2


def test_a_closed_writer_leaves_all_in_the_file(records, writer, tmp_path):
    """Also while others have it open, what was written is in the file itself, not in the log beside it alone."""
    fill(writer, request(1))
    with closing(sqlite3.connect(records.path)) as other:
        other.execute("SELECT count(*) FROM requests").fetchall()
        fill(writer, request(2))
        writer.close()
        copy = shutil.copy(records.path, tmp_path / "copy.db")
    assert ids(Database(copy, REQUESTS)) == ["r2", "r1"]


def test_trouble_is_told_as_the_store_tells_it(records, writer):
    """A file that cannot be used is StoreUnusable, with a sentence that says what to do."""
    records.path.mkdir()
    with pytest.raises(StoreUnusable):
        fill(writer, request(1))
