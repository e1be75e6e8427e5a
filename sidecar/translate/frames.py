"""A completion as a stream of chunks, within the OpenAI dialect: for providers that ignore `stream`.

What a field is called is the provider's business: everything that is known neither here nor to OpenAI is carried along.
"""

from __future__ import annotations

from typing import Any

from sidecar.translate.checks import objects
from sidecar.translate.shape import JSON


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


def _with_usage(chunks: list[JSON], head: JSON, completion: JSON) -> list[JSON]:
    usage = completion.get("usage")
    return [*chunks, {**head, "choices": [], "usage": usage}] if usage is not None else chunks


def _delta(message: Any) -> JSON:
    """A message as a delta: its tool calls numbered."""
    delta = dict(message) if isinstance(message, dict) else {}
    if isinstance(calls := delta.get("tool_calls"), list):
        delta["tool_calls"] = [{"index": index, **call} for index, call in enumerate(objects(calls))]
    return delta
