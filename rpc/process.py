"""`mux-sidecar --stdio`: the process that an editor launches, from its first byte to its exit status."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pygls.io_ import run_async

from rpc import stdio
from rpc.beside import Beside
from rpc.board import Board
from rpc.changes import Changes
from rpc.desk import Desk
from rpc.dispatch import FAILED, INTERNAL_ERROR, RpcError
from rpc.parent import death
from rpc.server import Server
from sidecar import systems
from sidecar.control.opening import open_control
from sidecar.errors import StoreUnusable
from sidecar.keys import Keys
from sidecar.snapshot import Snapshots

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from sidecar.control.opening import Control
    from sidecar.settings import Place

log = logging.getLogger(__name__)

FIRST_QUESTION = 0.05  # seconds within which an editor asks for the Status, if it does
ITS_ANSWER = 0.005  # seconds for the answer to be written


class Process:
    """One client on standard input and output, and the endpoint beside it."""

    def __init__(self, place: Place, parent: int | None) -> None:
        self._place = place
        self._parent = parent
        self._stack = AsyncExitStack()
        self._stop = threading.Event()  # pygls asks it between two messages
        self._told = False
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self, descriptors: tuple[int, int]) -> int:
        """Serves until the client, its death or a signal ends it; returns the exit status."""
        self._input = stdio.Input(descriptors[0])
        output = stdio.Output(descriptors[1], self.leave)
        self._server = Server(output, self._url_for, self.leave)
        self._watch_signals()
        if self._parent is not None:
            self._start(self._leave_after(self._parent))
        opening = asyncio.create_task(self._open())
        opening.add_done_callback(self._opened)
        try:
            async with self._stack:
                await self._converse()
                opening.cancel()
                await asyncio.wait({opening})
        finally:
            for task in self._tasks:
                task.cancel()
            output.close()
        return 0 if self._server.protocol.ended or self._told else 1

    def leave(self) -> None:
        """Ends the conversation; what is being answered is finished."""
        self._stop.set()
        self._input.end()

    async def _converse(self) -> None:
        await run_async(self._stop, self._input, self._server.protocol, error_handler=self._unreadable)

    def _unreadable(self, error: Exception, _: type[Exception]) -> None:
        """A body that is no JSON. Where a message stands before the surplus, its length was wrong: it is taken."""
        protocol = self._server.protocol
        if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
            self._input.unread(error.doc[error.pos :].encode("utf-8", "surrogatepass"))
            protocol.handle_message(json.loads(error.doc[: error.pos]))
        else:
            protocol.refuse_bytes("The message is not JSON.")

    async def _open(self) -> None:
        """Opens the data folder, then the endpoint, once `initialize` has been answered."""
        server = self._server
        await server.begun.wait()
        if server.process_id is not None and server.process_id != self._parent:
            self._start(self._leave_after(server.process_id))
        place = replace(self._place, port=self._port(server.options.port))
        keys = Keys(place)
        control = await self._stack.enter_async_context(open_control(place, keys=keys))
        snapshots = await asyncio.to_thread(_open_store, control)
        self._stack.callback(snapshots.close)
        board = Board(control, snapshots)
        self._stack.callback(board.close)
        await board.refresh()
        changes = Changes(board)  # before the first call, whose change it is to tell
        changes.listen(server.window, server.notify)
        desk = Desk(control, board, changes)
        server.dispatcher.set_result(desk.dispatcher(server.window, server.show_progress))
        self._start(changes.run())
        await self._open_endpoint(Beside(place, desk, keys, snapshots))

    def _opened(self, opening: asyncio.Task[None]) -> None:
        """Lets calls fail that wait for what could not be opened, which only a defect can cause."""
        if opening.cancelled() or (error := opening.exception()) is None:
            return
        log.error("The sidecar could not be opened (%s).", type(error).__name__, exc_info=error)
        if not self._server.dispatcher.done():
            self._server.dispatcher.set_exception(RpcError(INTERNAL_ERROR, FAILED))

    async def _open_endpoint(self, beside: Beside) -> None:
        # An editor's first question, which it asks at once, goes before 150 ms of importing. Not by `wait_for`: that of
        # Python 3.11 takes no notice of being cancelled as the event comes, and the process would never leave.
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_QUESTION):
                await self._server.asked.wait()
        await asyncio.sleep(ITS_ANSWER)
        self._stack.push_async_callback(beside.close)
        self._server.on_options = lambda: beside.move(self._port(self._server.options.port))
        await beside.run()

    async def _leave_after(self, number: int) -> None:
        await death(number)
        self.leave()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def _watch_signals(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def told() -> None:
            if self._told:
                task.cancel()
            self._told = True
            self.leave()

        systems.this().watch_signals(loop, told)
        systems.this().watch_hangup(loop, self.leave)

    def _port(self, port: int | None) -> int:
        return self._place.port if port is None else port

    def _url_for(self, port: int | None) -> str:
        return f"http://localhost:{self._port(port)}/v1/mux"


def _open_store(control: Control) -> Snapshots:
    """The configuration as it is read, its file made where there is none: from now on a missing one is a lost one."""
    snapshots = Snapshots(control.bench.place)
    with suppress(StoreUnusable):  # the snapshots tell it as their problem
        control.bench.config.prepare()
    return snapshots


def main(place: Place, parent: int | None) -> int:
    """The exit status of a process that serves an editor until it is told to leave."""
    descriptors = stdio.claim()
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)  # it logs whole messages, options and keys among them
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(Process(place, parent).run(descriptors))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0


def _loop_factory() -> Any:
    try:
        import uvloop  # noqa: PLC0415 - Windows and PyPy have none
    except ImportError:
        return None
    return uvloop.new_event_loop
