"""Windows of an editor, each with a sidecar of its own, on data folders of their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from editor import Editor
from mux import Mux


@pytest.fixture
def home(echoing: Mux) -> Mux:
    """A data folder of this test's own, with the echo provider, which answers everything."""
    return echoing


@pytest.fixture
def launch() -> Iterator[Callable[..., Editor]]:
    """Opens windows (`launch(mux, *arguments, **variables)`), which are closed at the end, however they left."""
    opened: list[Editor] = []

    def open_window(mux: Mux, *arguments: str, **env: str) -> Editor:
        opened.append(Editor(mux, *arguments, **env))
        return opened[-1]

    yield open_window
    for editor in opened:
        editor.close()
        assert "Traceback" not in editor.stderr


@pytest.fixture
def window(home: Mux, launch: Callable[..., Editor]) -> Editor:
    """One window, initialized, on a data folder of this test's own."""
    editor = launch(home)
    editor.initialize()
    return editor


@pytest.fixture(scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory, _echoing: Path) -> Iterator[Editor]:
    mux = Mux(tmp_path_factory.mktemp("shared") / "home")
    shutil.copytree(_echoing, mux.home)
    editor = Editor(mux)
    editor.initialize()
    editor.serving()
    yield editor
    assert editor.leave() == 0
    editor.close()
    assert editor.stderr == ""


@pytest.fixture
def shared(_shared: Editor) -> Iterator[Editor]:
    """A window that tests share which change nothing; it must be alive after each."""
    _shared.forget()
    yield _shared
    assert _shared.call("mux/status")["workspace"] == "default"
