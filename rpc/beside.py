"""The endpoint beside a conversation: opened after it has begun, moved when its port changes, closed after it."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from rpc import heap

if TYPE_CHECKING:
    from types import ModuleType

    from rpc.board import Board
    from sidecar.settings import Place


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
            await self._open(app, self._place)
            await self._moved.wait()
            self._leave()

    async def close(self) -> None:
        """Closes the endpoint, once its answers are finished, and those that were left before."""
        self._leave()
        await asyncio.gather(*self._closing)

    async def _open(self, app: ModuleType, place: Place) -> None:
        """Opens it, whether or not its port can be had now."""
        serving = await self._opened.enter_async_context(app.open_app(place))

        def tell() -> None:
            if place is self._place:  # one that was left tells nothing any more
                self._board.endpoint = serving.endpoint_state()

        self._board.busy = lambda: serving.busy > 0
        serving.on_endpoint_state(tell)
        tell()

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
