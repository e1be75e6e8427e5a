"""A program in a terminal as its user sees it: keys go in, and the screen is read. The terminal is tmux's."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from waiting import PATIENCE, until

TMUX = shutil.which("tmux")


class Terminal:
    """One program in a terminal of 30 lines."""

    def __init__(self, command: list[str], env: dict[str, str], folder: Path, columns: int = 120) -> None:
        assert TMUX is not None
        # A socket's path is short: the folder of a test may be too long for one.
        self._tmux = [TMUX, "-f", "/dev/null", "-L", f"mux-sidecar-{folder.parent.name}-{id(self)}"]
        self._env = env | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self._env.pop("TMUX", None)
        self._run("new-session", "-d", "-x", str(columns), "-y", "30", "-c", str(folder), *command)

    @property
    def screen(self) -> str:
        """What is to be seen, line by line."""
        return self._run("capture-pane", "-p")

    @property
    def colours(self) -> str:
        """The same with its escape sequences."""
        return self._run("capture-pane", "-p", "-e")

    @property
    def pid(self) -> int:
        """The program's process."""
        return int(self._run("display-message", "-p", "#{pane_pid}"))

    def children(self) -> list[int]:
        """The processes that the program has started and that are there (Linux)."""
        listed = Path(f"/proc/{self.pid}/task").glob("*/children")
        return [int(pid) for threads in listed for pid in threads.read_text("utf-8").split() if is_alive(int(pid))]

    def keys(self, *keys: str) -> None:
        """Press keys by tmux's names for them (`Enter`, `C-c`, `M-x`)."""
        self._run("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text as it is."""
        self._run("send-keys", "-l", "--", text)

    def until(self, fits: str | Callable[[str], object]) -> str:
        """The screen, once the text is on it, or once it fits."""
        return until(
            lambda: self.screen, (lambda seen: fits in seen) if isinstance(fits, str) else fits, lambda: f"not {fits}"
        )

    def close(self) -> None:
        """Close the window, whatever the program does."""
        self._run("kill-server", check=False)

    def _run(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments],
            env=self._env,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        assert not check or done.returncode == 0, f"tmux {arguments[0]}: {done.stderr}"
        return done.stdout


def is_alive(pid: int) -> bool:
    """Whether a process runs: one that has ended may wait long for somebody to ask how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def has_ended(pid: int) -> None:
    """Wait until a process has ended."""
    until(lambda: not is_alive(pid))
