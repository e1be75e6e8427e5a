"""Which models a provider has: asked at each base that its endpoint may mean, until one answers with a list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
from multidict import CIMultiDict

from sidecar.errors import KeyRefused, MuxError
from sidecar.providers import cards
from sidecar.providers.asking import Asker, Reply, late
from sidecar.providers.cards import Listing
from sidecar.providers.details import with_details
from sidecar.providers.endpoint import candidates, guess_base
from sidecar.providers.failures import origin_of
from sidecar.providers.types import auth_headers, below, row
from sidecar.values import ModelInfo, ProviderConfig

MAX_MODELS = 50_000
MAX_PAGES = 100
_MAX_QUOTED = 300

Progress = Callable[[int], None]


@dataclass(frozen=True)
class _Miss:
    """A base that has no list: `weight` says how much its error tells (0: there is simply none here)."""

    weight: int
    error: MuxError


async def fetch_models(
    session: aiohttp.ClientSession,
    config: ProviderConfig,
    key: str | None,
    headers: Mapping[str, str],
    *,
    timeout: float = 15.0,  # noqa: ASYNC109 - of each of several requests
    progress: Progress | None = None,
) -> Listing:
    """The models of a provider, each once and in its order, and the base that answered.

    `headers` are the user's own, resolved; `timeout` is for each request, in seconds, and four times that for all.
    `progress` is told how many models have come so far. A server that has no list at all (404, 405 or 501 wherever it
    is asked) is a listing without models that says so, on the likeliest base: its models are named by hand.

    Raises:
        KeyRefused: 401 or 403, with what the provider said.
        ProviderUnreachable: no connection, or an answer that is no list.
    """
    facts = row(config.type)
    own = CIMultiDict(auth_headers(config, key))
    own.update(headers)
    asker = Asker(session, config, facts, own, key, timeout)
    try:
        async with asyncio.timeout(timeout * 4):
            return await _first_listing(asker, progress or _ignore)
    except TimeoutError as exc:
        raise late(config, timeout * 4) from exc


def _ignore(_: int) -> None:
    """Nobody watches."""


async def _first_listing(asker: Asker, progress: Progress) -> Listing:
    """The first base with a list; else the error that tells most, else no models."""
    misses: list[_Miss] = []
    config = asker.config
    for base in candidates(config.type, config.endpoint):
        for path in asker.facts.listing:
            found = await _list_at(asker, below(base, path), progress)
            if isinstance(found, _Miss):
                misses.append(found)
                continue
            await _check_key(asker, base)
            return Listing(base, await with_details(asker, base, found))
    worst = max(misses, key=lambda miss: miss.weight)
    if worst.weight:
        raise worst.error
    return Listing(guess_base(config.type, config.endpoint), (), str(worst.error))


async def _list_at(asker: Asker, url: str, progress: Progress) -> tuple[ModelInfo, ...] | _Miss:
    """All pages of the list at a URL."""
    models: dict[str, ModelInfo] = {}
    after: str | None = None
    for _ in range(MAX_PAGES):
        reply = await asker.ask(url if after is None else below(url, f"?after_id={quote(after, safe='')}"))
        if reply.status != 200:
            return _miss(asker, reply)
        try:
            page = cards.decode(reply.body)
            found = cards.cards_in(page)
        except cards.NotAList as failure:
            return _no_list(asker, reply, failure)
        for model in cards.models_from(found, priced=asker.facts.lists_prices):
            models.setdefault(model.name, model)
            if len(models) >= MAX_MODELS:
                break
        progress(len(models))
        before, after = after, cards.next_page(page) if asker.facts.pages else None
        if after is None or after == before or len(models) >= MAX_MODELS:
            break
    return tuple(models.values())


def _miss(asker: Asker, reply: Reply) -> _Miss:
    """What an answer other than 200 tells."""
    status, name = reply.status, asker.config.name
    if status in (404, 405, 501):
        told = f"has no list of models ({status}): check the endpoint; if it is right, name its models by hand"
        return _Miss(0, asker.bad(told))
    if 300 <= status < 400:
        to = origin_and_path(reply.headers.get("Location", "elsewhere"))
        return _Miss(2, asker.bad(f"redirects to {to}, which is not followed; give that address if it is meant"))
    said = _said(asker, reply)
    if status in (401, 403):
        advice = "check the key" if asker.key else "give its key"
        return _Miss(
            4, KeyRefused(f"{name} refused the {'key' if asker.key else 'request'} ({status}){said}; {advice}.")
        )
    return _Miss(3, asker.bad(f"answered {status}{said}"))


def _no_list(asker: Asker, reply: Reply, failure: cards.NotAList) -> _Miss:
    """What a 200 without a list tells: LM Studio answers so to a path that it does not know."""
    start = reply.body[:512].lstrip().lower()
    if "text/html" in reply.headers.get("Content-Type", "").lower() or start.startswith((b"<!doctype", b"<html")):
        return _Miss(1, asker.bad("answered with a web page, not a model list; check the endpoint's path"))
    said = _said(asker, reply) or f" ({failure})"
    return _Miss(1, asker.bad(f"answered, but not with a list of models{said}; check the endpoint's path"))


def _said(asker: Asker, reply: Reply) -> str:
    """A provider's own message, introduced by a colon, short and without our key; empty if there is none."""
    try:
        answer = cards.decode(reply.body)
    except cards.NotAList:
        return ""
    text = _message(answer)
    if asker.key:
        text = text.replace(asker.key, "[key]")
    text = " ".join(text.split())[:_MAX_QUOTED].rstrip(".;: ")
    return f": {text}" if text else ""


def _message(answer: Any) -> str:
    """The message in `{"error": {"message"}}`, `{"error": "…"}`, `{"message"}` or `{"detail"}`."""
    for _ in range(2):
        if isinstance(answer, list) and answer:  # Google wraps its errors in a list
            answer = answer[0]
        if not isinstance(answer, dict):
            break
        answer = next((answer[name] for name in ("error", "message", "detail") if answer.get(name)), "")
    return answer if isinstance(answer, str) else ""


def origin_and_path(location: str) -> str:
    """A redirect's target without what may be secret in it: no query, no userinfo."""
    bare = location.partition("?")[0].partition("#")[0]
    if "://" not in bare:
        return bare[:200]
    path = bare.partition("://")[2].partition("/")[2]
    return f"{origin_of(bare)}/{path}"[:200]


async def _check_key(asker: Asker, base: str) -> None:
    """Ask for the key's own page where the list is public, and so says nothing of it.

    Raises:
        KeyRefused: the provider does not know the key.
    """
    if asker.key and asker.facts.key_check:
        reply = await asker.ask(below(base, asker.facts.key_check))
        if reply.status in (401, 403):
            raise _miss(asker, reply).error
