"""Providers that stream though nobody asked them to, or do not say that they do. Numbers as in docs/reliability.md."""

import gzip

import pytest
from lanes import LANES, WORDS, either, every
from test_fault_bombs import MB, watched
from upstream import event, reply, stream

BOM = b"\xef\xbb\xbf"


def written(lane):
    """The provider's whole stream in bytes."""
    return b"".join(map(event, [*lane.half, *lane.rest]))


@every
@either
@pytest.mark.parametrize("before", [b"", BOM, b"\n \n", b": hello\n\n"], ids=["", "BOM", "blanks", "comment"])
def test_f15_a_stream_that_does_not_say_so(road, lane, streamed, before):
    """It is known by its first bytes, wherever the network cuts them."""
    data = before + written(lane)
    pieces = [data[at : at + 1] for at in range(40)] + [data[40:]]
    answer = road.post(lane, stream(*pieces, headers={"content-type": "text/plain"}), streamed=streamed)
    assert (answer.status, lane.text(answer)) == (200, WORDS)
    assert road.row(answer)["outcome"] == "ok"


def test_items_that_the_end_lacks(road):
    """A response whose last event leaves out its output is put together from the items."""
    lane = next(lane for lane in LANES if lane.name == "responses")
    *events, last = [*lane.half, *lane.rest]
    bare = {**last, "response": {**last["response"], "output": []}}
    assert lane.text(road.post(lane, stream(*events, bare))) == WORDS


def test_usage_is_told(road):
    """As Anthropic counts it, though its stream was not asked for."""
    lane = next(lane for lane in LANES if lane.name == "chat over messages")
    assert road.post(lane, stream(*lane.half, *lane.rest)).json()["usage"]["completion_tokens"] == 5


@every
@pytest.mark.parametrize("end", ["stall", "reset"])
def test_f33_what_comes_after_an_end_that_nobody_asked_for(road, lane, end):
    """Its end is enough: what follows is neither waited for nor told."""
    answer = road.post(lane, stream(*lane.half, *lane.rest, *lane.half, end=end))
    assert (answer.status, lane.text(answer)) == (200, WORDS)
    assert road.row(answer)["outcome"] == "ok"


@pytest.mark.parametrize(
    "lane", [lane for lane in LANES if lane.name in ("chat", "messages")], ids=lambda lane: lane.name
)
@either
def test_f14_tiny_events(road, lane, streamed):
    """Any number of them, all there at once, holds up nobody else."""
    told = event(lane.half[-1])
    times = 4 * MB // len(told)
    data = b"".join([*map(event, lane.half), told * times, *map(event, lane.rest)])
    packed = reply(gzip.compress(data, 1), headers={"content-encoding": "gzip", "content-type": "text/event-stream"})
    assert road.path(lane)
    with watched(road.stage.mux) as found:
        answer = road.post(lane, packed, streamed=streamed)
    assert len(lane.text(answer)) > times
    assert found.well > 8
