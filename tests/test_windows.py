"""Several windows of one user, as real processes: clients ask all the while, and windows come, leave and die."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from editor import Editor
from mux import COMMAND, Mux
from upstream import Upstream, late, reply, stream
from waiting import PATIENCE, until

from sidecar.sharing.cards import Card, Cards
from sidecar.sharing.folder import meeting_folder

HI = {"messages": [{"role": "user", "content": "hi"}]}
JSON = {"Content-Type": "application/json"}
CLIENTS = [(kept, streamed) for kept in (False, True) for streamed in (False, True)]


def _chunk(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "model": "m1", "choices": [choice]}


STREAM = stream(*(_chunk({"content": word}) for word in "abcde"), _chunk({}, "stop"), "[DONE]", gap=0.05)
MESSAGE = {"role": "assistant", "content": "abcde"}
_CHOICE = {"index": 0, "message": MESSAGE, "finish_reason": "stop"}
WHOLE = late(0.05, reply({"id": "c", "model": "m1", "choices": [_CHOICE]}))
can_share = pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="this system cannot share a port")


class Client(threading.Thread):
    """An AI client that asks without end, on fresh connections or a kept one, streamed or not; notes what is lost."""

    def __init__(self, port: int, *, kept: bool, streamed: bool) -> None:
        super().__init__()
        self.port, self.kept = port, kept
        self.body = json.dumps(HI | {"stream": streamed}).encode()
        self.whole = b"[DONE]" if streamed else b'"finish_reason"'
        self.answered = 0
        self.lost: list[tuple[int, str]] = []  # how many were answered before, and what went wrong
        self.stop = threading.Event()

    def run(self) -> None:
        """Ask until told to stop."""
        connection = None
        while not self.stop.is_set():
            reused = connection is not None
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            begun = False
            try:
                connection.request("POST", "/v1/mux/chat/completions", self.body, JSON)
                answer = connection.getresponse()
                begun = True
                data = answer.read()
                assert self.whole in data, data[-300:]
                self.answered += 1
                if self.kept and not answer.will_close:
                    continue
            except (OSError, http.client.HTTPException, AssertionError) as error:
                if begun or not reused:  # a reset on an idle connection is retried by every client
                    self.lost.append((self.answered, repr(error)))
            connection.close()
            connection = None
        if connection is not None:
            connection.close()


def all_answered(clients: list[Client]) -> None:
    """Wait until each client has been answered once more."""
    before = [client.answered for client in clients]
    for client, answered in zip(clients, before, strict=True):
        until(lambda client=client: client.answered, lambda now, answered=answered: now != answered)


@contextlib.contextmanager
def asking(port: int) -> Iterator[list[Client]]:
    """Clients of all kinds at work; all have been answered at the end."""
    clients = [Client(port, kept=kept, streamed=streamed) for kept, streamed in CLIENTS]
    for client in clients:
        client.start()
    try:
        yield clients
        all_answered(clients)
    finally:
        for client in clients:
            client.stop.set()
        for client in clients:
            client.join()


class Serve:
    """A `serve` that can be told to leave, or killed, as a window can."""

    def __init__(self, mux: Mux, **env: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "serve"], env=mux.env | env, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        assert self.process.stderr is not None
        assert self.process.stderr.readline().startswith("Serving ")

    def begin_to_leave(self) -> None:
        """Tell it to leave."""
        self.process.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """End it whatever it does."""
        self.process.kill()
        self.process.communicate()


class Window(Editor):
    """An editor's window."""

    def __init__(self, mux: Mux, **env: str) -> None:
        super().__init__(mux, **env)
        self.initialize()
        self.serving()

    def begin_to_leave(self) -> None:
        """End as editors do, and do not wait."""
        self.ask("shutdown")
        self.notify("exit")


@pytest.fixture
def paced() -> Iterator[Upstream]:
    """A provider that takes its time, so that windows leave in the midst of answers."""
    upstream = Upstream()

    async def answer(request, wire) -> None:
        streamed = json.loads(request.body).get("stream")
        await (STREAM if streamed else WHOLE)(request, wire)

    upstream.script(answer)
    yield upstream
    upstream.close()


@pytest.fixture
def mux(fresh_mux: Callable[..., Mux], paced: Upstream) -> Mux:
    """A data folder with one route, to the paced provider."""
    mux = fresh_mux()
    mux.cli("provider", "add", "up", "--type", "vllm", "--endpoint", f"{paced.url}/v1")
    mux.cli("rule", "default", "up/m1")
    return mux


@pytest.fixture
def opened() -> Iterator[list[Serve | Window]]:
    """The windows of a test, closed at its end."""
    windows: list[Serve | Window] = []
    yield windows
    for window in windows:
        window.close()


def leave_one_after_the_other(mux: Mux, opened: list[Serve | Window], rounds: int) -> None:
    """With clients asking all the while, one of three windows leaves in each round, and another comes."""
    kinds = itertools.cycle((Serve, Window))
    opened += [next(kinds)(mux) for _ in range(3)]
    leaving = []
    with asking(mux.port) as clients:
        for number in range(rounds):
            opened[number].begin_to_leave()
            leaving.append(opened[number].process)
            opened.append(next(kinds)(mux))
    assert [client.lost for client in clients] == [[] for _ in clients]
    assert all(client.answered > rounds / 2 for client in clients), [client.answered for client in clients]
    assert [process.wait(PATIENCE) for process in leaving] == [0] * rounds


