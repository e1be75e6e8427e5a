"""The record of requests: noted on the hot path, written in batches off it."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from sidecar.errors import MuxStopped, RequestError
from sidecar.moments import moment
from sidecar.prices import PriceTable
from sidecar.routing.files import KINDS, Context
from sidecar.values import Dialect, Keep, ModelInfo, Outcome, ProviderConfig, Request, Tokens

log = logging.getLogger(__name__)

#: Seconds between a request's end and its row: half of what the contract allows, since writing takes its time too.
BATCH = 0.05
#: Seconds after a row in which the event loop may run, else held up by a whole batch; and after how many at most.
BREATH, BREATHS = 0.00005, 100
#: Seconds without a request after which the file is let go.
QUIET = 2.0
MAX_WAITING = 10_000
MAX_KEPT = 2 * 2**20

Row = tuple[Request, bytes | None]


class Trace:
    """What is noted of a request while it is served; times from a monotonic clock."""

    def __init__(self, dialect: Dialect, client: str) -> None:
        self.id = new_id()
        self.dialect = dialect
        self.client = client
        self.started = time.perf_counter()
        self.wall = time.time()
        self.workspace: str | None = None
        self.filter: str | None = None
        self.position: int | None = None
        self.provider: ProviderConfig | None = None
        self.model: str | None = None
        self.info: ModelInfo | None = None
        self.context = Context((), KINDS[dialect][0], "")
        #: Finds the context where the route did not depend on it; called when the record is written.
        self.find_context: Callable[[], Context] | None = None
        self.streamed = False
        self.ignored: tuple[str, ...] = ()
        self.extra_headers: dict[str, str] = {}
        self.sent: float | None = None
        self.answered: float | None = None
        self.first_byte: float | None = None
        self.tokens = Tokens()
        self.cost: float | None = None
        self.keep: Keep = "summary"
        self.asked: bytes | None = None
        self.said: list[bytes] = []
        self.outcome: Outcome | None = None
        #: The process ends at once: this request's task is cancelled, though its client is there.
        self.stopped = False
        self.status = 0
        self.error: str | None = None
        self.ended = 0.0

    @staticmethod
    def now() -> float:
        """The monotonic clock, in seconds."""
        return time.perf_counter()

    @property
    def keeps(self) -> bool:
        """Whether the conversation itself is kept."""
        return self.keep == "everything"

    def failed(self, error: RequestError, status: int | None = None) -> None:
        """Note an error, and the status that the client saw if it is not the error's; the first outcome stands."""
        broke_off = error.error_code == "upstream_truncated" or (self.stopped and status == 200)
        outcome: Outcome = "truncated" if broke_off else "error"
        self.end(outcome, status or error.status, error.told_of(self.provider.name if self.provider else ""))

    def end(self, outcome: Outcome, status: int, error: str | None = None) -> None:
        """Note how it ended; the first outcome stands."""
        if self.outcome is None:
            self.outcome, self.status, self.error = outcome, status, error
            self.ended = time.perf_counter()

    def until_stopped(self) -> _UntilStopped:
        """Where the block is cancelled because the process ends, and not because the client left, raises MuxStopped."""
        return _UntilStopped(self)

    def headers(self) -> dict[str, str]:
        """The `X-Mux-*` headers, as far as the route is known."""
        found = {"X-Mux-Request-Id": self.id, **self.extra_headers}
        if self.workspace is not None:
            found["X-Mux-Workspace"] = self.workspace
        if self.filter is not None:
            found["X-Mux-Rule"] = header_text(self.filter) or "*"
        if self.provider is not None:
            found["X-Mux-Provider"] = header_text(self.provider.name)
        if self.model is not None:
            found["X-Mux-Model"] = header_text(self.model)
        if self.ignored:
            found["X-Mux-Ignored"] = ", ".join(header_text(name) for name in self.ignored)
        return found

    def say(self, data: bytes) -> None:
        """Keep what the client was answered, where the setting `keep` is `everything`."""
        if self.keeps and sum(map(len, self.said)) < MAX_KEPT:
            self.said.append(data)


class _UntilStopped:
    """A class, since each request enters three of them, and generators take thrice the time."""

    __slots__ = ("_trace",)

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, _error: object, _traceback: object) -> None:
        if kind is not None and issubclass(kind, asyncio.CancelledError) and self._trace.stopped:
            raise MuxStopped from None


def new_id() -> str:
    """An id for one request."""
    return "req_" + os.urandom(12).hex()


def header_text(text: str) -> str:
    """Text as a header's value: `%` and what is not printable ASCII are percent-encoded (RFC 3986, section 2.1)."""
    if text.isascii() and text.isprintable() and "%" not in text:
        return text
    return "".join(c if " " <= c <= "~" and c != "%" else "".join(f"%{b:02X}" for b in c.encode()) for c in text)


class Book(Protocol):
    """Where rows go; called in threads."""

    def write(self, rows: Sequence[Row]) -> None:
        """Append them."""

    def price(self, costs: Mapping[str, float]) -> None:
        """Give records that are written their costs, by their ids."""

    def rest(self) -> None:
        """Nothing has come for a while: let go of what is held for writing."""


