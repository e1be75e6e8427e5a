"""The endpoint beside a conversation: opened after it has begun, moved when its port changes, closed after it."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from rpc import heap
from rpc.status import Endpoint
from sidecar.errors import MuxError

if TYPE_CHECKING:
    from types import ModuleType

    from rpc.board import Board
    from sidecar.settings import Place

RETRY = 1.0  # seconds until a port that could not be had is tried again


class Beside:
    """One endpoint at a time; one that was left finishes its answers while the next one serves."""

    def __init__(self, place: Place, board: Board) -> None:
        self._place = place
        self._board = board
        self._opened = AsyncExitStack()
        self._closing: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Event()

    def move(self, port: int) -> None:
        """Has the endpoint serve another port from now on; nothing where it is the same."""
        if port != self._place.port:
            self._place = replace(self._place, port=port)
            self._moved.set()

    async def run(self) -> None:
        """Keeps an endpoint open until it is cancelled; its state is the board's."""
        app = await asyncio.to_thread(_import_app)  # 130 ms, in a thread, so that questions are answered meanwhile
        while True:
            self._moved.clear()
            if await self._open(app, self._place):
                await self._moved.wait()
                self._leave()
            else:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._moved.wait(), RETRY)

    async def close(self) -> None:
        """Closes the endpoint, once its answers are finished, and those that were left before."""
        self._leave()
        await asyncio.gather(*self._closing)

    async def _open(self, app: ModuleType, place: Place) -> bool:
        """Opens it; whether the port could be had."""
        try:
            serving = await self._opened.enter_async_context(app.open_app(place))
        except MuxError as error:
            url = f"http://localhost:{place.port}/v1/mux"
            self._board.endpoint = Endpoint(url=url, state="blocked", detail=str(error))
            return False
        self._board.busy = lambda: bool(serving.endpoint.running)
        self._board.endpoint = Endpoint(url=serving.url, state="serving")
        return True

    def _leave(self) -> None:
        closing = asyncio.create_task(self._opened.aclose())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        self._opened = AsyncExitStack()


def _import_app() -> ModuleType:
    """The endpoint's own modules."""
    heap.release()
    app = importlib.import_module("sidecar.app")
    heap.settle()
    return app
