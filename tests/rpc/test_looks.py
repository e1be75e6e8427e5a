"""What it costs to look for changes while nothing changes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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


async def until(is_so):
    """Wait for it."""
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - SQLite says it, which sets no event
            await asyncio.sleep(0.02)


async def test_looks_that_find_nothing(tmp_path, said):
    """A look asks SQLite once for each file whether it changed, and starts no task and no thread; a change is told."""
    place = Place(home=tmp_path / "home", port=0, discover=False)
    loop = asyncio.get_running_loop()
    threads = Threads()
    loop.set_default_executor(threads)
    tasks, told = [], []

    def start(loop, work, **options):
        tasks.append(work)
        return asyncio.Task(work, loop=loop, **options)

    async with open_control(place) as control:
        snapshots = Snapshots(place)
        board = Board(control, snapshots)
        await board.refresh()
        changes = Changes(board)
        changes.listen(Window(), lambda method, value: told.append((method, value)))
        running = asyncio.create_task(changes.run())
        await until(lambda: said["requests.db", ASKED] > LOOKS)  # the first of them tell what is so at the start
        said.clear()
        told.clear()
        threads.given = 0
        loop.set_task_factory(start)
        await until(lambda: said["requests.db", ASKED] >= LOOKS)
        assert (threads.given, tasks, told) == (0, [], [])
        assert {statement for _, statement in said} == {ASKED}
        assert abs(said["config.db", ASKED] - said["requests.db", ASKED]) <= 1
        loop.set_task_factory(None)
        control.bench.config.run(lambda db: workspaces.add(db, "new", "turn"))
        await until(lambda: any(method == DID_CHANGE and value.what == "workspaces" for method, value in told))
        running.cancel()
        snapshots.close()
        board.close()
