"""An HTTP client that costs next to nothing: one blocking socket, kept open."""

from __future__ import annotations

import socket
import time
from typing import NamedTuple

END_OF_CHUNKS = b"0\r\n\r\n"


class Arrival(NamedTuple):
    """Bytes, and when they were received (nanoseconds of the monotonic clock)."""

    at: int
    data: bytes


class Client:
    """A connection to a server on this machine, whose paths begin with `base`."""

    def __init__(self, port: int, base: str) -> None:
        self.port = port
        self.base = base
        self._sock: socket.socket | None = None

    def close(self) -> None:
        """Let the connection go."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def request(self, path: str, body: bytes | None = None) -> bytes:
        """A request's own bytes; a GET without a body."""
        method = "GET" if body is None else "POST"
        return (
            f"{method} {path if path.startswith('/health') else self.base + path} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{self.port}\r\nUser-Agent: OpenAI/Python 2.0.0\r\nAccept: application/json\r\n"
            f"Content-Type: application/json\r\nAuthorization: Bearer sk-client\r\n"
            f"Content-Length: {len(body or b'')}\r\n\r\n"
        ).encode() + (body or b"")

    def ask(self, path: str, body: bytes | None = None) -> float:
        """Seconds from the request's first byte to the answer's last."""
        request = self.request(path, body)
        sock = self._connected()
        before = time.perf_counter()
        sock.sendall(request)
        answer = _read(sock)
        spent = time.perf_counter() - before
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer[:2000].decode("utf-8", "replace"))
        return spent

    def stream(self, path: str, body: bytes) -> tuple[int, list[Arrival]]:
        """When a request was sent, and its streamed answer as it came, head and chunk sizes included."""
        request = self.request(path, body)
        sock = self._connected()
        before = time.monotonic_ns()
        sock.sendall(request)
        arrivals = []
        while True:
            data = sock.recv(262_144)
            arrivals.append(Arrival(time.monotonic_ns(), data))
            if not data or data.endswith(END_OF_CHUNKS):
                break
        if not arrivals[0].data.startswith(b"HTTP/1.1 200") or not data:
            raise RuntimeError(arrivals[0].data[:2000].decode("utf-8", "replace"))
        return before, arrivals

    def _connected(self) -> socket.socket:
        if self._sock is None:
            self._sock = self.connect()
        return self._sock

    def connect(self) -> socket.socket:
        """A connection of its own, for whoever closes it."""
        sock = socket.create_connection(("127.0.0.1", self.port), 60)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock


def _read(sock: socket.socket) -> bytes:
    """One whole answer."""
    answer = sock.recv(262_144)
    while (head := answer.find(b"\r\n\r\n")) < 0 and answer:
        answer += sock.recv(262_144)
    fields = answer[:head].lower()
    _, found, rest = fields.partition(b"\r\ncontent-length: ")
    size = head + 4 + int(rest.partition(b"\r\n")[0]) if found else None
    while len(answer) < size if size is not None else not answer.endswith(END_OF_CHUNKS):
        more = sock.recv(262_144)
        if not more:
            raise RuntimeError("the connection was closed in the midst of an answer")
        answer += more
    return answer


def unchunked(arrivals: list[Arrival]) -> bytes:
    """The body of a streamed answer, without head and chunk sizes (RFC 9112, section 7.1)."""
    raw = b"".join(arrival.data for arrival in arrivals)
    at = raw.index(b"\r\n\r\n") + 4
    pieces = []
    while True:
        line = raw.index(b"\r\n", at)
        size = int(raw[at:line].partition(b";")[0], 16)
        if size == 0:
            return b"".join(pieces)
        pieces.append(raw[line + 2 : line + 2 + size])
        at = line + 4 + size
