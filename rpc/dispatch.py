"""Calls methods by name for every front end: JSON in, a value or one error out, never a traceback."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import typing
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import msgspec

from sidecar.errors import InUse, InvalidParameter, MuxError, ProviderUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rpc.method import Method
    from rpc.params import Params
    from rpc.service import Service

#: Shows a title for as long as it is entered.
Progress = Callable[[str], AbstractAsyncContextManager[None]]

log = logging.getLogger(__name__)

# https://www.jsonrpc.org/specification#error_object
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
FAILED = "The sidecar failed on this request; start it with MUX_SIDECAR_LOG_LEVEL=debug to see why."

# What msgspec says: "Expected `str`, got `int` - at `$.rules[0].model`", "Object contains unknown field `x` - at `$`".
_PLACE = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`$")
_NAMED = re.compile(r"^Object (?:contains unknown|missing required) field `([^`]*)`")
_MOST = 100


class ErrorObject(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `error` of an answer: a sentence for the user; `data.field` names the parameter that cannot be."""

    code: int
    message: str
    data: dict[str, Any] | None = None


class RpcError(Exception):
    """A call that failed; `error` is what to answer."""

    def __init__(self, code: int, message: str, data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.error = ErrorObject(code, message, data)


def silently(_: str) -> AbstractAsyncContextManager[None]:
    """Shows nothing."""
    return contextlib.nullcontext()


class Dispatcher:
    """Calls the methods of one table on one service; `progress` shows a title for as long as it is entered."""

    def __init__(self, methods: Mapping[str, Method], service: Service, progress: Progress = silently) -> None:
        self._methods = methods
        self._service = service
        self._progress = progress
        self._turn = asyncio.Lock()

    async def call(self, method: str, params: object = None, progress: Progress | None = None) -> Any:
        """The method's result, which msgspec can encode; `params` is decoded JSON.

        `progress` shows that it takes its time, instead of the dispatcher's own.

        Quick methods have their turn in the order in which they were called, so that a list that is asked for after
        a change shows it.

        Raises:
            RpcError: it failed, for whatever reason.
        """
        known = self._methods.get(method)
        if known is None:
            raise RpcError(METHOD_NOT_FOUND, f"There is no method {method[:_MOST]!r}.")
        given = read(known.params, params)
        try:
            async with self._around(known, progress or self._progress):
                return await known.run(self._service, given)
        except MuxError as error:
            raise RpcError(error.code, str(error), _data(error)) from error
        except Exception as error:  # the outer edge of JSON-RPC: whatever it is, the client gets an answer
            log.error("%s failed", known.name, exc_info=log.isEnabledFor(logging.DEBUG))  # noqa: TRY400 - debug only
            raise RpcError(INTERNAL_ERROR, FAILED) from error

    def _around(self, method: Method, progress: Progress) -> AbstractAsyncContextManager[Any]:
        if method.in_turn:
            return self._turn
        return progress(method.waiting) if method.waiting else silently("")


def read(kind: type[Params], params: object) -> Params:
    """The parameters as their type.

    Raises:
        RpcError: they do not fit; the message never quotes a value, which may be a key.
    """
    try:
        return msgspec.convert({} if params is None else params, kind)
    except msgspec.ValidationError as error:
        field, sentence = _explained(str(error), kind)
    except RecursionError:
        field, sentence = None, "The parameters are nested too deeply."
    raise RpcError(INVALID_PARAMS, sentence, {"field": field} if field else None)


def _explained(told: str, kind: type[Params]) -> tuple[str | None, str]:
    """The parameter that msgspec complains of, and its complaint as a sentence."""
    place = _PLACE.search(told)
    path = place[1] if place else ""
    sentence = told[: place.start()] if place else told
    if named := _NAMED.match(sentence):
        path = f"{path}.{named[1]}" if path else named[1]
        verb = "is missing; give it" if "missing" in named[0] else "is not known here; leave it out"
        return _top(path), f"The parameter {path[:_MOST]!r} {verb}."
    if not path or path.startswith("["):
        return None, "Parameters are an object with named fields."
    if sentence.startswith("Invalid enum value"):
        sentence = f"It is one of {', '.join(_choices(kind, path))}"
    return _top(path), f"The parameter {path[:_MOST]!r} does not fit: {sentence[0].lower()}{sentence[1:]}."


def _choices(kind: type[Params], path: str) -> list[str]:
    """The texts that the parameter at this path can be."""
    hints = typing.get_type_hints(kind)
    for name in re.findall(r"[A-Za-z]+", path):
        spelled = {encoded: hints[own] for own, encoded in zip(hints, map(_camel, hints), strict=True)}
        found = [spelled[name], *_within(spelled[name])]
        inner = next((one for one in found if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)
        if inner is None:
            return [text for one in found for text in typing.get_args(one) if isinstance(text, str)]
        hints = typing.get_type_hints(inner)
    return []


def _within(hint: Any) -> list[Any]:
    """What a type is made of, at any depth."""
    return [each for part in typing.get_args(hint) for each in (part, *_within(part))]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _top(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0][:_MOST]


def _data(error: MuxError) -> dict[str, Any] | None:
    match error:
        case InvalidParameter():
            return {"field": error.field}
        case InUse():
            return {"users": error.users}
        case ProviderUnreachable():
            return {"cause": error.cause}
    return None
