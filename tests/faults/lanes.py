"""The ways through the mux on which each fault is tried: a client's dialect, and a provider's wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from mux import Reply, Stream
from said import ask, chunks, claude, claude_events, completion
from stage import Stage
from upstream import Answer, reply

JSON = dict[str, Any]
WORDS = "half and whole"


def completed(text: str, finish: str | None = "stop") -> JSON:
    """A legacy completion, which has the same shape streamed or not."""
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
    return {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m1", "choices": [choice]}


def responded() -> tuple[JSON, list[JSON], list[JSON]]:
    """A response: whole, the events of its first half, and those of its second."""
    part = {"type": "output_text", "text": "", "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    done = {**item, "status": "completed", "content": [{**part, "text": WORDS}]}
    made = {"id": "resp_1", "object": "response", "model": "m1", "status": "in_progress", "output": []}
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    whole = {**made, "status": "completed", "output": [done], "usage": {"input_tokens": 1, "output_tokens": 2}}
    events: list[JSON] = [
        {"type": "response.created", "response": made},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", "part": part, **at},
        {"type": "response.output_text.delta", "delta": "half", "logprobs": [], **at},
        {"type": "response.output_text.delta", "delta": " and whole", "logprobs": [], **at},
        {"type": "response.output_text.done", "text": WORDS, "logprobs": [], **at},
        {"type": "response.content_part.done", "part": {**part, "text": WORDS}, **at},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": whole},
    ]
    numbered = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    return whole, numbered[:4], numbered[4:]


@dataclass(frozen=True)
class Lane:
    """One way: where it is asked and how, and what its provider says, the stream cut in two after the first word."""

    name: str
    place: str
    path: str
    body: JSON
    whole: JSON
    half: list[Any]
    rest: list[Any]
    kind: str
    root: str = ""
    translated: bool = False
    first: tuple[Answer, ...] = field(default=())  # what the provider is to answer once, before the lane is itself

    def asked(self, *, streamed: bool) -> JSON:
        """The client's request."""
        return {**self.body, "stream": True} if streamed else self.body

    def text(self, answer: Reply) -> str:
        """What the model said."""
        told = [json.loads(data) for data in _data(answer) if data != "[DONE]"]
        return "".join(_words(one) for one in told)

    def is_complete(self, answer: Reply) -> bool:
        """Whether anything in the answer tells a client that it has all of it."""
        marks = (b"[DONE]", b"message_stop", b"response.completed", b"response.incomplete")
        text = answer.body.replace(b'": ', b'":')
        ends = (b'"finish_reason":"', b'"stop_reason":"')
        return any(mark in text for mark in (*marks, *ends))

    def refused(self, answer: Reply) -> JSON:
        """The error object of an answer that is an error, which must have the dialect's form."""
        assert answer.status >= 400, answer.body
        assert answer.headers["content-type"].startswith("application/json")
        if self.path == "/messages":
            told = answer.json()
            assert told["type"] == "error"
            assert told["error"]["type"]
            return dict(told["error"])
        return answer.error

    def broke_off(self, answer: Reply) -> JSON:
        """The error that a stream ends with, where it ends as a broken one must: nothing says that it is complete."""
        assert answer.status == 200, answer.body
        assert not self.is_complete(answer), answer.body
        last = json.loads(_data(answer)[-1])
        if self.path == "/responses":
            assert last["type"] == "response.failed"
            return dict(last["response"]["error"])
        if self.path == "/messages":
            assert last["type"] == "error"
            return dict(last["error"])
        return answer.broke_off()

    def failed(self, answer: Reply) -> JSON:
        """The error of an answer that failed, in whichever of the two ways."""
        return self.broke_off(answer) if answer.status == 200 else self.refused(answer)

    def error(self, message: str = "boom") -> JSON:
        """An error as its provider tells it."""
        if self.kind == "anthropic":
            return {"type": "error", "error": {"type": "some_error", "message": message}}
        return {"error": {"message": message, "type": "some_error", "param": None, "code": None}}


def _data(answer: Reply) -> list[str]:
    is_stream = answer.headers["content-type"].startswith("text/event-stream")
    return answer.events if is_stream else [answer.body.decode()]


