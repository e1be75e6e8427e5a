"""A failure is one line on standard error and status 1, never a traceback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest
from mux import COMMAND, Mux


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("workspace use nowhere", "nowhere"),
        ("workspace remove default", "default"),
        ("workspace add a/b", "a/b"),
        ("provider refresh nobody", "nobody"),
        ("provider add bad --type openai --endpoint http://127.0.0.1:1/v1 --auth none", "127.0.0.1"),
        ("rule default nobody/m", "nobody"),
        ("rule remove 9", "9"),
        ("explain a.py -w nowhere", "nowhere"),
        ("workspace import README.nonsense", "README.nonsense"),
        ("log -w nowhere", "no workspace 'nowhere', and no request of one; there are: default."),
        ("log --provider nobody", "no provider 'nobody', and no request of one; there is none yet."),
        ("rule add --filter * --model a/b", "mux-sidecar rule default PROVIDER/MODEL"),
    ],
)
def test_failures(fresh_mux: Callable[..., Mux], line: str, says: str) -> None:
    """What cannot be done is told in one line that names it, with status 1 (2 for a file that is not there)."""
    done = fresh_mux().cli(*line.split(), check=False)
    assert done.stdout == ""
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    if line.startswith("workspace import"):  # click checks the file: wrong usage
        assert done.returncode == 2
        return
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("mux-sidecar: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_type_that_there_is_not(fresh_mux: Callable[..., Mux]) -> None:
    """Another word than a type's is wrong usage; the types are named."""
    done = fresh_mux().cli("provider", "add", "x", "--type", "nonsense", check=False)
    assert done.returncode == 2
    assert "no provider type 'nonsense'; use one of anthropic, echo, llamacpp" in done.stderr


def test_import_of_what_is_no_workspace(fresh_mux: Callable[..., Mux]) -> None:
    """A file that holds no workspace is refused, naming the command that writes one."""
    done = fresh_mux().cli("workspace", "import", "-", typed="not json", check=False)
    assert done.returncode == 1
    assert "workspace export" in done.stderr


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("{}", "`format` is missing."),
        (
            '{"format": "", "version": 1, "name": "a", "scope": "turn", "providers": [], "rules": [{"kind": "any"}]}',
            "`filter` is missing in rules[0].",
        ),
        ('{"format": 1}', "format is not as an export has it."),
    ],
)
def test_import_of_another_document(fresh_mux: Callable[..., Mux], document: str, says: str) -> None:
    """What a document lacks, or has otherwise than an export, is told without a program's words."""
    done = fresh_mux().cli("workspace", "import", "-", typed=document, check=False)
    assert done.returncode == 1
    assert done.stderr == f"mux-sidecar: This is no exported workspace: {says}\n"


def test_a_name_without_an_address(fresh_mux: Callable[..., Mux]) -> None:
    """`doctor` leads to the name where it cannot be found, not to a server that could be started."""
    mux = fresh_mux()
    where = ("--type", "openai", "--auth", "none", "--endpoint", "http://nowhere.invalid/v1", "--offline")
    mux.cli("provider", "add", "far", *where)
    shown = mux.cli("doctor", check=False).stdout
    assert "Correct the name in its endpoint: mux-sidecar provider edit" in shown
    assert "Start it" not in shown


@pytest.mark.parametrize("name", ["MUX_SIDECAR_PORT", "MUX_SIDECAR_LOG_LEVEL"])
def test_impossible_variable(fresh_mux: Callable[..., Mux], name: str) -> None:
    """A variable that cannot be is named."""
    done = fresh_mux().cli("status", env={name: "nonsense"}, check=False)
    assert done.returncode == 1
    assert name in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_adding_without_the_variable(fresh_mux: Callable[..., Mux]) -> None:
    """Where the variable of a new provider's key is not set, the sentence names what adds it, not what edits it."""
    mux = fresh_mux(ABSENT_KEY="")
    line = ("provider", "add", "far", "--type", "openai", "--endpoint", "http://127.0.0.1:1", "--api-key-env")
    done = mux.cli(*line, "ABSENT_KEY", check=False)
    assert done.returncode == 1
    assert "export ABSENT_KEY first" in done.stderr
    assert "or store the key with --api-key-stdin, or add it without asking with --offline." in done.stderr
    assert "provider edit" not in done.stderr
    assert mux.cli(*line, "ABSENT_KEY", "--offline").returncode == 0


def test_adding_a_header_without_its_variable(fresh_mux: Callable[..., Mux]) -> None:
    """A header's variable that is not set is no key that could be stored instead."""
    line = ("--endpoint", "http://127.0.0.1:1", "--auth", "none", "--header", "x-team=env:ABSENT_TEAM")
    done = fresh_mux(ABSENT_TEAM="").cli("provider", "add", "far", "--type", "openai", *line, check=False)
    assert "export ABSENT_TEAM first" in done.stderr
    assert "--api-key-stdin" not in done.stderr


