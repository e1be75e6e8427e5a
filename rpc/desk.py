"""What calls are answered from, in whichever process and by whichever way they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rpc.board import Board
from rpc.changes import Changes
from rpc.dispatch import Dispatcher, Progress, silently
from rpc.methods import METHODS
from rpc.service import Service
from sidecar.control.opening import open_control

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    import aiohttp

    from rpc.service import Window
    from sidecar.app import Serving
    from sidecar.control.opening import Control


@dataclass(frozen=True)
class Desk:
    """One data folder's control, the facts of this process, and who is told when they change."""

    control: Control
    board: Board
    changes: Changes

    def dispatcher(self, window: Window, progress: Progress = silently) -> Dispatcher:
        """Calls the methods for one window; `progress` shows that one takes its time."""
        return Dispatcher(METHODS, Service(self.control, self.board, window), progress)


async def open_desk(serving: Serving, stack: AsyncExitStack) -> Desk:
    """The desk of a process that serves without an editor, until the stack is closed."""

    async def session() -> aiohttp.ClientSession:
        return serving.session

    control = await stack.enter_async_context(open_control(serving.place, http=session, keys=serving.keys))
    board = Board(control, serving.snapshots)
    stack.callback(board.close)
    board.follow(serving)
    await board.refresh()
    return Desk(control, board, Changes(board))
