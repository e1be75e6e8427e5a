"""JSON-RPC over HTTP and WebSocket: messages in, answers out, batches and notifications as the specification has them.

Source: JSON-RPC 2.0, sections 4 to 6.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from rpc.dispatch import ErrorObject, RpcError
from rpc.jsonrpc import CANCELLED, INVALID_REQUEST, JSON, PARSE_ERROR, VERSION, Id, id_of, refusal, result_of
from sidecar import surrogates

if TYPE_CHECKING:
    from rpc.dispatch import Dispatcher

CANCEL = "$/cancelRequest"
#: Requests of one batch; more are refused as a whole.
LARGEST_BATCH = 1_000
_NOT_JSON = ErrorObject(PARSE_ERROR, "The message is not JSON.")
_EMPTY = ErrorObject(INVALID_REQUEST, "A batch holds at least one request.")
_LONG = ErrorObject(INVALID_REQUEST, f"A batch holds at most {LARGEST_BATCH} requests.")
_NO_CALL = ErrorObject(INVALID_REQUEST, "A request is an object with `jsonrpc` set to 2.0 and a `method`.")
_NO_ID = ErrorObject(INVALID_REQUEST, "The `id` of a request is a string or a whole number.")
_TWICE = ErrorObject(INVALID_REQUEST, "A request with this `id` is still being answered.")
_CANCELLED = ErrorObject(CANCELLED, "The request was cancelled.")


class Calls:
    """One client's calls."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._running: dict[Id, asyncio.Task[Any]] = {}

    async def answer(self, data: bytes | str) -> Any:
        """What to answer to a message or a batch; None where there is nothing to answer."""
        try:
            message = msgspec.json.decode(surrogates.replaced(data.encode() if isinstance(data, str) else data))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return refusal(None, _NOT_JSON)
        if not isinstance(message, list):
            return await self._one(message)
        if not message or len(message) > LARGEST_BATCH:
            return refusal(None, _LONG if message else _EMPTY)
        answers = await asyncio.gather(*map(self._one, message))
        return [answer for answer in answers if answer is not None] or None

    async def _one(self, message: Any) -> JSON | None:
        if not isinstance(message, dict) or message.get("jsonrpc") != VERSION:
            return refusal(id_of(message), _NO_CALL)
        method = message.get("method")
        if not isinstance(method, str):
            return refusal(id_of(message), _NO_CALL)
        if "id" not in message:
            await self._take(method, message.get("params"))
            return None
        number = id_of(message)
        if number is None:
            return refusal(None, _NO_ID)
        if number in self._running:
            return refusal(number, _TWICE)
        return await self._call(number, method, message.get("params"))

    async def _call(self, number: Id, method: str, params: Any) -> JSON:
        task = self._running[number] = asyncio.ensure_future(self._dispatcher.call(method, params))
        try:
            await asyncio.wait({task})
            return result_of(number, task.result())
        except RpcError as failure:
            return refusal(number, failure.error)
        except asyncio.CancelledError:
            if not task.cancelled():  # it is this call that ends: the client has left
                task.cancel()
                raise
            return refusal(number, _CANCELLED)
        finally:
            del self._running[number]

    async def _take(self, method: str, params: Any) -> None:
        """A notification: a call whose result, or failure, nobody waits for."""
        if method == CANCEL:
            number = id_of(params)
            if number is not None and (task := self._running.get(number)):
                task.cancel()
            return
        try:
            await self._dispatcher.call(method, params)
        except RpcError:
            return
