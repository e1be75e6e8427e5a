"""The mux itself: from a request's bytes to the provider that its files choose."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from aiohttp import web

from sidecar.bridges.choose import Bridges
from sidecar.choice import Choice, choose, resolve, workspace_of
from sidecar.client_stream import ClientGone
from sidecar.dialects.forms import FORMS
from sidecar.dialects.incoming import Incoming, read
from sidecar.errors import BadRequest, InvalidParameter, KeyMissing, MuxFailed, MuxStopped, NoRoute, RequestError
from sidecar.paths import Resource
from sidecar.prices import PriceTable
from sidecar.record import Recorder, Trace
from sidecar.relay import Relay
from sidecar.routing.files import KINDS, LARGE, Context, Finder
from sidecar.routing.looking import Costly, Look
from sidecar.routing.rules import Lines, sift
from sidecar.running import Running, seen
from sidecar.snapshot import Snapshot
from sidecar.values import Dialect, Scope
from sidecar.wire import Wire


class Mux:
    """Answers the requests of AI clients, and leaves one record of each; `clean` takes keys out of what is told."""

    def __init__(self, wire: Wire, recorder: Recorder, prices: PriceTable, clean: Callable[[str], str]) -> None:
        self._wire = wire
        self.clean = clean
        self._recorder = recorder
        self._finder = Finder()
        self._prices = prices
        self._bridges = Bridges()
        self._answering: dict[Trace, asyncio.Task[object] | None] = {}

    def begin(self, dialect: Dialect, client: str) -> Trace:
        """A trace to note a request on; `close` it."""
        trace = Trace(dialect, client)
        self._answering[trace] = asyncio.current_task()
        return trace

    @property
    def running(self) -> int:
        """How many requests are being answered."""
        return len(self._answering)

    def answering(self) -> tuple[Running, ...]:
        """The requests that are being answered, in the order in which they began."""
        return tuple(seen(trace, self.clean) for trace in self._answering)

    def stop(self) -> None:
        """End what is being answered: each client is told MuxStopped, in the stream where that has begun."""
        for trace, task in self._answering.items():
            if task is not None and not trace.stopped:
                trace.stopped = True
                task.cancel()

    async def answer(
        self, request: web.BaseRequest, body: bytes, trace: Trace, snapshot: Snapshot, resource: Resource
    ) -> web.StreamResponse:
        """The answer to a request whose body was read; the snapshot holds to its end.

        Raises:
            RequestError: it is to be told as an HTTP error. Noted on the trace.
            ClientGone: nobody is there to be told.
        """
        try:
            try:
                return await self._answer(request, body, trace, snapshot, resource)
            except KeyMissing as error:
                raise NoRoute(error.message, "provider_key_missing") from error
            except InvalidParameter as error:  # of the provider's configuration, not of the request
                raise BadRequest(error.message, error_code="invalid_provider") from error
        except RequestError as error:
            trace.failed(error)
            raise
        except (ClientGone, asyncio.CancelledError):
            if trace.stopped:
                trace.failed(MuxStopped(), status=200)
            trace.end("cancelled", 499, "The client left before the answer was complete.")
            raise

    def close(self, trace: Trace) -> None:
        """Record the trace, whatever became of it."""
        del self._answering[trace]
        trace.failed(MuxFailed())
        self._recorder.put(trace)

    async def _answer(
        self, request: web.BaseRequest, body: bytes, trace: Trace, snapshot: Snapshot, resource: Resource
    ) -> web.StreamResponse:
        trace.keep = snapshot.settings.keep
        incoming = read(trace.dialect, body, FORMS[trace.dialect].passed(request.headers), counts=resource.counts)
        trace.streamed = incoming.stream
        with trace.until_stopped():
            choice = await self._route(incoming, trace, snapshot, resource.workspace)
        if trace.keeps:
            trace.asked = body
        bridge = self._bridges.make(incoming, choice.provider, choice.rule.model, choice.model)
        trace.ignored = bridge.ignored
        relay = Relay(self._wire, bridge, trace, choice.provider, self.clean)
        response = await (relay.stream(request) if incoming.stream else relay.plain(request))
        trace.end("ok", response.status)
        return response

    async def _route(self, incoming: Incoming, trace: Trace, snapshot: Snapshot, workspace: str | None) -> Choice:
        """The route that the request's files choose, noted on the trace as far as it is known."""
        rules = workspace_of(snapshot, workspace)
        trace.workspace = rules.name
        rule, lines = sift(rules.rules, KINDS[incoming.dialect], incoming.body)
        partly = True
        if rule is None:
            trace.context = await self._context(incoming, rules.scope, lines)
            rule, partly = choose(snapshot, rules, trace.context), trace.context.partly
        if partly:
            trace.find_context = self._find(incoming, rules.scope)
        trace.filter, trace.position, trace.model = rule.filter, rule.position, rule.model
        choice = resolve(snapshot, rules, rule)
        trace.provider, trace.info = choice.provider, choice.model
        self._prices.expect(choice.provider, choice.model)
        return choice

    async def _context(self, incoming: Incoming, scope: Scope, lines: Lines | None) -> Context:
        """The request's files, as far as they decide its rule; its kind and title."""
        find = self._find(incoming, scope)
        try:
            return find(look=Look(lines, LARGE))
        except Costly:
            return await asyncio.to_thread(find)

    def _find(self, incoming: Incoming, scope: Scope) -> partial[Context]:
        return partial(self._finder.context, incoming.dialect, incoming.fields, scope, messages=incoming.messages)