@can_share
def test_leaving_loses_no_request(mux, opened):
    """Twenty windows leave in an orderly way, and no request is lost: fresh or kept connection, streamed or not."""
    leave_one_after_the_other(mux, opened, 20)


@can_share
@pytest.mark.long
def test_leaving_loses_no_request_for_long(mux, opened):
    """So do 200."""
    leave_one_after_the_other(mux, opened, 200)


@can_share
def test_dying_loses_only_what_it_held(mux, opened):
    """`kill -9` fails at most the requests that the process held, one of each client, and the next one succeeds."""
    kinds = itertools.cycle((Window, Serve))
    opened += [next(kinds)(mux) for _ in range(3)]
    with asking(mux.port) as clients:
        for number in range(10):
            opened[number].process.kill()
            opened[number].process.wait()
            opened.append(next(kinds)(mux))
            all_answered(clients)  # else the next one dies before a stream is over, which loses it by right
    for client in clients:
        before = [answered for answered, _ in client.lost]
        assert len(before) <= 10
        assert len(set(before)) == len(before), client.lost  # each process that died cost it one request at most


@can_share
def test_a_switch_holds_in_every_process(mux, opened):
    """A switch in one window is what every process serves from the next request on."""
    for name in ("one", "two"):
        mux.cli("workspace", "add", name, "--copy-from", "default")
    first = Window(mux)
    opened += [first, Window(mux), Serve(mux)]
    pids = set()
    for number in range(20):
        name = ("one", "two")[number % 2]
        first.call("mux/workspace/switch", name=name)
        for _ in range(6):
            health = mux.get("/health").json()
            pids.add(health["pid"])
            assert health["workspace"] == name
            assert mux.post("/chat/completions", HI).headers["X-Mux-Workspace"] == name
    assert pids == {window.process.pid for window in opened}


@pytest.mark.skipif(os.name == "nt", reason="there an exclusive bind is the lock")
def test_two_data_folders_race(fresh_mux):
    """Of two data folders that want a port at the same moment, one has it, and the other says who."""
    for _ in range(5):
        muxes = [fresh_mux(), fresh_mux()]
        muxes[1].env["MUX_SIDECAR_PORT"] = str(muxes[0].port)
        racing = [
            subprocess.Popen([*COMMAND, "serve"], env=mux.env, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
            for mux in muxes
        ]
        said = [process.stderr.readline().decode() for process in racing]
        for process in racing:
            process.kill()
            process.communicate()
        assert sorted(line.startswith("Serving ") for line in said) == [False, True], said
        assert any(f"ort {muxes[0].port}" in line or "data folder" in line for line in said), said


def state_of(window: Editor, state: str, told: str = "") -> str:
    """Wait until the window's endpoint is in that state and says so much of it; all that it says."""
    endpoint = until(
        lambda: window.call("mux/status")["endpoint"],
        lambda endpoint: endpoint["state"] == state and told in endpoint.get("detail", ""),
    )
    return endpoint.get("detail", "")


@can_share
@pytest.mark.parametrize("first", ["without", "with"])
def test_a_window_that_lacks_a_variable(mux, opened, first):
    """Whoever lacks the key's variable stands by for a window that has it, in either order, and serves when it left."""
    key = {"WINDOW_KEY": "sk-1"}
    mux.cli("provider", "edit", "up", "--api-key-env", "WINDOW_KEY", env=key)
    if first == "without":
        opened += [Window(mux), Window(mux, **key)]
    else:
        opened += [Window(mux, **key), Editor(mux)]
        opened[1].initialize()
    without, has = opened if first == "without" else reversed(opened)
    state_of(without, "standby", "WINDOW_KEY")
    state_of(has, "serving")
    assert mux.post("/chat/completions", HI).status == 200
    status = without.call("mux/status")  # what it lacks is no trouble while the other one answers
    assert (status["kind"], status["problems"]) == ("inactive", [])
    assert has.leave() == 0
    state_of(without, "serving")
    assert mux.post("/chat/completions", HI).error["code"] == "provider_key_missing"


@can_share
def test_a_newer_version(mux, opened):
    """A window that meets a newer sidecar stands by, says to restart it, and serves when the newer one has left."""
    window = Window(mux)
    opened.append(window)
    home = mux.get("/health").json()["home"]
    newer = Cards(meeting_folder(), home, mux.port)
    newer.show(Card(pid=os.getpid(), version="99.0.0", state="serving"))
    try:
        told = state_of(window, "standby", "99.0.0")
        assert "restart this window" in told
        assert window.call("mux/status")["kind"] == "inactive"
    finally:
        newer.withdraw()
    state_of(window, "serving")
    assert mux.get("/health").status == 200


@can_share
def test_an_older_process(mux, opened, tmp_path):
    """A real process of a newer version takes the port; the older one stands by, and serves when that one has ended."""
    (tmp_path / "sitecustomize.py").write_text("import sidecar\n\nsidecar.__version__ = '99.0.0'\n", "utf-8")
    older = Window(mux)
    opened.append(older)
    path = os.pathsep.join(filter(None, (str(tmp_path), mux.env.get("PYTHONPATH"))))
    newer = Window(mux, PYTHONPATH=path)
    opened.append(newer)
    assert "restart this window" in state_of(older, "standby", "99.0.0")
    state_of(newer, "serving")
    health = mux.get("/health").json()
    assert (health["version"], health["pid"]) == ("99.0.0", newer.process.pid)
    assert mux.post("/chat/completions", HI).status == 200
    assert newer.leave() == 0
    state_of(older, "serving")
    assert mux.get("/health").json()["pid"] == older.process.pid
