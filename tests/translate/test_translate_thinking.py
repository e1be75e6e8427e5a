"""Thinking: how much of it, and how it finds its way back."""

from __future__ import annotations

import json

import pytest
from wire import call, calling, chunks, events, function, message, recorded, result, sent, translated, translator, use

from sidecar.translate.messages_to_chat import to_completion
from sidecar.translate.models import normal_name, traits_of
from sidecar.translate.shape import AnswerShape
from sidecar.translate.thinking import ThinkingMemory, maker

SIGNED = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
REDACTED = {"type": "redacted_thinking", "data": "eHl6"}
BUDGET, ADAPTIVE, LATEST = "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-5-5"


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "told"),
    [
        (BUDGET, "low", {"type": "enabled", "budget_tokens": 2048}, None),
        (BUDGET, "high", {"type": "enabled", "budget_tokens": 16384}, None),
        ("claude-opus-4-5", "xhigh", {"type": "enabled", "budget_tokens": 25600}, "high"),
        (BUDGET, "none", {"type": "disabled"}, None),
        (ADAPTIVE, "minimal", {"type": "adaptive"}, "low"),
        (ADAPTIVE, "xhigh", {"type": "adaptive"}, "max"),
        (ADAPTIVE, "none", {"type": "disabled"}, None),
        ("claude-opus-4-7", "xhigh", {"type": "adaptive", "display": "summarized"}, "xhigh"),
        ("claude-opus-5", "none", {"type": "disabled"}, None),
        ("claude-sonnet-5-5", "none", {"type": "between_tools"}, None),
        (LATEST, "high", {"type": "adaptive", "display": "summarized"}, "high"),
    ],
)
def test_effort_in_each_generation_s_words(model, effort, thinking, told):
    """A budget for the older models, an effort for the newer."""
    body = sent("hi", model=model, reasoning_effort=effort)
    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == told


@pytest.mark.parametrize(
    ("model", "effort"), [("claude-3-5-haiku-latest", "high"), ("claude-fable-5", "none"), (LATEST, "none")]
)
def test_effort_that_a_model_does_not_know_is_named(model, effort):
    """It cannot think, or cannot but think; nothing is sent that it would refuse."""
    done = translated("hi", model=model, reasoning_effort=effort)
    assert "thinking" not in done.body
    assert done.ignored == ("reasoning_effort",)


def test_a_budget_leaves_room_for_the_answer():
    """It is at least 1024 and less than `max_tokens`; where that cannot be, thinking is left out."""
    body = sent("hi", model=BUDGET, reasoning_effort="high", max_tokens=2000)
    assert body["thinking"]["budget_tokens"] == 1600
    done = translated("hi", model=BUDGET, reasoning_effort="high", max_tokens=1024)
    assert "thinking" not in done.body
    assert done.ignored == ("reasoning_effort",)


def test_thinking_leaves_no_temperature():
    """Anthropic takes none but 1 with it."""
    done = translated("hi", model=BUDGET, reasoning_effort="low", temperature=0.3, top_p=0.97)
    assert "temperature" not in done.body
    assert done.body["top_p"] == 0.97
    assert done.ignored == ("temperature",)


def test_a_forced_tool_rules_out_a_budget():
    """The call was asked for in so many words; thinking gives way and is named."""
    done = translated("hi", model=BUDGET, reasoning_effort="low", tools=[function()], tool_choice="required")
    assert done.body["thinking"] == {"type": "disabled"}
    assert done.body["tool_choice"] == {"type": "any"}
    assert done.ignored == ("reasoning_effort",)
    assert sent("hi", model=ADAPTIVE, reasoning_effort="low", tools=[function()], tool_choice="required")[
        "thinking"
    ] == {"type": "adaptive"}


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5"),
        ("anthropic/claude-opus-4.5", "claude-opus-4-5"),
        ("claude-opus-4-5@20251101", "claude-opus-4-5"),
        ("anthropic.claude-opus-4-6-v1", "claude-opus-4-6-v1"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet-latest"),
        ("GLM-5", "glm-5"),
    ],
)
def test_names_of_all_platforms(name, normal):
    """A model is known by its name wherever it is served."""
    assert normal_name(name) == normal


