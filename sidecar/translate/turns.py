"""The messages of a chat request as Anthropic's: the system text apart, and user and assistant in turn."""

from __future__ import annotations

from typing import Any, NamedTuple

from sidecar.errors import BadRequest
from sidecar.translate.checks import a_list, a_text, an_object, invalid, objects
from sidecar.translate.content import blocks_of, text_of, with_cache_control
from sidecar.translate.idents import safe_id, safe_name
from sidecar.translate.lenient import input_of
from sidecar.translate.shape import JSON
from sidecar.translate.thinking import THINKING, VISIBLE, ThinkingMemory, seal_of, visible_text

SYSTEM = ("system", "developer")


class Conversation(NamedTuple):
    """`system` blocks and `turns`; `unknown`: ids of tool calls whose turn the memory does not have."""

    system: list[JSON]
    turns: list[JSON]
    unknown: frozenset[str]


class _Reader:
    """Reads messages one after the other."""

    def __init__(self, memory: ThinkingMemory, maker: str) -> None:
        self.system: list[JSON] = []
        self.turns: list[JSON] = []
        self.unknown: set[str] = set()
        self._memory = memory
        self._maker = maker
        self._calls_read = 0
        self._unanswered: list[str] = []

    def read(self, message: JSON, where: str) -> None:
        role = message.get("role")
        if role in SYSTEM:
            self.system += _marked(blocks_of(message.get("content"), f"{where}.content"), message)
        elif role == "user":
            self._user(message, where)
        elif role == "assistant":
            self._add("assistant", _marked(self._assistant(message, where), message))
        elif role in ("tool", "function"):
            self._add("user", [self._result(message, where)])
        else:
            raise invalid(f"{where}.role", "system, developer, user, assistant or tool")

    def _user(self, message: JSON, where: str) -> None:
        content = message.get("content")
        if content is None:
            raise invalid(f"{where}.content", "a string or an array of parts")
        self._add("user", _marked(blocks_of(content, f"{where}.content"), message))

    def _add(self, role: str, blocks: list[JSON]) -> None:
        """To the current turn if it is this role's: Anthropic wants all results of a turn in one message."""
        if not blocks:
            return
        if self.turns and self.turns[-1]["role"] == role:
            self.turns[-1]["content"] += blocks
        else:
            self.turns.append({"role": role, "content": list(blocks)})

    def _assistant(self, message: JSON, where: str) -> list[JSON]:
        spoken = blocks_of(message.get("content"), f"{where}.content")
        if isinstance(refusal := message.get("refusal"), str) and refusal.strip():
            spoken.append({"type": "text", "text": refusal})
        calls, ids = self._calls(message, where)
        kept = self._memory.recall(ids, text_of(message.get("content")), self._maker)
        own = [block for block in _signed(message) if not self._memory.is_foreign(seal_of(block), self._maker)]
        if kept is None and not own:
            self.unknown.update(call["id"] for call in calls)
        return _replayed(own if kept is None else kept, spoken, calls)

    def _calls(self, message: JSON, where: str) -> tuple[list[JSON], list[str]]:
        """The `tool_use` blocks of an assistant message, and the ids as the client has them."""
        blocks, ids = [], []
        calls = a_list(message.get("tool_calls"), f"{where}.tool_calls")
        if isinstance(legacy := message.get("function_call"), dict):
            calls = [*calls, {"function": legacy}]
        for index, call in enumerate(calls):
            at = f"{where}.tool_calls[{index}]"
            function = an_object(an_object(call, at).get("function"), f"{at}.function")
            self._calls_read += 1
            ids.append(a_text(call.get("id") or f"call_{self._calls_read}", f"{at}.id"))
            blocks.append(_tool_use(ids[-1], function, f"{at}.function"))
        if ids:
            self._unanswered = list(ids)
        return blocks, ids

    def _result(self, message: JSON, where: str) -> JSON:
        identifier = message.get("tool_call_id") or next(iter(self._unanswered), None)
        identifier = a_text(identifier, f"{where}.tool_call_id")  # legacy functions have none: they come in order
        if identifier in self._unanswered:
            self._unanswered.remove(identifier)
        block: JSON = {"type": "tool_result", "tool_use_id": safe_id(identifier)}
        if content := blocks_of(message.get("content"), f"{where}.content"):
            block["content"] = content
        if message.get("is_error") is True:
            block["is_error"] = True
        return with_cache_control(block, message)


