"""Many at once and for long, and much that is kept: nothing is lost, nothing grows, nothing is left over."""

import asyncio
import random
import sqlite3
import statistics
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from crowd import Crowd, provider
from records import record
from upstream import Upstream

from sidecar.routing.rules import CompiledRule, compile_filter, first_match
from sidecar.store import requests
from sidecar.store.database import REQUESTS, Database

linux = pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")
STREAMS = 200

#: Tells at SIGUSR1 how many tasks there are that are not done.
COUNTER = """
import asyncio, gc, os, signal
def _tell(*_):
    live = [one for one in gc.get_objects() if isinstance(one, asyncio.Task) and not one.done()]
    with open(os.environ["TASKS"], "w") as out:
        out.write("\\n".join(sorted(one.get_coro().__qualname__ for one in live)) + "\\nend")
signal.signal(signal.SIGUSR1, _tell)
"""


class Held:
    """What a mux's process holds: memory in MB, descriptors, threads, tasks."""

    def __init__(self, mux, tasks):
        self.mux = mux
        self.tasks_file = tasks
        self.root = Path(f"/proc/{mux.process.pid}")

    @property
    def memory(self):
        """Megabytes."""
        return int((self.root / "status").read_text("ascii").split("VmRSS:")[1].split()[0]) / 1024

    @property
    def descriptors(self):
        """How many files and sockets are open."""
        return len(list((self.root / "fd").iterdir()))

    def tasks(self):
        """The tasks that are not done, by name."""
        self.tasks_file.unlink(missing_ok=True)
        self.mux.process.send_signal(10)
        until = time.monotonic() + 30
        while not self.tasks_file.exists() or not self.tasks_file.read_text("utf-8").endswith("end"):
            assert time.monotonic() < until
            time.sleep(0.02)
        return self.tasks_file.read_text("utf-8").split("\n")[:-1]


class Gauge(threading.Thread):
    """Notes the memory each half second."""

    def __init__(self, held):
        super().__init__()
        self.held = held
        self.points = []
        self.stop = threading.Event()

    def run(self):
        """Until told to stop."""
        while not self.stop.wait(0.5):
            self.points.append((time.monotonic(), self.held.memory))


def slope(points):
    """Megabytes for each minute, by least squares."""
    times = [at for at, _ in points]
    return statistics.linear_regression(times, [memory for _, memory in points]).slope * 60


def eventually(value, wanted):
    """Wait until a value is as wanted."""
    until = time.monotonic() + 20
    while not wanted(value()):
        assert time.monotonic() < until, value()
        time.sleep(0.1)


@pytest.fixture
def crowded(fresh_mux, tmp_path):
    """A mux in front of a provider on two wires, and what it holds."""
    (tmp_path / "sitecustomize.py").write_text(COUNTER, "utf-8")
    tasks = tmp_path / "tasks"
    upstream = Upstream()
    upstream.script(provider)
    mux = fresh_mux(PYTHONPATH=str(tmp_path), TASKS=str(tasks))
    mux.start()
    for place, kind, root in (("chat", "openai", "/v1"), ("claude", "anthropic", "")):
        given = {"endpoint": upstream.url + root, "auth": "none", "models": ["m1"], "offline": True}
        mux.rpc("mux/provider/add", name=place, type=kind, **given)
        mux.rpc("mux/workspace/add", name=place)
        mux.rpc("mux/rule/add", workspace=place, filter="", provider=place, model="m1")
    yield mux, Held(mux, tasks), upstream
    upstream.close()