class Recorder:
    """Takes ended traces and has them written within a tenth of a second, in order."""

    def __init__(self, book: Book, prices: PriceTable, clean: Callable[[str], str]) -> None:
        self._book = book
        self._prices = prices
        self._clean = clean
        self._waiting: list[Trace] = []
        self._unpriced: list[Trace] = []  # written without their costs, for which the price table is still to come
        self._task: asyncio.Task[None] | None = None
        self._rest: asyncio.TimerHandle | None = None
        self.lost = 0

    def put(self, trace: Trace) -> None:
        """Have this trace written; never raises, never waits. Beyond 10,000 that wait, new ones are counted as lost."""
        if len(self._waiting) >= MAX_WAITING:
            self.lost += 1
            return
        self._waiting.append(trace)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._drain())

    async def close(self) -> None:
        """Write what waits."""
        if self._task is not None:
            await self._task
        if self._waiting:
            await self._flush()
        if self._rest is not None:
            self._rest.cancel()
        await asyncio.to_thread(self._book.rest)

    async def _drain(self) -> None:
        while self._waiting or self._unpriced:
            await asyncio.sleep(BATCH)
            await self._flush()
        loop = asyncio.get_running_loop()
        if self._rest is not None:
            self._rest.cancel()
        self._rest = loop.call_later(QUIET, loop.run_in_executor, None, self._book.rest)

    async def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        if batch:
            await self._in_thread(self._write, batch)
        if self._unpriced and not self._is_late(self._unpriced[0]):
            late, self._unpriced = self._unpriced, []
            await self._in_thread(self._write_costs, late)

    async def _in_thread(self, work: Callable[[list[Trace]], None], traces: list[Trace]) -> None:
        try:
            await asyncio.to_thread(work, traces)
        except Exception:  # a background task is an outer edge: the record must never stop the requests
            self.lost += len(traces)
            log.exception("%d request records could not be written", len(traces))

    def _write(self, batch: list[Trace]) -> None:
        late = {trace for trace in batch if self._is_late(trace)}
        rows = []
        for number, trace in enumerate(batch):
            rows.append(self._row(trace, None if trace in late else self._cost(trace)))
            time.sleep(BREATH if number < BREATHS else 0)  # in this thread: the loop takes the interpreter meanwhile
        self._book.write(rows)
        self._unpriced += late

    def _write_costs(self, late: list[Trace]) -> None:
        costs = ((trace.id, self._cost(trace)) for trace in late)
        self._book.price({ident: cost for ident, cost in costs if cost is not None})

    def _is_late(self, trace: Trace) -> bool:
        """Whether the record is not to wait for its cost."""
        if trace.cost is not None or trace.provider is None:
            return False
        return self._prices.is_coming(trace.provider, trace.info)

    def _cost(self, trace: Trace) -> float | None:
        if trace.cost is not None or trace.provider is None or trace.model is None:
            return trace.cost
        return self._prices.cost(trace.provider, trace.model, trace.info, trace.tokens)

    def _row(self, trace: Trace, cost: float | None) -> Row:
        context = _context(trace)
        request = Request(
            id=trace.id,
            started_at=moment(trace.wall),
            client=self._clean(trace.client),
            dialect=trace.dialect,
            kind=context.kind,
            workspace=trace.workspace,
            filter=trace.filter,
            position=trace.position,
            provider=trace.provider.name if trace.provider else None,
            provider_type=trace.provider.type if trace.provider else None,
            model=trace.model,
            files=context.files,
            outcome=trace.outcome or "error",
            status=trace.status,
            streamed=trace.streamed,
            title="" if trace.keep == "nothing" else self._clean(context.title),
            total_ms=_ms(trace.ended - trace.started),
            overhead_ms=_ms(_overhead(trace)),
            input_tokens=trace.tokens.input,
            output_tokens=trace.tokens.output,
            cached_tokens=trace.tokens.cached,
            cost=cost,
            first_byte_ms=None if trace.first_byte is None else _ms(trace.first_byte - trace.started),
            error=None if trace.error is None else self._clean(trace.error),
            ignored=trace.ignored,
        )
        return request, _conversation(trace, self._clean)


def _context(trace: Trace) -> Context:
    """The context that the route was chosen by, or found only now; what cannot be held is recorded without files."""
    try:
        return trace.context if trace.find_context is None else trace.find_context()
    except MemoryError:
        return trace.context


def _overhead(trace: Trace) -> float:
    """Seconds of our own: until the provider was asked, and from its first byte to the client's."""
    if trace.sent is None:
        return trace.ended - trace.started
    before = trace.sent - trace.started
    if trace.answered is None or trace.first_byte is None:
        return before
    return before + max(0.0, trace.first_byte - trace.answered)


def _conversation(trace: Trace, clean: Callable[[str], str]) -> bytes | None:
    """What is kept of the conversation: nothing but with `everything`, where it is both bodies, without keys."""
    if trace.keep != "everything" or trace.asked is None:
        return None
    kept: dict[str, Any] = {
        "request": clean(trace.asked[:MAX_KEPT].decode("utf-8", "replace")),
        "answer": clean(b"".join(trace.said)[:MAX_KEPT].decode("utf-8", "replace")),
    }
    return msgspec.json.encode(kept)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
