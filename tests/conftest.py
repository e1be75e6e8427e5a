"""What the tests of the whole product share: scripted providers, and the product itself in front of them.

Starting the product costs half a second and each command another, so that most tests share one (`stage`), each
workspace of which leads to one provider, made when a test first asks for it. Tests that change what others rely on
have a data folder of their own (`fresh_mux`).
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from mux import Mux, free_port
from stage import CLAUDES, KEYS, Stage
from upstream import Upstream

# Machines that others use too are slow now and then, and no test here is about time.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("shared"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "shared"))

#: The tests of the browser and of the editors.
FOREIGN = {Path(__file__).with_name(name) for name in ("dashboard", "editors")}


def pytest_configure() -> None:
    """Let Ctrl-C reach the programs under test, which a shell that runs this in the background has ignored for them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: tests also wait, for clocks and for each other's processes."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the `long` ones out unless `-m` asks for them; try those that drive other people's programs twice.

    A browser or an editor fails now and then for reasons of its own. Such a rerun is named at the end of the run.
    """
    for item in items:
        if item.path.parent in FOREIGN:
            item.add_marker(pytest.mark.flaky(reruns=1))
    if config.getoption("-m"):
        return
    kept = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session")
def _stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    upstream = Upstream()
    upstream.models = ["m1", *CLAUDES]
    mux = Mux(tmp_path_factory.mktemp("stage") / "home", **KEYS)
    stage = Stage(mux, upstream)
    mux.cli("workspace", "add", "bare")
    try:
        stage.at("up")
        mux.cli("rule", "default", "up/m1")
        mux.start()
        yield stage
    finally:
        mux.stop()
        upstream.close()
    assert "Traceback" not in mux.stderr


@pytest.fixture
def stage(_stage: Stage) -> Stage:
    """The shared mux, its provider's script and what it received empty."""
    _stage.upstream.script()
    return _stage


@pytest.fixture
def other_upstream() -> Iterator[Upstream]:
    """A provider's server of this test alone."""
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture
def fresh_mux(tmp_path: Path) -> Iterator[Callable[..., Mux]]:
    """Makes a mux with a data folder of its own (`fresh_mux(NAME=value)` for variables), stopped at the end."""
    made: list[Mux] = []

    def make(**env: str) -> Mux:
        made.append(Mux(tmp_path / f"home{len(made)}", **KEYS | env))
        return made[-1]

    yield make
    for mux in made:
        mux.stop()


@pytest.fixture(scope="session")
def _echoing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    mux = Mux(tmp_path_factory.mktemp("echoing") / "home")
    mux.cli("provider", "add", "echo", "--type", "echo")
    mux.cli("rule", "default", "echo/echo")
    return mux.home


@pytest.fixture
def echoing(fresh_mux: Callable[..., Mux], _echoing: Path) -> Mux:
    """A data folder of this test's own, a copy of one where the command line has led everything to an echo."""
    mux = fresh_mux()
    shutil.copytree(_echoing, mux.home)
    return mux


@pytest.fixture
def closed_port() -> int:
    """A port where nobody listens."""
    return free_port()
