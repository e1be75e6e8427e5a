"""Which bridge a request takes: by what the client speaks and what the provider does."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from sidecar.bridges.base import JSON, Bridge
from sidecar.bridges.concessions import conceded, lost, refused_field
from sidecar.bridges.infill import CompletionOverInfill
from sidecar.bridges.messages import ChatOverMessages
from sidecar.bridges.same import SameWire
from sidecar.bridges.same_messages import CountMessages, EstimatedCount, SameMessages
from sidecar.bridges.same_responses import SameResponses
from sidecar.bridges.translated import Translated
from sidecar.dialects.incoming import Incoming, made
from sidecar.errors import BadRequest, ProviderRefused
from sidecar.providers import types
from sidecar.providers.types import ProviderTypeRow
from sidecar.translate.completions import CompletionFront
from sidecar.translate.front import Front
from sidecar.translate.messages.front import MessagesFront
from sidecar.translate.responses.front import ResponsesFront
from sidecar.translate.target import Target
from sidecar.translate.thinking import ThinkingMemory, maker
from sidecar.values import Dialect, ModelInfo, ProviderConfig, WireName

#: The dialects that reach other wires by way of chat.
FRONTS: Mapping[Dialect, Callable[[JSON, Target], Front]] = MappingProxyType(
    {"completions": CompletionFront, "messages": MessagesFront, "responses": ResponsesFront}
)

#: The dialects whose own wire one bridge serves.
_OPENAI: frozenset[Dialect] = frozenset(("chat", "completions", "embeddings"))

#: Seconds for which a server that lacks a dialect is not asked in it again: it may be upgraded.
LACKING = 3600.0

#: What servers answer to a path that they do not have (405 and 501 are gateways'), and how they name what they do not
#: have on one that they do.
_NO_PATH = frozenset((404, 405, 501))
_NO_ENDPOINT = "Unexpected endpoint"  # LM Studio's, in a 200
_NO_MODEL = re.compile(r"\bmodels?\b", re.IGNORECASE)


class _Place(NamedTuple):
    """Where a request goes."""

    provider: ProviderConfig
    name: str
    model: ModelInfo | None

    @property
    def facts(self) -> ProviderTypeRow:
        return types.row(self.provider.type)


class Bridges:
    """Makes a request's bridge, and remembers between requests what bridges have learnt of providers."""

    def __init__(self) -> None:
        self._memory = ThinkingMemory()
        self._no_stream_options: set[int] = set()
        self._conceded: dict[tuple[int, str], dict[str, None]] = {}
        self._lacking: dict[tuple[int, str, WireName], float] = {}

    def make(self, incoming: Incoming, provider: ProviderConfig, name: str, model: ModelInfo | None) -> Bridge:
        """The bridge from this request's dialect to this provider, for the model called `name`.

        Raises:
            BadRequest: the provider's wire cannot carry the request.
        """
        place = _Place(provider, name, model)
        if incoming.counts:
            return self._counted(incoming, place)
        if incoming.dialect in place.facts.speaks and not self._lacks(provider, incoming.dialect):
            bridge = self._same(incoming, place)
            if incoming.dialect in FRONTS and "chat" in place.facts.speaks:
                bridge.instead = lambda refusal: self._instead(refusal, incoming, place)
            return bridge
        return self._translated(incoming, place)

    def _counted(self, incoming: Incoming, place: _Place) -> Bridge:
        """The bridge for a count of tokens: the provider's where it counts, else an estimate."""
        estimated = EstimatedCount(incoming, self._target(place))
        if not place.facts.counts_tokens or self._lacks(place.provider, "count_tokens"):
            return estimated
        bridge = CountMessages(incoming, self._target(place))
        bridge.instead = lambda refusal: (
            estimated if self._finds_lacking(refusal, "count_tokens", place.provider) else None
        )
        return bridge

    def _same(self, incoming: Incoming, place: _Place) -> Bridge:
        """The bridge to a provider that speaks the client's dialect."""
        if incoming.dialect == "messages":
            return SameMessages(incoming, self._target(place))
        if incoming.dialect == "responses":
            return SameResponses(incoming, self._target(place))
        if incoming.dialect not in _OPENAI:
            raise _none(incoming.dialect, place)
        if place.facts.fim == "infill" and incoming.dialect == "completions" and _has(incoming, "suffix"):
            return CompletionOverInfill(incoming, place.name, place.provider.name)
        return self._openai(incoming, place)

    def _translated(self, incoming: Incoming, place: _Place) -> Bridge:
        """The bridge to a provider that speaks another: the client's dialect over chat, chat over the provider's."""
        if incoming.dialect == "chat":
            return self._chat(incoming.json(), place)
        if incoming.dialect not in FRONTS:
            raise _none(incoming.dialect, place)
        return self._over_chat(FRONTS[incoming.dialect](incoming.json(), self._target(place)), place)

    def _over_chat(self, front: Front, place: _Place) -> Bridge:
        """The front over the bridge for its chat request, without what this model is known to refuse."""
        without = self._conceded.setdefault((place.provider.id, place.name), {})
        chat = conceded(front.chat, without)
        bridge = Translated(
            front, self._chat(chat, place, carries=front.carries), place.provider.name, lost(front.chat, without)
        )

        def instead(refusal: ProviderRefused) -> Bridge | None:
            field = refused_field(refusal, chat) if bridge.wire == "chat" else None
            if field is None:
                return None
            without[field] = None
            return self._over_chat(front, place)

        bridge.instead = instead
        return bridge

    def _chat(self, chat: JSON, place: _Place, *, carries: bool = False) -> Bridge:
        """The bridge for a chat request, whatever the provider speaks; `carries` as a front has it."""
        if "chat" in place.facts.speaks:
            return self._openai(made("chat", chat), place)
        if "messages" not in place.facts.speaks:
            raise _none("chat", place)
        return ChatOverMessages(chat, self._target(place)._replace(details=carries))

    def _target(self, place: _Place) -> Target:
        provider, model = place.provider, place.model or ModelInfo(name=place.name)
        return Target(
            provider=provider.name,
            model=place.name,
            maker=maker(provider.id, place.name),
            memory=self._memory,
            window=model.context_window,
            most=model.max_output_tokens,
            extras=place.facts.extras,
            signs=place.facts.signs,
        )

    def _openai(self, incoming: Incoming, place: _Place) -> SameWire:
        provider = place.provider
        asks = (
            incoming.stream
            and incoming.dialect != "embeddings"
            and provider.id not in self._no_stream_options
            and types.asks_usage(provider)
        )
        return SameWire(
            incoming,
            place.name,
            provider.name,
            ask_usage=asks,
            on_usage_refused=lambda: self._no_stream_options.add(provider.id),
        )

    def _lacks(self, provider: ProviderConfig, wire: WireName) -> bool:
        until = self._lacking.get((provider.id, provider.base, wire))
        return until is not None and time.monotonic() < until

    def _instead(self, refusal: ProviderRefused, incoming: Incoming, place: _Place) -> Bridge | None:
        """The translation for a server that turns out not to have the dialect that its type speaks."""
        if not self._finds_lacking(refusal, incoming.dialect, place.provider):
            return None
        return self._translated(incoming, place)  # if it refuses, its 400 says why: no retry helps, as after a 404

    def _finds_lacking(self, refusal: ProviderRefused, wire: WireName, provider: ProviderConfig) -> bool:
        """Whether the provider has no such path, which is remembered, or only refused what was asked for there."""
        lacks = _NO_ENDPOINT in refusal.message or (
            refusal.status in _NO_PATH and not _NO_MODEL.search(refusal.message)
        )
        if lacks:
            self._lacking[provider.id, provider.base, wire] = time.monotonic() + LACKING
        return lacks


def _none(dialect: Dialect, place: _Place) -> BadRequest:
    kind = {"embeddings": "embed", "completions": "fim"}.get(dialect, "any")
    return BadRequest(
        f"The provider {place.provider.name!r} ({place.facts.label}) has no {dialect}; "
        f"choose another with `mux-sidecar rule default PROVIDER/MODEL --kind {kind}`.",
        error_code="unsupported_parameter",
    )


def _has(incoming: Incoming, name: str) -> bool:
    return incoming.fields.get(name, msgspec.Raw(b"null")) not in (msgspec.Raw(b"null"), msgspec.Raw(b'""'))
