"""The roads on which faults are tried."""

import pytest
from lanes import Road
from mux import Mux
from upstream import Upstream, reply

ROOTS = {"openai": "/v1", "anthropic": "", "openrouter": "/api/v1"}


@pytest.fixture(scope="session")
def _ready():
    return set()


@pytest.fixture
def road(stage, _ready):
    """The shared mux, asked on one lane after the other (see `lanes`)."""
    return Road(stage, _ready)


class Elsewhere:
    """A mux whose workspaces lead to places that differ from the stage's, asked on one lane after the other."""

    def __init__(self, mux, upstream):
        self.mux = mux
        self.upstream = upstream

    def lead(self, name, root, **more):
        """A workspace `NAME-TYPE` for each type of the lanes, which leads to that root."""
        for kind, path in ROOTS.items():
            place = f"{name}-{kind}"
            given = {"endpoint": root + path, "auth": "none", "models": ["m1"], "offline": True, **more}
            self.mux.rpc("mux/provider/add", name=place, type=kind, **given)
            self.mux.rpc("mux/workspace/add", name=place)
            self.mux.rpc("mux/rule/add", workspace=place, filter="", provider=place, model="m1")

    def post(self, name, lane, *answers, streamed):
        """Ask a lane; what its provider is to answer goes to the script."""
        path = f"/w/{name}-{lane.kind}{lane.path}"
        if answers and lane.first:  # it may know that already
            self.upstream.script(*lane.first, reply(lane.whole))
            assert self.mux.post(path, lane.body).status in (200, 404)
        if answers:
            self.upstream.script(*answers)
        return self.mux.post(path, lane.asked(streamed=streamed))


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory):
    """A mux of the faults' own, without a provider yet."""
    upstream = Upstream()
    mux = Mux(tmp_path_factory.mktemp("elsewhere") / "home")
    yield Elsewhere(mux.start(), upstream)
    mux.stop()
    upstream.close()
    assert "Traceback" not in mux.stderr
