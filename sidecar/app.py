"""The composition root: opens what serving needs, in order, and closes it in reverse."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from aiohttp import ClientSession

from sidecar import logs, systems, token
from sidecar.endpoint import Endpoint
from sidecar.errors import MuxError, NotAllowed, StoreUnusable
from sidecar.http_server import Server
from sidecar.keys import Keys
from sidecar.mux import Mux
from sidecar.prices import PriceTable
from sidecar.providers.http import open_pool, open_session
from sidecar.record import Recorder, Row
from sidecar.redact import Redactor
from sidecar.running import Running
from sidecar.settings import Place
from sidecar.sharing.port import Port
from sidecar.snapshot import Snapshots
from sidecar.store import requests
from sidecar.store.database import REQUESTS, Database
from sidecar.store.writer import Writer
from sidecar.values import EndpointState
from sidecar.wire import Wire

log = logging.getLogger(__name__)

#: Seconds that answers which are being streamed get to finish when the process is told to leave.
LEAVE = 600.0
#: Seconds in which clients are told that the process ends at once.
LAST_WORDS = 1.0
#: Seconds for a request whose task is ended to end; none at all is taken by aiohttp for as long as it likes.
MOMENT = 0.1
PRUNE_EVERY = 3600.0
#: Seconds after which a thread that works (files of a large text, records) lets the loop go on; Python's own are 5 ms.
SWITCH = 0.0005


@dataclass(frozen=True, eq=False)
class Serving:
    """A running endpoint, and what a front end beside it shares with it."""

    place: Place
    endpoint: Endpoint
    snapshots: Snapshots
    session: ClientSession
    keys: Keys
    _port: Port

    def token(self) -> str:
        """The data folder's token, which guards what is not for AI clients. Raises StoreUnusable."""
        return token.obtain(self.place)

    @property
    def port(self) -> int:
        """The port that is served, or wanted."""
        return self._port.number

    @property
    def url(self) -> str:
        """What clients are pointed at."""
        return self._port.state.url

    @property
    def busy(self) -> int:
        """How many requests of AI clients are being answered by this process."""
        return self.endpoint.running

    def answering(self) -> tuple[Running, ...]:
        """Those requests, in the order in which they began."""
        return self.endpoint.answering()

    def endpoint_state(self) -> EndpointState:
        """Whether this process serves the port; if not, why, and what to do."""
        return self._port.state

    def siblings(self) -> tuple[int, ...]:
        """The processes that serve the port together with this one."""
        return self._port.siblings()

    def on_endpoint_state(self, callback: Callable[[], None]) -> None:
        """Call this, on the event loop, whenever that changes."""
        self._port.on_change(callback)

    async def move(self, port: int) -> None:
        """Serve another port from now on; as with the first, it is taken once it can be had."""
        await self._port.move(port)


@asynccontextmanager
async def open_app(
    place: Place, *, insist: bool = False, keys: Keys | None = None, snapshots: Snapshots | None = None
) -> AsyncIterator[Serving]:
    """An endpoint, until the block is left; answers in progress are then finished.

    It serves once its port can be had, shared with the user's other sidecars of this data folder; `endpoint_state`
    tells. With `keys` and `snapshots`, the process's own, what was read is read once; whoever made them closes them.

    Raises:
        NotAllowed: the port cannot be had now and `insist` is on.
    """
    async with AsyncExitStack() as stack:
        stack.callback(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(SWITCH)
        if snapshots is None:
            snapshots = Snapshots(place)
            stack.callback(snapshots.close)
        keys = keys or Keys(place)
        records = Records(place, snapshots)
        clean = Redactor(keys.secrets).clean
        logs.configure(place.log_level, clean)
        prices = PriceTable()
        recorder = Recorder(records, prices, clean)
        stack.push_async_callback(recorder.close)
        session = await stack.enter_async_context(open_session())
        pool = open_pool()
        stack.push_async_callback(pool.close)
        mux = Mux(Wire(session, pool, keys), recorder, prices, clean)
        endpoint = Endpoint(mux, snapshots, lambda: token.obtain(place), place.home_hash)
        server = endpoint.server()
        with suppress(StoreUnusable):  # told to whoever needs it
            await asyncio.to_thread(token.obtain, place)
        port = Port(place, server, snapshots)
        stack.push_async_callback(_leave, port, endpoint, server)
        await port.look()
        if insist and port.state.state == "blocked":
            raise NotAllowed(port.state.detail or "")
        loop = asyncio.get_running_loop()
        for work in (
            port.keep_looking(),
            records.prune_now_and_then(),
            _discover(place, keys, session, snapshots),
        ):
            stack.callback(loop.create_task(work).cancel)
        yield Serving(place, endpoint, snapshots, session, keys, port)


async def _leave(port: Port, endpoint: Endpoint, server: Server) -> None:
    """Leave the port to others, then finish what is being answered; when told again, or after that, end it."""
    try:
        await port.close()
        endpoint.leave()
        await server.leave(LEAVE)
    finally:
        endpoint.stop()
        await server.leave(LAST_WORDS)
        await server.shutdown(MOMENT)


async def serve(
    place: Place,
    *,
    on_ready: Callable[[Serving], None] | None = None,
    on_leave: Callable[[Serving], None] | None = None,
) -> None:
    """Serve until told to end (SIGINT, SIGTERM, Ctrl+Break); told again, what is still being streamed ends at once.

    `on_ready` is called when it serves, `on_leave` when it was told to end and before it waits for answers.

    Raises:
        NotAllowed: the port cannot be had.
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

    systems.this().watch_signals(loop, told)
    try:
        async with open_app(place, insist=True) as serving:
            if on_ready is not None:
                on_ready(serving)
            await leave.wait()
            closing.set()
            if on_leave is not None:
                on_leave(serving)
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

    def price(self, costs: Mapping[str, float]) -> None:
        """Give records their costs.

        Raises:
            StoreUnusable: they could not be written.
        """
        self._writer.run(lambda db: requests.price(db, costs))

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
