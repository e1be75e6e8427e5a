"""The events of a streamed Anthropic message as the chunks of an OpenAI chat completion.

The three deltas that make up nearly all of a stream are spliced: their text goes from one JSON to the other as the
bytes it came in. Everything else is decoded.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sidecar.errors import UpstreamError
from sidecar.translate.answer import detail_of, finish_reason, refusal_text, tokens_of, usage_of
from sidecar.translate.collect import Collector
from sidecar.translate.errors import raised, stream_error
from sidecar.translate.lenient import decode, encode
from sidecar.translate.shape import ID_FALLBACK, JSON, AnswerShape
from sidecar.translate.thinking import ThinkingMemory
from sidecar.values import Tokens

_NOTHING = msgspec.Raw(b'""')

#: Field of a block or delta → of a chat delta.
_FIELDS = {"text": "content", "thinking": "reasoning_content"}


class _Delta(msgspec.Struct, gc=False):
    """A delta, its strings still as JSON."""

    type: str = ""
    text: msgspec.Raw = _NOTHING
    thinking: msgspec.Raw = _NOTHING
    partial_json: msgspec.Raw = _NOTHING


class _Event(msgspec.Struct, gc=False):
    """As much of an event as the hot path looks at."""

    type: str = ""
    index: int = 0
    delta: _Delta | None = None


_decode = msgspec.json.Decoder(_Event).decode


class ChunkTranslator:
    """Translates one stream.

    `begun`: something was told; `finished`: the end was seen, whatever follows is ignored; `finish_reason`: what the
    provider gave, in OpenAI's word, or None so far; `usage`: what it has counted so far; `ignored`: how many events
    had no translation.
    """

    def __init__(
        self, shape: AnswerShape, created: int, memory: ThinkingMemory, provider: str = "The provider"
    ) -> None:
        self.finished = False
        self.finish_reason: str | None = None
        self.ignored = 0
        self._shape = shape
        self._memory = memory
        self._provider = provider
        self._collector = Collector()
        self._usage: JSON = {}
        self._usage_told = False
        self._head: JSON = {"id": ID_FALLBACK, "object": "chat.completion.chunk", "created": created}
        self._head["model"] = shape.model
        self.begun = False
        self._tools: dict[int, int] = {}  # index of the block → of the tool call
        self._silent: set[int] = set()  # tools whose arguments have not begun
        self._answers: set[int] = set()  # blocks of the tool that stands in for response_format
        self._before = b""
        self._after = b""

    @property
    def usage(self) -> Tokens:
        """What the provider has counted so far; its counts are cumulative."""
        return tokens_of(self._usage)

    def feed_bytes(self, data: bytes) -> bytes:
        """The events, ready to send, that this event's data becomes; often none.

        Raises:
            UpstreamError: the provider sent an error, or no JSON.
        """
        try:
            event = _decode(data)
        except (msgspec.DecodeError, UnicodeError):
            return self._slowly(data)
        delta = event.delta
        if delta is None or event.type != "content_block_delta" or not self.begun or self.finish_reason:
            return self._slowly(data)
        kind = delta.type
        if kind == "text_delta":
            return self._splice(event.index, "text", bytes(delta.text))
        if kind == "thinking_delta":
            return self._splice(event.index, "thinking", bytes(delta.thinking))
        if kind == "input_json_delta":
            return self._splice(event.index, "partial_json", bytes(delta.partial_json))
        return self._slowly(data)

    def feed(self, event: JSON) -> list[JSON]:
        """The chunks that an event becomes; often none.

        Raises:
            UpstreamError: it is an error.
        """
        kind = event.get("type")
        if kind == "error" and not self.finished:
            raise raised(stream_error(event, self._provider))
        if self.finished or kind == "ping":
            self.ignored += kind != "ping"
            return []
        return [self._chunk(delta) for delta in self._deltas(event)] + (self.end() if self.finished else [])

    def end(self) -> list[JSON]:
        """The chunk with the usage, if the client asked for it and has not got it yet (`feed` gives it at the end)."""
        if not self._shape.include_usage or self._usage_told or not self._usage:
            return []
        self._usage_told = True
        return [{**self._head, "choices": [], "usage": usage_of(self.usage)}]

    def _slowly(self, data: bytes) -> bytes:
        try:
            event = decode(data)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            raise UpstreamError(
                f"{self._provider} sent an event that is no JSON object; the answer is not complete.",
                error_code="bad_upstream_response",
                type="api_error",
            )
        return b"".join(b"data: %b\n\n" % encode(chunk) for chunk in self.feed(event))

    def _splice(self, index: int, field: str, raw: bytes) -> bytes:
        """The chunk for a delta whose text is still JSON."""
        if raw == b'""' or raw[:1] != b'"':
            return b""
        self._collector.raw(index, field, raw)
        if field == "partial_json":
            return self._splice_arguments(index, raw)
        key = b'"content":' if field == "text" and not self._shape.response_tool else b'"reasoning_content":'
        return b"%b%b%b%b" % (self._before, key, raw, self._after)

    def _splice_arguments(self, index: int, raw: bytes) -> bytes:
        self._silent.discard(index)
        if index in self._answers:
            return b'%b"content":%b%b' % (self._before, raw, self._after)
        call = self._tools.get(index)
        if call is None:
            return b""  # a tool that runs at the provider
        if self._shape.legacy:
            return b'%b"function_call":{"arguments":%b}%b' % (self._before, raw, self._after)
        return b'%b"tool_calls":[{"index":%d,"function":{"arguments":%b}}]%b' % (self._before, call, raw, self._after)

    def _deltas(self, event: JSON) -> list[JSON]:
        match event.get("type"):
            case "message_start":
                return self._on_start(event)
            case "content_block_start":
                return self._on_block(event)
            case "content_block_delta":
                return self._on_delta(event)
            case "content_block_stop":
                return self._on_block_stop(event)
            case "message_delta":
                return self._on_message_delta(event)
            case "message_stop":
                self.finished = True
            case _:
                self.ignored += 1
        return []

    def _chunk(self, delta: JSON) -> JSON:
        """A chunk with this delta; one with a finish reason has it under `finish_reason`."""
        reason = delta.pop("finish_reason", None)
        chunk = {**self._head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}
        return {**chunk, "usage": None} if self._shape.include_usage else chunk

    def _begin(self) -> list[JSON]:
        """The first delta, once."""
        if self.begun:
            return []
        self.begun = True
        before, after = encode(self._chunk({"\0": None})).rsplit(b'"\\u0000":null', 1)
        self._before, self._after = b"data: " + before, after + b"\n\n"
        return [{"role": "assistant", "content": ""}]

    def _on_start(self, event: JSON) -> list[JSON]:
        message = event.get("message")
        if isinstance(message, dict) and not self.begun:
            self._head["id"] = message.get("id") or ID_FALLBACK
            self._head["model"] = message.get("model") or self._shape.model
            self._count(message.get("usage"))
        return self._begin()

    def _on_block(self, event: JSON) -> list[JSON]:
        block, index = event.get("content_block"), event.get("index")
        if not isinstance(block, dict) or not isinstance(index, int) or self.finish_reason:
            self.ignored += 1
            return []
        self._collector.start(index, dict(block))
        deltas = self._begin()
        kind = block.get("type")
        if kind == "redacted_thinking" and self._shape.details:
            return [*deltas, {"reasoning_details": [detail_of({**block, "index": index})]}]
        if kind == "tool_use":
            return [*deltas, *self._on_tool(index, block)]
        # Servers that are not Anthropic's begin with text.
        if isinstance(kind, str) and kind in _FIELDS and block.get(kind):
            return [*deltas, *self._said(_FIELDS[kind], block[kind])]
        return deltas

    def _said(self, key: str, text: str) -> list[JSON]:
        if not text:
            return []
        return [{"reasoning_content" if self._shape.response_tool else key: text}]

    def _on_tool(self, index: int, block: JSON) -> list[JSON]:
        self._silent.add(index)
        name = told if isinstance(told := block.get("name"), str) else ""
        if self._shape.response_tool == name:
            self._answers.add(index)
            return []
        if self._shape.legacy and self._tools:  # that form has room for one call
            self.ignored += 1
            return []
        self._tools[index] = len(self._tools)
        function = {"name": self._shape.names.get(name, name), "arguments": ""}
        if self._shape.legacy:
            return [{"function_call": function}]
        call = {"index": self._tools[index], "id": block.get("id"), "type": "function", "function": function}
        return [{"tool_calls": [call]}]

    def _on_delta(self, event: JSON) -> list[JSON]:
        delta, index = event.get("delta"), event.get("index")
        if not isinstance(delta, dict) or not isinstance(index, int) or self.finish_reason:
            self.ignored += 1
            return []
        first, kind = self._begin(), str(delta.get("type"))
        if kind == "input_json_delta":
            return [*first, *self._on_arguments(index, delta.get("partial_json") or "")]
        self._collector.delta(index, delta)
        if (field := kind.removesuffix("_delta")) in _FIELDS:
            return [*first, *self._said(_FIELDS[field], delta.get(field) or "")]
        if kind == "signature_delta" and self._shape.details:
            return [*first, {"reasoning_details": [detail_of({**delta, "index": index})]}]
        self.ignored += kind not in ("signature_delta", "citations_delta")
        return first

    def _on_arguments(self, index: int, text: str) -> list[JSON]:
        if not text:
            return []
        self._collector.delta(index, {"partial_json": text})
        return self._arguments(index, text)

    def _arguments(self, index: int, text: str) -> list[JSON]:
        self._silent.discard(index)
        if index in self._answers:
            return [{"content": text}]
        if index not in self._tools:
            return []  # a tool that runs at the provider
        function = {"arguments": text}
        if self._shape.legacy:
            return [{"function_call": function}]
        return [{"tool_calls": [{"index": self._tools[index], "function": function}]}]

    def _on_block_stop(self, event: JSON) -> list[JSON]:
        index = event.get("index")
        return self._close(index) if isinstance(index, int) and index in self._silent else []

    def _close(self, index: int) -> list[JSON]:
        """The arguments of a tool that got none, or got them with its start: `{}` is what every client can parse."""
        given = self._collector.input_of(index)
        return self._arguments(index, encode(given).decode())

    def _on_message_delta(self, event: JSON) -> list[JSON]:
        self._count(event.get("usage"))
        delta = event.get("delta")
        reason = delta.get("stop_reason") if isinstance(delta, dict) else None
        called, unwrapped = bool(self._tools), bool(self._answers)
        finish = finish_reason(reason, called=called, unwrapped=unwrapped, legacy=self._shape.legacy)
        if finish is None or self.finish_reason:
            return []
        deltas = self._begin() + [said for index in sorted(self._silent) for said in self._close(index)]
        self.finish_reason = finish
        self._memory.remember(self._collector.blocks(), self._shape.maker)  # before the client can come back with it
        refusal = refusal_text((delta or {}).get("stop_details")) if finish == "content_filter" else None
        if refusal:
            deltas.append({"refusal": refusal})
        return [*deltas, {"finish_reason": finish}]

    def _count(self, usage: Any) -> None:
        """Counts are cumulative: a later one replaces an earlier one, and what is not told again stays."""
        if isinstance(usage, dict):
            self._usage.update({name: count for name, count in usage.items() if count is not None})
