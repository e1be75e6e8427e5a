"""Many at once and for long, and much that is kept: nothing is lost, nothing grows, nothing is left over."""

import asyncio
import random
import sqlite3
import statistics
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from crowd import Crowd, provider
from records import seed
from said import ask, completion
from upstream import Upstream, reply

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
        until = time.monotonic() + 10
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


def test_much_that_is_kept_slows_no_request(fresh_mux, other_upstream):
    """With 100,000 records and 1,000 rules a request takes no longer than with none, in one run, turn by turn."""
    other_upstream.script(reply(completion()))
    small, large = fresh_mux(), fresh_mux()
    given = {"endpoint": f"{other_upstream.url}/v1", "auth": "none", "models": ["m1"], "offline": True}
    for mux in (small, large):
        mux.start()
        mux.rpc("mux/provider/add", name="up", type="openai", **given)
        mux.rpc("mux/rule/add", filter="", provider="up", model="m1")
        assert mux.post("/chat/completions", ask()).status == 200
    rules = [{"filter": f"folder{number}/*.t{number}", "provider": "up", "model": "m1"} for number in range(999)]
    large.rpc("mux/rule/set", rules=[*rules, {"filter": "", "provider": "up", "model": "m1"}])
    seed(large, 100_000, apart=300)  # of a year
    body = ask("Please explain `src/app/main.py` and `README.md`.")
    times = {small: [], large: []}
    for number in range(400):
        for mux in (small, large) if number % 2 else (large, small):
            times[mux].append(mux.post("/chat/completions", body).seconds)
    middle = {mux: statistics.median(taken[50:]) * 1000 for mux, taken in times.items()}
    ratio = middle[large] / middle[small]
    print(f"\nmedian {middle[small]:.2f} ms with nothing, {middle[large]:.2f} ms with much: ratio {ratio:.2f}")
    assert ratio < 1.5
    assert large.get("/health").seconds < 1
    assert large.rpc("mux/request/list", limit=5)
