"""Chat's answers as responses, streamed and whole: events that the SDK takes, in the order that clients rely on."""

import itertools
import json

import pytest
import response_events as told
from hypothesis import given
from hypothesis import strategies as some
from test_responses_request import AGENTS, LOOK, PATCH, asked, item

from sidecar.errors import UpstreamError
from sidecar.translate.responses.front import ResponsesFront
from sidecar.translate.target import Target
from sidecar.translate.thinking import ThinkingMemory
from sidecar.values import Tokens

TARGET = Target("local", "small", "1/small", ThinkingMemory())
COUNTED = Tokens(input=11, output=7, cached=3, reasoning=2)
TOOLS = [LOOK, PATCH, AGENTS, item("local_shell"), item("shell"), item("apply_patch")]
CARRIED = {"include": ["reasoning.encrypted_content"]}
HEAD = {"id": "chatcmpl-1", "created": 1790000000, "model": "m1-2026"}


def front(**more):
    """A request on its way."""
    return ResponsesFront({"input": "hi", **more}, TARGET)


def streamed(*deltas, finish="stop", tokens=COUNTED, **more):
    """The events of an answer of these deltas."""
    one = front(stream=True, **more)
    chunks = [{**HEAD, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({**HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return told.read(b"".join(one.chunk(json.dumps(chunk).encode()) for chunk in chunks) + one.end(tokens))


def answered(message, finish="stop", **more):
    """The response for a completion with this message."""
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}, "finish_reason": finish}
    return told.whole(front(**more).whole({**HEAD, "choices": [choice]}, COUNTED))


def call(index, name=None, arguments="", **more):
    """A piece of a tool call."""
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": index, "function": function, **more}]}


def test_a_text():
    """A text is one message, its part opened and closed, and the end holds all of it with the usage."""
    events = streamed({"role": "assistant", "content": ""}, {"content": "Hel"}, {"content": "lo"})
    assert told.kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    final = told.final(events)
    assert told.texts(final) == "Hello"
    assert (final["id"], final["model"], final["created_at"]) == ("resp_chatcmpl-1", "m1-2026", 1790000000)
    assert (final["status"], final["incomplete_details"], final["error"]) == ("completed", None, None)
    assert final["usage"] == {
        "input_tokens": 11,
        "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 18,
    }


def test_the_response_repeats_the_request():
    """Settings stand in the response as OpenAI repeats them."""
    final = answered({"content": "x"}, instructions="Be brief.", metadata={"a": "b"}, tools=TOOLS, temperature=0.5)
    assert final["instructions"] == "Be brief."
    assert (final["metadata"], final["temperature"], final["store"]) == ({"a": "b"}, 0.5, False)
    assert [tool["type"] for tool in final["tools"]] == [tool["type"] for tool in TOOLS]


def test_an_answer_that_nobody_counted():
    """Without a count there is no usage, rather than one of zeros; without an id or a model there are ours."""
    one = front()
    completion = {"choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}]}
    final = told.whole(one.whole(completion, Tokens()))
    assert final["usage"] is None
    assert final["id"].startswith("resp_")
    assert final["model"] == "small"


@pytest.mark.parametrize(
    ("finish", "why"), [("length", "max_output_tokens"), ("content_filter", "content_filter"), ("eos", None)]
)
def test_how_it_ended(finish, why):
    """An answer that was cut off is incomplete and says why; a word of the provider's own is an end."""
    for final in (told.final(streamed({"content": "x"}, finish=finish)), answered({"content": "x"}, finish)):
        assert final["incomplete_details"] == (why and {"reason": why})
        status = "incomplete" if why else "completed"
        assert (final["status"], final["output"][0]["status"]) == (status, status)


def test_a_refusal():
    """A refusal is a message's part of its own kind."""
    events = streamed({"content": "Well."}, {"refusal": "I can"}, {"refusal": "not."}, finish="content_filter")
    assert [part for one in told.shape(told.final(events)) for part in one["content"]] == [
        {"type": "output_text", "text": "Well.", "annotations": [], "logprobs": []},
        {"type": "refusal", "refusal": "I cannot."},
    ]


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning(field):
    """What a model thinks is an item before what it says: as it is, or as the summary that was asked for."""
    deltas = ({field: "H"}, {field: "m."}, {"content": "Yes."})
    events = streamed(*deltas)
    assert told.kinds(events)[2:7] == [
        "output_item.added",
        "content_part.added",
        "reasoning_text.delta",
        "reasoning_text.done",
        "content_part.done",
    ]
    first = told.final(events)["output"][0]
    assert (first["summary"], first["content"]) == ([], [{"type": "reasoning_text", "text": "Hm."}])
    assert "encrypted_content" not in first
    events = streamed(*deltas, reasoning={"summary": "auto"})
    assert told.kinds(events)[3:7] == [
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
    ]
    assert told.final(events)["output"][0]["summary"] == [{"type": "summary_text", "text": "Hm."}]


def test_calls():
    """Calls are items, their arguments streamed as they come; none at all are an empty object."""
    events = streamed(
        call(0, "look", id="c1"), call(0, arguments='{"pa'), call(0, arguments='th":"a"}'), call(1, "look", id="c2"),
        tools=TOOLS, finish="tool_calls",
    )  # fmt: skip
    final = told.final(events)
    assert told.shape(final) == [
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"path":"a"}'},
        {"type": "function_call", "call_id": "c2", "name": "look", "arguments": "{}"},
    ]
    assert final["status"] == "completed"
    deltas = [e["delta"] for e in events if e["type"] == "response.function_call_arguments.delta"]
    assert deltas == ['{"pa', 'th":"a"}', "{}"]


def test_a_call_in_a_namespace():
    """It comes back under the name and namespace that the client knows."""
    final = told.final(streamed(call(0, "agents__spawn", '{"path":"a"}', id="c1"), tools=TOOLS, finish="tool_calls"))
    assert told.shape(final) == [
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "spawn",
            "namespace": "agents",
            "arguments": '{"path":"a"}',
        }
    ]


INPUT = '*** Begin Patch\n"quoted" \\ \t é 🙂 \x7f\n*** End Patch'


@given(some.lists(some.integers(0, 120)), some.booleans())
def test_a_freeform_call(cuts, is_ascii):
    """Its input comes as a text, piece by piece, however the JSON around it is cut."""
    arguments = json.dumps({"input": INPUT}, ensure_ascii=is_ascii)
    edges = [0, *sorted(min(cut, len(arguments)) for cut in cuts), len(arguments)]
    pieces = [arguments[start:end] for start, end in itertools.pairwise(edges)]
    events = streamed(
        call(0, "apply_patch", id="c1"),
        *(call(0, arguments=piece) for piece in pieces),
        tools=TOOLS,
        finish="tool_calls",
    )
    assert told.shape(told.final(events)) == [
        {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": INPUT}
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("*** Begin", "*** Begin"),
        ('{"patch": "x"}', '{"patch": "x"}'),
        ('{"input": "x", "why": "y"}', "x"),
        ('{ "input" : "cut o', "cut o"),
        ('{"input": "a\nb"}', "a\nb"),
        ('{"input": 5}', '{"input": 5}'),
        ("", "{}"),
    ],
)
def test_a_freeform_call_that_is_not_as_it_was_asked_for(arguments, said):
    """A model that does not keep to the one string still says what it says."""
    message = {"tool_calls": [{"id": "c", "function": {"name": "apply_patch", "arguments": arguments}}]}
    one = answered(message, "tool_calls", tools=TOOLS)["output"][0]
    assert (one["type"], one["input"]) == ("custom_tool_call", said)


@pytest.mark.parametrize(
    ("name", "arguments", "kind", "told_"),
    [
        (
            "local_shell",
            {"command": ["ls", "-l"], "working_directory": "/w", "timeout_ms": 9},
            "local_shell_call",
            {
                "action": {
                    "type": "exec",
                    "command": ["ls", "-l"],
                    "env": {},
                    "user": None,
                    "timeout_ms": 9,
                    "working_directory": "/w",
                }
            },
        ),
        (
            "shell",
            {"commands": ["ls"]},
            "shell_call",
            {"action": {"commands": ["ls"], "timeout_ms": None, "max_output_length": None}, "environment": None},
        ),
        (
            "apply_patch",
            {"operation": {"type": "update_file", "path": "a", "diff": "-x\n+y"}},
            "apply_patch_call",
            {"operation": {"type": "update_file", "path": "a", "diff": "-x\n+y"}},
        ),
        ("local_shell", {"command": 5}, "function_call", {"name": "local_shell", "arguments": '{"command": 5}'}),
        ("shell", {}, "function_call", {"name": "shell", "arguments": "{}"}),
        (
            "apply_patch",
            {"operation": {"type": "update_file", "path": "a"}},
            "function_call",
            {"name": "apply_patch", "arguments": '{"operation": {"type": "update_file", "path": "a"}}'},
        ),
    ],
)
def test_a_built_in_call(name, arguments, kind, told_):
    """It is the item that the client runs, or the function's call that it was where it cannot be."""
    tools = [item("local_shell"), item("shell"), item("apply_patch")]
    events = streamed(call(0, name, json.dumps(arguments), id="c1"), tools=tools, finish="tool_calls")
    assert told.shape(told.final(events)) == [{"type": kind, "call_id": "c1", **told_}]


def test_ids_of_calls_are_made_where_they_are_missing_or_taken():
    """Each call has an id that the conversation has not seen."""
    history = (
        {"role": "user", "content": "hi"},
        item("function_call", call_id="c0", name="look", arguments="{}"),
        item("function_call_output", call_id="c0", output="x"),
    )
    calls = [{"id": ident, "function": {"name": "look", "arguments": "{}"}} for ident in ("c0", None, "c1", "c1")]
    final = answered({"tool_calls": calls}, "tool_calls", input=list(history), tools=TOOLS)
    ids = [one["call_id"] for one in final["output"]]
    assert ids[2] == "c1"
    assert len({*ids, "c0"}) == 5


def test_log_probabilities():
    """Those that were asked for stand beside the text, in the form of Responses."""
    token = {"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": [{"token": "Hi", "logprob": -0.1}]}
    one = front(stream=True, top_logprobs=1)
    choice = {"index": 0, "delta": {"content": "Hi"}, "logprobs": {"content": [token]}, "finish_reason": "stop"}
    events = told.read(one.chunk(json.dumps({**HEAD, "choices": [choice]}).encode()) + one.end(COUNTED))
    (delta,) = [event for event in events if event["type"] == "response.output_text.delta"]
    assert delta["logprobs"][0]["top_logprobs"] == [{"token": "Hi", "bytes": [72, 105], "logprob": -0.1}]
    assert told.final(events)["output"][0]["content"][0]["logprobs"] == delta["logprobs"]


def test_odd_chunks_are_read_past():
    """Null choices, other choices, parts in lists, and whatever follows the finish reason do no harm."""
    one = front(stream=True)
    chunks = [
        {**HEAD, "choices": None},
        {**HEAD, "choices": [{"index": 1, "delta": {"content": "other"}}]},
        {**HEAD, "choices": [{"index": 0, "delta": {"content": [{"type": "text", "text": "Hi"}], "tool_calls": None}}]},
        {**HEAD, "choices": [{"index": 0, "delta": {"content": "!"}, "finish_reason": "stop"}]},
        {**HEAD, "choices": [{"index": 0, "delta": {"content": "late"}, "finish_reason": "length"}]},
        [],
    ]
    body = b"".join(one.chunk(json.dumps(chunk).encode()) for chunk in chunks) + one.end(COUNTED)
    final = told.final(told.read(body))
    assert (told.texts(final), final["status"]) == ("Hi!", "completed")


def test_a_failure_holds_what_was_said():
    """A stream that breaks ends with `response.failed`, numbered on, with what was complete until then."""
    one = front(stream=True)
    deltas = ({"reasoning": "Hm."}, {"content": "half"})
    chunks = [{**HEAD, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    body = b"".join(one.chunk(json.dumps(chunk).encode()) for chunk in chunks)
    error = UpstreamError("It broke off.", error_code="upstream_truncated", type="api_error")
    events = told.read(body + one.failed(error, str))
    final = told.final(events)
    assert final["status"] == "failed"
    assert (final["error"]["code"], final["error"]["message"]) == ("server_error", "It broke off.")
    assert [one["type"] for one in final["output"]] == ["reasoning"]


# Anything at all

TEXTS = some.text(min_size=1, max_size=5)
DELTAS = some.one_of(
    some.builds(lambda text: {"content": text}, TEXTS),
    some.builds(lambda text: {"reasoning_content": text}, TEXTS),
    some.builds(lambda text: {"refusal": text}, TEXTS),
    some.builds(lambda key, at: ("call", key, at), some.integers(0, 3), some.integers(1, 4)),
)
ARGUMENTS = '{"path":"a/{b}.py","lines":[1,{"x":"}"}]}'
NAMES = ("look", "apply_patch", "agents__spawn", "local_shell")


@given(some.lists(DELTAS, max_size=25), some.sampled_from(["stop", "tool_calls", "length"]), some.booleans())
def test_any_interleaving_is_well_formed(deltas, finish, has_summary):
    """However pieces of texts and calls come in turns, each item is told whole, once, and in one piece."""
    spoken, left = [], {}
    for delta in deltas:
        if not isinstance(delta, tuple):
            spoken.append(delta)
            continue
        _, key, size = delta
        if key not in left:
            left[key] = ARGUMENTS
            spoken.append(call(key, NAMES[key], id=f"c{key}"))
        piece, left[key] = left[key][:size], left[key][size:]
        spoken.append(call(key, arguments=piece))
    spoken += [call(key, arguments=rest) for key, rest in left.items()]
    events = streamed(*spoken, finish=finish, tools=TOOLS, reasoning={"summary": "auto"} if has_summary else {})
    final = told.final(events)
    assert told.texts(final) == "".join(delta.get("content") or "" for delta in spoken)
    calls = {one["call_id"]: one for one in final["output"] if "call_id" in one}
    assert list(calls) == [f"c{key}" for key in left]
    assert all(one.get("arguments", one.get("input")) == ARGUMENTS for one in calls.values())
    plain = answered(
        {
            "content": told.texts(final) or None,
            "tool_calls": [{"id": f"c{key}", "function": {"name": NAMES[key], "arguments": ARGUMENTS}} for key in left],
        },
        finish,
        tools=TOOLS,
    )
    assert {one["call_id"]: one["type"] for one in plain["output"] if "call_id" in one} == {
        ident: one["type"] for ident, one in calls.items()
    }


# What is thought, from turn to turn


def thought(delta, tools=TOOLS, **more):
    """The reasoning item of a turn in which this was thought before a call."""
    events = streamed(delta, call(0, "look", "{}", id="c1"), tools=tools, finish="tool_calls", **CARRIED, **more)
    return told.final(events)["output"][0]


def back(first, target=TARGET, *, is_over=False):
    """What becomes of that item in the next request: the assistant's message, and what is named as left out."""
    done = asked(
        "hi",
        first,
        item("function_call", call_id="c1", name="look", arguments="{}"),
        item("function_call_output", call_id="c1", output="x"),
        *(["go on"] if is_over else []),
        target=target,
    )
    return done.chat["messages"][1], done.ignored


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_goes_back_to_its_maker(field):
    """Within the turn that goes on, in the field in which it came; also where the client keeps the seal alone."""
    first = thought({field: "Hm."})
    bare = {"type": "reasoning", "summary": [], "encrypted_content": first["encrypted_content"]}
    for given_ in (first, bare):
        message, lost = back(given_)
        assert (message[field], lost) == ("Hm.", ())
    assert field not in back(first, is_over=True)[0]


def test_reasoning_of_another_is_left_out():
    """Another model gets none of it, and it is named; so is one that was tampered with."""
    first = thought({"reasoning": "Hm."})
    message, lost = back(first, TARGET._replace(maker="2/other"))
    assert ("reasoning" in message, lost) == (False, ("input.reasoning",))
    for broken in ("mux.", "mux.AAAA", first["encrypted_content"][:-8]):
        assert back({**first, "encrypted_content": broken})[1] == ("input.reasoning",)


def test_signed_reasoning_goes_back_as_it_came():
    """Details with signatures come together in one item, and return, also after the turn."""
    details = [
        {"type": "reasoning.text", "text": "Hm", "index": 0, "format": "anthropic-claude-v1"},
        {"type": "reasoning.text", "text": ".", "signature": "c2ln", "index": 0, "format": "anthropic-claude-v1"},
        {"type": "reasoning.encrypted", "data": "eHl6", "index": 1, "format": "anthropic-claude-v1"},
    ]
    first = thought({"reasoning": "Hm.", "reasoning_details": details})
    for is_over in (False, True):
        message, lost = back(first, is_over=is_over)
        assert lost == ()
        assert message["reasoning_details"] == [
            {"type": "reasoning.text", "text": "Hm.", "signature": "c2ln", "index": 0, "format": "anthropic-claude-v1"},
            details[2],
        ]
    hidden = thought({"reasoning_details": [details[2]]})
    assert hidden["summary"] == []
    assert back(hidden)[0]["reasoning_details"] == [details[2]]
