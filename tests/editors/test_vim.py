"""The binding for Vim in the real editor, in a terminal, started as its user's configuration does."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blocks import block
from mux import Mux
from neovim import find
from terminal import TMUX, Terminal, has_ended

ROOT = Path(__file__).parent.parent.parent
BINDING = ROOT / "editors/vim"
PACK = ".vim/pack/mux-sidecar/start/mux-sidecar"
VIM = find("vim")

pytestmark = pytest.mark.skipif(VIM is None or TMUX is None, reason="Vim or tmux is not installed")

Open = Callable[..., Terminal]


@pytest.fixture
def open_(tmp_path: Path, project: Path) -> Iterator[Open]:
    """Starts Vim (`open_(mux, *files)`) with the docs' block, and the binding where users have it."""
    shutil.copytree(BINDING, tmp_path / PACK)
    (tmp_path / ".vimrc").write_text(block("docs/editors/vim.md", "vim"), "utf-8")
    opened: list[Terminal] = []

    def start(mux: Mux, *files: str, columns: int = 120) -> Terminal:
        opened.append(Terminal([str(VIM), *files], mux.env | {"HOME": str(tmp_path)}, project, columns))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def command(vim: Terminal, line: str) -> None:
    """Enter an Ex command."""
    vim.type(f":{line}")
    vim.until(lambda screen: screen.splitlines()[-1].startswith(f":{line}"))
    vim.keys("Enter")


def test_it_starts_by_itself(open_, home):
    """The sidecar starts with Vim and without a document; the status line says what serves; both leave together."""
    vim = open_(home)
    seen = vim.until("default · local/big ")
    assert "Press ENTER" not in seen
    (sidecar,) = vim.children()
    command(vim, "quit")
    has_ended(sidecar)


def test_the_status_line_follows_the_document(open_, home):
    """Another document, another model, each in its own window."""
    vim = open_(home, "app.ts")
    vim.until("default · local/small ")
    command(vim, "split app.py")
    vim.until(lambda screen: "local/big" in screen and "local/small" in screen)
    command(vim, "saveas other.ts")
    vim.until(lambda screen: screen.count("local/small") == 2)


def test_switching(open_, home):
    """The key lists the workspaces in a popup; the choice holds for all, and is told. Esc changes nothing."""
    vim = open_(home, "app.ts")
    vim.until("default · local/small ")
    vim.keys("\\", "m")
    vim.until("Which workspace is to be active?")
    vim.keys("Escape")
    vim.until(lambda screen: "Which workspace" not in screen)
    assert home.json("status")["workspace"] == "default"
    vim.keys("\\", "m")
    assert "work (local/echo)" in vim.until("Which workspace is to be active?")
    vim.type("j")
    vim.keys("Enter")
    vim.until("The workspace work is active; its model is local/echo.")
    vim.until("work · local/echo ")
    assert home.json("status")["workspace"] == "work"
    command(vim, "Mux switch default")
    vim.until("default · local/small ")


def test_a_switch_elsewhere_shows_by_itself(open_, home):
    """A switch on the command line appears, and `User MuxStatus` tells of it."""
    vim = open_(home, "app.ts")
    vim.until("default · local/small ")
    command(vim, "autocmd User MuxStatus call setline(2, mux_sidecar#Status().workspace)")
    home.cli("workspace", "use", "work")
    vim.until("work · local/echo ")
    vim.until(lambda screen: screen.splitlines()[1] == "work")


def test_rules(open_, home):
    """A model for files like this one, chosen in a popup, and for everything else, named; and why it answers."""
    vim = open_(home, "app.py")
    vim.until("default · local/big ")
    command(vim, "Mux rule")
    vim.until("local/echo")
    vim.keys("j", "j", "Enter")
    vim.until("default · local/echo ")
    command(vim, "Mux default local/small")
    vim.until("local/small answers")
    command(vim, "Mux explain")
    vim.until("app.py: local/echo, by rule")
    rules = {rule["filter"]: rule["model"] for rule in home.json("rule", "list")}
    assert rules == {".ts": "small", ".py": "echo", "": "small"}