@pytest.mark.parametrize(
    ("name", "thinking", "schema"),
    [
        ("claude-2.1", "none", False),
        ("claude-3-opus-20240229", "none", False),
        ("claude-3-5-sonnet-latest", "none", False),
        ("claude-3-7-sonnet-20250219", "budget", False),
        ("claude-sonnet-4-20250514", "budget", False),
        ("claude-opus-4-1-20250805", "budget", True),
        ("claude-haiku-4-5-20251001", "budget", True),
        ("claude-sonnet-4-6", "adaptive", True),
        ("claude-mythos-5-2", "adaptive", True),
        ("claude-haiku-5-5", "adaptive", True),
        ("claude-sonnet-6", "adaptive", True),
        ("kimi-k3", "budget", False),
    ],
)
def test_generations(name, thinking, schema):
    """Dated, short and coming names find their row."""
    traits = traits_of(name)
    assert (traits.thinking, traits.schema) == (thinking, schema)


def remembering(*blocks, model=BUDGET):
    """A memory in which an answer was just seen."""
    memory = ThinkingMemory()
    to_completion(message(*blocks, stop="tool_use"), AnswerShape(model=model, maker=maker("acme", model)), 7, memory)
    return memory


def test_signed_thinking_comes_back_first():
    """With the next turn, by the id of the tool call, the redacted too."""
    memory = remembering(SIGNED, REDACTED, "Let me look.", use("toolu_1", path="a"))
    turn = calling(call("toolu_1", arguments='{"path":"a"}'), content="Let me look.")
    done = translated("hi", turn, result("toolu_1"), memory=memory, reasoning_effort="low")
    assert done.body["messages"][1]["content"] == [
        SIGNED,
        REDACTED,
        {"type": "text", "text": "Let me look."},
        use("toolu_1", path="a"),
    ]
    assert done.body["thinking"]["type"] == "enabled"
    assert done.ignored == ()


def test_an_edited_turn_keeps_its_thinking():
    """What the client changed goes after it, as the client has it."""
    memory = remembering(SIGNED, "Let me look.", use("toolu_1", path="a"))
    turn = calling(call("toolu_1", arguments='{"path":"b"}'), content="Looking!")
    content = sent("hi", turn, result("toolu_1"), memory=memory, reasoning_effort="low")["messages"][1]["content"]
    assert content == [SIGNED, {"type": "text", "text": "Looking!"}, use("toolu_1", path="b")]


def test_interleaved_thinking_keeps_its_place():
    """A turn that the client left as it was goes back exactly as it came."""
    second = {**SIGNED, "signature": "Mg=="}
    blocks = [SIGNED, {"type": "text", "text": "One."}, second, use("toolu_1")]
    turn = calling(call("toolu_1"), content="One.")
    body = sent("hi", turn, result("toolu_1"), memory=remembering(*blocks), reasoning_effort="low")
    assert body["messages"][1]["content"] == blocks


def test_tools_that_ran_at_the_provider_go_back():
    """They are not the client's to see, and still part of the turn."""
    search = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
    memory = remembering(search, found, "Found.", use("toolu_1"))
    body = sent("hi", calling(call("toolu_1"), content="Found."), result("toolu_1"), memory=memory)
    assert [block["type"] for block in body["messages"][1]["content"]] == [
        "server_tool_use", "web_search_tool_result", "text", "tool_use",
    ]  # fmt: skip
    memory = remembering(search, found, "Found.")
    body = sent("hi", {"role": "assistant", "content": "Found."}, "more", memory=memory)
    assert body["messages"][1]["content"][0] == search


def test_a_text_that_was_cut_by_the_provider_s_tools_goes_back_in_one_piece():
    """As the client has it, behind what it does not see."""
    search = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
    memory = remembering("Let me search.", search, "Found.", use("toolu_1"))
    turn = calling(call("toolu_1"), content="Let me search.Found.")
    body = sent("hi", turn, result("toolu_1"), memory=memory)
    assert body["messages"][1]["content"] == [
        search,
        {"type": "text", "text": "Let me search.Found."},
        use("toolu_1"),
    ]


@pytest.mark.parametrize("model", [BUDGET, ADAPTIVE])
def test_thinking_that_is_not_known_is_switched_off(model):
    """Anthropic would refuse the turn without it; the client is told."""
    done = translated("hi", calling(call("toolu_9")), result("toolu_9"), model=model, reasoning_effort="high")
    assert done.body["thinking"] == {"type": "disabled"}
    assert "thinking" in done.ignored


def test_turns_that_are_over_need_no_thinking():
    """Only the tool calls since the user last spoke do."""
    done = translated(
        "hi", calling(call("t")), result("t"), {"role": "assistant", "content": "ok"}, "and?", reasoning_effort="low"
    )
    assert done.body["thinking"]["type"] == "enabled"
    assert done.ignored == ()


