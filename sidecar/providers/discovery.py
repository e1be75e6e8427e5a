"""What is there already: keys in the environment, and local servers on their usual ports, known by what they answer.

A port alone proves nothing (8080 and 8000 are any web application's), so each server must give an answer that only
it gives. Sources: Ollama `docs/api.md`, LM Studio "REST API v0", llama.cpp `tools/server/README.md`, vLLM
"OpenAI-compatible server".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from sidecar.errors import InvalidParameter
from sidecar.providers import cards
from sidecar.providers.endpoint import is_loopback, normalise
from sidecar.providers.failures import FOREIGN
from sidecar.providers.types import TYPES

CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 2.0
MAX_BYTES = 2**20

JSON = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """Something that can be added as a provider; `api_key_env` is the variable with its key, if it needs one."""

    name: str
    type: str
    endpoint: str
    api_key_env: str | None = None


@dataclass(frozen=True)
class Site:
    """A place to look at: a server's type and where it usually listens."""

    type: str
    endpoint: str


@dataclass(frozen=True)
class _Reply:
    status: int
    server: str
    content: Any


Ask = Callable[[str], Awaitable[_Reply]]

# Variable with the key, the type, and the variable that says whose key it is when it is not the vendor's own.
_KEYS = (
    ("OPENAI_API_KEY", "openai", "OPENAI_BASE_URL"),
    ("ANTHROPIC_API_KEY", "anthropic", "ANTHROPIC_BASE_URL"),
    ("OPENROUTER_API_KEY", "openrouter", "OPENROUTER_BASE_URL"),
)
_NOTHING = _Reply(0, "", None)
_NO_ANSWER: tuple[type[Exception], ...] = (*FOREIGN, cards.NotAList)


def usual_sites(environ: Mapping[str, str]) -> tuple[Site, ...]:
    """Where local servers listen unless told otherwise; Ollama also where its own OLLAMA_HOST says, on this machine."""
    sites = [Site(each, TYPES[each].default_endpoint) for each in _KNOWN]
    told = environ.get("OLLAMA_HOST", "").strip()
    if told:
        try:
            endpoint = normalise("ollama", told if re.search(r":\d+/?$", told) else f"{told.rstrip('/')}:11434")
        except InvalidParameter:
            return tuple(sites)
        if is_loopback(endpoint):
            sites = [each if each.type != "ollama" else Site("ollama", endpoint) for each in sites]
    return tuple(sites)


async def find(
    session: aiohttp.ClientSession, environ: Mapping[str, str], sites: tuple[Site, ...] | None = None
) -> tuple[Found, ...]:
    """The providers that this machine is ready for: by key in the environment, then local servers that answer.

    Takes about two seconds at most; what is missing, slow or something else is left out.
    """
    looked_at = usual_sites(environ) if sites is None else sites
    there = await asyncio.gather(*(_is_there(session, site) for site in looked_at))
    local = (Found(site.type, site.type, site.endpoint) for site, found in zip(looked_at, there, strict=True) if found)
    return (*_with_keys(environ), *local)


def _with_keys(environ: Mapping[str, str]) -> tuple[Found, ...]:
    """The providers whose keys the environment holds, at the address that the environment gives for them."""
    found = []
    for variable, type_, base_variable in _KEYS:
        if environ.get(variable, "").strip():
            endpoint = _told_endpoint(type_, environ.get(base_variable, ""))
            if endpoint is not None:
                found.append(Found(type_, type_, endpoint, variable))
    return tuple(found)


def _told_endpoint(type_: str, told: str) -> str | None:
    """Where a key belongs; None if that cannot be known, since a key must not go to another's server.

    A variable that points at the mux itself says where clients should go, not where the key belongs.
    """
    if urlsplit(told.strip()).path.rstrip("/").endswith("/v1/mux") or "/v1/mux/" in told:
        told = ""
    try:
        return normalise(type_, told)
    except InvalidParameter:
        return None


async def _is_there(session: aiohttp.ClientSession, site: Site) -> bool:
    """Whether a server of this type answers there."""

    async def ask(path: str) -> _Reply:
        return await _ask(session, site.endpoint + path)

    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _KNOWN[site.type](ask)
    except TimeoutError:
        return False


async def _ask(session: aiohttp.ClientSession, url: str) -> _Reply:
    """One small answer; nothing, if there is none, it is too long or no JSON."""
    timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS)
    try:
        async with session.get(url, allow_redirects=False, timeout=timeout) as answer:
            body = bytearray()
            async for chunk in answer.content.iter_chunked(64 * 1024):
                body += chunk
                if len(body) > MAX_BYTES:
                    return _NOTHING
            return _Reply(answer.status, answer.headers.get("Server", ""), cards.decode(bytes(body)))
    except _NO_ANSWER:
        return _NOTHING


async def _is_ollama(ask: Ask) -> bool:
    """A version, and a list of tags."""
    version, tags = await ask("/api/version"), await ask("/api/tags")
    return isinstance(_field(version, "version"), str) and "models" in _object(tags) and _has_list(tags)


async def _is_lm_studio(ask: Ask) -> bool:
    """Its own list, whose models have a state (v0) or loaded instances (v1)."""
    v0 = await ask("/api/v0/models")
    if _has_list(v0):
        return _field(v0, "object") == "list" and all("state" in each for each in _cards(v0))
    v1 = await ask("/api/v1/models")
    return _has_list(v1) and all("loaded_instances" in each for each in _cards(v1)) and bool(_cards(v1))


async def _is_llamacpp(ask: Ask) -> bool:
    """Its properties or, where a key guards them or the model is loading, its name in the `Server` header."""
    health = await ask("/health")
    if health.server == "llama.cpp" and (health.content is not None):
        return True
    props = await ask("/props")
    if isinstance(_field(props, "default_generation_settings"), dict):
        return True
    return _all_owned_by(await ask("/v1/models"), "llamacpp")


async def _is_vllm(ask: Ask) -> bool:
    """A version, and models that say whose they are."""
    version = await ask("/version")
    return isinstance(_field(version, "version"), str) and _all_owned_by(await ask("/v1/models"), "vllm")


_KNOWN: Mapping[str, Callable[[Ask], Awaitable[bool]]] = {
    "ollama": _is_ollama,
    "lm_studio": _is_lm_studio,
    "llamacpp": _is_llamacpp,
    "vllm": _is_vllm,
}


def _object(reply: _Reply) -> JSON:
    return reply.content if reply.status == 200 and isinstance(reply.content, dict) else {}


def _field(reply: _Reply, name: str) -> Any:
    return _object(reply).get(name)


def _cards(reply: _Reply) -> list[JSON]:
    """The models in a list, those that are no objects as empty ones."""
    try:
        return [each if isinstance(each, dict) else {} for each in cards.cards_in(_object(reply))]
    except cards.NotAList:
        return []


def _has_list(reply: _Reply) -> bool:
    try:
        cards.cards_in(_object(reply))
    except cards.NotAList:
        return False
    return True


def _all_owned_by(reply: _Reply, owner: str) -> bool:
    found = _cards(reply)
    return bool(found) and all(each.get("owned_by") == owner for each in found)
