"""Windows of an editor, each with a sidecar of its own, on data folders of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from editor import Editor
from mux import Mux


@pytest.fixture
def home(fresh_mux: Callable[..., Mux]) -> Mux:
    """A data folder with the echo provider, which answers everything."""
    mux = fresh_mux()
    mux.cli("provider", "add", "echo", "--type", "echo")
    mux.cli("rule", "default", "echo/echo")
    return mux


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
    """One window, initialized."""
    editor = launch(home)
    editor.initialize()
    return editor