def test_a_turn_without_thinking_is_known_as_such():
    """The second call of a loop often has none: that is no reason to switch it off."""
    done = translated(
        "hi", calling(call("toolu_1")), result("toolu_1"), memory=remembering(use()), reasoning_effort="low"
    )
    assert done.body["thinking"]["type"] == "enabled"


def test_another_model_s_thinking_is_not_sent():
    """Its signature is worth nothing elsewhere."""
    memory = remembering(SIGNED, use("toolu_1"), model="claude-opus-4-5")
    done = translated("hi", calling(call("toolu_1")), result("toolu_1"), memory=memory, reasoning_effort="low")
    assert SIGNED not in done.body["messages"][1]["content"]
    assert "thinking" in done.ignored


def test_no_thinking_goes_back_where_there_is_none():
    """A request that does not think sends none."""
    body = sent("hi", calling(call("toolu_1")), result("toolu_1"), memory=remembering(SIGNED, use("toolu_1")))
    assert body["messages"][1]["content"] == [use("toolu_1")]


def test_unsigned_reasoning_is_not_sent():
    """Anthropic refuses it: "signature: Field required"."""
    body = sent("hi", calling(call("t"), reasoning_content="Hm."), result("t"), reasoning_effort="low")
    assert body["messages"][1]["content"] == [{"type": "tool_use", "id": "t", "name": "look", "input": {}}]


def test_models_that_bind_thinking_are_told_to_drop_what_no_longer_fits():
    """Clients rewrite their system prompts between turns; without this the provider would answer 400."""
    memory = remembering(SIGNED, use("toolu_1"), model=LATEST)
    done = translated("hi", calling(call("toolu_1")), result("toolu_1"), model=LATEST, memory=memory)
    assert done.body["thinking"] == {
        "type": "adaptive",
        "block_binding": {"prefix_mismatch_behavior": "drop_block"},
    }
    assert done.headers[0][0] == "anthropic-beta"
    assert translated("hi", model=LATEST).headers == ()


@pytest.mark.parametrize("name", ["thinking_and_tool", "server_tool"])
def test_a_stream_is_remembered_like_a_whole_answer(name):
    """The blocks are put together again, signatures and server tools included."""
    memory = ThinkingMemory()
    stream = translator(memory)
    for data in recorded(name):
        stream.feed_bytes(data)
    assert stream.finish_reason == "tool_calls"
    other = ThinkingMemory()
    one = translator(other)
    calls = [
        delta["id"]
        for data in recorded(name)
        for chunk in one.feed(json.loads(data))
        for choice in chunk["choices"]
        for delta in choice["delta"].get("tool_calls", ())
        if "id" in delta
    ]
    blocks = memory.recall(calls, "", maker("acme", "claude-sonnet-4-5"))
    assert blocks
    assert blocks == other.recall(calls, "", maker("acme", "claude-sonnet-4-5"))
    assert all(block.get("signature", "x") for block in blocks)
    assert blocks[-1]["type"] == "tool_use"
    assert blocks[-1]["input"]


def test_a_streamed_turn_equals_a_whole_one():
    """Whichever way an answer came, it is remembered the same."""
    whole = message(SIGNED, "So…", use("toolu_1", path="é"), stop="tool_use")
    memory = ThinkingMemory()
    stream = translator(memory)
    for event in events(whole):
        stream.feed(event)
    assert memory.recall(["toolu_1"], "", maker("acme", BUDGET)) == whole["content"]
    assert chunks(events(whole))[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_memory_lasts_an_hour():
    """And no longer, by the monotonic clock."""
    now = 0.0
    memory = ThinkingMemory(clock=lambda: now)
    memory.remember([SIGNED, use("t")], BUDGET)
    now = 3599
    assert memory.recall(["t"], "", BUDGET)
    now = 3600
    assert memory.recall(["t"], "", BUDGET) is None
    assert memory.entries == 0


def test_memory_is_bounded():
    """In entries and in bytes, the oldest going first."""
    memory = ThinkingMemory(max_entries=2)
    for name in "abc":
        memory.remember([SIGNED, use(name)], BUDGET)
    assert [bool(memory.recall([name], "", BUDGET)) for name in "abc"] == [False, True, True]
    memory = ThinkingMemory(max_bytes=1000)
    for name in "abc":
        memory.remember([{**SIGNED, "thinking": "x" * 400}, use(name)], BUDGET)
    assert [bool(memory.recall([name], "", BUDGET)) for name in "abc"] == [False, False, True]
    memory.remember([{**SIGNED, "thinking": "x" * 4000}, use("d")], BUDGET)
    assert memory.recall(["d"], "", BUDGET) is None
    assert memory.recall(["c"], "", BUDGET)
