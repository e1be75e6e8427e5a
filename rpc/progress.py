"""`$/progress`: shown while something takes its time, where the client can (LSP 3.17, "Work Done Progress")."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rpc.server import Server

Token = int | str


@asynccontextmanager
async def shown(server: Server, title: str, token: Any = None) -> AsyncIterator[None]:
    """Shows a title for as long as the block runs: under the client's token, else under one of ours, if it takes it."""
    if isinstance(token, int | str):
        _begin(server, token, title)
        try:
            yield
        finally:
            _end(server, token)
        return
    if not server.can_show_progress:
        yield
        return
    async with _created(server, title):
        yield


@asynccontextmanager
async def _created(server: Server, title: str) -> AsyncIterator[None]:
    """Progress under a token of ours. The client's leave is not waited for: it may never come."""
    token = str(uuid.uuid4())
    begun = False

    async def begin() -> None:
        nonlocal begun
        try:
            await server.window_work_done_progress_create_async(types.WorkDoneProgressCreateParams(token))
        except JsonRpcException:
            return
        _begin(server, token, title)
        begun = True

    task = asyncio.create_task(begin())
    try:
        yield
    finally:
        if not begun:
            task.cancel()
        else:
            _end(server, token)


def _begin(server: Server, token: Token, title: str) -> None:
    server.progress(types.ProgressParams(token, types.WorkDoneProgressBegin(title, cancellable=False)))


def _end(server: Server, token: Token) -> None:
    server.progress(types.ProgressParams(token, types.WorkDoneProgressEnd()))
