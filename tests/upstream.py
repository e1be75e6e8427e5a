"""A provider that does as it is told: a real HTTP server on a port of its own, scripted answer by answer.

It keeps each request as it came (`received`), answers with the next of the scripted answers (the last one again and
again), lists its models by itself in every provider type's way, and notices when its client leaves in the midst.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from waiting import PATIENCE, until

EVENT_STREAM = {"content-type": "text/event-stream"}


@dataclass
class Received:
    """One request as it came over the wire; `nth` counts the requests of its connection from 0."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    nth: int
    left: threading.Event = field(default_factory=threading.Event)
    left_at: float | None = None
    written: int = 0

    def header(self, name: str) -> str | None:
        """The values of a header, joined by a comma; None where it is missing."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)

    def stands_still(self) -> int:
        """How many bytes of the answer were written, once there are some and no more go out."""
        written = until(lambda: self.written)
        while True:
            time.sleep(1.0)
            if self.written == written:
                return written
            written = self.written


class Wire:
    """What an answer writes to."""

    def __init__(self, writer: asyncio.StreamWriter, request: Received) -> None:
        self.writer = writer
        self.request = request
        self.open = True

    async def send(self, data: bytes) -> None:
        """Write bytes as they are, and wait until the client has taken most of them."""
        self.writer.write(data)
        await self.writer.drain()
        self.request.written += len(data)

    async def head(self, status: int, headers: dict[str, str] | Iterable[tuple[str, str]]) -> None:
        """Write the status line and headers."""
        pairs = headers.items() if isinstance(headers, dict) else headers
        lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in pairs), "", ""]
        await self.send("\r\n".join(lines).encode("latin-1"))

    async def chunk(self, data: bytes) -> None:
        """Write one piece of a chunked body; an empty one ends it."""
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def close(self) -> None:
        """End the connection in good order (FIN)."""
        self.open = False
        self.writer.close()

    def reset(self) -> None:
        """End the connection as a crashed server does (RST)."""
        self.open = False
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Answer = Callable[[Received, Wire], Awaitable[None]]


def event(data: Any) -> bytes:
    """One server-sent event: bytes as they are, a string or JSON behind `data:`; Anthropic's with their `event:`."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return f"data: {data}\n\n".encode()
    name = f"event: {data['type']}\n" if isinstance(data.get("type"), str) else ""
    return f"{name}data: {json.dumps(data)}\n\n".encode()


