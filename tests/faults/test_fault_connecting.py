"""Providers that cannot be connected to, on every lane. Numbers as in docs/reliability.md."""

import asyncio
import socket
import threading

import pytest
from lanes import either, every
from mux import free_port
from said import ask, completion
from stage import certify
from upstream import Upstream, reply
from waiting import AT_ONCE, PATIENCE, until


@pytest.fixture(scope="session")
def astray(elsewhere, tmp_path_factory):
    """Workspaces that lead to a closed port, to an unknown name, and to a certificate that nobody vouches for."""
    _, context = certify(tmp_path_factory.mktemp("certificate"))
    server = SecureServer(context)
    elsewhere.lead("gone", f"http://127.0.0.1:{free_port()}")
    elsewhere.lead("nowhere", "http://nowhere.invalid")
    elsewhere.lead("unknown", f"https://127.0.0.1:{server.port}")
    elsewhere.secure = server
    yield elsewhere
    server.close()


class SecureServer:
    """A TLS server in a thread, which notes what it is sent."""

    def __init__(self, context):
        self.got = b""
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda *_: None)  # handshakes are to fail
        started = threading.Event()

        async def serve(reader, writer):
            self.got += await reader.read(1000)
            writer.close()

        def run():
            server = self.loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0, ssl=context))
            self.port = server.sockets[0].getsockname()[1]
            started.set()
            self.loop.run_forever()
            server.close()
            self.loop.close()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert started.wait(PATIENCE)

    def close(self):
        """Stop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


@every
@either
@pytest.mark.parametrize(("place", "code"), [("gone", "connect_refused"), ("nowhere", "dns"), ("unknown", "tls")])
def test_f1_f2_f3_no_connection(astray, lane, streamed, place, code):
    """A 502 that names the provider and the cause, at once; with a certificate that is not trusted nothing is sent."""
    answer = astray.post(place, lane, streamed=streamed)
    error = lane.refused(answer)
    assert answer.status == 502
    assert f"{place}-{lane.kind}" in error["message"]
    assert lane.path == "/messages" or error["code"] == code
    assert answer.seconds < (1 if place == "gone" else 5)
    assert astray.secure.got == b""
    assert answer.headers["x-should-retry"] == (None if place == "gone" else "false")


@every
@either
def test_f4_a_black_hole(elsewhere, black_hole, lane, streamed):
    """A connection that is never answered is a 504 after the connect timeout."""
    answer = elsewhere.post("hole", lane, streamed=streamed)
    assert lane.refused(answer)
    assert (answer.status, answer.headers["x-should-retry"]) == (504, "false")
    assert answer.seconds < AT_ONCE


@pytest.fixture(scope="session")
def black_hole(elsewhere):
    """Workspaces that lead to a listener whose queue is full, so that a connection to it is never answered."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = []
    for _ in range(3):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
        waiting.append(sock)
    elsewhere.lead("hole", f"http://127.0.0.1:{listener.getsockname()[1]}", timeouts={"connect": 0.5})
    yield
    for sock in [*waiting, listener]:
        sock.close()


def test_f1_the_provider_is_back(elsewhere):
    """Once it answers again the next request is served, without a restart."""
    upstream = Upstream()
    elsewhere.lead("back", upstream.url)
    upstream.close()
    path = "/w/back-openai/chat/completions"
    assert elsewhere.mux.post(path, ask()).status == 502
    until(lambda: "back-openai is down" in problems(elsewhere))
    again = Upstream(upstream.port)
    again.script(reply(completion()))
    try:
        assert elsewhere.mux.post(path, ask()).status == 200
    finally:
        again.close()
    until(lambda: "back-openai is down" not in problems(elsewhere))


def problems(elsewhere):
    """What Status says is wrong."""
    return str(elsewhere.mux.rpc("mux/status", workspace="back-openai")["problems"])
