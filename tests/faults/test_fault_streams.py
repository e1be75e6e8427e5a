"""Providers that write their streams oddly, slowly or packed, on every lane. Numbers as in docs/reliability.md."""

import gzip
import json
import time
import zlib

import pytest
from lanes import LANES, WORDS, either, every
from upstream import event, hang_up, reply, silence, stream
from waiting import AT_ONCE


def written(lane, newline="\n", before=b""):
    """The provider's whole stream in bytes, with lines ended so."""
    return before + b"".join(map(event, [*lane.half, *lane.rest])).replace(b"\n", newline.encode())


@every
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_f15_a_stream_byte_by_byte(road, lane, newline):
    """Where the network cuts, how lines end, a mark of byte order and comments make no difference."""
    data = written(lane, newline, b"\xef\xbb\xbf: hello" + 2 * newline.encode())
    answer = road.post(lane, stream(*[data[at : at + 1] for at in range(len(data))]), streamed=True)
    assert lane.text(answer) == WORDS
    assert road.row(answer)["outcome"] == "ok"


@every
def test_f15_characters_of_four_bytes(road, lane):
    """A character that comes in four pieces comes out whole."""
    data = written(lane).replace(b"half", "h\U0001f9e9é".encode())
    answer = road.post(lane, stream(*[data[at : at + 1] for at in range(len(data))]), streamed=True)
    assert "h\U0001f9e9é" in lane.text(answer).replace(" ", "") or "h\U0001f9e9é" in answer.body.decode()


@every
@pytest.mark.parametrize("blank", [b"data:\n\n", b"data: \n\n", b"event: x\ndata:\ndata:\n\n", b"data:  \r\n\r\n"])
def test_f15_events_of_blanks(road, lane, blank):
    """Some servers send them to keep a connection; they mean nothing, and no client gets one, who could not read it."""
    parts = [part for told in (*lane.half, *lane.rest) for part in (blank, event(told))]
    answer = road.post(lane, stream(*parts), streamed=True)
    assert (answer.status, lane.text(answer)) == (200, WORDS)
    assert all(data.strip() for data in answer.events)
    assert road.row(answer)["outcome"] == "ok"


@every
def test_f33_what_comes_after_the_end(road, lane):
    """Events after the last one are not passed on, and the answer ends without waiting for the provider."""
    before = time.monotonic()
    answer = road.post(lane, stream(*lane.half, *lane.rest, *lane.half, *lane.rest, end="stall"), streamed=True)
    assert time.monotonic() - before < AT_ONCE
    assert lane.text(answer) == WORDS
    assert road.row(answer)["outcome"] == "ok"


PACKED = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}  # RFC 9110, section 8.4.1.3


@every
@either
@pytest.mark.parametrize("encoding", PACKED)
def test_f19_a_packed_answer(road, lane, streamed, encoding):
    """An answer that is packed as it says is unpacked."""
    plain = written(lane) if streamed else json.dumps(lane.whole).encode()
    kind = "text/event-stream" if streamed else "application/json"
    packed = reply(PACKED[encoding](plain), headers={"content-encoding": encoding, "content-type": kind})
    answer = road.post(lane, packed, streamed=streamed)
    assert lane.text(answer) == WORDS
    assert answer.headers["content-encoding"] is None


@every
@either
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_f19_what_is_not_packed_as_it_says(road, lane, streamed, encoding):
    """It is a 502."""
    wrong = reply(b"\x1f\x8b and no gzip at all", headers={"content-encoding": encoding})
    answer = road.post(lane, wrong, streamed=streamed)
    assert lane.refused(answer)
    assert answer.status == 502


@pytest.fixture(scope="session")
def hasty(elsewhere):
    """Workspaces whose providers have little time, for the first byte (`hasty`) or between two (`lively`)."""
    elsewhere.lead("hasty", elsewhere.upstream.url, timeouts={"firstByte": 0.4})
    elsewhere.lead("lively", elsewhere.upstream.url, timeouts={"idle": 1.5})
    return elsewhere


@every
@either
def test_f5_silence_before_the_first_byte(hasty, lane, streamed):
    """It is a 504 after the provider's time, told not to be worth a retry, and the provider is asked once."""
    answer = hasty.post("hasty", lane, silence, streamed=streamed)
    assert lane.refused(answer)
    assert (answer.status, answer.headers["x-should-retry"]) == (504, "false")
    assert len(hasty.upstream.received) == 1
    assert hasty.upstream.last.left.wait(30)


@every
def test_f6_silence_in_the_stream(hasty, lane):
    """The stream ends with an error, and the provider's connection with it."""
    answer = hasty.post("lively", lane, stream(*lane.half, end="stall"), streamed=True)
    assert lane.broke_off(answer)
    assert answer.seconds < AT_ONCE
    assert hasty.upstream.last.left.wait(30)


def test_f6_what_was_counted_is_recorded(hasty):
    """Tokens that were told before the silence stand in the record."""
    lane = next(lane for lane in LANES if lane.name == "messages")
    answer = hasty.post("lively", lane, stream(*lane.half, end="stall"), streamed=True)
    assert lane.broke_off(answer)
    row = hasty.mux.row(answer)
    assert (row["outcome"], row["inputTokens"]) == ("error", 60)


@every
def test_f20_a_connection_that_was_closed_meanwhile(road, lane):
    """A kept connection that turns out to be dead costs the client nothing, and the provider gets the request once."""
    answer = road.post(lane, reply(lane.whole), hang_up, reply(lane.whole))
    assert answer.status == 200
    again = road.stage.mux.post(road.path(lane), lane.body)
    assert (again.status, lane.text(again)) == (200, WORDS)
    assert [request.nth > 0 for request in road.stage.upstream.received][-1] is False