def read_messages(messages: Any, memory: ThinkingMemory, maker: str) -> Conversation:
    """The conversation of a chat request.

    Raises:
        BadRequest: a message is malformed or there is nothing to answer.
    """
    if not isinstance(messages, list) or not messages:
        raise invalid("messages", "a non-empty array")
    reader = _Reader(memory, maker)
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        reader.read(an_object(message, where), where)
    turns, system = reader.turns, reader.system
    if not turns:  # instructions alone are a request too, to OpenAI
        turns, system = [{"role": "user", "content": system}], []
    if not turns[0]["content"]:
        raise BadRequest("messages hold no text, image or tool result to answer.", param="messages")
    for turn in turns:
        if turn["role"] == "user":
            turn["content"].sort(key=_results_first)
    _trim_prefill(turns)
    return Conversation(system, turns, frozenset(reader.unknown))


def open_tool_calls(turns: list[JSON]) -> set[str]:
    """The ids of the tool calls of the turn that is still going on: those since the user last spoke alone."""
    ids: set[str] = set()
    for turn in reversed(turns):
        kinds = {block.get("type") for block in turn["content"]}
        if turn["role"] == "user" and "tool_result" not in kinds:
            break
        if turn["role"] == "assistant":
            ids.update(block["id"] for block in turn["content"] if block.get("type") == "tool_use")
    return ids


def without_thinking(turns: list[JSON]) -> list[JSON]:
    """The turns for a model that does not think in this request."""
    stripped = (
        {**turn, "content": [block for block in turn["content"] if block.get("type") not in THINKING]} for turn in turns
    )
    return [turn for turn in stripped if turn["content"]]


def has_thinking(turns: list[JSON]) -> bool:
    """Whether any thinking is sent back."""
    return any(block.get("type") in THINKING for turn in turns for block in turn["content"])


def _results_first(block: JSON) -> bool:
    return block.get("type") != "tool_result"


def _marked(blocks: list[JSON], message: JSON) -> list[JSON]:
    """The blocks with a message's own `cache_control` on the last of them."""
    return [*blocks[:-1], with_cache_control(blocks[-1], message)] if blocks else blocks


def _tool_use(identifier: str, function: JSON, where: str) -> JSON:
    name = safe_name(a_text(function.get("name"), f"{where}.name"))
    return {"type": "tool_use", "id": safe_id(identifier), "name": name, "input": input_of(function.get("arguments"))}


def _signed(message: JSON) -> list[JSON]:
    """Signed thinking that the client kept itself, as `thinking_blocks` (LiteLLM) or `reasoning_details` (OpenRouter).

    Unsigned thinking must not be sent: "signature: Field required".
    """
    blocks = objects(message.get("thinking_blocks"))
    for detail in objects(message.get("reasoning_details")):
        if str(detail.get("format", "")).startswith("anthropic"):
            text, data = detail.get("text"), detail.get("data")
            blocks.append(
                {"type": "redacted_thinking", "data": data}
                if data
                else {"type": "thinking", "thinking": text or "", "signature": detail.get("signature")}
            )
    return [b for b in blocks if b.get("type") in THINKING and (b.get("signature") or b.get("data"))]


def _replayed(kept: list[JSON], spoken: list[JSON], calls: list[JSON]) -> list[JSON]:
    """The turn as it was said, if the client did not change it; else what it hides first, then what the client has."""
    by_id = {call["id"]: call for call in calls}
    ids = [block.get("id") for block in kept if block.get("type") == "tool_use"]
    if ids == list(by_id) and _unbroken(kept) and visible_text(kept).strip() == visible_text(spoken).strip():
        replayed = [
            {**block, "input": by_id[block["id"]]["input"]} if block.get("type") == "tool_use" else block
            for block in kept
            if block.get("type") != "text" or (block.get("text") or "").strip()
        ]
        return _marked(replayed, next((block for block in spoken if "cache_control" in block), {}))
    return [*(block for block in kept if block.get("type") not in VISIBLE), *spoken, *calls]


def _unbroken(kept: list[JSON]) -> bool:
    """Whether a turn goes back in its own order.

    Thinking between texts must keep its place. A text that is only cut by tools of the provider's goes back in one
    piece, as the client has it.
    """
    kinds = [block.get("type") for block in kept]
    first = kinds.index("text") if "text" in kinds else len(kinds)
    return bool(kept) and (kinds.count("text") <= 1 or any(kind in THINKING for kind in kinds[first:]))


def _trim_prefill(turns: list[JSON]) -> None:
    """Cut white space from the end of a prefilled answer: Anthropic answers 400 to it."""
    last = turns[-1]["content"][-1]
    if turns[-1]["role"] == "assistant" and last.get("type") == "text":
        turns[-1]["content"][-1] = {**last, "text": last["text"].rstrip()}
