"""A machine without memory: what is too large is refused, nothing hangs, and whatever is small is served (F34)."""

import json
import sys
from pathlib import Path

import pytest
from lanes import WORDS, either, every
from upstream import event, reply, stream

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone changes another process's limits")

MB = 2**20
#: What the process may have beside what it has.
ROOM = 64 * MB
LARGE = 6 * MB


@pytest.fixture(scope="session")
def _led(elsewhere):
    elsewhere.lead("tight", elsewhere.upstream.url)
    return elsewhere


@pytest.fixture
def tight(_led):
    """A mux that gets no more memory than it has, but for 64 MB, until the test has ended."""
    resource = pytest.importorskip("resource")
    pid = _led.mux.process.pid
    size = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (size + ROOM, before[1]))
    yield _led
    resource.prlimit(pid, resource.RLIMIT_AS, before)
    assert _led.mux.process.poll() is None


def ask(tight, lane, *answers, streamed, **more):
    """Ask a lane with more in its body."""
    assert tight.post("tight", lane, reply(lane.whole), streamed=False).status == 200
    tight.upstream.script(*answers)
    return tight.mux.post(f"/w/tight-{lane.kind}{lane.path}", {**lane.asked(streamed=streamed), **more})


def check(tight, lane, answer):
    """It says in the client's words that there is no memory, it is recorded so, and what is small is served."""
    told = lane.failed(answer)
    assert "not enough memory" in told["message"]
    assert answer.status in (200, 503)
    row = tight.mux.find(lambda row: row["id"] == answer.headers["x-mux-request-id"])
    assert (row["outcome"], row["status"]) == ("error", answer.status)
    small = tight.post("tight", lane, reply(lane.whole), streamed=False)
    assert (small.status, lane.text(small)) == (200, WORDS)
    assert tight.mux.get("/health").status == 200


@every
@either
def test_f34_a_request_that_does_not_fit(tight, lane, streamed):
    """A request for which there is no memory is a 503, whatever it would become."""
    answer = ask(tight, lane, reply(lane.whole), streamed=streamed, padding="x" * LARGE)
    assert answer.status == 503
    assert tight.upstream.received == []
    check(tight, lane, answer)


@every
def test_f34_a_request_of_many_parts(tight, lane):
    """So is one of a million small parts, which grow to many times their size when they are read."""
    answer = ask(tight, lane, reply(lane.whole), streamed=False, padding=[{"a": 1}] * (LARGE // 10))
    assert answer.status == 503
    check(tight, lane, answer)


@every
@either
def test_f34_an_answer_that_does_not_fit(tight, lane, streamed):
    """A plain answer for which there is no memory is a 503."""
    whole = json.dumps({**lane.whole, "padding": [{"a": 1}] * (LARGE // 10)}).encode()
    answer = ask(tight, lane, reply(whole), streamed=streamed)
    assert answer.status == 503
    check(tight, lane, answer)


@every
def test_f34_an_event_that_does_not_fit(tight, lane):
    """A stream with an event for which there is no memory ends with an error, and nothing that looks complete."""
    huge = event({**lane.half[-1], "padding": [{"a": 1}] * MB})
    answer = ask(tight, lane, stream(*lane.half, huge, end="stall"), streamed=True)
    assert answer.status == 200
    check(tight, lane, answer)
