"""The output of a streamed response: items, opened and closed strictly one by one.

Event types and their order: OpenAI's API reference, "Streaming events".
"""

from __future__ import annotations

import secrets

from sidecar.translate.lenient import decode, encode, whole
from sidecar.translate.ordered import Ordered, Part
from sidecar.translate.responses.calls import item_of
from sidecar.translate.responses.carried import ID, Thought, packed
from sidecar.translate.responses.events import Deltas, Events
from sidecar.translate.responses.freeform import InputReader
from sidecar.translate.responses.request import Asked
from sidecar.translate.responses.tools import Offered
from sidecar.translate.shape import JSON

#: Kind of item → what its id begins with.
_IDS = {
    "message": "msg_",
    "reasoning": ID,
    "function_call": "fc_",
    "custom_tool_call": "ctc_",
    "local_shell_call": "lsh_",
    "shell_call": "sh_",
    "apply_patch_call": "apc_",
}

#: Kind of a text → its events, its part's type, the part's member that holds it.
_TEXTS = {
    "text": ("output_text", "output_text", "text"),
    "refusal": ("refusal", "refusal", "refusal"),
    "thinking": ("reasoning_text", "reasoning_text", "text"),
}


class Output(Ordered):
    """Gives the events of items, and gathers the `items` as they end.

    `field` is the one in which chat gave the last reasoning; `logprobs` are those of text that is told next; `is_cut`:
    the answer ended before it was complete.
    """

    def __init__(self, asked: Asked, maker: str, events: Events) -> None:
        super().__init__()
        self.items: list[JSON] = []
        self.field = ""
        self.logprobs: list[JSON] = []
        self.is_cut = False
        self._asked = asked
        self._maker = maker
        self._events = events
        self._thoughts: dict[Part, Thought] = {}
        self._call_ids = set(asked.seen)
        self._said: list[bytes] = []
        self._id = self._call_id = ""
        self._probable: list[JSON] = []
        self._offered = Offered("function_call", "")
        self._input: InputReader | None = None
        self._deltas: Deltas | None = None

    def details(self, details: list[JSON]) -> bytes:
        """What signs the thought that is going on, or stands for one that is not told."""
        if not self._queue or self._queue[-1].kind != "thinking":
            self._queue.append(Part("thinking"))
        self._thoughts.setdefault(self._queue[-1], Thought()).add(details)
        return self._advance()

    def _begin(self, part: Part) -> bytes:
        self._said = []
        if part.kind == "call":
            return self._begin_call(part)
        kind = "reasoning" if part.kind == "thinking" else "message"
        self._id = _new_id(kind)
        if kind == "message":
            item: JSON = {"type": "message", "role": "assistant", "status": "in_progress", "content": []}
            return self._add({"id": self._id, **item}) + self._begin_text(part)
        return self._add({"id": self._id, "type": "reasoning", "summary": []})

    def _begin_text(self, part: Part) -> bytes:
        """The part of an item that a text fills; of reasoning only once there is text."""
        if part.kind == "thinking" and self._asked.summary:
            at = {**self._place(), "summary_index": 0}
            self._deltas = Deltas(self._events, "reasoning_summary_text", at)
            return self._tell("reasoning_summary_part.added", **at, part={"type": "summary_text", "text": ""})
        name, kind, member = _TEXTS[part.kind]
        at = {**self._place(), "content_index": 0}
        rest = b',"logprobs":[]' if part.kind == "text" else b""
        self._deltas = Deltas(self._events, name, at, rest=rest)
        return self._tell("content_part.added", **at, part=self._part(kind, member, ""))

    def _begin_call(self, part: Part) -> bytes:
        self._offered = offered = self._asked.tools.behind(part.name)
        self._id, self._call_id = _new_id(offered.item), self._fit(part.id)
        self._input, self._deltas = None, None
        item: JSON = {"id": self._id, "type": offered.item, "call_id": self._call_id, "name": offered.name}
        if offered.namespace:
            item["namespace"] = offered.namespace
        if offered.item == "custom_tool_call":
            self._input = InputReader()
            self._deltas = Deltas(self._events, "custom_tool_call_input", self._place())
            return self._add({**item, "input": ""})
        if offered.item == "function_call":
            self._deltas = Deltas(self._events, "function_call_arguments", self._place())
            return self._add({**item, "status": "in_progress", "arguments": ""})
        return b""  # a built-in tool's call is told when it is known: it has no form before

    def _say(self, part: Part, piece: bytes) -> bytes:
        out = self._begin_text(part) if part.kind == "thinking" and not self._said else b""
        self._said.append(piece)
        if self._input is not None and part.kind == "call":
            said = self._input.feed(decode(piece))
            return self._tell_delta(encode(said)) if said else b""
        if self.logprobs and part.kind == "text":
            return out + self._probably(piece)
        return out + self._tell_delta(piece)

    def _tell_delta(self, piece: bytes) -> bytes:
        return b"" if self._deltas is None else self._deltas.tell(piece)

    def _probably(self, piece: bytes) -> bytes:
        """A delta of text with its log probabilities."""
        self._probable += self.logprobs
        told, self.logprobs = self.logprobs, []
        return self._tell("output_text.delta", **self._place(), content_index=0, delta=decode(piece), logprobs=told)

    def _end(self, part: Part) -> bytes:
        said = _joined(self._said)
        if part.kind == "call":
            return self._end_call(said)
        if part.kind == "thinking":
            return self._end_thinking(part, said)
        name, kind, member = _TEXTS[part.kind]
        at, content = {**self._place(), "content_index": 0}, self._part(kind, member, said)
        extra = {"logprobs": self._probable} if part.kind == "text" else {}
        out = self._tell(f"{name}.done", **at, **{member: said}, **extra)
        out += self._tell("content_part.done", **at, part=content)
        self._probable = []
        status = "incomplete" if self._is_cut_here else "completed"
        item = {"id": self._id, "type": "message", "role": "assistant", "status": status, "content": [content]}
        return out + self._done(item)

    def _end_thinking(self, part: Part, said: str) -> bytes:
        thought = self._thoughts.pop(part, None) or Thought()
        thought.text, thought.field = said, self.field
        item: JSON = {"id": self._id, "type": "reasoning", "summary": []}
        out = b""
        if said and self._asked.summary:
            at, summary = {**self._place(), "summary_index": 0}, {"type": "summary_text", "text": said}
            out = self._tell("reasoning_summary_text.done", **at, text=said)
            out += self._tell("reasoning_summary_part.done", **at, part=summary)
            item["summary"] = [summary]
        elif said:
            at, content = {**self._place(), "content_index": 0}, {"type": "reasoning_text", "text": said}
            out = self._tell("reasoning_text.done", **at, text=said)
            out += self._tell("content_part.done", **at, part=content)
            item["content"] = [content]
        if self._asked.carries:
            item["encrypted_content"] = packed(thought, self._maker)
        return out + self._done(item)

    def _end_call(self, said: str) -> bytes:
        out, offered = b"", self._offered
        arguments = said if said.strip() else "{}"
        item = item_of(offered, self._id, self._call_id, arguments)
        if offered.item == "custom_tool_call":
            told = self._input.told if self._input is not None else ""
            item["input"] = item["input"] if item["input"].startswith(told) else told
            if rest := item["input"][len(told) :]:
                out = self._tell_delta(encode(rest))
            out += self._tell("custom_tool_call_input.done", **self._place(), input=item["input"])
        elif offered.item == "function_call":
            if not said.strip():
                out = self._tell_delta(b'"{}"')
            out += self._tell("function_call_arguments.done", **self._place(), arguments=arguments)
        else:
            out = self._add({**item, "status": "in_progress"})
        if self._is_cut_here and item["type"] in ("function_call", "local_shell_call", "shell_call"):
            item["status"] = "incomplete"
        return out + self._done(item)

    @property
    def _is_cut_here(self) -> bool:
        """Whether the item that ends is the one in which the answer was cut off."""
        return self.is_cut and not self._queue

    def _part(self, kind: str, member: str, text: str) -> JSON:
        extra = {"annotations": [], "logprobs": self._probable} if kind == "output_text" else {}
        return {"type": kind, member: text, **extra}

    def _fit(self, identifier: object) -> str:
        """A call's id: its own, or one made for it where it has none or another call of the conversation has the same.

        Some servers count the calls of each answer anew.
        """
        fit = identifier if isinstance(identifier, str) and identifier not in ("", *self._call_ids) else _new_id("call")
        self._call_ids.add(fit)
        return fit

    def _place(self) -> JSON:
        return {"item_id": self._id, "output_index": len(self.items)}

    def _tell(self, kind: str, **fields: object) -> bytes:
        return self._events.tell(kind, **fields)

    def _add(self, item: JSON) -> bytes:
        return self._tell("output_item.added", output_index=len(self.items), item=item)

    def _done(self, item: JSON) -> bytes:
        out = self._tell("output_item.done", output_index=len(self.items), item=item)
        self.items.append(item)
        return out


def _new_id(kind: str) -> str:
    return _IDS.get(kind, f"{kind}_") + secrets.token_hex(16)


def _joined(pieces: list[bytes]) -> str:
    """The text of pieces, each a JSON string."""
    joined = decode(b'"%b"' % b"".join([piece[1:-1] for piece in pieces]))
    return whole(joined) if isinstance(joined, str) else ""
