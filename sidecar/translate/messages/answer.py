"""What both forms of a message, whole and streamed, share: stop reasons, usage, ids and names in Anthropic's words."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import Any

from sidecar.translate.shape import JSON
from sidecar.values import Tokens

#: OpenAI's `finish_reason` → Anthropic's `stop_reason`; what is not here is an end.
REASONS = {
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}

_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")


def stop_reason(finish: Any, *, called: bool) -> str:
    """Anthropic's word for why the model stopped; some servers say `stop` after tool calls."""
    reason = REASONS.get(finish, "end_turn") if isinstance(finish, str) else "end_turn"
    return "tool_use" if called and reason == "end_turn" else reason


def stopping(choice: JSON, stops: tuple[str, ...], *, called: bool) -> JSON:
    """`stop_reason` and `stop_sequence`; vLLM tells in a `stop_reason` of its own which sequence it was."""
    reason, said = stop_reason(choice.get("finish_reason"), called=called), choice.get("stop_reason")
    if reason == "end_turn" and isinstance(said, str) and said in stops:
        return {"stop_reason": "stop_sequence", "stop_sequence": said}
    return {"stop_reason": reason, "stop_sequence": None}


def usage_of(tokens: Tokens) -> JSON:
    """Anthropic's `usage`, in which `input_tokens` are those that neither came from a cache nor went to one."""
    cached, written = tokens.cached or 0, tokens.cache_write or 0
    return {
        "input_tokens": max(0, (tokens.input or 0) - cached - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "output_tokens": tokens.output or 0,
    }


def message_id() -> str:
    """An id for an answer.

    The provider's own will not do: Claude Code takes answers of one id for one answer, and Ollama's ids are a number
    below 1,000.
    """
    return f"msg_{secrets.token_hex(12)}"


def message_start(model: Any) -> JSON:
    """The event that a stream begins with, before anything is known of the answer."""
    message: JSON = {
        "id": message_id(),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage_of(Tokens()),
    }
    return {"type": "message_start", "message": message}


class Calls:
    """Gives tool calls ids that Anthropic's clients take, each another.

    `used` are those of the conversation so far: some servers count the calls of each answer anew (`call_0`), and Claude
    Code takes a call whose id it knows for one that it has run.
    """

    def __init__(self, used: Iterable[str] = ()) -> None:
        self._given = set(used)

    def fit(self, identifier: Any) -> str:
        """The id with `_` for what Anthropic's alphabet does not have; one of our own where there is none."""
        if not isinstance(identifier, str) or not identifier:
            return f"toolu_{secrets.token_hex(12)}"
        fit = _FOREIGN.sub("_", identifier)
        if fit in self._given:
            fit = f"toolu_{secrets.token_hex(12)}"
        self._given.add(fit)
        return fit
