"""Context windows that a list leaves out and a server tells elsewhere, one model at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import msgspec

from sidecar.errors import ProviderUnreachable
from sidecar.providers import cards
from sidecar.providers.asking import Asker
from sidecar.providers.types import Details, below
from sidecar.values import ModelInfo

MAX_MODELS = 100  # a server with more is asked for none: a list must not take a minute
SECONDS = 4.0
AT_ONCE = 4

Windows = dict[str, int]


async def with_details(asker: Asker, base: str, models: tuple[ModelInfo, ...]) -> tuple[ModelInfo, ...]:
    """The models with their context windows, as far as the server tells them within four seconds."""
    missing = [model.name for model in models if model.context_window is None]
    if asker.facts.details is None or not missing or len(missing) > MAX_MODELS:
        return models
    found: Windows = {}
    quick = replace(asker, timeout=min(asker.timeout, SECONDS))
    try:
        async with asyncio.timeout(SECONDS):
            await _SOURCES[asker.facts.details](quick, base, missing, found)
    except TimeoutError:
        pass  # what has come is good
    return tuple(
        msgspec.structs.replace(model, context_window=found[model.name]) if model.name in found else model
        for model in models
    )


async def _show(asker: Asker, base: str, names: Sequence[str], found: Windows) -> None:
    """Ollama's `/api/show`, for each model (docs/api.md, "Show Model Information")."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> None:
        async with gate:
            answer = await _answer(asker, below(base, "/api/show"), {"model": name})
        if (window := cards.context_in_details(answer)) is not None:
            found[name] = window

    await asyncio.gather(*map(one, names))


async def _props(asker: Asker, base: str, names: Sequence[str], found: Windows) -> None:
    """llama.cpp's `/props`, which speaks of the one model that is served."""
    if len(names) == 1:
        window = cards.context_in_props(await _answer(asker, below(base, "/props"), None))
        if window is not None:
            found[names[0]] = window


async def _answer(asker: Asker, url: str, body: Mapping[str, str] | None) -> object:
    """The JSON at a URL; None if there is none, since details are no reason to fail."""
    try:
        reply = await asker.ask(url, body)
        return cards.decode(reply.body) if reply.status == 200 else None
    except (ProviderUnreachable, cards.NotAList):
        return None


_SOURCES: Mapping[Details, Callable[[Asker, str, Sequence[str], Windows], Awaitable[None]]] = {
    "show": _show,
    "props": _props,
}
