"""One Chromium for each module, and a context (as a window without history) for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromium import CHROMIUM
from mux import Mux

sync_api = pytest.importorskip("playwright.sync_api", reason="the dashboard is tested with playwright")
pytest.importorskip("axe_playwright_python", reason="the dashboard is tested with axe")

from browser import FLAGS, Tab  # noqa: E402 - needs playwright
from office import furnish  # noqa: E402 - stands with the other


@pytest.fixture(scope="module")
def chromium() -> Iterator[sync_api.Browser]:
    """The browser."""
    if CHROMIUM is None:
        pytest.skip("the dashboard is tested in Chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def window(chromium) -> Iterator[sync_api.BrowserContext]:
    """A window whose tabs share nothing with another test's."""
    context = chromium.new_context(viewport={"width": 1100, "height": 800}, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def tab_of(window) -> Iterator[Callable[[Mux], Tab]]:
    """Opens a tab for the dashboard of a mux; in the end no tab has complained."""
    made: list[Tab] = []

    def make(mux: Mux) -> Tab:
        made.append(Tab(window, mux))
        return made[-1]

    yield make
    assert [tab.complaints for tab in made] == [[]] * len(made)


@pytest.fixture(scope="module")
def mux_of() -> Iterator[Callable[[Path], Mux]]:
    """Starts a furnished mux in a folder, which the tests of a module share."""
    made: list[Mux] = []

    def make(home: Path) -> Mux:
        made.append(Mux(home).start())
        furnish(made[-1])
        return made[-1]

    yield make
    for mux in made:
        mux.stop()
        assert "Traceback" not in mux.stderr


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, mux_of: Callable[[Path], Mux]) -> Mux:
    """A mux in daily use, shared by the tests of a module that change nothing another one looks at."""
    return mux_of(tmp_path_factory.mktemp("office") / "home")


@pytest.fixture
def own_mux(tmp_path) -> Iterator[Mux]:
    """A furnished mux of this test alone."""
    mux = Mux(tmp_path / "home").start()
    furnish(mux)
    yield mux
    mux.stop()
    assert "Traceback" not in mux.stderr
