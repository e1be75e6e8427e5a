"""What a provider's list of models says of each, in whichever of the common forms it comes.

A list is `{"data": […]}` (OpenAI, Anthropic, LM Studio), `{"models": […]}` (Ollama) or bare; a model is an object or
just its name. Fields that are missing, null or of an odd type are unknown.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from sidecar.values import ModelInfo, Prices

JSON = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """The models of a provider, and the base that requests to it go to.

    `lack` is a sentence where the provider has no list at all, which a wrong endpoint looks like.
    """

    base: str
    models: tuple[ModelInfo, ...]
    lack: str | None = None


MAX_NAME = 512
_MAX_TOKENS = 2**40

# In order of trust: the window that is served before the one that the model was trained with.
_CONTEXT = (
    ("max_model_len",),  # vLLM
    ("meta", "n_ctx"),  # llama.cpp, what is served; not n_ctx_train
    ("loaded_context_length",),  # LM Studio, of a loaded model
    ("max_context_length",),  # LM Studio, Mistral
    ("context_length",),  # OpenRouter, Together and others
    ("context_window",),  # Groq
    ("max_input_tokens",),  # Anthropic
)
_OUTPUT = (
    ("top_provider", "max_completion_tokens"),  # OpenRouter
    ("max_completion_tokens",),  # Groq
    ("max_output_tokens",),
    ("max_tokens",),  # Anthropic
)


class NotAList(ValueError):
    """The answer holds no list of models."""


def decode(body: bytes) -> Any:
    """The JSON in a body, byte order mark and blanks around it allowed.

    Raises:
        NotAList: it is not JSON, or is nested too deeply.
    """
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf").strip())
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as failure:
        raise NotAList("not JSON") from failure


def cards_in(page: Any) -> list[Any]:
    """The models in a decoded answer, as they came.

    Raises:
        NotAList: there is no list in it.
    """
    if isinstance(page, list):
        return page
    if isinstance(page, dict):
        for name in ("data", "models"):
            if isinstance(page.get(name), list):
                return list(page[name])
        if page.get("object") == "list" or ("models" in page and page["models"] is None):
            return []  # Go servers write an empty list as null
    raise NotAList("no list of models")


def next_page(page: Any) -> str | None:
    """Behind which model the next page begins, as Anthropic tells it; None on the last."""
    if isinstance(page, dict) and page.get("has_more") is True and isinstance(page.get("last_id"), str):
        return page["last_id"] or None
    return None


def models_from(cards: Iterable[Any], *, priced: bool) -> Iterator[ModelInfo]:
    """Each model with a usable name; `priced` if the provider's prices are USD per token (OpenRouter's are)."""
    for card in cards:
        facts: JSON = card if isinstance(card, dict) else {}
        name = _name(card if isinstance(card, str) else _first_text(facts, "id", "name", "model"))
        if name:
            yield ModelInfo(
                name=name,
                context_window=_tokens(facts, _CONTEXT),
                max_output_tokens=_tokens(facts, _OUTPUT),
                prices=_prices(facts.get("pricing")) if priced else None,
            )


def context_in_details(details: Any) -> int | None:
    """The context length in Ollama's `/api/show`: `model_info` has it as `ARCHITECTURE.context_length`."""
    facts = details.get("model_info") if isinstance(details, dict) else None
    if isinstance(facts, dict):
        for name, value in facts.items():
            if name.endswith(".context_length"):
                return _count(value)
    return None


def context_in_props(props: Any) -> int | None:
    """The context length in llama.cpp's `/props`; its router tells 0, which is unknown."""
    settings = props.get("default_generation_settings") if isinstance(props, dict) else None
    return _count(settings.get("n_ctx")) if isinstance(settings, dict) else None


def _first_text(facts: JSON, *names: str) -> str:
    return next((facts[name] for name in names if isinstance(facts.get(name), str) and facts[name]), "")


def _name(text: str) -> str:
    """A name without blanks around it; empty if it cannot be one."""
    text = text.strip()
    return text if len(text) <= MAX_NAME and text.isprintable() else ""


def _tokens(facts: JSON, places: Iterable[tuple[str, ...]]) -> int | None:
    for place in places:
        value: Any = facts
        for name in place:
            value = value.get(name) if isinstance(value, dict) else None
        if (count := _count(value)) is not None:
            return count
    return None


def _count(value: Any) -> int | None:
    """A number of tokens: whole, positive and not absurd; as text too."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MAX_TOKENS else None


def _prices(pricing: Any) -> Prices | None:
    """USD per token; a price that is missing or negative (`openrouter/auto` has -1) is unknown."""
    if not isinstance(pricing, dict):
        return None
    prices = Prices(
        input=_price(pricing.get("prompt")),
        output=_price(pricing.get("completion")),
        cache_read=_price(pricing.get("input_cache_read")),
        cache_write=_price(pricing.get("input_cache_write")),
    )
    return prices if prices != Prices() else None


def _price(value: Any) -> float | None:
    try:
        price = float(value)
    except (TypeError, ValueError):
        return None
    return price if math.isfinite(price) and price >= 0 else None
