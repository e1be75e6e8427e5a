"""One WebSocket's conversation: calls are answered, changes told, and nobody's slowness costs memory."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, WSMsgType, web

from rpc.calls import Calls
from rpc.jsonrpc import VERSION, encoded

if TYPE_CHECKING:
    from rpc.desk import Desk
    from rpc.service import Window
    from sidecar.values import Value

#: Bytes of one message.
LARGEST = 16 * 2**20
#: Calls that are answered at a time; further ones wait to be read.
AT_ONCE = 64
#: Bytes that wait for a client to read them, beyond which it is asked nothing more, and told nothing.
BEHIND = 4 * 2**20
#: Seconds between two signs of life, so that a client that vanished is noticed.
HEARTBEAT = 30.0
PROTOCOL = "mux"

logging.getLogger("aiohttp.websocket").disabled = True  # it repeats the protocols offered, and with them a token


class Socket:
    """One client on a WebSocket."""

    def __init__(self, desk: Desk, window: Window) -> None:
        self._socket = web.WebSocketResponse(
            protocols=(PROTOCOL,), heartbeat=HEARTBEAT, max_msg_size=LARGEST, compress=False
        )
        self._desk = desk
        self._window = window
        self._calls = Calls(desk.dispatcher(window))
        self._places = asyncio.Semaphore(AT_ONCE)
        self._answering: set[asyncio.Task[None]] = set()
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Upgrades, and converses until either side closes."""
        await self._socket.prepare(request)
        writing = asyncio.create_task(self._write())
        silence = self._desk.changes.listen(self._window, self._tell)
        try:
            await self._read()
        finally:
            silence()
            for task in (*self._answering, writing):
                task.cancel()
        return self._socket

    async def close(self, code: int = WSCloseCode.GOING_AWAY, reason: str = "The sidecar leaves.") -> None:
        """Closes the socket."""
        await self._socket.close(code=code, message=reason.encode())

    async def _read(self) -> None:
        while True:
            await self._room.wait()
            await self._places.acquire()
            message = await self._socket.receive()
            if message.type is WSMsgType.TEXT:
                task = asyncio.create_task(self._answer(message.data))
                self._answering.add(task)
                task.add_done_callback(self._answered)
            elif message.type is WSMsgType.BINARY:
                await self.close(WSCloseCode.UNSUPPORTED_DATA, "Messages are text.")
                return
            else:
                return

    async def _answer(self, data: str) -> None:
        answer = await self._calls.answer(data)
        if answer is not None:
            self._send(answer)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._answering.discard(task)
        self._places.release()

    def _tell(self, method: str, value: Value) -> None:
        """A notification. A client that is too far behind is let go: it comes back, and reads everything anew."""
        if self._room.is_set():
            self._send({"jsonrpc": VERSION, "method": method, "params": value})
        else:
            closing = asyncio.create_task(self.close(WSCloseCode.TRY_AGAIN_LATER, "Too much waits to be read."))
            self._answering.add(closing)
            closing.add_done_callback(self._answering.discard)

    def _send(self, message: Any) -> None:
        data = encoded(message)
        self._waiting.append(data)
        self._count(len(data))
        self._more.set()

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while True:
                await self._more.wait()
                self._more.clear()
                while self._waiting:
                    data = self._waiting.popleft()
                    await self._socket.send_str(data.decode())
                    self._count(-len(data))

    def _count(self, change: int) -> None:
        self._bytes += change
        if self._bytes > BEHIND:
            self._room.clear()
        else:
            self._room.set()
