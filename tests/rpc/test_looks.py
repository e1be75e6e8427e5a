"""What it costs to look for changes while nothing changes."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from waiting import becomes_so

from rpc.board import Board
from rpc.changes import DID_CHANGE, Changes
from rpc.service import Window
from sidecar.control.opening import open_control
from sidecar.settings import Place
from sidecar.snapshot import Snapshots
from sidecar.store import workspaces

LOOKS = 5
ASKED = "PRAGMA data_version"


class Threads(ThreadPoolExecutor):
    """Threads that count what they are given to do."""

    def __init__(self) -> None:
        super().__init__()
        self.given = 0

    def submit(self, *args, **kwargs):
        """Count and do it."""
        self.given += 1
        return super().submit(*args, **kwargs)


@pytest.fixture
def said(monkeypatch):
    """Every statement that SQLite is told from now on, by the name of the file, and how often."""
    counted = Counter()
    connect = sqlite3.connect

    def traced(database, *args, **kwargs):
        connection = connect(database, *args, **kwargs)
        name = Path(str(database).partition("?")[0]).name
        connection.set_trace_callback(lambda statement: counted.update([(name, statement)]))
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    return counted


@asynccontextmanager
async def looking(home, tell):
    """A process that looks for changes and tells them; what changes its configuration."""
    place = Place(home=home, port=0, discover=False)
    async with open_control(place) as control:
        snapshots = Snapshots(place)
        board = Board(control, snapshots)
        await board.refresh()
        changes = Changes(board)
        changes.listen(Window(), tell)
        running = asyncio.create_task(changes.run())
        yield control.bench.config
        running.cancel()
        snapshots.close()
        board.close()


@pytest.fixture
def zone(monkeypatch):
    """Moves this machine to another time zone."""
    if not hasattr(time, "tzset"):
        pytest.skip("the zone is the system's here")

    def move(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


async def test_looks_that_find_nothing(tmp_path, said):
    """A look asks SQLite once for each file whether it changed, and starts no task and no thread; a change is told."""
    loop = asyncio.get_running_loop()
    threads = Threads()
    loop.set_default_executor(threads)
    tasks, told = [], []

    def start(loop, work, **options):
        tasks.append(work)
        return asyncio.Task(work, loop=loop, **options)

    async with looking(tmp_path / "home", lambda method, value: told.append((method, value))) as config:
        await becomes_so(lambda: said["requests.db", ASKED] > LOOKS)  # the first of them tell what is so at the start
        said.clear()
        told.clear()
        threads.given = 0
        loop.set_task_factory(start)
        await becomes_so(lambda: said["requests.db", ASKED] >= LOOKS)
        assert (threads.given, tasks, told) == (0, [], [])
        assert {statement for _, statement in said} == {ASKED}
        assert abs(said["config.db", ASKED] - said["requests.db", ASKED]) <= 1
        loop.set_task_factory(None)
        config.run(lambda db: workspaces.add(db, "new", "turn"))
        await becomes_so(lambda: any(method == DID_CHANGE and value.what == "workspaces" for method, value in told))


async def test_a_new_day(tmp_path, said, zone):
    """At midnight it is told that what was asked today is another, though nobody asked anything."""
    zone("WEST+12")
    told = []
    async with looking(tmp_path / "home", lambda method, value: told.append((method, value))):
        await becomes_so(lambda: said["requests.db", ASKED] > LOOKS)
        told.clear()
        zone("EAST-14")  # always a later day
        await becomes_so(lambda: any(method == DID_CHANGE and value.what == "requests" for method, value in told))
