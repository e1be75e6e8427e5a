"""The product as it is on Windows: its branches, on a Python that has no more than Windows' own (see `windows`)."""

import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from editor import Editor
from mux import COMMAND, events
from said import ask, chunk, chunks, completion
from upstream import event, reply, stream
from waiting import PATIENCE, until


@pytest.fixture
def mux(fresh_mux, windows_env, other_upstream):
    """A data folder with a route to the test's provider."""
    mux = fresh_mux(**windows_env)
    mux.cli("provider", "add", "up", "--type", "openai", "--endpoint", f"{other_upstream.url}/v1", "--auth", "none")
    mux.cli("rule", "default", "up/m1")
    return mux


def test_it_serves(mux, other_upstream):
    """Requests are routed, streamed and recorded; nothing asks for what Windows has not."""
    mux.start()
    other_upstream.script(reply(completion("whole")), stream(*chunks("half"), "[DONE]"))
    assert mux.post("/chat/completions", ask()).status == 200
    assert mux.post("/chat/completions", ask(stream=True)).text == "half"
    until(lambda: [row["outcome"] for row in mux.log()], lambda outcomes: outcomes == ["ok", "ok"])
    assert mux.get("/health").status == 200
    assert mux.stop() == 0
    assert "Traceback" not in mux.stderr
    assert "NotImplementedError" not in mux.stderr


COMMANDS = [
    ("provider", "list"),
    ("provider", "edit", "up", "--api-key-env", "UP_KEY"),
    ("rule", "list"),
    ("workspace", "list"),
    ("workspace", "add", "other"),
    ("log",),
    ("usage",),
    ("token",),
    ("doctor",),
    ("explain", "src/cart.ts"),
    ("connect", "codex"),
    ("editor", "neovim"),
    ("demo",),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_each_command_runs(mux, command):
    """A command does there what it does elsewhere."""
    done = mux.cli(*command, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 1) if command == ("doctor",) else done.returncode == 0, done.stderr


def test_a_key_is_kept_in_a_file(mux):
    """Where there is no keyring, a key goes to the file, by a lock and a file put in another's place."""
    mux.env |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    for key in ("sk-first-0123456789", "sk-second-0123456789"):
        mux.cli("provider", "edit", "up", "--api-key-stdin", typed=key)
    assert b"sk-second-0123456789" in (mux.home / "keys.json").read_bytes()


def test_the_folder_is_closed_to_others(mux, notes, tmp_path):
    """The data folder's access list gets the user alone, by the system's tool and no other of that name."""
    asked = [what[1:] for what in notes() if what[0] == "icacls"]
    assert (str(mux.home), "/inheritance:r", "/grant:r", "OFFICE\\ada:(OI)(CI)F") in asked
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "icacls.exe").write_text("#!/bin/sh\ntouch sprung\n", "utf-8")
    (trap / "icacls.exe").chmod(0o755)
    env = mux.env | {"MUX_SIDECAR_HOME": str(tmp_path / "again"), "PATH": f"{trap}:{mux.env['PATH']}"}
    subprocess.run([*COMMAND, "workspace", "list"], env=env, cwd=trap, check=True, capture_output=True, timeout=60)
    subprocess.run([*COMMAND, "workspace", "add", "x"], env=env, cwd=trap, check=True, capture_output=True, timeout=60)
    assert [what for what in notes() if str(tmp_path / "again") in what]
    assert not (trap / "sprung").exists()


def opened(mux):
    """A window that serves or stands by, and what it said."""
    process = subprocess.Popen(
        [*COMMAND, "serve"], env=mux.env, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    return process, process.stderr.readline()


def test_one_serves_and_another_stands_by(mux):
    """One process has the port; the other says so, and takes over when the first one ends, however that ends."""
    first, said = opened(mux)
    try:
        assert said.startswith("Serving ")
        second, said = opened(mux)
        try:
            assert said.startswith("Standing by: ")
            assert f"process {first.pid}" in said
            first.kill()
            first.wait()
            until(lambda: mux.is_served_by(second.pid))
        finally:
            second.kill()
            second.communicate()
    finally:
        first.kill()
        first.communicate()


def test_a_foreign_program_has_the_port(mux):
    """The port of another program is told as taken, where Windows refuses it as forbidden."""
    said = mux.serve_where_it_is_taken()
    assert f"Port {mux.port} is taken by " in said


def held(go_on):
    """A stream that ends when it is told to."""

    async def answer(request, wire):
        await wire.head(200, {"content-type": "text/event-stream"})
        await wire.send(event(chunk(content="half")))
        await asyncio.to_thread(go_on.wait, PATIENCE)
        await wire.send(event(chunk("stop")) + event("[DONE]"))
        wire.close()

    return answer


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGUSR1, signal.SIGTERM], ids=["Ctrl+C", "Ctrl+Break", "end"])
def test_a_signal_lets_streams_end(mux, other_upstream, number):
    """Ctrl+C and Ctrl+Break, which arrive in no loop there, end the process once its streams have ended."""
    mux.start()
    go_on = threading.Event()
    other_upstream.script(held(go_on))
    with mux.open("POST", "/chat/completions", ask(stream=True)) as got:
        read = got.read()
        mux.process.send_signal(number)
        mux.stops_listening()
        go_on.set()
        read += got.answer.read()
    assert events(read)[-1] == "[DONE]"
    process, mux.process = mux.process, None
    assert process.wait(PATIENCE) == 0


@pytest.fixture
def window(mux):
    """A window of an editor, initialized."""
    editor = Editor(mux)
    editor.initialize()
    yield editor
    editor.close()
    assert "Traceback" not in editor.stderr


def test_an_editor_s_window(mux, window, notes, other_upstream):
    """By standard input and output, whose bytes pass as they are, a window serves, and leaves when it is told."""
    window.serving()
    other_upstream.script(reply(completion("whole")))
    assert mux.post("/chat/completions", ask()).status == 200
    assert [what[0] for what in notes() if what[0] == "setmode"] == ["setmode", "setmode"]
    assert window.leave() == 0


def test_the_end_of_the_input(window):
    """The end of its input ends it, where nobody sends a signal."""
    window.serving()
    window.process.stdin.close()
    assert window.wait() == 1


@pytest.mark.parametrize("foreign", [False, True], ids=["own", "another user's"])
def test_the_death_of_the_parent(mux, notes, foreign):
    """The death of the editor's process is seen by its handle; one that may not be opened is taken to live."""
    parent = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    editor = Editor(mux, **({"WINDOWS_FOREIGN": str(parent.pid)} if foreign else {}))
    try:
        editor.initialize(processId=parent.pid)
        editor.serving()
        assert editor.process.poll() is None
        if not foreign:
            parent.kill()
            assert editor.wait() == 1
            assert ("close", str(parent.pid)) in notes()
    finally:
        parent.kill()
        parent.communicate()
        editor.close()


def test_no_file_is_left_behind(mux):
    """A window that leaves removes its card and the file that it held, which could not be removed while it is open."""
    mux.start()
    meeting = Path(mux.env["TMPDIR"]) / "mux-sidecar"
    until(lambda: list(meeting.glob("*.card")))
    assert mux.stop() == 0
    assert [path.name for path in meeting.iterdir()] == []


@pytest.mark.parametrize("encoding", ["cp1252", "cp437"])
def test_what_the_console_cannot_write(mux, encoding):
    """Arrows and marks that a console's encoding lacks are replaced, and end no command."""
    env = mux.env | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run([*COMMAND, "demo"], env=env, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Each went where the rules say" in done.stdout
