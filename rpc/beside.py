"""The endpoint beside a conversation: opened after it has begun, moved when its port changes, closed after it."""

from __future__ import annotations

import asyncio
import importlib
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from rpc import heap

if TYPE_CHECKING:
    from types import ModuleType

    from rpc.desk import Desk
    from sidecar.keys import Keys
    from sidecar.settings import Place
    from sidecar.snapshot import Snapshots


class Beside:
    """The endpoint of one conversation, with the conversation's own keys and picture of the configuration."""

    def __init__(self, place: Place, desk: Desk, keys: Keys, snapshots: Snapshots) -> None:
        self._place = place
        self._desk = desk
        self._keys = keys
        self._snapshots = snapshots
        self._port = place.port
        self._opened = AsyncExitStack()
        self._moved = asyncio.Event()

    def move(self, port: int) -> None:
        """Has the endpoint serve another port from now on; nothing where it is the same."""
        if port != self._port:
            self._port = port
            self._moved.set()

    async def run(self) -> None:
        """Keeps the endpoint open until it is cancelled; its state is the board's."""
        app, web = await asyncio.to_thread(_import_app)  # 130 ms, in a thread, so that questions are answered meanwhile
        opening = app.open_app(self._place, keys=self._keys, snapshots=self._snapshots)
        serving = await self._opened.enter_async_context(opening)
        self._desk.board.follow(serving)
        web.Web(self._at_desk, serving.token, watches=False).mount(serving.endpoint)
        while True:
            await self._moved.wait()
            self._moved.clear()
            await serving.move(self._port)
            self._desk.board.endpoint = serving.endpoint_state()

    async def close(self) -> None:
        """Closes the endpoint, once its answers are finished."""
        await self._opened.aclose()

    async def _at_desk(self) -> Desk:
        return self._desk


def _import_app() -> tuple[ModuleType, ModuleType]:
    """The endpoint's own modules."""
    heap.release()
    app, web = importlib.import_module("sidecar.app"), importlib.import_module("rpc.web")
    heap.settle()
    return app, web
