"""What a terminal gets and a pipe does not: tables to its width, questions, and the wait for a slow provider shown."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from mux import COMMAND, Mux
from upstream import Upstream

INTERRUPT = b"\x03"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")


def on_terminal(mux: Mux, *args: str, typed: bytes = b"", after: bytes = b"", **env: str) -> tuple[int, str]:
    """Run a command on a terminal, type once `after` has been shown; its status and all that the terminal showed."""
    ours, theirs = os.openpty()
    environment = mux.env | {
        "TERM": "xterm-256color",
        "COLUMNS": "100",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        **env,
    }
    process = subprocess.Popen([*COMMAND, *args], env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown, until = b"", time.monotonic() + 30
    try:
        while time.monotonic() < until and (piece := _piece(ours)) is not None:
            shown += piece
            if typed and after in shown:
                if typed == INTERRUPT:  # the terminal is not the one that rules this process: it sends no signal
                    process.send_signal(signal.SIGINT)
                else:
                    os.write(ours, typed)
                typed = b""
    finally:
        os.close(ours)
        status = process.wait(30)
    return status, shown.decode()


def _piece(terminal: int) -> bytes | None:
    """What came within a while; None at the end (Linux says EIO there)."""
    if not select.select([terminal], [], [], 1)[0]:
        return b""
    try:
        return os.read(terminal, 65536) or None
    except OSError:
        return None


@pytest.fixture
def mux(fresh_mux: Callable[..., Mux]) -> Mux:
    """A data folder with one provider."""
    mux = fresh_mux()
    mux.cli("provider", "add", "near", "--type", "echo")
    return mux


def test_table(mux: Mux) -> None:
    """On a terminal a listing is drawn as a table, and brackets in a filter are no markup."""
    mux.cli("rule", "add", "--filter", "[bold]/page.tsx", "--model", "near/echo")
    status, shown = on_terminal(mux, "rule", "list")
    assert status == 0
    assert "[bold]/page.tsx" in shown
    assert "\x1b[1m" in shown


@pytest.mark.parametrize(("env", "colours"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)])
def test_colours(mux: Mux, env: dict[str, str], colours: bool) -> None:
    """A terminal gets marks in colours, unless NO_COLOR is set to anything."""
    status, shown = on_terminal(mux, "doctor", **env)
    assert status == 1
    assert "✓" in shown
    assert "✗" in shown
    assert ("\x1b[31m" in shown, "\x1b[32m" in shown) == (colours, colours)


def test_a_narrow_terminal(mux: Mux) -> None:
    """Nothing of a table is lost on a narrow terminal: cells go on in the next line."""
    mux.cli("rule", "add", "--filter", "src/components/checkout/**/*.test.tsx", "--model", "near/echo")
    status, shown = on_terminal(mux, "rule", "list", COLUMNS="40")
    assert status == 0
    titles, *lines = re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines()
    assert max(map(len, lines)) <= 40
    column = slice(titles.index("FILTER"), titles.index("KIND"))
    assert "src/components/checkout/**/*.test.tsx" in "".join(line[column].strip() for line in lines)


def test_log_of_a_failure(mux: Mux) -> None:
    """On a terminal, why a request failed is told whole below the table, in lines of its width."""
    where = ("--type", "openai", "--endpoint", "http://127.0.0.1:1/v1", "--auth", "none", "--offline", "--model", "m")
    mux.cli("provider", "add", f"dead-{'x' * 50}", *where)
    mux.cli("rule", "default", f"dead-{'x' * 50}/m")
    mux.start()
    body = {"model": "mux", "messages": [{"role": "user", "content": "Anybody?"}]}
    assert mux.post("/chat/completions", body).status == 502
    assert len(mux.recorded(1)) == 1
    status, shown = on_terminal(mux, "log")
    assert status == 0
    table, _, below = shown.replace("\r", "").rpartition("\n\n")
    assert "OUTCOME" in table
    assert max(map(len, below.splitlines())) <= 100
    assert mux.log()[0]["error"] in " ".join(below.split())
    status, shown = on_terminal(mux, "log", COLUMNS="40")
    lines = re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines()
    assert max(map(len, lines)) <= 40
    assert ["OUTCOME", "error", "502"] in [line.split() for line in lines]


def test_key_is_asked_for_unseen(mux: Mux, other_upstream: Upstream) -> None:
    """A key that is wanted is asked for, not shown, and used."""
    where = ("--type", "openai", "--endpoint", f"{other_upstream.url}/v1", "--auth", "api_key")
    status, shown = on_terminal(mux, "provider", "add", "far", *where, typed=b"sk-unseen-012345\n", after=b"API key")
    assert status == 0, shown
    assert "sk-unseen" not in shown
    assert other_upstream.asked_for_models[-1].header("authorization") == "Bearer sk-unseen-012345"
    again = ("provider", "edit", "far", "--api-key-stdin")  # as every hint about a key says
    status, shown = on_terminal(mux, *again, typed=b"sk-another-98765\n", after=b"API key of far")
    assert status == 0, shown
    assert "sk-another" not in shown
    assert other_upstream.asked_for_models[-1].header("authorization") == "Bearer sk-another-98765"


@pytest.mark.parametrize(("typed", "status", "says"), [(b"y\n", 0, "Removed 0 requests."), (b"n\n", 1, "nothing was")])
def test_clearing_is_confirmed(mux: Mux, typed: bytes, status: int, says: str) -> None:
    """`log --clear` asks first; a no changes nothing."""
    ended, shown = on_terminal(mux, "log", "--clear", typed=typed, after=b"[y/N]")
    assert (ended, says in shown) == (status, True), shown


def test_interrupted_question(mux: Mux) -> None:
    """Ctrl-C at a question ends the command with 130."""
    ended, shown = on_terminal(mux, "log", "--clear", typed=INTERRUPT, after=b"[y/N]")
    assert ended == 130, shown
    assert "Traceback" not in shown
