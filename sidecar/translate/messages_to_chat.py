"""An Anthropic message as an OpenAI chat completion."""

from __future__ import annotations

from typing import Any

from sidecar.errors import UpstreamError
from sidecar.translate.answer import detail_of, finish_reason, refusal_text, tokens_of, usage_of
from sidecar.translate.chunks import ChunkTranslator
from sidecar.translate.errors import raised, stream_error
from sidecar.translate.lenient import encode
from sidecar.translate.shape import ID_FALLBACK, JSON, AnswerShape
from sidecar.translate.thinking import ThinkingMemory, seal_of

__all__ = ["ChunkTranslator", "to_completion"]


def to_completion(
    message: JSON, shape: AnswerShape, created: int, memory: ThinkingMemory, provider: str = "The provider"
) -> JSON:
    """The whole answer; what a chat client cannot hold of it goes to the memory.

    `created` is in seconds since 1970: Anthropic tells no time.

    Raises:
        UpstreamError: it is an error after all, or no message.
    """
    if message.get("type") == "error":
        raise raised(stream_error(message, provider))
    content = message.get("content")
    if not isinstance(content, list):
        raise UpstreamError(
            f"{provider} answered with something that is no message; check that its endpoint speaks Anthropic's API.",
            error_code="bad_upstream_response",
            type="api_error",
        )
    blocks = [block for block in content if isinstance(block, dict)]
    memory.remember(blocks, shape.maker)
    said = _message(blocks, shape)
    called = bool(said.get("tool_calls") or said.get("function_call"))
    unwrapped = shape.response_tool is not None
    reason = finish_reason(message.get("stop_reason"), called=called, unwrapped=unwrapped, legacy=shape.legacy)
    if reason == "content_filter":
        said["refusal"] = refusal_text(message.get("stop_details"))
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": reason}
    completion: JSON = {
        "id": message.get("id") or ID_FALLBACK,
        "object": "chat.completion",
        "created": created,
        "model": message.get("model") or shape.model,
        "choices": [choice],
    }
    usage = message.get("usage")
    return {**completion, "usage": usage_of(tokens_of(usage))} if isinstance(usage, dict) else completion


def _message(blocks: list[JSON], shape: AnswerShape) -> JSON:
    text = _joined(blocks, "text")
    reasoning = _joined(blocks, "thinking")
    uses = [block for block in blocks if block.get("type") == "tool_use"]
    answer = next((use for use in uses if shape.response_tool and use.get("name") == shape.response_tool), None)
    calls = [_call(use, shape) for use in uses if use is not answer]
    if answer is not None:  # what was said before it would make the JSON unreadable
        text, reasoning = _json(answer.get("input") or {}), reasoning + text
    said: JSON = {"role": "assistant", "content": None if calls and not text else text, "refusal": None}
    if reasoning:
        said["reasoning_content"] = reasoning
    if shape.details and (details := [detail_of(block) for block in blocks if seal_of(block)]):
        said["reasoning_details"] = details
    if calls and shape.legacy:
        said["function_call"] = calls[0]["function"]
    elif calls:
        said["tool_calls"] = calls
    return said


def _joined(blocks: list[JSON], kind: str) -> str:
    told = (block.get(kind) for block in blocks if block.get("type") == kind)
    return "".join(text for text in told if isinstance(text, str))


def _call(use: JSON, shape: AnswerShape) -> JSON:
    name = told if isinstance(told := use.get("name"), str) else ""
    function = {"name": shape.names.get(name, name), "arguments": _json(use.get("input") or {})}
    return {"id": use.get("id"), "type": "function", "function": function}


def _json(value: Any) -> str:
    return encode(value).decode()
