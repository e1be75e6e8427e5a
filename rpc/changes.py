"""Tells windows what has changed, whoever changed it: this process, another one, or the command line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from rpc.problems import broken
from sidecar.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpc.board import Board
    from rpc.service import Window
    from rpc.status import Status
    from sidecar.snapshot import Snapshot, WorkspaceRules

What = Literal["workspaces", "rules", "providers", "models", "requests", "settings"]

Tell = Callable[[str, Value], None]

DID_CHANGE_STATUS = "mux/didChangeStatus"
DID_CHANGE = "mux/didChange"
#: Seconds between two looks; what changed is told within half a second, on a busy machine too.
EVERY = 0.25
#: Seconds between two notifications that tell of requests alone, which may come by the hundred.
SELDOM = 1.0
#: Seconds without a request before it is told that the process is no longer busy.
QUIET = 0.3
#: What is the configuration's.
CONFIGURED: tuple[What, ...] = ("workspaces", "rules", "providers", "models", "settings")


class Change(Value, frozen=True, kw_only=True):
    """What `mux/didChange` tells."""

    what: What


@dataclass
class _Listener:
    """A window, the Status that it was told last, by which rules, and when for the sake of requests alone."""

    window: Window
    tell: Tell
    told: Status
    rules: WorkspaceRules | None
    at: float = 0.0

    def update(self, status: Status, rules: WorkspaceRules | None) -> bool:
        """Tells the Status if it is new; returns whether it waits to be told.

        It is told too where a rule has changed: then that of a document may be new, which only the window asks for.
        """
        if (status, rules) == (self.told, self.rules):
            return False
        seldom = rules == self.rules and _lasting(status) == _lasting(self.told)
        if seldom and time.monotonic() - self.at < SELDOM:
            return True
        if seldom or status.busy != self.told.busy:
            self.at = time.monotonic()
        self.told, self.rules = status, rules
        self.tell(DID_CHANGE_STATUS, status)
        return False


class _Business:
    """Whether the process is busy, as windows are told: requests that follow each other are one business."""

    def __init__(self) -> None:
        self._busy = False
        self._until = 0.0
        self._ended = 0.0

    def look(self, *, busy: bool) -> bool:
        """That it is, at once; that it is no longer, after a quiet moment and at most once a second."""
        now = time.monotonic()
        if busy:
            self._until = max(now + QUIET, self._ended + SELDOM)
        elif self._busy and now >= self._until:
            self._ended = now
        self._busy = now < self._until
        return self._busy


class Changes:
    """Looks at the board again and again, and tells its listeners what is new."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._snapshot = board.snapshot
        self._records = board.records
        self._records_told = 0.0
        self._listeners: list[_Listener] = []
        self._seen: tuple[object, ...] = ()
        self._business = _Business()

    def listen(self, window: Window, tell: Tell) -> Callable[[], None]:
        """Has this window told of changes from now on; call what is returned to end that."""
        self._tell_changes()  # what was before it came is for the others
        listener = _Listener(window, tell, self._board.seen(window.view), self._rules(window))
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def run(self) -> None:
        """Looks until it is cancelled."""
        while True:
            await self._stirred()
            await self._board.refresh()
            self._tell_changes()
            self._tell_status()

    async def _stirred(self) -> None:
        """Returns when a look has found something; a look that finds nothing is a timer, and wakes no task."""
        loop = asyncio.get_running_loop()
        stirred = loop.create_future()

        def look() -> None:
            if stirred.done():
                return  # cancelled meanwhile
            if self._is_quiet():
                loop.call_later(EVERY, look)
            else:
                stirred.set_result(None)

        loop.call_later(EVERY, look)
        await stirred

    def _is_quiet(self) -> bool:
        """Whether there is nothing to read and nothing to tell. Microseconds."""
        board = self._board
        snapshot = board.snapshot
        if board.is_old(snapshot) or self._records != board.records:
            return False
        return self._facts(snapshot, busy=self._business.look(busy=board.busy())) == self._seen

    def _tell_changes(self) -> None:
        snapshot = self._board.snapshot
        found: list[What] = []
        if snapshot is not self._snapshot:
            found += _differences(self._snapshot, snapshot)
            self._snapshot = snapshot
        if self._board.records != self._records and time.monotonic() - self._records_told >= SELDOM:
            self._records, self._records_told = self._board.records, time.monotonic()
            found.append("requests")
        for what in found:
            for listener in self._listeners:
                listener.tell(DID_CHANGE, Change(what=what))

    def _tell_status(self) -> None:
        board = self._board
        busy = self._business.look(busy=board.busy())
        seen = self._facts(board.snapshot, busy=busy)
        if seen == self._seen:
            return
        waiting = [
            listener.update(replace(board.seen(listener.window.view), busy=busy), self._rules(listener.window))
            for listener in self._listeners
        ]
        self._seen = () if any(waiting) else seen

    def _facts(self, snapshot: Snapshot, *, busy: bool) -> tuple[object, ...]:
        """What the windows' Statuses are made of."""
        board = self._board
        windows = tuple(listener.window.view for listener in self._listeners)
        return (snapshot, board.records, board.endpoint, busy, board.trouble, windows)

    def _rules(self, window: Window) -> WorkspaceRules | None:
        """Those of the window's workspace."""
        return self._board.snapshot.workspace(window.view.workspace)


def _lasting(status: Status) -> Status:
    """What is left of a Status without what each request changes."""
    return replace(status, last_request=None, spent_today=None, tooltip="")


def _differences(old: Snapshot, new: Snapshot) -> Iterator[What]:
    if new.revision > old.revision + 1:  # of several changes, one may have taken another back
        yield from CONFIGURED
        return
    if _workspaces(old) != _workspaces(new):
        yield "workspaces"
    if old.workspaces != new.workspaces or _broken(old) != _broken(new):
        yield "rules"
    if old.providers != new.providers:
        yield "providers"
    if old.models != new.models:
        yield "models"
    if old.settings != new.settings:
        yield "settings"


def _broken(snapshot: Snapshot) -> list[str | None]:
    """What a listing of the rules tells beside them."""
    held = snapshot.workspaces.values()
    return [broken(snapshot, rule.provider, rule.model) for workspace in held for rule in workspace.rules]


def _workspaces(snapshot: Snapshot) -> tuple[object, ...]:
    """What a listing of the workspaces tells."""
    held = snapshot.workspaces.values()
    return (snapshot.active, *((each.name, each.scope, each.rules) for each in held))
