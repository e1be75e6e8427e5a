"""Responses as OpenAI's SDK has them: every event is one of its types, and together they make well-formed items."""

from __future__ import annotations

import json
import re
from typing import Any

from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

JSON = dict[str, Any]

_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
_ENDS = ("response.completed", "response.incomplete", "response.failed")
# type of delta → where its text is told at the end: the event, its member
_DONE = {
    "response.output_text.delta": ("response.output_text.done", "text"),
    "response.refusal.delta": ("response.refusal.done", "refusal"),
    "response.reasoning_text.delta": ("response.reasoning_text.done", "text"),
    "response.reasoning_summary_text.delta": ("response.reasoning_summary_text.done", "text"),
    "response.function_call_arguments.delta": ("response.function_call_arguments.done", "arguments"),
    "response.custom_tool_call_input.delta": ("response.custom_tool_call_input.done", "input"),
}


def read(body: bytes) -> list[JSON]:
    """The events of a translated stream, each checked: it is what its name says, and the SDK takes it."""
    found = re.findall(r"event: (\S+)\ndata: (.*)\n\n", re.sub(r"^: .*\n\n", "", body.decode(), flags=re.MULTILINE))
    events = [json.loads(data) for _, data in found]
    assert [event["type"] for event in events] == [name for name, _ in found]
    assert body.count(b"data:") == len(events)
    for event in events:
        _EVENT.validate_python(event)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    _check_items(events)
    return events


def whole(body: bytes) -> JSON:
    """A response in one piece, which the SDK takes."""
    response = json.loads(body)
    Response.model_validate(response)
    return response


def final(events: list[JSON]) -> JSON:
    """The response with which a stream ends."""
    assert events[-1]["type"] in _ENDS, events[-1]["type"]
    return events[-1]["response"]


def kinds(events: list[JSON]) -> list[str]:
    """The types, without the prefix, runs of the same one told once."""
    names = [event["type"].removeprefix("response.") for event in events]
    return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]


def texts(response: JSON) -> str:
    """What the messages of a response say."""
    return "".join(
        part.get("text", "") for item in response["output"] if item["type"] == "message" for part in item["content"]
    )


def shape(response: JSON) -> list[JSON]:
    """The items of a response without the ids and statuses that differ from answer to answer."""
    made = ("id", "status", "encrypted_content")
    return [{name: value for name, value in item.items() if name not in made} for item in response["output"]]


def _check_items(events: list[JSON]) -> None:
    """One item is open at a time; its deltas add up to what its end says; the last event holds what the items said."""
    assert kinds(events)[:2] == ["created", "in_progress"] or events[-1]["type"] == "response.failed"
    done: list[JSON] = []
    is_open, said = None, ""
    for event in events:
        kind = event["type"]
        if kind == "response.output_item.added":
            assert is_open is None
            assert event["output_index"] == len(done)
            is_open = event["item"]["id"]
        elif kind == "response.output_item.done":
            assert event["item"]["id"] == is_open
            done.append(event["item"])
            is_open = None
        elif "item_id" in event:
            assert event["item_id"] == is_open
            assert event["output_index"] == len(done)
        if kind in _DONE:
            said += event["delta"]
        elif any(kind == end for end, _ in _DONE.values()):
            member = next(member for end, member in _DONE.values() if end == kind)
            assert event[member] == said
            said = ""
    if events[-1]["type"] != "response.failed":
        assert is_open is None
        assert final(events)["output"] == done
