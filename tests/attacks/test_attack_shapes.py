"""Every part of a request, and of an answer, left out or replaced by one of another shape: it is read, or refused.

`test_attack_anything` tries such things at random, and over sockets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from said import (
    call,
    chunk,
    claude,
    claude_events,
    completion,
    text_block,
    thinking_block,
    tool,
    tool_block,
    usage_chunk,
)

from sidecar.bridges.base import Bridge
from sidecar.bridges.choose import Bridges
from sidecar.dialects.incoming import read
from sidecar.errors import RequestError
from sidecar.relay import UNREADABLE
from sidecar.routing.files import Finder
from sidecar.sse import Event, parse
from sidecar.values import Dialect, ModelInfo, ProviderConfig

ODD = (None, True, -1, 1e300, "", "x", [], [[]], ["x"], {}, [{}], {"type": {}}, [{"type": ["text"]}])
_DETAIL = {"type": "reasoning.text", "text": "hm", "signature": "c2ln", "format": "anthropic-claude-v1", "index": 0}
IMAGE = "data:image/png;base64,iVBORw0KGgo="

CHAT = {
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]},
        {
            "role": "user",
            "content": [{"type": "text", "text": "See a.py"}, {"type": "image_url", "image_url": {"url": IMAGE}}],
        },
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "Yes"}],
            "reasoning_details": [_DETAIL],
            "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}],
            "tool_calls": [call("c1", "look", '{"path": "a.py"}')],
        },
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "pass"}]},
        {"role": "user", "content": "Go on", "name": "me"},
    ],
    "tools": [tool()],
    "tool_choice": {"type": "function", "function": {"name": "look"}},
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "out", "schema": {"type": "object"}, "strict": True},
    },
    "reasoning_effort": "high",
    "stop": ["END"],
    "max_tokens": 9,
    "stream_options": {"include_usage": True},
}
MESSAGES = {
    "max_tokens": 2000,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "See a.py"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
                {
                    "type": "document",
                    "title": "b.md",
                    "source": {"type": "text", "media_type": "text/plain", "data": "x"},
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                {"type": "text", "text": "Yes"},
                {"type": "tool_use", "id": "t1", "name": "look", "input": {"path": "a.py"}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "x"}]}],
        },
    ],
    "tools": [
        {"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {"path": {}}}}
    ],
    "tool_choice": {"type": "tool", "name": "look"},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "output_config": {"effort": "high"},
    "stop_sequences": ["END"],
    "metadata": {"user_id": "me"},
}
RESPONSES = {
    "instructions": "Be brief.",
    "input": [
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "a.py"}, {"type": "input_image", "image_url": IMAGE}],
        },
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "c2ln",
        },
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"path": "a.py"}'},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "pass"}]},
        {"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": "*** Begin Patch"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "done"},
        {"type": "local_shell_call", "call_id": "c3", "action": {"type": "exec", "command": ["cat", "a.py"]}},
        {"type": "local_shell_call_output", "call_id": "c3", "output": "x"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Yes", "annotations": []}]},
        {"role": "user", "content": "Go on"},
    ],
    "tools": [
        {"type": "function", "name": "look", "parameters": {"type": "object"}},
        {"type": "custom", "name": "apply_patch", "format": {"type": "text"}},
    ],
    "tool_choice": {"type": "function", "name": "look"},
    "reasoning": {"effort": "high", "summary": "auto"},
    "text": {"format": {"type": "json_schema", "name": "out", "schema": {"type": "object"}}, "verbosity": "low"},
    "include": ["reasoning.encrypted_content"],
}
LEGACY = {"prompt": "See a.py", "stop": ["END"], "max_tokens": 9, "logit_bias": {"50256": -100}}
ALLOWED = {
    "messages": [
        {"role": "user", "content": "See a.py"},
        {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}},
        {"role": "function", "name": "look", "content": "pass"},
    ],
    "functions": [tool()["function"]],
    "function_call": {"name": "look"},
    "tools": [tool()],
    "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [tool()]}},
    "reasoning": {"effort": "high", "max_tokens": 9},
    "stop": "END",
}
REQUESTS: dict[str, tuple[Dialect, dict[str, Any]]] = {
    "chat": ("chat", CHAT),
    "another chat": ("chat", ALLOWED),
    "messages": ("messages", MESSAGES),
    "responses": ("responses", RESPONSES),
    "completions": ("completions", LEGACY),
}

_CALL = call("c1", "look", "{}", 0)
PLAIN = {
    "openai": completion(
        "Hi", reasoning_content="hm", reasoning_details=[_DETAIL], tool_calls=[call("c1", "look", "{}")]
    ),
    "anthropic": claude(
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        "Hi",
        {"type": "tool_use", "id": "t1", "name": "look", "input": {}},
    ),
}
STREAMED = {
    "openai": [
        chunk(role="assistant", content=""),
        chunk(reasoning_content="hm", reasoning_details=[_DETAIL]),
        chunk(content="Hi"),
        chunk(tool_calls=[_CALL]),
        chunk("tool_calls"),
        usage_chunk(),
    ],
    "anthropic": claude_events(
        thinking_block("hm", "c2ln"), text_block("Hi"), tool_block("t1", "look", "{", "}"), stop="tool_use"
    ),
}
WIRES = ("openai", "anthropic")
each_way = pytest.mark.parametrize(("name", "wire"), [(name, wire) for name in REQUESTS for wire in WIRES])


def altered(value: Any) -> Iterator[Any]:
    """The value with one part of it, at any depth, left out or replaced by each of another shape."""
    yield from ODD
    if isinstance(value, dict):
        for key, part in value.items():
            yield {other: kept for other, kept in value.items() if other != key}
            yield from ({**value, key: other} for other in altered(part))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in altered(part))


def requests(name: str) -> Iterator[bytes]:
    """The request of that name with one part altered."""
    for request in altered(REQUESTS[name][1]):
        if isinstance(request, dict):
            yield json.dumps(request).encode()


class Bridged:
    """A way to each type of provider, which has answered before: what it hid is remembered."""

    def __init__(self, wire: str) -> None:
        self._bridges = Bridges()
        self._provider = ProviderConfig(
            id=1, name="acme", type=wire, endpoint="http://localhost", base="http://localhost"
        )
        self._model = ModelInfo(name="claude-sonnet-4-5" if wire == "anthropic" else "m1")
        self(json.dumps(MESSAGES).encode(), "messages").whole(json.dumps(PLAIN[wire]).encode())

    def __call__(self, body: bytes, dialect: Dialect) -> Bridge:
        """The bridge for a request."""
        return self._bridges.make(read(dialect, body), self._provider, self._model.name, self._model)

    def to(self, name: str, *, stream: bool) -> Bridge:
        """The bridge for the request of that name."""
        dialect, request = REQUESTS[name]
        return self(json.dumps({**request, "stream": stream}).encode(), dialect)


@pytest.mark.parametrize("name", REQUESTS)
def test_files_are_found_in_any_shape(name):
    """Whatever shape a part of a request has, its files are looked for."""
    dialect, _ = REQUESTS[name]
    for body in requests(name):
        with suppress(RequestError):
            assert Finder().context(dialect, read(dialect, body).fields).kind


@each_way
def test_any_shape_is_translated_or_refused(name, wire):
    """Whatever shape a part of a request has, the provider gets a JSON object, or the client a refusal."""
    bridged = Bridged(wire)
    assert bridged.to(name, stream=True).body()
    for body in requests(name):
        with suppress(RequestError):
            assert isinstance(json.loads(bridged(body, REQUESTS[name][0]).body()), dict)


@each_way
def test_any_shape_of_an_answer(name, wire):
    """Whatever shape a part of a plain answer has, the client gets JSON of its dialect, or an error."""
    bridged = Bridged(wire)
    for answer in altered(PLAIN[wire]):
        way = bridged.to(name, stream=False)
        with suppress(RequestError, *UNREADABLE):
            assert isinstance(json.loads(way.whole(json.dumps(answer).encode())), dict)


@each_way
def test_any_shape_of_an_event(name, wire):
    """Whatever shape a part of an event has, the client gets events of JSON, or an error."""
    bridged, events = Bridged(wire), STREAMED[wire]
    for at, event in enumerate(events):
        for other in altered(event):
            way, told = bridged.to(name, stream=True), b""
            with suppress(RequestError, *UNREADABLE):
                for each in [*events[:at], other, *events[at + 1 :]]:
                    told += way.feed(_event(each))
                    if way.done:
                        break
                else:
                    told += way.end()
            for data in filter(None, (parse(said).data for said in told.split(b"\n\n"))):
                assert data == b"[DONE]" or isinstance(json.loads(data), dict)


def _event(told: Any) -> Event:
    kind = told.get("type") if isinstance(told, dict) else None
    name = f"event: {kind}\n" if isinstance(kind, str) else ""
    return parse(f"{name}data: {json.dumps(told)}\n\n".encode())
