"""Windows of an editor, each with a sidecar of its own, on data folders of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from editor import Editor
from mux import Mux


def furnished(mux: Mux) -> Mux:
    """A data folder with the echo provider, which answers everything."""
    mux.cli("provider", "add", "echo", "--type", "echo")
    mux.cli("rule", "default", "echo/echo")
    return mux


@pytest.fixture
def home(fresh_mux: Callable[..., Mux]) -> Mux:
    """A furnished data folder of this test's own."""
    return furnished(fresh_mux())


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
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    editor = Editor(furnished(Mux(tmp_path_factory.mktemp("shared") / "home")))
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