@pytest.mark.parametrize("type_", ["openai", "ollama"])
def test_adding_what_does_not_run(fresh_mux: Callable[..., Mux], type_: str) -> None:
    """A server of this machine that refuses the connection: is it running, and how is it added nevertheless?"""
    mux = fresh_mux()
    line = ("provider", "add", "near", "--type", type_, "--endpoint", "http://localhost:1", "--auth", "none")
    done = mux.cli(*line, check=False)
    assert done.returncode == 1
    assert "is it running? Nothing was stored; --offline with --model NAME adds it without asking.\n" in done.stderr
    assert mux.json("provider", "list") == []
    mux.cli(*line, "--offline", "--model", "some")
    assert "provider edit near" in mux.cli(*line, check=False).stderr


def test_empty_key(fresh_mux: Callable[..., Mux]) -> None:
    """A key that was to come on standard input and does not is told."""
    done = fresh_mux().cli("provider", "add", "x", "--type", "openai", "--api-key-stdin", check=False)
    assert done.returncode == 1
    assert "standard input" in done.stderr


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a folder that may not be written")
def test_unwritable_home(fresh_mux: Callable[..., Mux]) -> None:
    """A data folder that cannot be written is named."""
    mux = fresh_mux()
    mux.home.mkdir(mode=0o500)
    done = mux.cli("workspace", "add", "work", check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_home_that_is_a_file(fresh_mux: Callable[..., Mux]) -> None:
    """A data folder that is a file is named."""
    mux = fresh_mux()
    mux.home.write_text("")
    done = mux.cli("workspace", "add", "work", check=False)
    assert done.returncode == 1
    assert str(mux.home) in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("level", "traceback"), [("warning", False), ("debug", True)])
def test_defect(fresh_mux: Callable[..., Mux], level: str, traceback: bool) -> None:
    """A defect of ours is one line with its kind and how to see more; the log level `debug` shows the traceback."""
    code = (
        "import sys\nfrom rpc.cli import main\n"
        "main.COMMANDS['doctor'] = ('rpc.nowhere', 'nothing', '')\nsys.exit(main.run(['doctor']))"
    )
    environment = fresh_mux().env | {"MUX_SIDECAR_LOG_LEVEL": level}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("mux-sidecar: unexpected ModuleNotFoundError: ")
    assert "MUX_SIDECAR_LOG_LEVEL=debug" in last
    assert ("Traceback" in done.stderr) is traceback


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGPIPE and no such pipe")
def test_reader_that_leaves(fresh_mux: Callable[..., Mux]) -> None:
    """A reader that leaves early, as `head` does, is no failure and no noise."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "provider", "types"], env=fresh_mux().env, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(os.name == "nt", reason="Windows closes streams otherwise")
@pytest.mark.parametrize("closed", [1, 2])
def test_a_stream_that_is_closed(fresh_mux: Callable[..., Mux], closed: int) -> None:
    """A command that was started without a standard stream does its work, and says the rest."""
    line = ["sh", "-c", f'exec "$@" {closed}>&-', "sh", *COMMAND, "provider", "types"]
    done = subprocess.run(line, env=fresh_mux().env, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert ("ollama" in done.stdout) is (closed == 2)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_interrupted(fresh_mux: Callable[..., Mux]) -> None:
    """Ctrl-C ends a command with 130 and no traceback."""
    mux = fresh_mux()
    process = subprocess.Popen(
        [*COMMAND, "log", "--follow"], env=mux.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"TIME")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors.strip()) == (130, b"")


def test_port_held_by_another_program(fresh_mux: Callable[..., Mux]) -> None:
    """`serve` ends with one line where another program holds the port, and `status` names that."""
    mux = fresh_mux()
    with socket.create_server(("127.0.0.1", mux.port)):
        done = mux.cli("serve", check=False)
        status = mux.json("status")
    assert done.returncode == 1
    assert str(mux.port) in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert status["endpoint"]["state"] == "blocked"
    assert str(mux.port) in status["endpoint"]["detail"]


def test_a_variable_that_is_missing(fresh_mux: Callable[..., Mux]) -> None:
    """`status` names a key's variable that is not set here, also where nobody serves."""
    mux = fresh_mux()
    where = ("--type", "openai", "--api-key-env", "NOWHERE_KEY", "--offline", "--model", "m1")
    mux.cli("provider", "add", "up", *where)
    mux.cli("rule", "default", "up/m1")
    status = mux.json("status")
    assert (status["kind"], status["endpoint"]["state"]) == ("error", "standby")
    assert "NOWHERE_KEY" in status["problems"][0]
