"""What systems do each in their own way, asked directly, and macOS as far as Linux can be it."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import platformdirs.macos
import platformdirs.unix
import platformdirs.windows
import pytest
from editor import Editor
from mux import COMMAND
from waiting import PATIENCE, until

ROOT = Path(__file__).parents[2]


def run(code, env):
    """Run Python code as a process on that system."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


SYSTEMS = ["linux", "macos", "windows"]


@pytest.fixture(params=SYSTEMS)
def system_env(request, windows_env):
    """The variables of each system in turn."""
    return windows_env if request.param == "windows" else {"MUX_SIDECAR_SYSTEM": request.param}


def test_a_system_that_there_is_not(fresh_mux):
    """A wrong name of a system is told in a sentence."""
    done = fresh_mux(MUX_SIDECAR_SYSTEM="plan9").cli("serve", check=False)
    assert done.returncode != 0
    assert "MUX_SIDECAR_SYSTEM is 'plan9'; use one of linux, macos, windows." in done.stderr


def test_a_lock_is_one_process_s(system_env, tmp_path):
    """A lock is had by one at a time, another waits and gives up with a sentence, and its end frees it."""
    code = f"""
        from pathlib import Path
        from sidecar import private
        from sidecar.errors import StoreUnusable
        path = Path({str(tmp_path)!r}) / "x.lock"
        with private.lock(path):
            try:
                with private.lock(path, wait=0.1):
                    raise SystemExit("two have it")
            except StoreUnusable as error:
                assert "Another process has held" in str(error)
        with private.lock(path, wait=0.1):
            pass
    """
    run(code, system_env)


def test_a_file_in_use_is_replaced_afterwards(system_env, tmp_path):
    """A file that somebody reads for a moment is replaced once that is over, wholly."""
    code = f"""
        import threading
        from pathlib import Path
        from sidecar import private
        path = Path({str(tmp_path)!r}) / "x"
        private.write(path, b"old")
        reader = path.open("rb")
        threading.Timer(0.3, reader.close).start()
        private.write(path, b"new")
        assert private.read(path) == b"new"
        assert [one.name for one in path.parent.iterdir() if one.name.endswith("x")] == ["x"]
    """
    run(code, system_env)


def test_a_card_is_its_process_s(system_env, tmp_path):
    """A card is seen while its process holds it, however often others look, and is gone with it."""
    code = f"""
        import os, subprocess, sys, threading, time
        from pathlib import Path
        from sidecar.sharing.cards import Card, Cards
        folder = Path({str(tmp_path / "meet")!r})
        folder.mkdir()
        shown = '''
        import sys
        from pathlib import Path
        from sidecar.sharing.cards import Card, Cards
        import os
        cards = Cards(Path(sys.argv[1]), "h", 1)
        cards.show(Card(pid=os.getpid(), version="1", state="serving"))
        print("shown", flush=True)
        sys.stdin.read()
        '''
        import textwrap
        stop = threading.Event()
        def look():
            while not stop.is_set():
                Cards(folder, "h", 1).others()
        lookers = [threading.Thread(target=look) for _ in range(2)]
        for one in lookers: one.start()
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(shown), str(folder)],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"shown" + os.linesep.encode()
        stop.set()
        for one in lookers: one.join()
        assert [card.pid for card in Cards(folder, "h", 1).others()] == [child.pid]
        child.kill()
        child.wait()
        assert Cards(folder, "h", 1).others() == ()
        assert list(folder.iterdir()) == []
    """
    run(code, system_env)


def test_what_the_dead_left_is_swept(system_env, tmp_path):
    """Files of processes that have died go, whatever their data folder and port; the living's, and others, stay."""
    code = f"""
        import os
        from pathlib import Path
        from sidecar.sharing.cards import Card, Cards
        from sidecar.sharing.lives import sweep
        folder = Path({str(tmp_path)!r})
        living = Cards(folder, "aaaa", 1)
        living.show(Card(pid=os.getpid(), version="1", state="serving"))
        kept = {{"8989.lock", "notes.card", "b-1.life", *(path.name for path in folder.iterdir())}}
        dead = f"bbbb-2-{{os.getpid()}}"  # a number that another process has now
        for name in (*kept, f"{{dead}}.card", f"{{dead}}.life", f"{{dead}}.sock", "cccc-3-4.card", "dddd-4-5.life",
                     "eeee-5-6.sock", f".{{dead}}.card.6.789"):
            (folder / name).touch()
        sweep(folder)
        assert {{path.name for path in folder.iterdir()}} == kept, list(folder.iterdir())
        assert living.every()[0].pid == os.getpid()
    """
    run(code, system_env)


