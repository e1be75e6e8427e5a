"""A completion as a stream of chunks and back, within the OpenAI dialect: for providers that ignore `stream`.

What a field is called is the provider's business: everything that is known neither here nor to OpenAI is carried along.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sidecar.translate.checks import objects
from sidecar.translate.shape import JSON

#: Fields of a delta that grow by appending; `reasoning` and `reasoning_content` are the two names in use.
GROWING = ("content", "reasoning_content", "reasoning", "refusal", "text")


def chunks_of(completion: JSON) -> list[JSON]:
    """The chunks that a plain chat completion would have been streamed as: one for each choice, then the finish.

    The usage comes last, in a chunk without choices.
    """
    head = {key: value for key, value in completion.items() if key not in ("choices", "usage")}
    head["object"] = "chat.completion.chunk"
    chunks: list[JSON] = []
    for choice in objects(completion.get("choices")):
        rest = {key: value for key, value in choice.items() if key not in ("message", "finish_reason", "logprobs")}
        delta = _delta(choice.get("message"))
        said = {**rest, "delta": delta, "logprobs": choice.get("logprobs"), "finish_reason": None}
        end = {"index": choice.get("index", 0), "delta": {}, "logprobs": None}
        chunks.append({**head, "choices": [said]})
        if (reason := choice.get("finish_reason")) is not None:
            chunks.append({**head, "choices": [{**end, "finish_reason": reason}]})
    return _with_usage(chunks, head, completion)


def text_chunks_of(completion: JSON) -> list[JSON]:
    """The same for a legacy completion, whose chunks have its own shape."""
    head = {key: value for key, value in completion.items() if key not in ("choices", "usage")}
    chunks = [{**head, "choices": [choice]} for choice in objects(completion.get("choices"))]
    return _with_usage(chunks, head, completion)


def completion_of(chunks: Iterable[JSON]) -> JSON:
    """The chat completion that a stream of chunks adds up to; the finish reason is null if none came."""
    head, choices, usage = _gather(chunks)
    out = [_whole(choices[index]) for index in sorted(choices)]
    return {**head, "object": "chat.completion", "choices": out, **usage}


def text_completion_of(chunks: Iterable[JSON]) -> JSON:
    """The same for legacy completions."""
    head, choices, usage = _gather(chunks)
    out = [_ended({**choices[index], "text": choices[index].get("text") or ""}) for index in sorted(choices)]
    return {**head, "object": "text_completion", "choices": out, **usage}


def _with_usage(chunks: list[JSON], head: JSON, completion: JSON) -> list[JSON]:
    usage = completion.get("usage")
    return [*chunks, {**head, "choices": [], "usage": usage}] if usage is not None else chunks


def _delta(message: Any) -> JSON:
    """A message as a delta: its tool calls numbered."""
    delta = dict(message) if isinstance(message, dict) else {}
    if isinstance(calls := delta.get("tool_calls"), list):
        delta["tool_calls"] = [{"index": index, **call} for index, call in enumerate(objects(calls))]
    return delta


def _gather(chunks: Iterable[JSON]) -> tuple[JSON, dict[int, JSON], JSON]:
    """What the chunks have in common, their choices added up by index, and the last usage."""
    head: JSON = {}
    choices: dict[int, JSON] = {}
    usage: JSON = {}
    for chunk in chunks:
        for key, value in chunk.items():
            if key == "usage":
                usage = {"usage": value} if value is not None or not usage else usage
            elif key != "choices" and (value is not None or key not in head):
                head.setdefault(key, value)
        for choice in objects(chunk.get("choices")):
            _add(choices.setdefault(choice.get("index") or 0, {"index": choice.get("index") or 0}), choice)
    return head, choices, usage


def _add(whole: JSON, choice: JSON) -> None:
    """One more chunk of a choice."""
    for key, value in choice.items():
        if key == "delta":
            _merge(whole.setdefault("delta", {}), value if isinstance(value, dict) else {})
        elif key == "logprobs":
            _merge_logprobs(whole, value)
        elif key in GROWING and isinstance(value, str):
            whole[key] = (whole.get(key) or "") + value
        elif value or key not in whole:  # finish_reason among them: "" is how some say null
            whole[key] = value


def _merge(whole: JSON, delta: JSON) -> None:
    for key, value in delta.items():
        if key == "tool_calls":
            for position, call in enumerate(objects(value)):
                _merge_call(whole.setdefault("tool_calls", {}), call, position)
        elif key == "function_call" and isinstance(value, dict):
            _merge_function(whole.setdefault("function_call", {}), value)
        elif key in GROWING and isinstance(value, str):
            whole[key] = (whole.get(key) or "") + value
        elif isinstance(value, list) and isinstance(whole.get(key), list):
            whole[key] = [*whole[key], *value]
        elif value is not None or key not in whole:
            whole[key] = value


def _merge_call(calls: dict[int, JSON], call: JSON, position: int) -> None:
    """One piece of a tool call; pieces belong together by index, also two in one delta."""
    index = call.get("index")
    kept = calls.setdefault(index if isinstance(index, int) else position, {})
    for key, value in call.items():
        if key == "function" and isinstance(value, dict):
            _merge_function(kept.setdefault("function", {}), value)
        elif key != "index" and (value or key not in kept):
            kept[key] = value


def _merge_function(kept: JSON, piece: JSON) -> None:
    for key, value in piece.items():
        if key == "arguments" and isinstance(value, str):
            kept[key] = (kept.get(key) or "") + value
        elif value or key not in kept:
            kept[key] = value


def _merge_logprobs(whole: JSON, value: Any) -> None:
    kept = whole.get("logprobs")
    if not isinstance(kept, dict) or not isinstance(value, dict):
        whole["logprobs"] = value if value is not None else kept
        return
    for key, items in value.items():
        both = isinstance(kept.get(key), list) and isinstance(items, list)
        kept[key] = [*kept[key], *items] if both else items


def _whole(choice: JSON) -> JSON:
    """A choice of a completion: its delta has become the message."""
    message: JSON = {"role": "assistant", "content": None, **choice.pop("delta", {})}
    if isinstance(calls := message.get("tool_calls"), dict):
        message["tool_calls"] = [_call(calls[index]) for index in sorted(calls)]
    return _ended({**choice, "message": message})


def _call(call: JSON) -> JSON:
    function = {"name": "", "arguments": "", **call.get("function", {})}
    return {"id": None, "type": "function", **call, "function": function}


def _ended(choice: JSON) -> JSON:
    return {**choice, "finish_reason": choice.get("finish_reason") or None}