def load(crowded, seconds):
    """The crowd for so long: every answer right, memory flat, nothing left over, a record of each request."""
    mux, held, upstream = crowded
    seed = random.randrange(2**32)
    idle = held.tasks()
    warm = asyncio.run(Crowd(mux.url, ["chat", "claude"], seed).ask(20, 2))  # what is loaded and filled once
    eventually(lambda: rows(mux), lambda count: count == warm.asked)
    descriptors = held.descriptors + 3  # a database, when it is written, has two files beside it
    gauge = Gauge(held)
    gauge.start()
    tally = asyncio.run(Crowd(mux.url, ["chat", "claude"], seed + 1000).ask(STREAMS, seconds))
    gauge.stop.set()
    gauge.join()
    later = gauge.points[len(gauge.points) // 3 :]
    grown = slope(later)
    print(
        f"\n{seconds:.0f} s, {STREAMS} at once: {tally.asked} asked, {dict(tally.ends)}; memory "
        f"{later[0][1]:.0f} → {later[-1][1]:.0f} MB, slope {grown:+.2f} MB/min; seed {seed}"
    )
    assert tally.wrong == []
    assert min(tally.ends[end] for end in ("whole", "failed", "left")) > seconds
    assert grown * (later[-1][0] - later[0][0]) / 60 < 10  # megabytes over the time that was looked at
    eventually(lambda: rows(mux) - warm.asked, lambda count: count == tally.asked)
    upstream.close()  # and the connections that were kept for later
    eventually(held.tasks, lambda tasks: len(tasks) <= len(idle))
    eventually(lambda: held.descriptors, lambda count: count <= descriptors)
    print(f"left over: {len(held.tasks()) - len(idle)} tasks, {held.descriptors - descriptors} descriptors")


def rows(mux):
    """How many requests were recorded."""
    with closing(sqlite3.connect(mux.home / "requests.db")) as db:
        return db.execute("SELECT count(*) FROM requests").fetchone()[0]


@linux
def test_two_hundred_at_once(crowded):
    """Two hundred streams at once for half a minute, clients leaving and the provider failing at random."""
    load(crowded, 30)


@linux
@pytest.mark.long
def test_two_hundred_at_once_for_long(crowded):
    """So for ten minutes."""
    load(crowded, 600)


def steps(db, work):
    """How many steps of SQLite's machine some work takes (sqlite3_progress_handler)."""
    taken = [0]

    def step():
        taken[0] += 1
        return 0

    db.set_progress_handler(step, 1)
    try:
        work(db)
    finally:
        db.set_progress_handler(None, 0)
    return taken[0]


WORK = {
    "append": lambda db: requests.append(db, [(record(10**9, datetime.now(UTC)), None)]),
    "list": lambda db: requests.newest(db, 5),
    "next page": lambda db: requests.newest(db, 5, requests.place(db, f"req_{5:024d}")),
    "one": lambda db: requests.one(db, f"req_{5:024d}"),
    "outage": lambda db: requests.outage(db, "local"),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Two files of records, with a hundred and with 20,000."""
    files = []
    for count in (100, 20_000):
        database = Database(tmp_path_factory.mktemp("kept") / "requests.db", REQUESTS)
        database.prepare()
        now = datetime.now(UTC)
        rows = [(record(number, now, 300), None) for number in reversed(range(count))]
        database.run(lambda db, rows=rows: requests.append(db, rows))
        files.append(database)
    return files


@pytest.mark.parametrize("work", WORK)
def test_much_that_is_kept_makes_no_work(kept, work):
    """What is done for each request, and each time a list is looked at, takes as many steps with many records."""
    few, many = (database.run(lambda db: steps(db, WORK[work])) for database in kept)
    assert few > 0
    assert many <= few + 20  # a tree that is deeper, or balanced just now


def test_each_of_many_rules_is_asked_once():
    """Of a thousand rules that take none of a request's files, each costs the same two calls."""
    files = ["src/app/main.py", "README.md", *(f"src/module{number}.py" for number in range(48))]
    texts = [(f".x{n}", f"lib{n}/core/", f"*.spec{n}.ts", f"=Makefile.{n}")[n % 4] for n in range(1000)]
    rules = [CompiledRule(n, text, "any", "up", "m1", compile_filter(text)) for n, text in enumerate(texts, 1)]
    everything = CompiledRule(1001, "", "any", "up", "m1", compile_filter(""))
    assert first_match([*rules, everything], "chat", files) is everything
    few, many = (calls(lambda asked=asked: first_match(asked, "chat", files)) for asked in (rules[:8], rules))
    assert few > 8
    assert many - few <= 2 * 992


def calls(work):
    """How many functions are called, Python's and the library's."""
    count = [0]

    def called(frame, event, argument):
        count[0] += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count[0]