def reply(
    body: Any = b"", status: int = 200, headers: dict[str, str] | None = None, length: int | None = None
) -> Answer:
    """A whole answer: JSON unless `body` is bytes; `length` lies about its size and closes after it."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    pairs = {"content-type": "application/json", "content-length": str(length or len(data)), **(headers or {})}

    async def answer(_request: Received, wire: Wire) -> None:
        await wire.head(status, pairs)
        await wire.send(data)
        if length:
            wire.close()

    return answer


def stream(
    *parts: Any, end: str = "clean", status: int = 200, headers: dict[str, str] | None = None, gap: float = 0
) -> Answer:
    """An event stream of `parts` (see `event`), each a chunk of its own.

    A float is a pause in seconds, and a `threading.Event` one until it is set.

    `end`: `clean` with the last chunk, `cut` closes without it, `reset` is a RST, `stall` keeps silent for ever.
    """

    async def answer(_request: Received, wire: Wire) -> None:
        await wire.head(status, {**EVENT_STREAM, "transfer-encoding": "chunked", **(headers or {})})
        for part in parts:
            if isinstance(part, float):
                await asyncio.sleep(part)
                continue
            if isinstance(part, threading.Event):
                await _until(part)
                continue
            await wire.chunk(event(part))
            await asyncio.sleep(gap)
        await _finish(wire, end)

    return answer


async def _until(event: threading.Event) -> None:
    while not event.is_set():  # noqa: ASYNC110 - it is set by another thread
        await asyncio.sleep(0.01)


async def _finish(wire: Wire, end: str) -> None:
    if end == "clean":
        await wire.chunk(b"")
    elif end == "stall":
        await asyncio.Event().wait()
    else:
        await asyncio.sleep(0.05)  # what was written must be on its way before the end overtakes it
        wire.reset() if end == "reset" else wire.close()


def late(silence: float | threading.Event, then: Answer) -> Answer:
    """`then`, after a silence before the status line: so many seconds, or until the event is set."""

    async def answer(request: Received, wire: Wire) -> None:
        await (_until(silence) if isinstance(silence, threading.Event) else asyncio.sleep(silence))
        await then(request, wire)

    return answer


async def silence(_request: Received, _wire: Wire) -> None:
    """Never a byte."""
    await asyncio.Event().wait()


async def hang_up(_request: Received, wire: Wire) -> None:
    """Closed without a byte, as an idle connection is."""
    wire.close()


async def _silence(_: Received, __: Wire) -> None:
    """Never a byte."""
    await asyncio.Event().wait()


class _Watched(asyncio.StreamReaderProtocol):
    """Tells at once when the client leaves, also while nobody reads."""

    def __init__(self, serve: Callable[..., Awaitable[None]]) -> None:
        self.gone = asyncio.get_running_loop().create_future()
        reader = asyncio.StreamReader(limit=2**27)
        super().__init__(reader, lambda r, w: serve(r, w, self.gone))

    def eof_received(self) -> bool | None:
        self._tell()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._tell()
        super().connection_lost(exc)

    def _tell(self) -> None:
        if not self.gone.done():
            self.gone.set_result(time.monotonic())


class Upstream:
    """The server, in a thread of its own."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.models: list[dict[str, Any] | str] = ["m1"]
        self.received: list[Received] = []
        self.asked_for_models: list[Received] = []
        self.is_silent = False  # about its models, as one that hangs
        self.listed: Answer | None = None  # told in place of its models
        self.models_after: float | threading.Event = 0.0  # when it lists them, as one that is slow
        self.connections = 0
        self.tls: ssl.SSLContext | None = None
        self._answers: deque[Answer] = deque()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._started.wait(PATIENCE)

    @property
    def url(self) -> str:
        """Its root, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def last(self) -> Received:
        """The newest request."""
        assert self.received, "no request reached the provider"
        return self.received[-1]

    def script(self, *answers: Answer) -> None:
        """Answer what comes with these in turn, then with the last one; forget what came before."""
        self._answers = deque(answers)
        self.received = []

    def wait(self, count: int = 1) -> Received:
        """The newest request, once there were `count`."""
        until(lambda: len(self.received), lambda came: came >= count)
        return self.received[count - 1]

    def close(self) -> None:
        """Stop answering, and wait for the thread; again changes nothing."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Watched(self._serve), "127.0.0.1", self.port, backlog=512)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: Any) -> None:
        self.connections += 1
        nth, is_open = 0, True
        try:
            while is_open and (request := await _read(reader, nth)):
                if request.method == "CONNECT":
                    await self._tunnel(writer)
                    continue
                wire = Wire(writer, request)
                await self._answer(request, wire, gone)
                is_open, nth = wire.open and not gone.done(), nth + 1
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # a client's leave, or `close`: asyncio makes a noise about a cancelled connection
        finally:
            writer.close()

    async def _tunnel(self, writer: asyncio.StreamWriter) -> None:
        """As a proxy that is the far host itself: from here on TLS, with the certificate in `tls`."""
        assert self.tls is not None, "CONNECT came, and no certificate is there"
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await writer.drain()
        await writer.start_tls(self.tls)

    async def _answer(self, request: Received, wire: Wire, gone: asyncio.Future[float]) -> None:
        task = asyncio.ensure_future(self._pick(request)(request, wire))
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done() and task.exception() is None:
            return
        if task.done() and not isinstance(task.exception(), ConnectionError):
            raise task.exception()  # a script's own mistake
        request.left_at = gone.result() if gone.done() else time.monotonic()
        request.left.set()
        task.cancel()

    def _pick(self, request: Received) -> Answer:
        if listing := self._listing(request):
            self.asked_for_models.append(request)
            return _silence if self.is_silent else late(self.models_after, self.listed or listing)
        self.received.append(request)
        if not self._answers:
            return reply({"error": {"message": f"nothing is scripted for {request.path}"}}, status=418)
        return self._answers.popleft() if len(self._answers) > 1 else self._answers[0]

    def _listing(self, request: Received) -> Answer | None:
        path = request.path.split("?")[0]
        cards = [{"id": model} if isinstance(model, str) else model for model in self.models]
        names = [card["id"] for card in cards]
        if path.endswith("/models") and request.method == "GET":
            data = [{"object": "model", "created": 1, "owned_by": "tests", **card} for card in cards]
            ends = {"first_id": names[0], "last_id": names[-1]}
            return reply({"object": "list", "data": data, "has_more": False, **ends})
        if path == "/api/tags":
            return reply({"models": [{"name": name, "model": name} for name in names]})
        if path == "/api/show":
            return reply({"model_info": {"general.architecture": "x", "x.context_length": 8192}, "capabilities": []})
        return reply({}, status=404) if request.method == "GET" else None


async def _read(reader: asyncio.StreamReader, nth: int) -> Received | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines if line)]
    lower = {name.lower(): value for name, value in pairs}
    if lower.get("transfer-encoding") == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(lower.get("content-length", 0)))
    return Received(method, path, pairs, body, nth)


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    pieces = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        pieces.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(pieces)
