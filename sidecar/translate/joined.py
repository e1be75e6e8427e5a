"""The completion that a stream of chunks adds up to, within the OpenAI dialect: for providers that stream unasked.

What a field is called is the provider's business: everything that is known neither here nor to OpenAI is carried along.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sidecar.translate.checks import objects
from sidecar.translate.shape import JSON

#: Fields of a delta that grow by appending; `reasoning` and `reasoning_content` are the two names in use.
GROWING = ("content", "reasoning_content", "reasoning", "refusal", "text")


class _Text(list[str]):
    """A text in its pieces: to copy it for each of them would take the square of its length."""


class Joined:
    """Takes the chunks of one stream, each in a moment, however many there are."""

    def __init__(self, chunks: Iterable[JSON] = ()) -> None:
        self._head: JSON = {}
        self._choices: dict[int, JSON] = {}
        self._usage: JSON = {}
        for chunk in chunks:
            self.add(chunk)

    def add(self, chunk: JSON) -> None:
        """One more chunk."""
        for key, value in chunk.items():
            if key == "usage":
                self._usage = {"usage": value} if value is not None or not self._usage else self._usage
            elif key != "choices" and not self._head.get(key) and (value or key not in self._head):
                self._head[key] = value  # Azure's first chunk has an empty id and model
        for choice in objects(chunk.get("choices")):
            index = choice.get("index")
            index = index if isinstance(index, int) else 0
            _add(self._choices.setdefault(index, {"index": index}), choice)

    def completion(self) -> JSON:
        """The chat completion; a finish reason that did not come is null."""
        return self._whole("chat.completion", [_chosen(choice) for choice in self._in_order()])

    def text_completion(self) -> JSON:
        """The legacy completion."""
        said = [_ended({**choice, "text": choice.get("text") or ""}) for choice in self._in_order()]
        return self._whole("text_completion", said)

    def _in_order(self) -> list[JSON]:
        return [_settled(self._choices[index]) for index in sorted(self._choices)]

    def _whole(self, kind: str, choices: list[JSON]) -> JSON:
        return {**self._head, "object": kind, "choices": choices, **self._usage}


def _add(whole: JSON, choice: JSON) -> None:
    """One more chunk of a choice."""
    for key, value in choice.items():
        if key == "delta":
            _merge(_inner(whole, "delta"), value if isinstance(value, dict) else {})
        elif key == "logprobs":
            _merge_logprobs(whole, value)
        elif key in GROWING and isinstance(value, str):
            _grow(whole, key, value)
        elif value or key not in whole:  # finish_reason among them: "" is how some say null
            whole[key] = value


def _merge(whole: JSON, delta: JSON) -> None:
    for key, value in delta.items():
        if key == "tool_calls":
            for position, call in enumerate(objects(value)):
                _merge_call(_inner(whole, "tool_calls"), call, position)
        elif key == "function_call" and isinstance(value, dict):
            _merge_function(_inner(whole, "function_call"), value)
        elif isinstance(value, list) or (key in GROWING and isinstance(value, str)):
            _grow(whole, key, value)
        elif value is not None or key not in whole:
            whole[key] = value


def _grow(whole: JSON, key: str, piece: str | list[Any]) -> None:
    """More of a text or a list; where both come, as Mistral's thinking and words do, a text is a part of the list."""
    kept = whole.get(key)
    if isinstance(piece, str):
        if isinstance(kept, _Text):
            kept.append(piece)
        elif isinstance(kept, list):
            kept.append({"type": "text", "text": piece})
        else:
            whole[key] = _Text((piece,))
    elif isinstance(kept, _Text):
        whole[key] = [{"type": "text", "text": "".join(kept)}, *piece]
    elif isinstance(kept, list):
        kept += piece
    else:
        whole[key] = list(piece)


def _merge_call(calls: dict[int, JSON], call: JSON, position: int) -> None:
    """One piece of a tool call; pieces belong together by index, also two in one delta."""
    index = call.get("index")
    kept = calls.setdefault(index if isinstance(index, int) else position, {})
    for key, value in call.items():
        if key == "function" and isinstance(value, dict):
            _merge_function(_inner(kept, "function"), value)
        elif key not in ("index", "function") and (value or key not in kept):
            kept[key] = value


def _merge_function(kept: JSON, piece: JSON) -> None:
    for key, value in piece.items():
        if key == "arguments" and isinstance(value, str):
            _grow(kept, key, value)
        elif value or key not in kept:
            kept[key] = value


def _merge_logprobs(whole: JSON, value: Any) -> None:
    if not isinstance(value, dict):
        whole["logprobs"] = whole.get("logprobs") if value is None else value
        return
    kept = _inner(whole, "logprobs")
    for key, items in value.items():
        if isinstance(items, list):
            _grow(kept, key, items)
        else:
            kept[key] = items


def _inner(whole: JSON, key: str) -> dict[Any, Any]:
    """The object under a key, where many servers first say null."""
    if not isinstance(whole.get(key), dict):
        whole[key] = {}
    kept: dict[Any, Any] = whole[key]
    return kept


def _settled(value: Any) -> Any:
    """What was gathered, each text in one piece."""
    if isinstance(value, _Text):
        return "".join(value)
    if isinstance(value, dict):
        return {key: _settled(each) for key, each in value.items()}
    return value


def _chosen(choice: JSON) -> JSON:
    """A choice of a completion: its delta has become the message."""
    message: JSON = {"role": "assistant", "content": None, **choice.pop("delta", {})}
    if isinstance(calls := message.get("tool_calls"), dict):
        message["tool_calls"] = [_call(calls[index]) for index in sorted(calls)]
    return _ended({**choice, "message": message})


def _call(call: JSON) -> JSON:
    function = {"name": "", "arguments": "", **(call.get("function") or {})}
    return {"id": None, "type": "function", **call, "function": function}


def _ended(choice: JSON) -> JSON:
    return {**choice, "finish_reason": choice.get("finish_reason") or None}