def test_paths_are_those_of_the_project(open_, home, project):
    """A rule for a file of the current folder takes it, and no longer when that changes; names are escaped."""
    home.cli("rule", "add", "--filter", "project/ü %.py", "--model", "local/echo")
    (project / "ü %.py").touch()
    vim = open_(home, "ü %.py")
    vim.until("default · local/big ")
    command(vim, "cd ..")
    vim.until("default · local/echo ")


def test_lists(open_, home):
    """What has more than a line is shown in a window, which q closes."""
    vim = open_(home, "app.ts")
    vim.until("default · local/small ")
    command(vim, "Mux status")
    vim.until("This document  local/small")
    vim.type("q")
    vim.until(lambda screen: "This document" not in screen)
    command(vim, "Mux refresh")
    vim.until("local has 3 models.")
    command(vim, "Mux copy")
    vim.until(f"Copied: http://localhost:{home.port}/v1/mux")
    command(vim, "Mux nothing")
    vim.until("There is no :Mux nothing")


def test_completion_and_menu(open_, home):
    """Subcommands and names are completed, and `:Mux` alone lists what there is."""
    vim = open_(home)
    vim.until("default · local/big ")
    vim.type(":Mux sw\t WO\t")
    vim.until(":Mux switch work")
    vim.keys("C-u")
    vim.type("Mux rule local/s\t")
    vim.until(":Mux rule local/small")
    vim.keys("C-c")
    command(vim, "Mux")
    vim.until("Find out what is wrong")


def test_the_dashboard_opens(open_, home, tmp_path):
    """The dashboard is opened by the system's program; where there is none, its address is told."""
    vim = open_(home)
    vim.until("default · local/big ")
    (tmp_path / "opener").write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n', "utf-8")
    (tmp_path / "opener").chmod(0o755)
    command(vim, f"let g:mux_sidecar_openers = [['{tmp_path}/opener']]")
    command(vim, "Mux dashboard")
    vim.until(lambda _: (tmp_path / "opened").exists() and (tmp_path / "opened").read_text("utf-8"))
    assert f"http://localhost:{home.port}/#code=" in (tmp_path / "opened").read_text("utf-8")
    command(vim, "let g:mux_sidecar_openers = []")
    command(vim, "Mux dashboard")
    vim.until(f"http://localhost:{home.port}/#code=")


def test_a_killed_sidecar_starts_again(open_, home):
    """A sidecar that dies is started again, as the status line tells; `:Mux restart` starts another."""
    vim = open_(home, "app.ts")
    vim.until("default · local/small ")
    (first,) = vim.children()
    os.kill(first, signal.SIGKILL)
    vim.until("mux-sidecar: stopped ")
    vim.until("default · local/small ")
    (second,) = vim.children()
    command(vim, "Mux restart")
    has_ended(second)
    vim.until("default · local/small ")
    assert vim.children() not in ([first], [second], [])


def test_a_taken_port_is_shown(open_, home):
    """Where another program has the port, the status line is coloured, and the doctor says what is wrong."""
    with socket.create_server(("127.0.0.1", home.port)):
        vim = open_(home, "app.ts")
        vim.until("default · local/small ")
        vim.until(lambda _: "\x1b[" in vim.colours.split("default · ")[0].rsplit("app.ts", 1)[1])
        command(vim, "Mux doctor")
        vim.until(lambda screen: f"another program listens on {home.port}" in screen.lower())


@pytest.mark.parametrize("columns", [80, 120])
def test_not_installed(open_, home, columns):
    """Where the sidecar is not installed, that is said, with the command that installs it; Vim waits for nothing."""
    home.env["PATH"] = "/usr/bin:/bin"
    vim = open_(home, "app.ts", columns=columns)
    vim.until("mux-sidecar: not installed ")
    seen = vim.until(lambda screen: "pipx install mux-sidecar" in " ".join(screen.split()))
    assert "Press ENTER" not in seen
    assert "g:mux_sidecar.cmd" in "".join(seen.split())
    command(vim, "Mux switch")
    vim.until("mux-sidecar is not installed")