def _words(told: JSON) -> str:
    """The words of an answer, or of one of its events, of whichever dialect."""
    if told.get("type") in ("response.output_text.delta", "content_block_delta"):
        return str(told["delta"] if isinstance(told["delta"], str) else told["delta"].get("text", ""))
    if told.get("object") == "response":
        return "".join(part["text"] for item in told["output"] for part in item.get("content", ()))
    if isinstance(told.get("content"), list):
        return "".join(str(block.get("text", "")) for block in told["content"])
    found = [choice.get("delta") or choice.get("message") or choice for choice in told.get("choices", ())]
    return "".join(str(one.get("content") or one.get("text") or "") for one in found)


CHAT = (completion(WORDS), chunks("half", finish=None), [*chunks(" and whole")[1:], "[DONE]"])
LEGACY = (completed(WORDS), [completed("half", None)], [completed(" and whole", None), completed("", "stop"), "[DONE]"])
_EVENTS = claude_events("half and")
_MORE = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " whole"}}
MESSAGE = (claude(WORDS), _EVENTS[:4], [*_EVENTS[4:-3], _MORE, *_EVENTS[-3:]])

_LEGACY = {"model": "x", "prompt": "hi"}
_MESSAGES = {**ask(), "max_tokens": 100}
_RESPONSES = {"model": "x", "input": "hi"}
_OPENAI = {"place": "up", "kind": "openai", "root": "/v1"}
_CLAUDE = {"place": "claude", "kind": "anthropic"}
_ROUTER = {"place": "openrouter", "kind": "openrouter", "root": "/api/v1"}


def _lane(
    name: str, path: str, body: JSON, where: dict[str, str], told: tuple[JSON, list[Any], list[Any]], **more: Any
) -> Lane:
    whole, half, rest = told
    return Lane(name, path=path, body=body, whole=whole, half=half, rest=rest, **where, **more)


_NOT_THERE = reply({"error": {"message": "Not Found"}}, status=404)

LANES = [
    _lane("chat", "/chat/completions", ask(), _OPENAI, CHAT),
    _lane("chat over messages", "/chat/completions", ask(), _CLAUDE, MESSAGE, translated=True),
    _lane("completions", "/completions", _LEGACY, _OPENAI, LEGACY),
    _lane("messages", "/messages", _MESSAGES, _CLAUDE, MESSAGE),
    _lane("messages over chat", "/messages", _MESSAGES, _OPENAI, CHAT, translated=True),
    _lane("responses", "/responses", _RESPONSES, _ROUTER, responded()),
    _lane("responses over chat", "/responses", _RESPONSES, _OPENAI, CHAT, translated=True, first=(_NOT_THERE,)),
    _lane("responses over messages", "/responses", _RESPONSES, _CLAUDE, MESSAGE, translated=True),
]

every = pytest.mark.parametrize("lane", LANES, ids=lambda lane: lane.name)
either = pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])


@dataclass
class Road:
    """The shared mux, asked on one lane after the other."""

    stage: Stage
    ready: set[str] = field(default_factory=set)

    def post(self, lane: Lane, *answers: Answer, streamed: bool = False, **more: Any) -> Reply:
        """Script the lane's provider, send its request, and read the whole answer."""
        path = self.path(lane)
        self.stage.upstream.script(*answers)
        return self.stage.mux.post(path, {**lane.asked(streamed=streamed), **more})

    def open(self, lane: Lane, *answers: Answer, streamed: bool = True) -> Stream:
        """The same, with the answer read while it comes."""
        path = self.path(lane)
        self.stage.upstream.script(*answers)
        return self.stage.mux.open("POST", path, lane.asked(streamed=streamed))

    def path(self, lane: Lane) -> str:
        """Where it is asked, its provider made ready."""
        path = self.stage.path(lane.place, lane.path)
        if lane.name not in self.ready:
            self.ready.add(lane.name)
            if lane.first:
                self.stage.upstream.script(*lane.first, reply(lane.whole))
                answer = self.stage.mux.post(path, lane.body)
                assert answer.status in (200, 404), answer.body  # another module's test may have taught it already
        return path

    def row(self, answer: Reply | Stream) -> JSON:
        """The record of an answer."""
        return self.find(lambda row: row["id"] == answer.headers["x-mux-request-id"])

    def find(self, fits: Callable[[JSON], bool]) -> JSON:
        """The newest record that fits, once it is there."""
        return self.stage.mux.find(fits)
