"""How hard the model shall think: `reasoning_effort` in the words of each generation."""

from __future__ import annotations

from typing import Any, NamedTuple

from sidecar.translate.checks import invalid
from sidecar.translate.models import Traits
from sidecar.translate.shape import JSON

#: effort → `budget_tokens` for models that think by budget (the middle ones as pydantic-ai has them).
BUDGETS = {"minimal": 1024, "low": 2048, "medium": 10000, "high": 16384, "xhigh": 32768, "max": 32768}

#: The least budget that Anthropic takes (Messages API, ThinkingConfigEnabled).
LEAST_BUDGET = 1024

#: effort → `output_config.effort`, before a model's own list is looked at.
EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}

#: Tells models that bind thinking to the conversation before it to pass over what no longer fits, instead of 400
#: (Anthropic, "Preserved thinking"): clients rewrite their system prompts between turns.
DROP_UNBOUND = {"prefix_mismatch_behavior": "drop_block"}
BINDING_BETA = ("anthropic-beta", "thinking-binding-controls-2026-08-01")


class Effort(NamedTuple):
    """`thinking` and `output_config.effort`; `on`: the model will think; `ignored`: what could not be said."""

    thinking: JSON | None = None
    effort: str | None = None
    on: bool = False
    ignored: tuple[str, ...] = ()


def asked_effort(body: JSON) -> str | None:
    """The effort that the client asks for, also in OpenRouter's `reasoning: {effort}`.

    Raises:
        BadRequest: it is none of OpenAI's seven words.
    """
    nested = body.get("reasoning")
    wanted: Any = body.get("reasoning_effort")
    if wanted is None and isinstance(nested, dict):
        wanted = nested.get("effort") or ("none" if nested.get("enabled") is False else None)
    if wanted is None:
        return None
    if not isinstance(wanted, str) or (wanted != "none" and wanted not in BUDGETS):
        raise invalid("reasoning_effort", f"none, {', '.join(BUDGETS)}")
    return str(wanted)


def read_effort(wanted: str | None, traits: Traits, max_tokens: int) -> Effort:
    """What this model is told so that it thinks as hard as wanted."""
    if traits.thinking == "none":
        return Effort(ignored=("reasoning_effort",) if wanted not in (None, "none") else ())
    if wanted is None:
        return Effort(on=traits.on)
    if wanted == "none":
        return switched_off(traits, "reasoning_effort")
    if traits.thinking == "budget":
        return _budget(wanted, traits, max_tokens)
    thinking: JSON = {"type": "adaptive"}
    if traits.display:
        thinking["display"] = "summarized"  # omitted otherwise, and the client asked for reasoning
    return Effort(thinking, _nearest(wanted, traits), on=True)


def switched_off(traits: Traits, name: str) -> Effort:
    """No thinking for this request; where it cannot be switched off, the least of it, and `name` is ignored."""
    if traits.thinking == "none":
        return Effort()
    if traits.off == "never":
        return Effort(effort="low", on=True, ignored=(name,))
    return Effort({"type": traits.off})


def _budget(wanted: str, traits: Traits, max_tokens: int) -> Effort:
    """A budget that leaves at least a fifth of `max_tokens` to the answer."""
    budget = min(BUDGETS[wanted], max(LEAST_BUDGET, max_tokens * 4 // 5))
    if budget >= max_tokens:
        return Effort(ignored=("reasoning_effort",))
    effort = _nearest(wanted, traits) if traits.efforts else None
    return Effort({"type": "enabled", "budget_tokens": budget}, effort, on=True)


def _nearest(wanted: str, traits: Traits) -> str:
    effort = EFFORTS[wanted]
    return effort if effort in traits.efforts else traits.efforts[-1]
