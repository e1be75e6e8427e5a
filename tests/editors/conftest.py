"""Real editors on data folders of their own, which are copies of one that was furnished by the command line."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mux import Mux

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def _furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    mux = Mux(tmp_path_factory.mktemp("editors") / "home")
    mux.cli("provider", "add", "local", "--type", "echo", "--model", "small", "--model", "big")
    mux.cli("rule", "default", "local/big")
    mux.cli("rule", "add", "--filter", ".ts", "--model", "local/small")
    mux.cli("workspace", "add", "work")
    mux.cli("rule", "default", "local/echo", "-w", "work")
    return mux.home


@pytest.fixture
def home(fresh_mux: Callable[..., Mux], _furnished: Path) -> Mux:
    """A data folder: `default` has small for .ts and big for the rest, `work` echo; the command is on its PATH."""
    mux = fresh_mux(PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    shutil.copytree(_furnished, mux.home)
    return mux


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a TypeScript file and a Python file."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "app.ts").write_text("export {}\n", "utf-8")
    (folder / "app.py").write_text("pass\n", "utf-8")
    return folder
