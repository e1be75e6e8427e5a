"""Helix, which has commands and messages of a language server alone; its configuration is the blocks of the docs."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blocks import blocks
from mux import Mux
from neovim import find
from terminal import TMUX, Terminal, has_ended
from waiting import PATIENCE, until

from rpc.commands.names import NAMES

ROOT = Path(__file__).parent.parent.parent
BINDING = ROOT / "editors/helix"
PAGE = "docs/editors/helix.md"
HELIX = find("hx")

pytestmark = pytest.mark.skipif(HELIX is None or TMUX is None, reason="Helix or tmux is not installed")

TOLD = re.compile("Workspace |is not supported for any language server")

Open = Callable[..., Terminal]


@pytest.fixture
def open_(tmp_path: Path, project: Path) -> Iterator[Open]:
    """Starts Helix (`open_(mux, *files)`) with the docs' blocks; in the end it has logged nothing of the sidecar's."""
    config = tmp_path / "config/helix"
    config.mkdir(parents=True)
    for name, block in zip(("languages.toml", "config.toml"), blocks(PAGE, "toml"), strict=True):
        (config / name).write_text(block, "utf-8")
    env = {f"XDG_{name.upper()}_HOME": str(tmp_path / name) for name in ("config", "cache")}
    opened: list[Terminal] = []

    def start(mux: Mux, *files: str) -> Terminal:
        opened.append(Terminal([str(HELIX), *files], mux.env | env, project))
        opened[-1].until(" NOR ")
        begin(opened[-1])
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()
    log = tmp_path / "cache/helix/helix.log"
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    told = [line for line in lines if "mux-sidecar" in line]
    assert all(line.endswith("<- StreamClosed") for line in told)  # now and then, of a server that it told to leave


def begin(helix: Terminal) -> None:
    """Ask for the Status until it is told: before the sidecar has begun, Helix knows no such command."""

    def told() -> bool:
        helix.keys("Space", "m", "s")
        return "Workspace " in helix.until(TOLD.search)

    until(told)


def test_switching(open_, home):
    """A key lists the workspaces; the choice holds for all, and Helix tells it."""
    helix = open_(home, "app.ts")
    helix.keys("Space", "m", "w")
    assert "work (local/echo)" in helix.until("Which workspace is to be active?")
    helix.keys("Down", "Enter")
    helix.until("The workspace work is active; its model is local/echo.")
    assert home.json("status")["workspace"] == "work"


def test_all_commands_are_listed(open_, home):
    """Helix's own list has every command."""
    helix = open_(home, "app.py")
    helix.type(":lsp-workspace-command")
    helix.keys("Enter")
    listed = helix.until(NAMES[-1])
    assert all(name in listed for name in NAMES)


def test_a_rule_for_files_like_this(open_, home):
    """The document before the user decides which files the rule is for, and what is explained."""
    helix = open_(home, "app.py")
    helix.keys("Space", "m", "e")
    helix.until("app.py: local/big, by rule 2 (everything else) of default.")
    helix.keys("Space", "m", "r")
    helix.until("local/echo")
    helix.keys("Down", "Down", "Enter")
    helix.until("local/echo answers for .py files now.")
    rules = {rule["filter"]: rule["model"] for rule in home.json("rule", "list")}
    assert rules == {".ts": "small", ".py": "echo", "": "big"}
    helix.keys("Space", "a")
    assert "Use another model for .py files…" in helix.until("Switch workspace…")


def test_the_rest_is_told(open_, home):
    """Models, requests and what is wrong are told below, and models are fetched anew."""
    helix = open_(home, "app.ts")
    helix.keys("Space", "m", "m")
    helix.until("local: big, echo, small")
    helix.keys("Space", "m", "l")
    helix.until("There are no such requests yet")
    helix.keys("Space", "m", "u")
    helix.until("local has 3 models.")
    helix.keys("Space", "m", "h")
    helix.until("All is well")
    helix.keys("Space", "m", "p")
    helix.until("Add which provider?")


def test_it_leaves_with_helix(open_, home):
    """The sidecar is gone when Helix is."""
    helix = open_(home, "app.ts")
    (sidecar,) = helix.children()
    helix.type(":quit!")
    helix.keys("Enter")
    has_ended(sidecar)


def test_each_language_has_it(tmp_path, home):
    """In each language of the file, Helix finds the sidecar beside servers that it knows, and so in the docs' block."""
    (tmp_path / "helix").mkdir()
    shutil.copy(BINDING / "languages.toml", tmp_path / "helix")
    given = tomllib.loads((BINDING / "languages.toml").read_text("utf-8"))
    servers = {each["name"]: each["language-servers"] for each in given["language"]}
    assert len(servers) > 30
    for name, wanted in servers.items():
        asked = [str(HELIX), "--health", name]
        env = home.env | {"XDG_CONFIG_HOME": str(tmp_path)}
        said = subprocess.run(
            asked, env=env, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=True
        ).stdout
        found = re.findall(r"^  [✓✘] ([\w-]+): ", re.sub(r"\x1b\[[\d;]*m", "", said).split("debug")[0], re.MULTILINE)
        assert found == wanted
        assert re.search(r"✓\S* mux-sidecar", re.sub(r"\x1b\[[\d;]*m", "", said))
    shown = tomllib.loads(blocks(PAGE, "toml")[0])
    assert shown["language-server"] == given["language-server"]
    assert all(servers[each["name"]] == each["language-servers"] for each in shown["language"])


def test_the_keys_are_those_of_the_file():
    """The docs' keys are those of the file."""
    assert blocks(PAGE, "toml")[1] in (BINDING / "config.toml").read_text("utf-8")
