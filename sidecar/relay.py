"""One request from its route to its last byte: send, hold the status until something is meant, pass on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from aiohttp import web

from sidecar import room, sse
from sidecar.amount import MAX_STREAM, MAX_WHOLE, READ_FAILURES, Amount, read_refusal, read_whole
from sidecar.bridges.base import Bridge, broken_off, unreadable
from sidecar.client_stream import ClientGone, ClientStream
from sidecar.dialects.forms import FORMS
from sidecar.dialects.openai import cost_told
from sidecar.errors import NoMemory, ProviderRefused, RequestError, UpstreamError
from sidecar.providers import failures
from sidecar.record import Trace
from sidecar.values import ProviderConfig
from sidecar.whole_answer import WholeAnswer
from sidecar.wire import Answer, OwnAnswer, Wire

T = TypeVar("T")
#: Bytes of a stream that are looked at before others have their turn.
SOME = 64 * 1024
#: Bytes that are looked at for the beginning of a stream; more white space stands before nothing.
SNIFFED = 4096
#: RFC 9110, section 15.4: the others of its class lead nowhere.
REDIRECTS = frozenset({300, 301, 302, 303, 307, 308})
#: JSON of absurd depth, numbers or characters.
UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError, OverflowError)


class Relay:
    """Carries one request over its bridge."""

    def __init__(
        self, wire: Wire, bridge: Bridge, trace: Trace, provider: ProviderConfig, clean: Callable[[str], str]
    ) -> None:
        self._wire = wire
        self._clean = clean
        self._bridge = bridge
        self._trace = trace
        self._provider = provider
        self._answer: Answer | None = None
        self._unread = b""  # what was read of the answer and not looked at yet
        self._told_cost: float | None = None

    async def plain(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request without `stream`.

        Raises:
            RequestError: the provider could not be asked, refused, or its answer cannot be used.
            ClientGone: the client has left.
        """
        try:
            with self._trace.until_stopped():
                body = await self._asked(self._plain_body)
        finally:
            self._close()
        self._note()
        answer = WholeAnswer(headers=self._trace.headers())
        self._trace.say(body)
        try:
            await answer.send(request, body)
        except ConnectionError as error:
            raise ClientGone from error
        return answer

    async def stream(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request with `stream`: an event stream, or an error's HTTP status if nothing was sent yet.

        Raises: as `plain`, but only until the first byte is out; later errors are told in the stream.
        """
        client = ClientStream(request, self._trace.headers, FORMS[self._bridge.dialect].keep_alive)
        try:
            with self._trace.until_stopped():
                await self._asked(lambda answer: self._pass_on(answer, client))
        except RequestError as error:
            if not client.started:
                raise
            self._trace.failed(error, status=200)
            if client.ended:  # by now nothing can be said behind the end but to another request
                raise ClientGone from error
            await self._write(client, self._bridge.failed(error, self._clean))
        finally:
            client.stop()
            self._note()
            self._close()
        return await client.finish()

    async def _asked(self, take: Callable[[Answer], Awaitable[T]]) -> T:
        """What `take` makes of the provider's answer; once more where a refusal before the first byte says how."""
        while True:
            try:
                answer = await self._send()
                return await self._taken(take, answer)
            except ProviderRefused as refusal:
                other = self._bridge.after(refusal) if self._trace.first_byte is None else None
                if other is None:
                    raise
            except MemoryError:
                raise NoMemory from None
            self._close()
            self._bridge = other
            self._trace.ignored = other.ignored

    async def _taken(self, take: Callable[[Answer], Awaitable[T]], answer: Answer) -> T:
        """What `take` makes of it; JSON that nobody can read is the provider's failure, whoever came across it."""
        try:
            return await take(answer)
        except UNREADABLE as error:
            raise unreadable("an answer that cannot be read", self._provider.name) from error

    async def _send(self) -> Answer:
        """The provider's answer of status 200."""
        body, self._unread = self._bridge.body(), b""
        self._trace.sent = self._trace.sent or self._trace.now()
        answer = self._answer = await self._ask(body)
        self._trace.answered = self._trace.now()
        if 200 <= answer.status < 300:
            self._told_cost = cost_told(answer.headers)
            return answer
        raise await self._refusal(answer)

    async def _ask(self, body: bytes) -> Answer:
        made = self._bridge.answered()
        if made is not None:
            return OwnAnswer("application/json", (made,))
        return await self._wire.send(self._provider, self._bridge.wire, body, self._bridge.headers())

    async def _refusal(self, answer: Answer) -> ProviderRefused:
        if answer.status < 400 and answer.status not in REDIRECTS:
            raise unreadable(f"a {answer.status}, which is no answer to what it was asked", self._provider.name)
        if answer.status < 400:
            raise UpstreamError(
                f"The provider {self._provider.name!r} answered {answer.status}, a redirect, "
                "and those are never followed; give its endpoint as it is.",
                error_code="bad_upstream_response",
                type="api_error",
            )
        return self._bridge.refusal(answer.status, answer.headers, await read_refusal(answer))

    async def _plain_body(self, answer: Answer) -> bytes:
        amount = Amount(self._provider.name, MAX_WHOLE)
        if not await self._is_stream(answer, amount):
            return self._bridge.whole(await self._read_whole(answer))
        decoder = sse.Decoder()
        while not self._bridge.done:
            chunk = await self._read_some(answer, amount)
            self._gather(decoder.feed(chunk) if chunk else decoder.flush())
            if not chunk:
                break
        return self._bridge.gathered()

    def _gather(self, events: list[sse.Event]) -> None:
        for event in events:
            if event.data is not None and not self._bridge.done:
                room.check(len(event.data))
                self._bridge.gather(event)

    async def _is_stream(self, answer: Answer, amount: Amount) -> bool:
        """Whether it is a stream of events: it says so, or begins as one. What is read for that is still unread."""
        if answer.headers.get("Content-Type", "").lower().startswith("text/event-stream"):
            return True
        start = b""
        while len(start) < len(b"event:") and len(self._unread) < SNIFFED:
            piece = await self._read(answer, amount)
            if not piece:
                break
            self._unread += piece
            start = self._unread.removeprefix(sse.BOM).lstrip()
        return start.startswith((b"data:", b"event:", b":"))

    async def _pass_on(self, answer: Answer, client: ClientStream) -> None:
        """Pass the provider's stream on event by event."""
        amount = Amount(self._provider.name, MAX_STREAM, "a stream")
        if not await self._is_stream(answer, amount):
            await self._write(client, self._bridge.as_stream(await self._read_whole(answer)), last=True)
            return
        decoder = sse.Decoder()
        while not self._bridge.done:
            chunk = await self._read_some(answer, amount)
            await self._events(decoder.feed(chunk) if chunk else decoder.flush(), client)
            if not chunk:
                break
        if not self._bridge.done:
            await self._write(client, self._bridge.end(), last=True)

    async def _events(self, events: list[sse.Event], client: ClientStream) -> None:
        """Pass on what came in one piece in one piece."""
        out: list[bytes] = []
        bridge = self._bridge
        done = False
        try:
            for event in events:
                if event.data is not None:
                    room.check(len(event.data))
                    out.append(bridge.feed(event))
                    if done := bridge.done:
                        break
                elif event.clean and client.started:
                    out.append(event.raw)
        finally:
            if data := b"".join(out):
                await self._write(client, data, last=done)

    async def _write(self, client: ClientStream, data: bytes, *, last: bool = False) -> None:
        trace = self._trace
        if trace.first_byte is None:
            trace.first_byte = trace.now()
            if self._answer is not None:
                self._answer.set_idle()
        if trace.keeps:
            trace.say(data)
        await client.write(data, last=last)

    async def _read_some(self, answer: Answer, amount: Amount) -> bytes:
        """The next bytes of a stream, so few that the tiniest events hold up others for some ten milliseconds."""
        if self._unread:
            await asyncio.sleep(0)
        else:
            self._unread = await self._read(answer, amount)
        some, self._unread = self._unread[:SOME], self._unread[SOME:]
        return some

    async def _read(self, answer: Answer, amount: Amount) -> bytes:
        """The next bytes; none when the provider's connection broke after it had said that it was done."""
        try:
            data = await answer.read()
        except READ_FAILURES as error:
            if self._bridge.finished:
                return b""
            failure = failures.upstream_error(error, self._provider)
            if self._trace.first_byte is not None and failure.error_code != "upstream_timeout":
                raise broken_off(self._provider.name) from error
            raise failure from error
        if self._trace.first_byte is None:
            self._trace.answered = self._trace.now()
        await amount.add(len(data))
        return data

    async def _read_whole(self, answer: Answer) -> bytes:
        return await self._held(read_whole(answer, self._provider.name, self._bridge.wire, self._unread))

    async def _held(self, read: Awaitable[bytes]) -> bytes:
        """What is read of an answer that is held whole."""
        try:
            return await read
        except READ_FAILURES as error:
            raise failures.upstream_error(error, self._provider) from error

    def _note(self) -> None:
        self._trace.tokens = self._bridge.tokens()
        self._trace.cost = self._told_cost if self._bridge.cost is None else self._bridge.cost
        if self._bridge.failure is not None:
            self._trace.failed(self._bridge.failure, status=200)

    def _close(self) -> None:
        answer, self._answer = self._answer, None
        if answer is None:
            return
        if self._bridge.done:
            answer.finish()
        else:
            answer.close()
