"""Several sidecars and one port: who serves, and who stands by."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from mux import COMMAND
from waiting import PATIENCE, until

from sidecar.sharing.cards import Card
from sidecar.sharing.claim import Claim
from sidecar.sharing.folder import meeting_folder
from sidecar.sharing.standing import stands_by


@pytest.fixture
def mux(echoing):
    """A data folder with one route, an echo."""
    return echoing


class Windows:
    """Serving processes of one data folder and port."""

    def __init__(self, mux):
        self.mux = mux
        self.processes = []

    def open(self, **env):
        """One more; its process, once it says that it serves."""
        process = subprocess.Popen(
            [*COMMAND, "serve"], env=self.mux.env | env, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        self.processes.append(process)
        assert process.stderr.readline().startswith(("Serving ", "Standing by: "))
        return process

    def close(self):
        """End all."""
        for process in self.processes:
            process.kill()
            process.communicate()


@pytest.fixture
def windows(mux):
    """No window yet."""
    windows = Windows(mux)
    yield windows
    windows.close()


@pytest.mark.parametrize("sharing", ["shared", "alone"])
def test_another_takes_over(mux, windows, sharing):
    """When a window that serves is killed, the other answers, whether they shared the port or one stood by."""
    env = {"MUX_SIDECAR_SHARING": sharing}
    first = windows.open(**env)
    second = windows.open(**env)
    first.kill()
    first.wait()
    until(lambda: mux.is_served_by(second.pid))


@pytest.mark.skipif(os.name == "nt", reason="there nothing can be killed before its files are let go of")
def test_who_comes_sweeps_what_the_dead_left(mux, windows, fresh_mux):
    """A sidecar removes what a killed one of another data folder and port has left where they meet."""
    killed = windows.open()
    (home,) = {mux.get("/health").json()["home"]}
    killed.kill()
    killed.wait()
    assert len(list(meeting_folder().glob(f"{home}-{mux.port}-{killed.pid}.*"))) >= 2
    other = fresh_mux().start()
    assert list(meeting_folder().glob(f"{home}-*")) == []
    own = f"{other.get('/health').json()['home']}-{other.port}-{other.process.pid}"
    until(lambda: {f"{own}.card", f"{own}.life"} <= {path.name for path in meeting_folder().iterdir()})


def test_two_data_folders_never_share(mux, windows, tmp_path):
    """A sidecar of another data folder is refused the port, and told who has it."""
    serving = windows.open()
    env = mux.env | {"MUX_SIDECAR_HOME": str(tmp_path / "other")}
    refused = subprocess.run(
        [*COMMAND, "serve"], env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert refused.returncode == 1
    assert f"another data folder (process {serving.pid})" in refused.stderr


def test_a_foreign_program_is_named(mux):
    """A program that has the port is named with its process, where the system tells."""
    said = mux.serve_where_it_is_taken()
    assert f"Port {mux.port} is taken by " in said
    if Path("/proc/net/tcp").exists():
        assert f"(process {os.getpid()})" in said


TIME_WAIT = "06"  # include/net/tcp_states.h


def waiting(port):
    """How many connections of a port have ended, and are waited for lest something of them still comes."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    return sum(int(line[1].rpartition(":")[2], 16) == port and line[3] == TIME_WAIT for line in lines)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="connections that have ended are read from /proc")
@pytest.mark.parametrize("sharing", ["shared", "alone"])
def test_connections_that_have_ended_keep_no_port(mux, windows, sharing):
    """A port whose connections have just been ended by this side is had again at once."""
    for _ in range(2):
        process = windows.open(MUX_SIDECAR_SHARING=sharing)
        asked = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert b" 200 " in mux.raw(asked)  # read to its end, which the mux makes
        assert waiting(mux.port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert windows.open(MUX_SIDECAR_SHARING=sharing).poll() is None


@pytest.mark.skipif(os.name == "nt", reason="there an exclusive bind is the lock")
def test_a_claim_is_of_one_data_folder(tmp_path):
    """Any number of one data folder hold a port; another's gets it when they have let go."""
    first, second, other = (Claim(tmp_path, 1, home) for home in ("a", "a", "b"))
    assert first.take()
    assert second.take()
    assert not other.take()
    first.release()
    assert not other.take()
    second.release()
    assert other.take()
    assert not first.take()
    other.release()


def card(version="1.0.0", *variables):
    """A sibling that serves."""
    return Card(pid=7, version=version, state="serving", variables=variables)


@pytest.mark.parametrize(
    ("own", "other", "told"),
    [
        (card("1.0.0"), card("1.1.0"), "restart this window"),
        (card("1.1.0"), card("1.0.0"), None),
        (card("1.0.0"), card("1.0.0", "KEY"), "KEY"),
        (card("1.0.0", "KEY"), card("1.0.0"), None),
        (card("1.0.0", "KEY"), card("1.0.0", "HTTPS_PROXY"), None),
        (card("1.1.0"), card("1.0.0", "KEY"), None),
    ],
)
def test_who_stands_by(own, other, told):
    """The older stands by for the newer, and who lacks a variable for who lacks nothing that it has; never both."""
    needed = {"KEY": "openai", "HTTPS_PROXY": "openai"}
    sentence = stands_by(own, [other], needed)
    assert (sentence is None) == (told is None)
    assert told is None or told in sentence
    assert sentence is None or stands_by(other, [own], needed) is None
