"""The built-in provider: offline, deterministic, one model named `echo`, which answers with what it was asked.

It speaks OpenAI's chat, completions and embeddings, so that the demo, the tests and the doctor go the way that real
requests go. The same question always has the same answer, byte for byte.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from sidecar.errors import BadRequest
from sidecar.sse import encode
from sidecar.values import WireName

JSON = dict[str, Any]

MODEL = "echo"
DIMENSIONS = 8
MAX_PIECES = 512  # a long text is streamed in longer pieces
_WORD = re.compile(r"\s*\S+\s*|\s+")


@dataclass(frozen=True)
class EchoAnswer:
    """An answer: its content type, and its body in the pieces that it is sent in."""

    content_type: str
    chunks: Iterable[bytes]


def answer(wire: WireName, body: JSON, model: str = MODEL, *, stream: bool = False) -> EchoAnswer:
    """The answer to a request on a wire that the row `echo` speaks.

    A chat is answered with the text of its last user message, a completion with its prompt, an embedding with unit
    vectors of 8 numbers. Words are counted as tokens.

    Raises:
        BadRequest: another wire, or a body that is none of that wire.
    """
    respond = _WIRES.get(wire)
    if respond is None:
        raise BadRequest(f"The echo provider has no {wire}; it answers chat, completions and embeddings.")
    return respond(body, model, stream)


def _chat(body: JSON, model: str, stream: bool) -> EchoAnswer:  # noqa: FBT001 - one signature for the table
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise BadRequest("messages must be a list of messages.", param="messages")
    text = next((_text(each.get("content")) for each in reversed(messages) if each.get("role") == "user"), "")
    usage = _usage(sum(_words(_text(each.get("content"))) for each in messages), _words(text))
    head = {"id": _id("chatcmpl", text), "created": 0, "model": model}
    if stream:
        return _stream(_chat_chunks(head | {"object": "chat.completion.chunk"}, text), body, usage)
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _whole({**head, "object": "chat.completion", "choices": [choice], "usage": usage})


def _chat_chunks(head: JSON, text: str) -> Iterator[JSON]:
    """The role first, then the text a few words at a time, then the end."""
    yield head | {"choices": [_delta({"role": "assistant", "content": ""})]}
    for piece in _pieces(text):
        yield head | {"choices": [_delta({"content": piece})]}
    yield head | {"choices": [_delta({}) | {"finish_reason": "stop"}]}


def _delta(delta: JSON) -> JSON:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}


def _completion(body: JSON, model: str, stream: bool) -> EchoAnswer:  # noqa: FBT001 - one signature for the table
    prompts = _strings(body.get("prompt", ""), "prompt")
    words = sum(_words(each) for each in prompts)
    head = {"id": _id("cmpl", *prompts), "object": "text_completion", "created": 0, "model": model}
    usage = _usage(words, words)
    if stream:
        return _stream(_completion_chunks(head, prompts), body, usage)
    choices = [_choice(index, each) | {"finish_reason": "stop"} for index, each in enumerate(prompts)]
    return _whole({**head, "choices": choices, "usage": usage})


def _completion_chunks(head: JSON, prompts: list[str]) -> Iterator[JSON]:
    for index, prompt in enumerate(prompts):
        for piece in _pieces(prompt):
            yield head | {"choices": [_choice(index, piece)]}
        yield head | {"choices": [_choice(index, "") | {"finish_reason": "stop"}]}


def _choice(index: int, text: str) -> JSON:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": None}


def _embeddings(body: JSON, model: str, stream: bool) -> EchoAnswer:  # noqa: ARG001, FBT001 - one signature
    inputs = _strings(body.get("input", ""), "input")
    packed = body.get("encoding_format") == "base64"  # what OpenAI's SDKs ask for unless told otherwise
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
        for index, vector in enumerate(map(_vector, inputs))
    ]
    words = sum(map(_words, inputs))
    usage = {"prompt_tokens": words, "total_tokens": words}
    return _whole({"object": "list", "data": data, "model": model, "usage": usage})


_WIRES: dict[WireName, Callable[[JSON, str, bool], EchoAnswer]] = {
    "chat": _chat,
    "completions": _completion,
    "embeddings": _embeddings,
}


def _whole(body: JSON) -> EchoAnswer:
    return EchoAnswer("application/json", (msgspec.json.encode(body),))


def _stream(chunks: Iterable[JSON], body: JSON, usage: JSON) -> EchoAnswer:
    """The chunks as events; with usage in a chunk of its own, and null in the others, where it was asked for."""
    options = body.get("stream_options")
    wanted = isinstance(options, dict) and bool(options.get("include_usage"))
    return EchoAnswer("text/event-stream", _events(chunks, usage if wanted else None))


def _events(chunks: Iterable[JSON], usage: JSON | None) -> Iterator[bytes]:
    chunk: JSON = {}
    for chunk in chunks:
        yield encode(msgspec.json.encode(chunk if usage is None else chunk | {"usage": None}))
    if usage is not None:
        yield encode(msgspec.json.encode(chunk | {"choices": [], "usage": usage}))
    yield encode(b"[DONE]")


def _text(content: Any) -> str:
    """The text of a message's content: itself, or its text parts joined."""
    if isinstance(content, list):
        parts = [each.get("text") for each in content if isinstance(each, dict)]
        return "".join(each for each in parts if isinstance(each, str))
    return content if isinstance(content, str) else ""


def _strings(given: Any, field: str) -> list[str]:
    """A prompt or input as a list of texts; tokens are taken as their numbers."""
    if isinstance(given, str):
        return [given]
    if not isinstance(given, list) or not given:
        raise BadRequest(f"{field} must be a text or a list of texts.", param=field)
    if all(isinstance(each, int) for each in given):
        given = [given]
    return [each if isinstance(each, str) else _numbers(each, field) for each in given]


def _numbers(tokens: Any, field: str) -> str:
    if not isinstance(tokens, list) or not all(isinstance(each, int) for each in tokens):
        raise BadRequest(f"{field} must be a text or a list of texts.", param=field)
    return " ".join(map(str, tokens))


def _pieces(text: str) -> list[str]:
    words = _WORD.findall(text)
    size = max(1, -(-len(words) // MAX_PIECES))
    return ["".join(words[at : at + size]) for at in range(0, len(words), size)]


def _words(text: str) -> int:
    return len(text.split())


def _usage(asked: int, answered: int) -> JSON:
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def _id(prefix: str, *texts: str) -> str:
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{prefix}-echo-{digest[:24]}"


def _vector(text: str) -> list[float]:
    """Eight numbers from a text's hash, of length 1 together; equal texts have equal vectors and others do not."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    raw = [number / 2**31 - 1 for number in struct.unpack(f">{DIMENSIONS}I", digest)]
    length = math.hypot(*raw)
    return [number / length for number in raw]


def _packed(vector: list[float]) -> str:
    """The same as base64 of little-endian 32-bit floats, OpenAI's compact form."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
