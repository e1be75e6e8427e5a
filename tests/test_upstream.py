"""The scripted provider itself: a test that trusts it must be able to."""

import contextlib
import http.client
import time
from typing import Any

import pytest
from mux import events
from said import chunks
from upstream import Upstream, hang_up, late, reply, silence, stream
from waiting import AT_ONCE, PATIENCE


def ask(upstream: Upstream, method: str = "POST", path: str = "/v1/x", body: bytes = b"{}") -> Any:
    """Ask it the way the mux would; the answer with its body read as `told`."""
    connection = http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request(method, path, body, {"Content-Type": "application/json"})
        with connection.getresponse() as answer:
            answer.told = answer.read()
            return answer


def test_answers_in_turn_and_keeps_what_came(other_upstream):
    """Answers come in the order of the script, the last one for ever, and the requests are kept byte by byte."""
    other_upstream.script(reply({"n": 1}), reply({"n": 2}, status=429, headers={"retry-after": "7"}))
    answers = [ask(other_upstream, body=b'{ "a":1}') for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 429, 429]
    assert answers[1].headers["retry-after"] == "7"
    assert other_upstream.received[0].body == b'{ "a":1}'
    assert other_upstream.received[0].header("content-type") == "application/json"


def test_streams_events(other_upstream):
    """A stream arrives piece by piece with its [DONE]."""
    other_upstream.script(stream(*chunks("a", "b"), 0.1, "[DONE]"))
    before = time.monotonic()
    body = ask(other_upstream).told
    assert time.monotonic() - before >= 0.1
    assert events(body)[-1] == "[DONE]"
    assert len(events(body)) == 5


@pytest.mark.parametrize("end", ["cut", "reset"])
def test_breaks_off(other_upstream, end):
    """A stream that breaks off is no whole answer."""
    other_upstream.script(stream(*chunks("a"), end=end))
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        ask(other_upstream)


def test_lies_about_its_length(other_upstream):
    """A body can end before its stated length."""
    other_upstream.script(reply({"a": 1}, length=500))
    with pytest.raises(http.client.IncompleteRead):
        ask(other_upstream)


def test_hangs_up(other_upstream):
    """A connection can end without a byte."""
    other_upstream.script(hang_up)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        ask(other_upstream)


@pytest.mark.parametrize("answer", [stream(*chunks("a"), end="stall"), silence, late(30, reply({}))])
def test_notices_that_its_client_left(other_upstream, answer):
    """A client that leaves in the midst is noticed at once."""
    other_upstream.script(answer)
    connection = http.client.HTTPConnection("127.0.0.1", other_upstream.port, timeout=PATIENCE)
    connection.request("POST", "/v1/x", b"{}")
    request = other_upstream.wait()
    assert not request.left.wait(0.05)
    before = time.monotonic()
    connection.close()
    assert request.left.wait(30)
    assert 0 <= request.left_at - before < AT_ONCE


def test_lists_its_models(other_upstream):
    """Listings are answered apart from the script."""
    other_upstream.models = ["x", {"id": "y", "context_length": 5}]
    assert b'"context_length": 5' in ask(other_upstream, "GET", "/v1/models").told
    assert other_upstream.received == []
    assert len(other_upstream.asked_for_models) == 1
