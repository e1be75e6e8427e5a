"""Server-sent events: cut anywhere, spelt in any way."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar import sse
from sidecar.errors import UpstreamError

STREAM = (
    b'data: {"a":"\xc3\xa9"}\n\n'
    b": keep-alive\n\n"
    b"event: ping\ndata: {}\n\n"
    b"data: one\ndata: two\n\n"
    b"data:no-space\r\n\r\n"
    b"event: x\r\ndata: {}\r\n\r\n"
    b"data: cr\r\r"
    b"data: [DONE]\n\n"
)


def decoded(chunks, flush=True):
    """All events of a stream cut so."""
    decoder = sse.Decoder()
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events + (decoder.flush() if flush else [])


def told(events):
    """What the events say."""
    return [(event.name, event.data) for event in events if event.data is not None]


EXPECTED = [
    (None, b'{"a":"\xc3\xa9"}'),
    (b"ping", b"{}"),
    (None, b"one\ntwo"),
    (None, b"no-space"),
    (b"x", b"{}"),
    (None, b"cr"),
    (None, b"[DONE]"),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=40), st.booleans())
def test_any_cut_of_the_bytes_gives_the_same_events(cuts, bom):
    """Where the network cut the stream makes no difference, nor does a byte-order mark before it."""
    stream = (sse.BOM if bom else b"") + STREAM
    places = [0, *sorted(cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(places)]
    assert told(decoded(pieces)) == EXPECTED


def test_single_bytes_give_the_same_events():
    """One byte at a time is a cut like any other."""
    assert told(decoded([STREAM[i : i + 1] for i in range(len(STREAM))])) == EXPECTED


def test_untouched_events_keep_their_bytes():
    """Put together again, the events are the stream."""
    assert b"".join(event.raw for event in decoded([STREAM])) == STREAM


def test_a_last_event_without_its_blank_line_is_read_at_the_end():
    """Some servers close without the last line break."""
    decoder = sse.Decoder()
    assert decoder.feed(b"data: [DONE]") == []
    assert [event.data for event in decoder.flush()] == [b"[DONE]"]
    assert decoder.flush() == []


@pytest.mark.parametrize("raw", [b"id: 7\ndata: {}\n\n", b"retry: 10\ndata: {}\n\n", b"event: alone\n\n"])
def test_lines_that_clients_cannot_bear_are_marked(raw):
    """`id:`, `retry:` and an event without data make openai-python fail, so they must not pass as they are."""
    assert [event.clean for event in decoded([raw])] == [False]


def test_plain_events_and_comments_are_clean():
    """Data, names and comments are what every client reads."""
    assert all(event.clean for event in decoded([STREAM]))


def test_an_event_without_end_is_refused_at_the_limit():
    """A provider cannot make the process hold an event of any size."""
    decoder = sse.Decoder(max_event=1000)
    for _ in range(10):
        decoder.feed(b"x" * 100)
    with pytest.raises(UpstreamError, match="single event"):
        decoder.feed(b"x")


def test_what_is_encoded_is_read_back():
    """An encoded event decodes to its data and name, line breaks included."""
    events = decoded([sse.encode(b'{"a":1}'), sse.encode(b"x\ny", b"n"), sse.comment()])
    assert told(events) == [(None, b'{"a":1}'), (b"n", b"x\ny")]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("line", [b"data:", b":", b"x"])
def test_an_event_has_a_bounded_number_of_lines(newline, line):
    """As many as 16,384, the blank one at its end among them; each costs time in which nobody else is served."""
    most = (line + newline) * (sse.MAX_LINES - 1) + newline
    assert len(decoded([most + b"data: x\n\n"])) == 2
    with pytest.raises(UpstreamError, match="16,384 lines"):
        decoded([line + newline + most])
