"""Many clients at once, in one thread: streams that are watched chunk by chunk, and connections that ask in turn."""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections.abc import Sequence

from client import END_OF_CHUNKS, Client

STAMP = re.compile(rb"t=(\d+)\.")


class _Stream:
    def __init__(self, client: Client, request: bytes) -> None:
        self.sock = client.connect()
        self.sock.sendall(request)
        self.begun = False
        self.arrivals: list[int] = []
        self.ages: list[int] = []
        self.ended = False

    def read(self) -> None:
        data = self.sock.recv(262_144)
        now = time.monotonic_ns()
        if not self.begun and not data.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(data[:500].decode("utf-8", "replace"))
        self.begun = True
        stamps = STAMP.findall(data)
        if stamps:
            self.arrivals.append(now)
            self.ages += [now - int(stamp) for stamp in stamps]
        self.ended = not data or data.endswith(END_OF_CHUNKS)


def watch(client: Client, path: str, bodies: Sequence[bytes]) -> tuple[list[float], list[float]]:
    """A stream for each body, all at once: milliseconds between a stream's chunks, and each chunk's age."""
    with selectors.DefaultSelector() as selector:
        streams = [_Stream(client, client.request(path, body)) for body in bodies]
        for stream in streams:
            selector.register(stream.sock, selectors.EVENT_READ, stream)
        running = len(streams)
        while running:
            for key, _ in selector.select(60):
                stream = key.data
                stream.read()
                if stream.ended:
                    selector.unregister(stream.sock)
                    stream.sock.close()
                    running -= 1
    gaps = [
        (later - earlier) / 1e6
        for stream in streams
        for earlier, later in zip(stream.arrivals[1:], stream.arrivals[2:], strict=False)
    ]
    return gaps, [age / 1e6 for stream in streams for age in stream.ages[1:]]


def ask_at_once(client: Client, path: str, bodies: Sequence[Sequence[bytes]]) -> tuple[list[float], float]:
    """A connection for each list of bodies, all at once, each asking its own in turn: seconds each, requests/s."""
    seconds: list[float] = []
    with selectors.DefaultSelector() as selector:
        for queue in bodies:
            selector.register(client.connect(), selectors.EVENT_READ, _Asker(client, path, list(queue)))
        keys = list(selector.get_map().values())
        begun = time.perf_counter()
        for key in keys:
            key.data.next(key.fileobj)
        running = len(keys)
        while running:
            for key, _ in selector.select(60):
                spent = key.data.read(key.fileobj)
                if spent is None:
                    continue
                seconds.append(spent)
                if not key.data.next(key.fileobj):
                    selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]
                    running -= 1
        return seconds, len(seconds) / (time.perf_counter() - begun)


class _Asker:
    """One connection's requests; answers have a Content-Length."""

    def __init__(self, client: Client, path: str, bodies: list[bytes]) -> None:
        self._requests = [client.request(path, body) for body in reversed(bodies)]
        self._answer = b""
        self._before = 0.0

    def next(self, sock: socket.socket) -> bool:
        if not self._requests:
            return False
        self._answer = b""
        self._before = time.perf_counter()
        sock.sendall(self._requests.pop())
        return True

    def read(self, sock: socket.socket) -> float | None:
        data = sock.recv(262_144)
        if not data:
            raise RuntimeError("the connection was closed in the midst of an answer")
        self._answer += data
        head = self._answer.find(b"\r\n\r\n")
        if head < 0:
            return None
        if not self._answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(self._answer[:500].decode("utf-8", "replace"))
        size = int(self._answer[:head].lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return time.perf_counter() - self._before if len(self._answer) >= head + 4 + size else None
