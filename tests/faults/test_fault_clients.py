"""Clients that leave, read slowly or half-close, on every lane. Numbers as in docs/reliability.md."""

import contextlib
import http.client
import json
import socket
import time

import pytest
from lanes import LANES, either, every
from upstream import silence, stream
from waiting import AT_ONCE


def asked(road, lane, *, streamed):
    """The connection of a client that has asked and not read."""
    connection = http.client.HTTPConnection("127.0.0.1", road.stage.mux.port, timeout=30)
    body = json.dumps(lane.asked(streamed=streamed))
    connection.request("POST", f"/v1/mux{road.path(lane)}", body, {"Content-Type": "application/json"})
    return connection


@contextlib.contextmanager
def leaving(road):
    """What is done within is a leave: the provider is free within a second, and the record says cancelled."""
    request = road.stage.upstream.wait()
    known = {row["id"] for row in road.stage.mux.rpc("mux/request/list", limit=50)}
    before = time.monotonic()
    yield
    assert request.left.wait(30), "the provider's connection stays open"
    assert request.left_at - before < AT_ONCE
    assert road.find(lambda row: row["id"] not in known and row["outcome"] == "cancelled")


@every
@either
@pytest.mark.parametrize("answer", [silence, stream(end="stall")], ids=["no head", "a head"])
def test_f16_a_client_that_leaves_before_the_first_byte(road, lane, streamed, answer):
    """The provider's connection is closed within a second."""
    road.path(lane)
    road.stage.upstream.script(answer)
    connection = asked(road, lane, streamed=streamed)
    with leaving(road):
        connection.close()


@every
@pytest.mark.parametrize("how", [socket.SHUT_RDWR, socket.SHUT_WR], ids=["leaves", "half-closes"])
def test_f16_a_client_that_leaves_in_the_stream(road, lane, how):
    """The same in the midst of a stream, also where it says no more than that it will send no more."""
    with road.open(lane, stream(*lane.half, end="stall")) as got:
        read = b""
        while b"half" not in read:
            read += got.read()
        with leaving(road):
            got.sock.shutdown(how)


def test_f16_a_client_that_leaves_while_it_asks(road):
    """A request that never comes to its end reaches no provider."""
    lane = LANES[0]
    road.path(lane)
    road.stage.upstream.script(silence)
    with socket.create_connection(("127.0.0.1", road.stage.mux.port), 5) as sock:
        head = "POST /v1/mux/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        sock.sendall(f"{head}User-Agent: leaver/1\r\nContent-Length: 100\r\n\r\n{{".encode())
    row = road.find(lambda row: row["client"].startswith("leaver"))
    assert (row["outcome"], row["status"]) == ("cancelled", 499)
    assert road.stage.upstream.received == []


@pytest.mark.parametrize("lane", [lane for lane in LANES if lane.name != "completions"], ids=lambda lane: lane.name)
def test_f17_a_client_that_does_not_read(road, lane):
    """The provider has to wait: what nobody reads is not heaped up."""
    word = json.dumps(next(event for event in lane.half if "half" in json.dumps(event)))
    large = json.loads(word.replace("half", "x" * 500_000))
    with road.open(lane, stream(*lane.half, *[large] * 400, *lane.rest)) as got:
        assert 500_000 < road.stage.upstream.wait().stands_still() < 64_000_000
        with leaving(road):
            got.leave()
