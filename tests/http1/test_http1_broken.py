"""Connections that break: what had come before is read first, for it often says why."""

import asyncio
import contextlib
import json
import socket
import ssl
import struct
import sys
import threading
import time

import pytest
from speaking import CERTIFICATES, whole
from waiting import PATIENCE, becomes_so

from sidecar.http1.connection import Connection
from sidecar.http1.failures import Disconnected

BODY = json.dumps({"error": {"message": "no, " * 50}}).encode()
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
MB = 2**20


class Breaking:
    """A server of one connection, in a thread of its own, which ends with a reset: `talk(stream)` comes before it."""

    def __init__(self, talk, *, secure):
        self._talk = talk
        self._secure = secure
        self._listening = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if secure else "http"
        self.url = f"{scheme}://localhost:{self._listening.getsockname()[1]}/"
        self.failed = None
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            with self._accepted() as opened:
                self._talk(opened)
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except BaseException as failure:  # noqa: BLE001 - told by `close`
            self.failed = failure
        finally:
            self.over.set()

    def _accepted(self):
        opened, _ = self._listening.accept()
        opened.settimeout(60)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or the reset overtakes what waits
        if not self._secure:
            return opened
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATES / "localhost.pem")
        return context.wrap_socket(opened, server_side=True)

    def close(self):
        """Wait for its end, which must be a good one."""
        self._listening.close()
        self._thread.join(60)
        assert self.failed is None


def read_head(opened):
    """Read a request up to somewhere in its body."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += opened.recv(1000)


@pytest.fixture(params=[False, True], ids=["plain", "TLS"])
def breaking(request):
    """A function that starts such a server."""
    made = []

    def start(talk):
        made.append(Breaking(talk, secure=request.param))
        return made[-1]

    yield start
    for server in made:
        server.close()


async def test_a_refusal_is_read_though_the_rest_of_the_request_cannot_be_sent(client, breaking):
    """A provider that has read enough, refuses and resets: its refusal is the answer, also when sending fails first.

    The loop is held up twice: while the provider makes room for more of the request, so that the loop finds room to
    send and nothing to read; and then while the provider refuses and resets, so that it sends before it reads.
    """
    begun, make_room, room, refuse = (threading.Event() for _ in range(4))

    def talk(opened):
        read_head(opened)
        begun.set()
        assert make_room.wait(PATIENCE)
        opened.settimeout(0.2)
        with contextlib.suppress(TimeoutError):  # then it has all that was on its way
            while opened.recv(MB):
                pass
        room.set()
        assert refuse.wait(PATIENCE)
        opened.sendall(REFUSAL)

    server = breaking(talk)
    loop = asyncio.get_running_loop()

    def hold_up_for_room():
        make_room.set()
        assert room.wait(PATIENCE)
        loop.call_soon(hold_up_for_refusal)

    def hold_up_for_refusal():
        refuse.set()
        assert server.over.wait(PATIENCE)

    asked = asyncio.create_task(client.ask(server.url, bytes(48 * MB)))
    await becomes_so(begun.is_set)
    loop.call_soon(hold_up_for_room)
    assert await asked == (400, BODY)


@pytest.mark.skipif(sys.platform != "linux", reason="the socket option that tells what is unsent is Linux's")
async def test_an_answer_is_read_to_its_end_though_the_reader_is_slow(client, breaking):
    """What is complete is complete, whatever becomes of the connection while it waits to be read."""
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    body = bytes(range(256)) * 1600

    def talk(opened):
        read_head(opened)
        opened.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        until_then = time.monotonic() + 60
        while struct.unpack("i", fcntl.ioctl(opened.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]:
            assert time.monotonic() < until_then

    server = breaking(talk)
    reply = await client.send(server.url)
    await becomes_so(server.over.is_set)
    for _ in range(20):
        await asyncio.sleep(0)  # the loop reads what it wants to
    assert await whole(reply) == body
    reply.close()


async def test_half_a_refusal_is_none(client, breaking):
    """What came is read, and then the break is told."""

    def talk(opened):
        read_head(opened)
        opened.sendall(REFUSAL[:-10])

    server = breaking(talk)
    reply = await client.send(server.url)
    assert reply.status == 400
    with pytest.raises(Disconnected):
        await whole(reply)
    reply.close()


async def test_memory_that_lacks_while_reading_is_told(client, serve, monkeypatch):
    """Where there is no memory for what comes, nor for what comes behind it, whoever waits for the answer is told."""

    async def answer(server, reader, writer):
        await server.request(reader)
        for _ in range(50):
            writer.write(b"HTTP/1.1 200 OK\r\n" * 10_000)
            await writer.drain()

    def lacks(_connection, _data):
        raise MemoryError

    monkeypatch.setattr(Connection, "data_received", lacks)
    url, _ = await serve(answer)
    async with asyncio.timeout(PATIENCE / 4):
        with pytest.raises(MemoryError):
            await client.ask(url)
