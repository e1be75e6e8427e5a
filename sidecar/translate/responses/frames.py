"""A response as a stream of events, for providers that ignore `stream`."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.translate.checks import objects
from sidecar.translate.responses.events import Events
from sidecar.translate.shape import JSON

#: What ends a stream: types of event, without the `response.` before.
ENDS = ("completed", "incomplete", "failed")

#: Type of a message's part → its events and the member that holds it.
_TEXTS = {"output_text": ("output_text", "text"), "refusal": ("refusal", "refusal")}
#: Type of a call's item → its events and the member that holds what it is called with.
_CALLS = {
    "function_call": ("function_call_arguments", "arguments"),
    "custom_tool_call": ("custom_tool_call_input", "input"),
}


def streamed(response: JSON) -> bytes:
    """The events that a response would have been streamed as, each text in one delta."""
    events = Events()
    head = {**response, "status": "in_progress", "output": [], "usage": None}
    out = [events.tell("created", response=head), events.tell("in_progress", response=head)]
    for index, item in enumerate(response.get("output") or ()):
        if isinstance(item, dict):
            out += _item(events, index, item)
    status = response.get("status")
    out.append(events.tell(status if status in ENDS else "completed", response=response))
    return b"".join(out)


def _item(events: Events, index: int, item: JSON) -> Iterator[bytes]:
    kind = str(item.get("type"))
    begun = {**item, "status": "in_progress"} if "status" in item else dict(item)
    at = {"item_id": item.get("id") or "", "output_index": index}
    if kind == "message":
        begun["content"] = []
        yield events.tell("output_item.added", output_index=index, item=begun)
        for place, part in enumerate(objects(item.get("content"))):
            yield from _part(events, {**at, "content_index": place}, part)
    elif kind in _CALLS:
        name, member = _CALLS[kind]
        said = item.get(member) or ""
        yield events.tell("output_item.added", output_index=index, item={**begun, member: ""})
        yield events.tell(f"{name}.delta", **at, delta=said)
        yield events.tell(f"{name}.done", **at, **{member: said})
    else:
        yield events.tell("output_item.added", output_index=index, item=begun)
    yield events.tell("output_item.done", output_index=index, item=item)


def _part(events: Events, at: JSON, part: JSON) -> Iterator[bytes]:
    name, member = _TEXTS.get(str(part.get("type")), ("", ""))
    if not name:
        yield events.tell("content_part.added", **at, part=part)
        yield events.tell("content_part.done", **at, part=part)
        return
    extra = {"logprobs": part.get("logprobs") or []} if member == "text" else {}
    said = part.get(member) or ""
    yield events.tell("content_part.added", **at, part={**part, member: ""})
    yield events.tell(f"{name}.delta", **at, delta=said, **extra)
    yield events.tell(f"{name}.done", **at, **{member: said}, **extra)
    yield events.tell("content_part.done", **at, part=part)
