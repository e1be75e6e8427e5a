"""The composition root: opens what serving needs, in order, and closes it in reverse."""

from __future__ import annotations

import asyncio
import logging
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientSession

from sidecar import logs, prices, token
from sidecar.endpoint import Endpoint
from sidecar.errors import MuxError, StoreUnusable
from sidecar.keys import Keys
from sidecar.listeners import BACKLOG, listen, taken
from sidecar.mux import Mux
from sidecar.providers.http import open_session
from sidecar.record import Recorder, Row, Trace
from sidecar.redact import Redactor
from sidecar.settings import Place
from sidecar.snapshot import Snapshots
from sidecar.store import requests
from sidecar.store.database import REQUESTS, Database
from sidecar.store.writer import Writer
from sidecar.wire import Wire

log = logging.getLogger(__name__)

#: Seconds that answers which are being streamed get to finish when the process is told to leave.
LEAVE = 600.0
PRUNE_EVERY = 3600.0
#: Seconds after which a thread that works (files of a large text, records) lets the loop go on; Python's own are 5 ms.
SWITCH = 0.0005


@dataclass(frozen=True)
class Serving:
    """A running endpoint."""

    port: int
    endpoint: Endpoint
    snapshots: Snapshots

    @property
    def url(self) -> str:
        """What clients are pointed at."""
        return f"http://localhost:{self.port}/v1/mux"


@asynccontextmanager
async def open_app(place: Place) -> AsyncIterator[Serving]:
    """A serving endpoint, until the block is left; answers in progress are then finished.

    Raises:
        NotAllowed: the port cannot be had.
        StoreUnusable: the data folder cannot be used at all.
    """
    async with AsyncExitStack() as stack:
        stack.callback(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(SWITCH)
        snapshots = Snapshots(place)
        stack.callback(snapshots.close)
        keys = Keys(place)
        records = Records(place, snapshots)
        clean = Redactor(keys.secrets).clean
        logs.configure(place.log_level, clean)
        recorder = Recorder(records, _price, clean)
        stack.push_async_callback(recorder.close)
        session = await stack.enter_async_context(open_session())
        mux = Mux(Wire(session, keys), recorder, clean)
        endpoint = Endpoint(mux, snapshots, lambda: token.obtain(place), place.home_hash)
        server = endpoint.server()
        try:
            sockets = listen(place.port)
        except OSError as error:
            raise taken(place, error) from error
        loop = asyncio.get_running_loop()
        listeners = [await loop.create_server(server, sock=sock, backlog=BACKLOG) for sock in sockets]
        stack.push_async_callback(server.shutdown, LEAVE)
        stack.callback(server.pre_shutdown)
        for listener in listeners:
            stack.callback(listener.close)
        for work in (records.prune_now_and_then(), _discover(place, keys, session, snapshots)):
            stack.callback(loop.create_task(work).cancel)
        yield Serving(sockets[0].getsockname()[1], endpoint, snapshots)


async def serve(place: Place, *, on_ready: Callable[[Serving], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; a second one ends at once what is still being streamed.

    Raises: as `open_app`.
    """
    leave = asyncio.Event()
    closing = asyncio.Event()
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    def told() -> None:
        if closing.is_set():
            task.cancel()
        leave.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, told)
        except NotImplementedError:  # Windows: Ctrl+C arrives as KeyboardInterrupt
            continue
    try:
        async with open_app(place) as serving:
            if on_ready is not None:
                on_ready(serving)
            await leave.wait()
            closing.set()
    except asyncio.CancelledError:
        if not closing.is_set():
            raise


class Records:
    """The file of request records, for the recorder's thread."""

    def __init__(self, place: Place, snapshots: Snapshots) -> None:
        self._database = Database(place.requests_db, REQUESTS)
        self._writer = Writer(self._database)
        self._snapshots = snapshots

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows.

        Raises:
            StoreUnusable: they could not be written.
        """
        self._writer.run(lambda db: requests.append(db, rows))

    def rest(self) -> None:
        """Let go of the file until the next rows come."""
        self._writer.close()

    def _prune(self) -> None:
        days = self._snapshots.current().settings.keep_days
        self._database.run(lambda db: requests.prune(db, days))

    async def prune_now_and_then(self) -> None:
        """Remove, each hour, what is older than the setting `keepDays`."""
        while True:
            await asyncio.sleep(PRUNE_EVERY)
            try:
                await asyncio.to_thread(self._prune)
            except (StoreUnusable, sqlite3.Error):
                continue  # told by whoever writes the next record


async def _discover(place: Place, keys: Keys, session: ClientSession, snapshots: Snapshots) -> None:
    """On the first start without a provider, add what is there: keys in the environment, servers on this machine."""
    if not place.discover or snapshots.current().providers:
        return
    from sidecar.control.opening import open_control  # noqa: PLC0415 - start-up: only the first start needs it

    async def ours() -> ClientSession:
        return session

    try:
        async with open_control(place, http=ours, keys=keys) as control:
            added = await control.discover()
    except MuxError as error:
        log.warning("Looking for providers failed: %s", error)
        return
    if added:
        log.warning("Found and added: %s.", ", ".join(provider.name for provider in added))


def _price(trace: Trace) -> float | None:
    if trace.provider is None or trace.model is None:
        return None
    return prices.cost(trace.provider, trace.model, trace.info, trace.tokens)
