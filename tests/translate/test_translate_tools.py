"""Tools, tool calls and structured output in Anthropic's words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import call, calling, function, result, schema, sent, translated

from sidecar.errors import BadRequest
from sidecar.translate.idents import safe_id
from sidecar.translate.schema import strict_schema
from sidecar.translate.tools import RESPONSE_TOOL

OLD, NEW = "claude-3-5-sonnet-20241022", "claude-sonnet-4-5"


def test_a_tool_keeps_its_schema():
    """Definitions and `additionalProperties` too."""
    parameters = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "string"}}}
    parameters["additionalProperties"] = False
    body = sent("hi", tools=[function(parameters=parameters, description="Looks.")])
    assert body["tools"] == [{"name": "look", "description": "Looks.", "input_schema": parameters}]


def test_a_tool_without_parameters_has_an_empty_schema():
    """Anthropic requires one."""
    body = sent("hi", tools=[{"type": "function", "function": {"name": "look"}}])
    assert body["tools"][0]["input_schema"] == {"type": "object", "properties": {}}


def test_strict_tools():
    """Where a model knows them, with a schema that it takes; elsewhere they are named."""
    tool = function(strict=True, parameters={"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}})
    strict = sent("hi", tools=[tool], model=NEW)["tools"][0]
    assert strict["strict"] is True
    assert strict["input_schema"]["additionalProperties"] is False
    done = translated("hi", tools=[tool], model=OLD)
    assert "strict" not in done.body["tools"][0]
    assert done.ignored == ("tools.strict",)


def test_anthropic_s_own_tools_pass():
    """A client may ask for a tool that runs at Anthropic."""
    tool = {"type": "web_search_20250305", "name": "web_search"}
    assert sent("hi", tools=[tool])["tools"] == [tool]


def test_other_kinds_of_tools_are_refused():
    """Rather than left out, since the model would never call them."""
    with pytest.raises(BadRequest) as caught:
        sent("hi", tools=[{"type": "custom", "custom": {"name": "x"}}])
    assert (caught.value.error_code, caught.value.param) == ("unsupported_parameter", "tools[0]")


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "look"}}, {"type": "tool", "name": "look"}),
        (None, None),
    ],
)
def test_tool_choice(choice, told):
    """Each of OpenAI's choices has a twin."""
    assert sent("hi", tools=[function()], tool_choice=choice).get("tool_choice") == told


