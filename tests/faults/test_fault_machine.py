"""What the machine does to a mux: its clock jumps, it sleeps, it runs out of handles, it kills."""

import asyncio
import http.client
import json
import os
import signal
import socket
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from mux import events
from said import ask, chunk, chunks, completion
from upstream import Upstream, event, reply, stream
from waiting import until

STREAMED = ask(stream=True)
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")


@pytest.fixture
def mux(fresh_mux, other_upstream):
    """A mux with one route to the provider of the test."""
    mux = fresh_mux()
    mux.cli("provider", "add", "up", "--type", "openai", "--endpoint", f"{other_upstream.url}/v1", "--auth", "none")
    mux.cli("rule", "default", "up/m1")
    return mux


def read_until(got, text):
    """What a stream says until it has said that."""
    read = b""
    while text not in read:
        piece = got.read()
        assert piece, read
        read += piece
    return read


def held(go_on):
    """An answer that says which model was asked for, and ends when it is told to go on."""

    async def answer(request, wire):
        await wire.head(200, {"content-type": "text/event-stream"})
        await wire.send(event(chunk(content=request.json()["model"])))
        await asyncio.to_thread(go_on.wait, 30)
        await wire.send(event(chunk("stop")) + event("[DONE]"))
        wire.close()

    return answer


@posix
def test_f24_killed_in_the_midst(mux, other_upstream):
    """Killed in the midst of a stream, the client sees a break and no end; started again it serves as before."""
    mux.start()
    other_upstream.script(stream(*chunks("half", finish=None), end="stall"))
    with mux.open("POST", "/chat/completions", STREAMED) as got:
        read_until(got, b"half")
        mux.process.kill()
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            got.answer.read()
    mux.process.wait()
    assert other_upstream.last.left.wait(30)
    other_upstream.script(reply(completion()))
    assert mux.start().post("/chat/completions", ask()).status == 200


CLOCK = """
import os, time
_real = time.time
def _shifted():
    try:
        return _real() + float(open(os.environ["SHIFT"]).read() or 0)
    except OSError:
        return _real()
time.time = _shifted
"""


@pytest.mark.parametrize("days", [1, -1])
def test_f27_the_clock_jumps(mux, other_upstream, tmp_path, days):
    """A day more or less on the clock in the midst of a stream changes no timeout and no duration in the record."""
    (tmp_path / "sitecustomize.py").write_text(CLOCK, "utf-8")
    shift = tmp_path / "shift"
    mux.env |= {"PYTHONPATH": str(tmp_path), "SHIFT": str(shift)}
    mux.cli("provider", "edit", "up", "--first-byte-timeout", "30", "--idle-timeout", "30")
    mux.start()
    go_on = threading.Event()

    other_upstream.script(held(go_on))
    with mux.open("POST", "/chat/completions", STREAMED) as got:
        read = read_until(got, b'"m1"')
        shift.write_text(str(days * 86_400), "utf-8")
        other_upstream.wait()
        assert mux.post("/chat/completions", {"messages": []}).status == 400
        go_on.set()
        read += got.answer.read()
    assert events(read)[-1] == "[DONE]"
    row, refused = sorted(mux.recorded(2), key=lambda row: row["status"])
    apart = datetime.fromisoformat(refused["startedAt"]) - datetime.fromisoformat(row["startedAt"])
    assert abs(apart) > timedelta(hours=23), "the clock did not jump"
    assert row["outcome"] == "ok"
    assert 0 <= row["overheadMs"] <= row["totalMs"] < 30_000


@posix
def test_f28_the_machine_sleeps(mux, other_upstream):
    """After a sleep in which all connections died, what was under way fails once, and the next request is served."""
    mux.start()
    other_upstream.script(reply(completion()), stream(*chunks("half", finish=None), end="stall"))
    assert mux.post("/chat/completions", ask()).status == 200
    with mux.open("POST", "/chat/completions", STREAMED) as got:
        read = read_until(got, b"half")
        mux.process.send_signal(signal.SIGSTOP)
        port = other_upstream.port
        other_upstream.close()  # and with it all connections
        mux.process.send_signal(signal.SIGCONT)
        read += got.answer.read()
    assert "error" in json.loads(events(read)[-1])
    again = Upstream(port)
    try:
        again.script(reply(completion()))
        for _ in range(3):
            assert mux.post("/chat/completions", ask()).status == 200
        assert len(again.received) == 3
    finally:
        again.close()
    assert [row["outcome"] for row in mux.recorded(5)] == ["ok"] * 3 + ["truncated", "ok"]


def test_f29_a_rule_is_edited_in_the_midst(mux, other_upstream):
    """A stream ends on the route that it began with; the next request has the new one."""
    other_upstream.models = ["m1", "m2"]
    mux.cli("provider", "refresh", "up")
    mux.start()
    go_on = threading.Event()

    other_upstream.script(held(go_on))
    with mux.open("POST", "/chat/completions", STREAMED) as got:
        read_until(got, b'"m1"')
        mux.cli("rule", "default", "up/m2")
        go_on.set()
        with mux.open("POST", "/chat/completions", STREAMED) as other:
            assert other.headers["x-mux-model"] == "m2"
            assert b'"m2"' in other.answer.read()
        assert got.headers["x-mux-model"] == "m1"
        assert b"[DONE]" in got.answer.read()
    assert [row["model"] for row in mux.recorded(2)] == ["m2", "m1"]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone changes another process's limits")
def test_f34_no_handle_is_left(mux, other_upstream):
    """Without file handles requests are refused with 503, quickly; with handles again, all is as before."""
    resource = pytest.importorskip("resource")
    mux.start()
    other_upstream.script(reply(completion()))
    assert mux.post("/chat/completions", ask()).status == 200
    pid = mux.process.pid
    lowest = max(int(fd.name) for fd in Path(f"/proc/{pid}/fd").iterdir() if int(fd.name) < 1000)
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest + 6, before[1]))
    body = json.dumps(ask()).encode()
    head = b"POST /v1/mux/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    idle = [socket.create_connection(("127.0.0.1", mux.port), 5) for _ in range(12)]
    told = set()
    for sock in idle:
        sock.settimeout(0.5)
        sock.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    for sock in idle:
        try:
            told.add(sock.recv(65_536)[:12])
        except TimeoutError:
            told.add(b"waits")  # in the queue, as it must
    assert b"HTTP/1.1 503" in told
    assert told <= {b"HTTP/1.1 503", b"HTTP/1.1 200", b"waits"}, told
    for sock in idle:
        sock.close()
    until(lambda: mux.post("/chat/completions", ask()).status == 200)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    assert mux.post("/chat/completions", ask()).status == 200
    assert mux.process.poll() is None
