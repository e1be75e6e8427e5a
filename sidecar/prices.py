"""What a request cost, in USD: nothing on this machine, else the provider's listed price, else the price table's."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sidecar.providers import types
from sidecar.values import ModelInfo, Prices, ProviderConfig, Tokens


class PriceTable:
    """The bundled price table, which takes 0.2 s and 15 MB: loaded in a thread when the first request may need it."""

    def __init__(self) -> None:
        self._loading: asyncio.Future[None] | None = None
        self._seen: ProviderConfig | None = None
        self._unknown: set[tuple[str, str]] = set()  # bases and models that the table lacks: sought through all of it

    def expect(self, provider: ProviderConfig, info: ModelInfo | None) -> None:
        """A request to this model is about to be sent."""
        if self._loading is not None or provider is self._seen:
            return
        self._seen = provider
        if _is_tabled(provider, info):
            self._loading = asyncio.get_running_loop().run_in_executor(None, _load)

    def is_coming(self, provider: ProviderConfig, info: ModelInfo | None) -> bool:
        """Whether `cost` would wait for the table; for any thread."""
        return self._loading is not None and not self._loading.done() and _is_tabled(provider, info)

    def cost(self, provider: ProviderConfig, model: str, info: ModelInfo | None, tokens: Tokens) -> float | None:
        """The cost of these tokens; None if it is not known. For any thread; it may wait for the table."""
        if types.is_free(provider):
            return 0.0
        if tokens.input is None and tokens.output is None:
            return None
        if info is not None and info.prices is not None:
            return _listed(info.prices, tokens)
        if (provider.base, model) in self._unknown:
            return None
        try:
            return _tabled(provider.base, model, tokens)
        except LookupError:
            self._unknown.add((provider.base, model))
            return None


def _is_tabled(provider: ProviderConfig, info: ModelInfo | None) -> bool:
    return not types.is_free(provider) and (info is None or info.prices is None)


def _load() -> None:
    with suppress(LookupError):  # the first look-up takes a while as well
        _tabled("https://api.openai.com/v1", "gpt-5", Tokens(input=1, output=1))


def _listed(prices: Prices, tokens: Tokens) -> float | None:
    """By the provider's own list; what has no price of its own counts as plain input."""
    if prices.input is None or prices.output is None:
        return None
    read, written = tokens.cached or 0, tokens.cache_write or 0
    plain = max(0, (tokens.input or 0) - read - written)
    read_price = prices.input if prices.cache_read is None else prices.cache_read
    write_price = prices.input if prices.cache_write is None else prices.cache_write
    return plain * prices.input + read * read_price + written * write_price + (tokens.output or 0) * prices.output


def _tabled(base: str, model: str, tokens: Tokens) -> float | None:
    """By genai-prices' bundled table, which knows providers by their address; no network is asked.

    Raises:
        LookupError: it has no such provider, or no such model of it.
    """
    from genai_prices import Usage, calc_price  # noqa: PLC0415 - 0.2 s and 12 MB that most processes never need

    counted = {
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "cache_read_tokens": tokens.cached,
        "cache_write_tokens": tokens.cache_write,
    }
    try:
        found = calc_price(Usage(**counted), model_ref=model, provider_api_url=base)
    except ValueError:  # counts that contradict each other
        return None
    return float(found.total_price)
