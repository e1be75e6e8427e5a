"""A mux that is told a second time to end ends its answers at once, and says that it was the mux, not the provider."""

import json
import os
import signal
import socket
import threading
import time

import pytest
from editor import Editor
from said import ask, claude_events
from upstream import event, stream
from waiting import PATIENCE

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM, and a second Ctrl-C ends the process")

STREAMED = [
    ("/chat/completions", ask(stream=True)),
    ("/completions", {"prompt": "hi", "stream": True}),
    ("/messages", {**ask(stream=True), "max_tokens": 10}),
    ("/responses", {"model": "x", "input": "hi", "stream": True}),
]
#: Of a request whose length is still to be said.
HEAD = b"POST /v1/mux/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(params=["serve", "stdio"])
def started(request, fresh_mux, other_upstream):
    """A mux with one route to Anthropic, started by a shell or by an editor: itself, and its process."""
    mux = fresh_mux()
    mux.cli("provider", "add", "up", "--type", "anthropic", "--endpoint", other_upstream.url, "--auth", "none")
    mux.cli("rule", "default", "up/m1")
    if request.param == "serve":
        yield mux, mux.start().process
        return
    editor = Editor(mux)
    editor.initialize()
    editor.serving()
    yield mux, editor.process
    editor.close()


def stop_twice(mux, process):
    """Tell it to leave, wait until it does, and tell it again."""
    process.send_signal(signal.SIGTERM)
    mux.stops_listening()
    process.send_signal(signal.SIGINT)


def half_told(mux, path, body):
    """A stream that is open, and what it said: half of an answer."""
    got = mux.open("POST", path, body)
    read = b""
    while b"ha" not in read:
        piece = got.read()
        assert piece, read
        read += piece
    return got, read


def in_background(*calls):
    """Each call in a thread of its own; what waits for them and gives their results."""
    results = {}
    threads = [
        threading.Thread(target=lambda at=at, call=call: results.update({at: call()})) for at, call in enumerate(calls)
    ]
    for thread in threads:
        thread.start()

    def gathered():
        for thread in threads:
            thread.join(PATIENCE)
        return [results[at] for at in range(len(calls))]

    return gathered


def test_streams_end_with_the_truth(started, other_upstream):
    """Each stream ends with an error of the client's dialect that blames the mux, and so says its record."""
    mux, process = started
    other_upstream.script(stream(*claude_events("half")[:5], end="stall"))
    opened = [half_told(mux, path, body) for path, body in STREAMED]
    stop_twice(mux, process)
    for got, begun in opened:
        with got:
            read = begun + got.answer.read()
        last = json.loads(read.decode().rstrip("\n").split("\n\n")[-1].partition("data: ")[2])
        error = last.get("error") or last["response"]["error"]
        assert "mux was stopped" in error["message"]
        assert error.get("code", "mux_stopped") in ("mux_stopped", "server_error")  # Responses has a list of codes
        assert b"[DONE]" not in read
        assert b"message_stop" not in read
        assert b"response.completed" not in read
    assert process.wait(30) == 0
    if process is mux.process:
        assert "Finishing 4 answers; a second Ctrl-C ends at once." in mux.stderr
    rows = mux.log()
    assert [(row["outcome"], row["status"]) for row in rows] == [("truncated", 200)] * 4
    assert all("mux was stopped" in row["error"] for row in rows)


def test_what_has_not_begun_is_503(started, other_upstream):
    """An answer of which nothing is out is a 503 `mux_stopped`, though its request be read by half only."""
    mux, process = started
    other_upstream.script(stream(end="stall"))
    gathered = in_background(
        lambda: mux.post("/chat/completions", ask()),
        lambda: mux.post("/chat/completions", ask(stream=True)),
        lambda: mux.raw(HEAD + b"Content-Length: 50\r\n\r\n{", timeout=30),
    )
    other_upstream.wait(2)
    stop_twice(mux, process)
    plain, streamed, unread = gathered()
    for answer in (plain, streamed):
        assert (answer.status, answer.error["code"]) == (503, "mux_stopped")
    assert unread.startswith(b"HTTP/1.1 503 ")
    assert b"mux_stopped" in unread
    assert all(request.left.wait(30) for request in other_upstream.received)
    assert process.wait(30) == 0
    assert [(row["outcome"], row["status"]) for row in mux.log()] == [("error", 503)] * 3


def test_an_answer_that_nobody_reads_holds_up_nothing(started, other_upstream):
    """A client that does not read what it asked for is not waited for."""
    mux, process = started
    other_upstream.script(stream(*claude_events(*["x" * 100_000] * 200)))
    with mux.open("POST", *STREAMED[0]):
        other_upstream.wait()
        stop_twice(mux, process)
        assert process.wait(PATIENCE) == 0
    assert [row["outcome"] for row in mux.log()] == ["truncated"]


def test_nothing_comes_behind_the_end(started, other_upstream):
    """A client that is slow to read the last events gets them, and nothing that its next answer would begin with."""
    mux, process = started
    long = {"type": "text", "text": ""}, [{"type": "text_delta", "text": "x" * 15_000_000}]
    told = claude_events(long)
    packet = b"".join(map(event, told))
    sent = threading.Event()

    async def answer(request, wire):
        await stream(packet)(request, wire)
        sent.set()

    other_upstream.script(answer)
    body = json.dumps(ask(stream=True)).encode()
    with socket.create_connection(("127.0.0.1", mux.port), PATIENCE) as sock:
        sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        assert sent.wait(PATIENCE)
        time.sleep(1)  # in which what the system still holds of it is read
        stop_twice(mux, process)
        read = b"".join(iter(lambda: sock.recv(2**20), b""))
    said, end, behind = read.partition(b"\r\n0\r\n\r\n")
    assert (bool(end), behind) == (True, b"")
    assert len(said) > 15_000_000
    assert said.endswith(b"data: [DONE]\n\n")
    assert process.wait(PATIENCE) == 0