@pytest.mark.parametrize("system", ["linux", "macos"])  # on Windows no file is removed that another process has open
def test_a_sweep_removes_no_file_of_the_living(system, tmp_path):
    """A process whose dead namesake's file is swept while it takes it has a file that stays, whoever sweeps."""
    code = f"""
        import os, subprocess, sys
        from collections import deque
        from pathlib import Path
        from sidecar.sharing.lives import hold
        folder = Path({str(tmp_path / "meet")!r})
        folder.mkdir()
        sweeping = "import sys, pathlib\\nfrom sidecar.sharing.lives import sweep\\nprint(flush=True)\\n" \\
                   "while True: sweep(pathlib.Path(sys.argv[1]))"
        sweepers = [subprocess.Popen([sys.executable, "-c", sweeping, str(folder)], stdout=subprocess.PIPE)
                    for _ in range(3)]
        held = deque()
        try:
            for one in sweepers: one.stdout.readline()
            for port in range(1500):
                life = folder / f"h-{{port}}-{{os.getpid()}}.life"
                life.touch()
                held.append((life, hold(life)))
                if len(held) > 3:
                    life, descriptor = held.popleft()
                    assert os.path.samestat(os.fstat(descriptor), life.stat())
                    os.close(descriptor)
            assert all(one.poll() is None for one in sweepers)
        finally:
            for one in sweepers: one.kill()
    """
    run(code, {"MUX_SIDECAR_SYSTEM": system})


FOLDERS = {
    "Linux": platformdirs.unix.Unix,
    "macOS": platformdirs.macos.MacOS,
    "Windows": platformdirs.windows.Windows,
}


@pytest.mark.parametrize("name", FOLDERS)
def test_the_data_folder_is_where_the_docs_say(name, monkeypatch):
    """The page on installing names the folder that the library takes on each system."""
    monkeypatch.setenv("LOCALAPPDATA", "%LOCALAPPDATA%")
    by_variables = platformdirs.windows.get_win_folder_from_env_vars
    monkeypatch.setattr(platformdirs.windows, "get_win_folder", by_variables)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    told = re.search(rf"^\| {name} \| `([^`]+)`", (ROOT / "docs/installing.md").read_text("utf-8"), re.MULTILINE)
    found = FOLDERS[name]("mux-sidecar", appauthor=False).user_data_dir
    assert os.path.expanduser(told[1]).replace("\\", "/") == found.replace("\\", "/")  # noqa: PTH111 - no path of here


@pytest.fixture
def mac(fresh_mux):
    """A data folder on macOS, with an echo."""
    mux = fresh_mux(MUX_SIDECAR_SYSTEM="macos")
    mux.cli("provider", "add", "echo", "--type", "echo")
    mux.cli("rule", "default", "echo/echo")
    return mux


def test_the_death_of_the_parent_on_macos(mac):
    """Where the system tells nobody of a process's end, it is looked for, and seen."""
    parent = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    editor = Editor(mac)
    try:
        editor.initialize(processId=parent.pid)
        editor.serving()
        parent.kill()
        parent.communicate()  # by its own parent: a zombie is not told from a process that lives
        assert editor.wait() == 1
    finally:
        parent.kill()
        editor.close()


def test_windows_share_a_port_on_macos(mac):
    """Two serve one port; when one leaves, what is asked is answered by the other."""
    processes = []
    try:
        for _ in range(2):
            process = subprocess.Popen(
                [*COMMAND, "serve"], env=mac.env, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
            )
            processes.append(process)
            assert process.stderr.readline().startswith("Serving ")
        processes[1].terminate()
        assert processes[1].wait(PATIENCE) == 0
        until(lambda: mac.get("/health").json()["pid"], lambda pid: pid == processes[0].pid)
    finally:
        for process in processes:
            process.kill()
            process.communicate()
