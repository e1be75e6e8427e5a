"""The facts that a running process tells its windows, read when they have changed and kept until then."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rpc.facts import Facts
from rpc.status import summarise
from sidecar.control.requests import Recent
from sidecar.errors import NotAllowed, NotFound, StoreUnusable
from sidecar.store.watch import Watch
from sidecar.values import EndpointState

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpc.facts import View
    from rpc.status import Status
    from sidecar.app import Serving
    from sidecar.control.opening import Control
    from sidecar.running import Running
    from sidecar.snapshot import Snapshot, Snapshots

#: Seconds for the endpoint to be opened, or not.
LOOKED_WITHIN = 10.0
OPENING = "The endpoint is being opened."


class Board:
    """What a Status is made of in this process, on the event loop's thread."""

    def __init__(self, control: Control, snapshots: Snapshots) -> None:
        self._control = control
        self._snapshots = snapshots
        self._watch = Watch(control.bench.requests)
        self._recent = Recent()
        self._read_for: tuple[tuple[str, ...], tuple[int, int]] | None = None
        self._day = _today()
        self._trouble: str | None = None
        self._reading = asyncio.Lock()
        self.endpoint = EndpointState(url=_url(control.bench.place.port), state="standby", detail=OPENING)
        self._looked = asyncio.Event()
        self.busy: Callable[[], bool] = lambda: False
        #: The requests that this process is answering, in the order in which they began.
        self.answering: Callable[[], tuple[Running, ...]] = tuple
        #: Counts the changes of the records, whoever made and whoever noticed them. A new day, which has none, is one.
        self.records = 0

    @property
    def origin(self) -> str:
        """Scheme, host and port of the endpoint."""
        return self.endpoint.url.removesuffix("/v1/mux")

    @property
    def port(self) -> int | None:
        """The endpoint's port, as options may have moved it."""
        return urlsplit(self.endpoint.url).port

    def follow(self, serving: Serving) -> None:
        """Takes the endpoint's state and business from it, now and from now on."""

        def tell() -> None:
            self.endpoint = serving.endpoint_state()
            self._looked.set()

        self.busy = lambda: serving.busy > 0
        self.answering = serving.answering
        serving.on_endpoint_state(tell)
        tell()

    @property
    def snapshot(self) -> Snapshot:
        """The configuration now."""
        return self._snapshots.current()

    @property
    def trouble(self) -> str | None:
        """What is wrong with the data folder."""
        return self._snapshots.problem or self._trouble

    def check(self, workspace: str) -> None:
        """Whether there is that workspace.

        Raises:
            NotFound: there is none.
        """
        snapshot = self.snapshot
        if snapshot.workspace(workspace) is None:
            known = ", ".join(each.name for each in list(snapshot.workspaces.values())[:20])
            raise NotFound(f"There is no workspace {workspace[:80]!r}; there are: {known}.")

    async def reachable(self) -> None:
        """Waits until it is known that a sidecar of this data folder is at the endpoint's address.

        Raises:
            NotAllowed: another program is, which must not get what is meant for the sidecar.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOKED_WITHIN):
                await self._looked.wait()
        if self.endpoint.state == "blocked" or not self._looked.is_set():
            raise NotAllowed(f"The dashboard is not served. {self.endpoint.detail}")

    async def status(self, view: View) -> Status:
        """The Status for a view, from what is so at this moment."""
        await self.refresh()
        return self.seen(view)

    async def refresh(self) -> None:
        """Reads of the records what has changed since the last call."""
        async with self._reading:
            if self.is_old(self.snapshot):
                await self._read()

    def is_old(self, snapshot: Snapshot) -> bool:
        """Whether what was read of the records is not what is so now. Microseconds."""
        day = _today()
        if self._watch.changed() or day != self._day:
            self._day = day
            self.records += 1
            self._read_for = None
        return self._read_for != (tuple(snapshot.providers), day)

    def seen(self, view: View) -> Status:
        """The Status for a view, without reading the records again."""
        return summarise(
            Facts(
                snapshot=self.snapshot,
                recent=self._recent,
                endpoint=self.endpoint,
                busy=self.busy(),
                trouble=self.trouble,
                missing=(lambda _: None) if self._another_serves else self._control.bench.keys.absent,
            ),
            view,
        )

    @property
    def _another_serves(self) -> bool:
        """Whether the endpoint was left to another process, which may have what this one lacks."""
        return self.endpoint.state == "standby" and self._looked.is_set()

    def close(self) -> None:
        """Closes what it watches with."""
        self._watch.close()

    async def _read(self) -> None:
        providers = tuple(self.snapshot.providers)
        self._read_for = (providers, self._day)
        try:
            self._recent = await self._control.requests.recent(providers)
        except StoreUnusable as error:
            self._trouble, self._read_for = str(error), None
        else:
            self._trouble = None


def _today() -> tuple[int, int]:
    """The year here and the day of it, which costs a look less than a date."""
    now = time.localtime()
    return now.tm_year, now.tm_yday


def _url(port: int) -> str:
    return f"http://localhost:{port}/v1/mux"
