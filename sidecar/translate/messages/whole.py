"""A chat completion as an Anthropic message."""

from __future__ import annotations

from sidecar.translate.lenient import input_of
from sidecar.translate.messages.answer import Calls, message_id, stopping, usage_of
from sidecar.translate.messages.request import Asked
from sidecar.translate.said import reasoning_in, texts_in
from sidecar.translate.seal import signature_for
from sidecar.translate.shape import JSON
from sidecar.translate.target import Target
from sidecar.values import Tokens


def to_message(completion: JSON, asked: Asked, target: Target, tokens: Tokens) -> JSON:
    """The message that a completion's first choice says."""
    choices = completion.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    said = choice.get("message")
    blocks = _blocks(said if isinstance(said, dict) else {}, asked, target)
    called = any(block["type"] == "tool_use" for block in blocks)
    return {
        "id": message_id(),
        "type": "message",
        "role": "assistant",
        "model": completion.get("model") or target.model,
        "content": blocks,
        **stopping(choice, asked.stops, called=called),
        "usage": usage_of(tokens),
    }


def _blocks(said: JSON, asked: Asked, target: Target) -> list[JSON]:
    field, thought = reasoning_in(said)
    text, inner = texts_in(said.get("content"))
    refusal = said.get("refusal")
    blocks: list[JSON] = []
    if thought or inner:
        signature = signature_for(field, target.maker)
        blocks.append({"type": "thinking", "thinking": thought or inner, "signature": signature})
    blocks += [{"type": "text", "text": words} for words in (text, refusal) if isinstance(words, str) and words]
    return blocks + _calls(said, asked)


def _calls(said: JSON, asked: Asked) -> list[JSON]:
    given = said.get("tool_calls")
    calls = [call for call in given if isinstance(call, dict)] if isinstance(given, list) else []
    if isinstance(legacy := said.get("function_call"), dict):
        calls.append({"function": legacy})
    ids, blocks = Calls(asked.calls), []
    for call in calls:
        function: JSON = call["function"] if isinstance(call.get("function"), dict) else {}
        name = str(function.get("name") or "")
        use = {"type": "tool_use", "id": ids.fit(call.get("id")), "name": asked.names.get(name, name)}
        blocks.append({**use, "input": input_of(function.get("arguments"))})
    return blocks
