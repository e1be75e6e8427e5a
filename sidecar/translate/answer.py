"""What both forms of an answer, whole and streamed, share: finish reasons and usage in OpenAI's words."""

from __future__ import annotations

from typing import Any

from sidecar.translate.shape import JSON
from sidecar.values import Tokens, token_count

#: Anthropic's `stop_reason` → OpenAI's `finish_reason`.
FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "compaction": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def finish_reason(stop_reason: Any, *, called: bool, unwrapped: bool = False, legacy: bool = False) -> str | None:
    """OpenAI's word for why the model stopped; None where the provider gave no reason.

    `called`: the answer holds tool calls that the client sees; `unwrapped`: it came by the tool that stood in for
    `response_format`, so that its call is just the end. A reason that is not known is a stop.
    """
    if not isinstance(stop_reason, str) or not stop_reason:
        return None
    reason = FINISH.get(stop_reason, "tool_calls" if called else "stop")
    if reason == "tool_calls" and unwrapped and not called:
        return "stop"
    return "function_call" if reason == "tool_calls" and legacy else reason


def refusal_text(details: Any) -> str | None:
    """The explanation in `stop_details`, if there is one."""
    explanation = details.get("explanation") if isinstance(details, dict) else None
    return explanation if isinstance(explanation, str) and explanation else None


def detail_of(block: JSON) -> JSON:
    """What signs a thinking block, or the delta of one, in OpenRouter's form ("Preserving reasoning blocks").

    It goes to clients that carry signed thinking from turn to turn themselves, and comes back as it is (see `turns`).
    """
    told = {"format": "anthropic-claude-v1", **({"index": block["index"]} if "index" in block else {})}
    if "data" in block:
        return {"type": "reasoning.encrypted", "data": block["data"], **told}
    text = {"text": block["thinking"]} if "thinking" in block else {}
    return {"type": "reasoning.text", **text, "signature": block.get("signature"), **told}


def tokens_of(usage: JSON) -> Tokens:
    """What Anthropic counted; `input` is the sum of its three (prompt caching page: "Tracking cache performance")."""
    plain, written, read = (
        token_count(usage.get(name))
        for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    )
    details = usage.get("output_tokens_details")
    return Tokens(
        input=None if plain is None else plain + (written or 0) + (read or 0),
        output=token_count(usage.get("output_tokens")),
        cached=read,
        cache_write=written,
        reasoning=token_count(details.get("thinking_tokens")) if isinstance(details, dict) else None,
    )


def usage_of(tokens: Tokens) -> JSON:
    """OpenAI's `usage` object."""
    prompt, completion = tokens.input or 0, tokens.output or 0
    usage: JSON = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {
            "cached_tokens": tokens.cached or 0,
            "cache_write_tokens": tokens.cache_write or 0,
        },
    }
    if tokens.reasoning is not None:
        usage["completion_tokens_details"] = {"reasoning_tokens": tokens.reasoning}
    return usage
