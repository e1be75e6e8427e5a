"""Which bridge a request takes: by what the client speaks and what the provider does."""

from __future__ import annotations

import msgspec

from sidecar.bridges.base import Bridge
from sidecar.bridges.infill import CompletionOverInfill
from sidecar.bridges.messages import ChatOverMessages, CompletionOverMessages
from sidecar.bridges.same import SameWire
from sidecar.dialects.incoming import Incoming
from sidecar.errors import BadRequest
from sidecar.providers import types
from sidecar.translate.thinking import ThinkingMemory
from sidecar.values import ModelInfo, ProviderConfig


class Bridges:
    """Makes a request's bridge, and remembers between requests what bridges have learnt of providers."""

    def __init__(self) -> None:
        self._memory = ThinkingMemory()
        self._no_stream_options: set[int] = set()

    def make(self, incoming: Incoming, provider: ProviderConfig, name: str, model: ModelInfo | None) -> Bridge:
        """The bridge from this request's dialect to this provider, for the model called `name`.

        Raises:
            BadRequest: the provider's wire cannot carry the request.
        """
        facts = types.row(provider.type)
        if incoming.dialect in facts.speaks:
            if facts.fim == "infill" and incoming.dialect == "completions" and _has(incoming, "suffix"):
                return CompletionOverInfill(incoming, name, provider.name)
            return self._same(incoming, provider, name)
        if "messages" in facts.speaks and incoming.dialect in ("chat", "completions"):
            make = ChatOverMessages if incoming.dialect == "chat" else CompletionOverMessages
            limit = None if model is None else model.max_output_tokens
            return make(incoming, name, provider.name, max_output_tokens=limit, memory=self._memory)
        raise BadRequest(
            f"The provider {provider.name!r} ({facts.label}) has no {incoming.dialect}; "
            f"choose another with `mux-sidecar rule default PROVIDER/MODEL --kind {_kind(incoming)}`.",
            error_code="unsupported_parameter",
        )

    def _same(self, incoming: Incoming, provider: ProviderConfig, name: str) -> SameWire:
        asks = (
            incoming.stream
            and incoming.dialect != "embeddings"
            and provider.id not in self._no_stream_options
            and types.asks_usage(provider)
        )
        return SameWire(
            incoming,
            name,
            provider.name,
            ask_usage=asks,
            on_usage_refused=lambda: self._no_stream_options.add(provider.id),
        )


def _has(incoming: Incoming, name: str) -> bool:
    return incoming.fields.get(name, msgspec.Raw(b"null")) not in (msgspec.Raw(b"null"), msgspec.Raw(b'""'))


def _kind(incoming: Incoming) -> str:
    return {"embeddings": "embed", "completions": "fim"}.get(incoming.dialect, "any")
