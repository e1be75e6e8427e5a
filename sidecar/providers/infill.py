"""llama.cpp's fill-in-the-middle (`POST /infill`) in the clothes of OpenAI's legacy completion, both ways.

Source: llama.cpp `tools/server/README.md`, "POST /infill" and "POST /completion". Its `/v1/completions` ignores
`suffix`. Its stream has no `[DONE]`: the event with `stop: true` is the last.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from sidecar.errors import BadRequest
from sidecar.values import token_count

JSON = dict[str, Any]

# What there is no place for at `/infill`; what would make the answer a lie is refused instead.
IGNORED = frozenset({"user", "stream_options", "best_of", "n", "echo", "logprobs"})
_FINISH = {"eos": "stop", "word": "stop", "limit": "length"}


@dataclass(frozen=True)
class Stamp:
    """What all chunks of one answer have in common."""

    id: str = field(default_factory=lambda: f"cmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))


def to_infill(body: JSON) -> JSON:
    """The body for `/infill`: `prompt` and `suffix` become its prefix and suffix, all other fields pass as they are.

    Raises:
        BadRequest: several prompts or choices, tokens instead of text, `echo` or `logprobs`.
    """
    _refuse(body)
    kept = {
        name: value for name, value in body.items() if name not in IGNORED | {"prompt", "suffix", "max_tokens", "stop"}
    }
    kept |= {"input_prefix": _prompt(body.get("prompt")), "input_suffix": body.get("suffix") or ""}
    if body.get("max_tokens") is not None:
        kept["n_predict"] = body["max_tokens"]
    stop = body.get("stop")
    if stop is not None:
        kept["stop"] = [stop] if isinstance(stop, str) else stop
    return kept


def infill_to_completion(answer: JSON, model: str, stamp: Stamp | None = None) -> JSON:
    """A whole answer of `/infill` as a `text_completion`; `model` stands in it if the server names none."""
    return _completion(answer, model, stamp or Stamp(), last=True)


def infill_chunk(event: JSON, model: str, stamp: Stamp | None = None) -> JSON:
    """One event of `/infill`'s stream as a chunk of a `text_completion`; the last has finish reason and usage.

    `stamp` should be the same for all of a stream. An error passes as it is.
    """
    if "error" in event:
        return event
    return _completion(event, model, stamp or Stamp(), last=bool(event.get("stop")))


def _completion(answer: JSON, model: str, stamp: Stamp, *, last: bool) -> JSON:
    choice = {
        "text": answer.get("content") or "",
        "index": answer.get("index") or 0,
        "logprobs": None,
        "finish_reason": _finish_reason(answer) if last else None,
    }
    named = answer.get("model")
    result: JSON = {
        "id": stamp.id,
        "object": "text_completion",
        "created": stamp.created,
        "model": named if isinstance(named, str) and named else model,
        "choices": [choice],
    }
    if last:
        result["usage"] = _usage(answer)
        if isinstance(answer.get("timings"), dict):
            result["timings"] = answer["timings"]  # as its own `/v1/completions` does
    return result


def _finish_reason(answer: JSON) -> str | None:
    """Why it stopped, if it says so; older servers say it in three flags."""
    if "stop_type" in answer:
        return _FINISH.get(answer["stop_type"])
    if answer.get("stopped_limit"):
        return "length"
    return "stop" if answer.get("stopped_eos") or answer.get("stopped_word") else None


def _usage(answer: JSON) -> JSON:
    asked, made = _count(answer.get("tokens_evaluated")), _count(answer.get("tokens_predicted"))
    timings = answer.get("timings")
    cached = _count(timings.get("cache_n")) if isinstance(timings, dict) else 0
    return {
        "prompt_tokens": asked,
        "completion_tokens": made,
        "total_tokens": asked + made,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _count(value: Any) -> int:
    return token_count(value) or 0


def _refuse(body: JSON) -> None:
    """What cannot be had from `/infill`, and would be missed in the answer."""
    for name in ("n", "best_of"):
        if isinstance(body.get(name), int) and body[name] > 1:
            raise _unsupported(name, f"llama.cpp fills in one choice at a time; leave out {name}.")
    for name in ("echo", "logprobs"):
        if body.get(name):
            raise _unsupported(name, f"llama.cpp has no {name} when it fills in; leave it out.")


def _prompt(prompt: Any) -> str:
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if prompt is None:
        return ""
    if not isinstance(prompt, str):
        raise _unsupported("prompt", "llama.cpp fills in after one text; send prompt as a text.")
    return prompt


def _unsupported(param: str, sentence: str) -> BadRequest:
    return BadRequest(sentence, error_code="unsupported_parameter", param=param)