def test_allowed_tools_leave_the_others_out():
    """The newest form of the choice names the tools and how much they are wanted."""
    allowed = {"mode": "required", "tools": [{"type": "function", "function": {"name": "b"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    body = sent("hi", tools=[function("a"), function("b")], tool_choice=choice)
    assert [tool["name"] for tool in body["tools"]] == ["b"]
    assert body["tool_choice"] == {"type": "any"}


@pytest.mark.parametrize("model", ["claude-fable-5", "claude-opus-5-5", "claude-sonnet-5-5"])
def test_models_that_refuse_to_be_forced_are_left_free(model):
    """And the client is told."""
    done = translated("hi", model=model, tools=[function()], tool_choice="required")
    assert done.body["tool_choice"] == {"type": "auto"}
    assert done.ignored == ("tool_choice",)


def test_one_call_at_a_time():
    """`parallel_tool_calls: false` goes with the choice, but not with `none`."""
    body = sent("hi", tools=[function()], parallel_tool_calls=False)
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    body = sent("hi", tools=[function()], parallel_tool_calls=False, tool_choice="none")
    assert body["tool_choice"] == {"type": "none"}


def test_choices_without_tools_are_named():
    """Without tools there is no place for how to call them; what was said of it is named."""
    done = translated("hi", parallel_tool_calls=False, tool_choice="auto")
    assert "tool_choice" not in done.body
    assert done.ignored == ("tool_choice", "parallel_tool_calls")
    assert translated("hi", tools=[function()], parallel_tool_calls=True).ignored == ()


def test_results_of_parallel_calls_come_in_one_message_before_text():
    """Anthropic wants all results of a turn together, first."""
    body = sent(
        "hi",
        calling(call("c1", "a", '{"x": 1}'), call("c2", "b", ""), content="Both."),
        result("c1", "one"),
        "and quickly",
        result("c2", [{"type": "text", "text": "two"}]),
    )
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"] == [
        {"type": "text", "text": "Both."},
        {"type": "tool_use", "id": "c1", "name": "a", "input": {"x": 1}},
        {"type": "tool_use", "id": "c2", "name": "b", "input": {}},
    ]
    kinds = [(block["type"], block.get("tool_use_id")) for block in body["messages"][2]["content"]]
    assert kinds == [("tool_result", "c1"), ("tool_result", "c2"), ("text", None)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [("", {}), ("  ", {}), ("{}", {}), ("{oops", {"input": "{oops"}), ("[1]", {"input": "[1]"}), ({"a": 1}, {"a": 1})],
)
def test_arguments_become_an_object(arguments, told):
    """None are an empty one, and what is no object is wrapped."""
    body = sent("hi", calling(call("c", arguments=arguments)), result("c"))
    assert body["messages"][1]["content"][0]["input"] == told


def test_an_image_may_be_a_tool_s_result():
    """As in OpenAI's newer messages."""
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    block = sent("hi", calling(call("c")), result("c", [part]))["messages"][2]["content"][0]
    assert block["content"][0]["type"] == "image"


def test_missing_ids_are_paired_in_order():
    """Some clients leave out the ids of calls and results."""
    calls = [{"type": "function", "function": {"name": name, "arguments": "{}"}} for name in "ab"]
    body = sent("hi", calling(*calls), {"role": "tool", "content": "1"}, {"role": "tool", "content": "2"})
    ids = [block["id"] for block in body["messages"][1]["content"]]
    assert [block["tool_use_id"] for block in body["messages"][2]["content"]] == ids
    assert len(set(ids)) == 2


def test_legacy_functions():
    """`functions`, `function_call` and role `function` become tools, a choice and a result."""
    done = translated(
        "hi",
        {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}},
        {"role": "function", "name": "look", "content": "seen"},
        functions=[{"name": "look", "parameters": {"type": "object", "properties": {}}}],
        function_call={"name": "look"},
    )
    turns = done.body["messages"]
    assert turns[2]["content"][0]["tool_use_id"] == turns[1]["content"][0]["id"]
    assert done.body["tool_choice"] == {"type": "tool", "name": "look"}
    assert done.shape.legacy
    free = sent("hi", functions=[{"name": "look"}])
    assert free["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert done.ignored == ()


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_ids_are_put_into_anthropic_s_alphabet(one, other):
    """Always the same way, and different ones stay different."""
    assert re.fullmatch(r"[a-zA-Z0-9_-]+", safe_id(one))
    assert (safe_id(one) == safe_id(other)) == (one == other)


def test_strange_ids_and_names_fit_together():
    """A call and its result keep to each other, a tool to its calls, and the way back knows the name."""
    done = translated("hi", calling(call("a.b:0", "srv.look")), result("a.b:0"), tools=[function("srv.look")])
    turns, tool = done.body["messages"], done.body["tools"][0]
    assert turns[1]["content"][0]["id"] == turns[2]["content"][0]["tool_use_id"] != "a.b:0"
    assert turns[1]["content"][0]["name"] == tool["name"]
    assert done.shape.names == {tool["name"]: "srv.look"}


def test_a_schema_for_the_answer():
    """Goes to `output_config.format`, closed, where the model has it."""
    body = sent("hi", response_format=schema(a={"type": "string"}), model=NEW)
    assert body["output_config"]["format"]["type"] == "json_schema"
    assert body["output_config"]["format"]["schema"]["additionalProperties"] is False


def test_a_schema_for_the_answer_of_an_older_model():
    """Becomes a tool that must be called, which the way back unwraps."""
    done = translated("hi", response_format=schema(a={"type": "string"}), model=OLD)
    assert done.body["tool_choice"] == {"type": "tool", "name": RESPONSE_TOOL}
    assert done.body["tools"][0]["input_schema"]["properties"] == {"a": {"type": "string"}}
    assert done.shape.response_tool == RESPONSE_TOOL


def test_a_schema_and_tools_on_an_older_model():
    """Either a tool or the answer is called for."""
    done = translated("hi", response_format=schema(), tools=[function()], model=OLD)
    assert [tool["name"] for tool in done.body["tools"]] == ["look", RESPONSE_TOOL]
    assert done.body["tool_choice"] == {"type": "any"}


def test_a_tool_that_the_client_forces_wins_over_a_schema():
    """Both cannot be had at once."""
    choice = {"type": "function", "function": {"name": "look"}}
    done = translated("hi", response_format=schema(), tools=[function()], tool_choice=choice, model=OLD)
    assert done.body["tool_choice"] == {"type": "tool", "name": "look"}
    assert done.shape.response_tool is None
    assert done.ignored == ("response_format",)


def test_json_object_is_asked_for_in_words():
    """Anthropic has no such mode."""
    body = sent({"role": "system", "content": "Be brief."}, "hi", response_format={"type": "json_object"})
    assert body["system"].startswith("Be brief.\n")
    assert "JSON" in body["system"]
    assert "response_format" not in body


def test_what_a_strict_schema_cannot_say_is_told_in_words():
    """Unknown keywords go to the description, `oneOf` becomes `anyOf`, objects are closed everywhere."""
    given_schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1, "description": "A number."},
            "s": {"type": "string", "format": "email"},
            "t": {"type": "string", "format": "phone"},
            "u": {"oneOf": [{"type": "object", "properties": {}}, {"type": "null"}]},
            "l": {"type": "array", "items": {"type": "object", "properties": {}}, "minItems": 3},
        },
        "required": ["n"],
    }
    done = strict_schema(given_schema)
    closed = {"type": "object", "properties": {}, "additionalProperties": False}
    assert done == {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "description": "A number.\n\n{minimum: 1}"},
            "s": {"type": "string", "format": "email"},
            "t": {"type": "string", "description": '{format: "phone"}'},
            "u": {"anyOf": [closed, {"type": "null"}]},
            "l": {"type": "array", "items": closed, "description": "{minItems: 3}"},
        },
        "required": ["n"],
        "additionalProperties": False,
    }
