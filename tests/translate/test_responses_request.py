"""A Responses request as the chat request that carries it."""

import pytest

from sidecar.errors import BadRequest
from sidecar.translate.responses.request import to_chat
from sidecar.translate.target import Target
from sidecar.translate.thinking import ThinkingMemory

TARGET = Target("local", "small", "1/small", ThinkingMemory())
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}
LOOK = {"type": "function", "name": "look", "description": "Looks.", "parameters": SCHEMA, "strict": False}
PATCH = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edits files.",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: begin"},
}
AGENTS = {"type": "namespace", "name": "agents", "description": "Agents.", "tools": [{**LOOK, "name": "spawn"}]}
PNG = "data:image/png;base64,AAAA"


def asked(*items, target=TARGET, **more):
    """What a request becomes; a string is the user's."""
    said = [{"role": "user", "content": item} if isinstance(item, str) else item for item in items]
    return to_chat({"input": said or "hi", **more}, target)


def chat(*items, **more):
    """The chat request."""
    return asked(*items, **more).chat


def messages(*items, **more):
    """Its messages."""
    return chat(*items, **more)["messages"]


def ignored(*items, **more):
    """What was left out."""
    return set(asked(*items, **more).ignored)


def refusal(*items, **more):
    """The error that a request meets with: code, parameter, sentence."""
    with pytest.raises(BadRequest) as caught:
        asked(*items, **more)
    assert caught.value.status == 400
    return caught.value.error_code, caught.value.param, caught.value.message


def item(kind, **more):
    """An item."""
    return {"type": kind, **more}


# What is said


def test_a_string_is_the_user_s():
    """A string for input is one message, behind the instructions."""
    assert to_chat({"input": "hi", "instructions": "Be brief."}, TARGET).chat == {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    }


def test_messages_in_all_their_forms():
    """Easy and full messages, of every role, texts and parts, come out in their order."""
    assert messages(
        item("message", role="developer", content=[{"type": "input_text", "text": "A"}]),
        {"role": "system", "content": "B"},
        item("message", role="user", content=[{"type": "input_text", "text": t} for t in ("one", "two")]),
        item("message", role="assistant", content=[{"type": "output_text", "text": t} for t in ("th", "ree")]),
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"role": "developer", "content": "C"},
        "four",
        instructions="First.",
    ) == [
        {"role": "system", "content": "First.\nA\nB"},
        {"role": "user", "content": "one\ntwo"},
        {"role": "assistant", "content": "threeNo."},
        {"role": "system", "content": "C"},
        {"role": "user", "content": "four"},
    ]


def test_pictures_and_files():
    """What is sent along in the request goes with it; its name and detail too."""
    parts = [
        {"type": "input_text", "text": "See."},
        {"type": "input_image", "image_url": PNG, "detail": "high"},
        {"type": "input_image", "image_url": "https://example.org/a.png", "detail": "auto"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"},
    ]
    (message,) = messages({"role": "user", "content": parts})
    assert message["content"] == [
        {"type": "text", "text": "See."},
        {"type": "image_url", "image_url": {"url": PNG, "detail": "high"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
    ]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_image", "file_id": "file_1"},
        {"type": "input_file", "file_id": "file_1"},
        {"type": "input_file", "file_url": "https://example.org/a.pdf"},
        {"type": "input_video", "video": "x"},
    ],
)
def test_what_cannot_be_read_is_refused(part):
    """A file that only OpenAI has, and what chat has no part for, would be missed in the answer."""
    code, where, _ = refusal({"role": "user", "content": [part]})
    assert (code, where) == ("unsupported_parameter", "input[0].content[0]")


def test_calls_and_results_are_turns():
    """What one turn called is one message of the assistant's, each result a message behind it."""
    assert messages(
        "read",
        item("message", role="assistant", content="I look."),
        item("function_call", call_id="c1", name="look", arguments='{"path":"a"}'),
        item("function_call", call_id="c2", name="look", arguments="{}"),
        item("function_call_output", call_id="c1", output="A"),
        item("function_call_output", call_id="c2", output=[{"type": "input_text", "text": "B"}]),
        item("function_call", call_id="c3", name="spawn", namespace="agents", arguments="{}"),
        item("function_call_output", call_id="c3", output="C"),
    ) == [
        {"role": "user", "content": "read"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"path":"a"}'}},
                {"id": "c2", "type": "function", "function": {"name": "look", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "A"},
        {"role": "tool", "tool_call_id": "c2", "content": "B"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c3", "type": "function", "function": {"name": "agents__spawn", "arguments": "{}"}},
            ],
        },
        {"role": "tool", "tool_call_id": "c3", "content": "C"},
    ]


def test_results_stand_behind_their_calls():
    """A result that comes after the user has spoken goes back to where chat wants it."""
    roles = [
        message["role"]
        for message in messages(
            item("function_call", call_id="c1", name="look", arguments="{}"),
            item("function_call", call_id="c2", name="look", arguments="{}"),
            item("function_call_output", call_id="c2", output="B"),
            "wait",
            item("function_call_output", call_id="c1", output="A"),
        )
    ]
    assert roles == ["assistant", "tool", "tool", "user"]


def test_pictures_that_tools_answer_follow_in_the_user_s_message():
    """Chat's results hold text alone: what else they bring comes behind all of them."""
    assert messages(
        item("function_call", call_id="c1", name="look", arguments="{}"),
        item("function_call", call_id="c2", name="look", arguments="{}"),
        item("function_call_output", call_id="c1", output=[{"type": "input_image", "image_url": PNG}]),
        item("function_call_output", call_id="c2", output="B"),
        "go on",
    )[1:] == [
        {"role": "tool", "tool_call_id": "c1", "content": "See the next message."},
        {"role": "tool", "tool_call_id": "c2", "content": "B"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG}}]},
        {"role": "user", "content": "go on"},
    ]


@pytest.mark.parametrize(
    ("call", "result", "name", "arguments", "content"),
    [
        (
            item("custom_tool_call", call_id="c", name="apply_patch", input="*** Begin"),
            item("custom_tool_call_output", call_id="c", output="Done"),
            "apply_patch",
            '{"input":"*** Begin"}',
            "Done",
        ),
        (
            item("local_shell_call", call_id="c", action={"type": "exec", "command": ["ls"], "env": {}, "user": None}),
            item("local_shell_call_output", id="c", output="a.py"),
            "local_shell",
            '{"command":["ls"],"env":{}}',
            "a.py",
        ),
        (
            item("shell_call", call_id="c", action={"commands": ["ls", "false"], "timeout_ms": 5}),
            item(
                "shell_call_output",
                call_id="c",
                output=[
                    {"stdout": "a.py", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}},
                    {"stdout": "", "stderr": "no", "outcome": {"type": "exit", "exit_code": 1}},
                    {"stdout": "", "stderr": "", "outcome": {"type": "timeout"}},
                ],
            ),
            "shell",
            '{"commands":["ls","false"],"timeout_ms":5}',
            "a.py\nno\n(exit code 1)\n(timed out)",
        ),
        (
            item("apply_patch_call", call_id="c", operation={"type": "delete_file", "path": "a"}),
            item("apply_patch_call_output", call_id="c", status="failed"),
            "apply_patch",
            '{"operation":{"type":"delete_file","path":"a"}}',
            "failed",
        ),
    ],
)
def test_calls_of_other_kinds(call, result, name, arguments, content):
    """Freeform and built-in tools' calls are those of the functions that stand for them."""
    said, answered = messages(call, result)
    assert said["tool_calls"][0]["function"] == {"name": name, "arguments": arguments}
    assert answered == {"role": "tool", "tool_call_id": "c", "content": content}


@pytest.mark.parametrize("kind", ["item_reference", "compaction", "compaction_trigger", "computer_call_output", "new"])
def test_items_that_would_be_missed_are_refused(kind):
    """What only its maker has or can read is refused, and the sentence says what to do."""
    code, where, sentence = refusal("hi", item(kind, id="x", encrypted_content="x"))
    assert (code, where) == ("unsupported_parameter", "input[1]")
    assert sentence.endswith(".")


def test_what_was_done_elsewhere_is_named():
    """Searches and the like that ran at another provider are left out, and so is reasoning that it made."""
    assert ignored(
        "hi",
        item("web_search_call", id="ws_1", status="completed", action={}),
        item("reasoning", id="rs_1", summary=[], encrypted_content="gAAA"),
        item("reasoning", id="rs_2", summary=[{"type": "summary_text", "text": "Hm."}]),
    ) == {"input.web_search_call", "input.reasoning"}


@pytest.mark.parametrize("given", [[], [{"role": "assistant", "content": ""}]])
def test_nothing_to_answer(given):
    """An input that holds nothing is refused."""
    with pytest.raises(BadRequest):
        to_chat({"input": given}, TARGET)


# How it is to be answered


def test_settings_that_chat_has_too():
    """They are the same, or the same by another name."""
    body = {
        "max_output_tokens": 50,
        "temperature": 0.5,
        "top_p": 0.9,
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}},
        "prompt_cache_key": "k",
        "user": "u",
        "service_tier": "flex",
        "seed": 0,
        "stream": True,
        "top_logprobs": 2,
        "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
    }
    done = asked("hi", **body)
    assert done.ignored == ()
    assert done.chat == {
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 50,
        "temperature": 0.5,
        "top_p": 0.9,
        "reasoning_effort": "low",
        "verbosity": "low",
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}},
        "prompt_cache_key": "k",
        "user": "u",
        "service_tier": "flex",
        "seed": 0,
        "logprobs": True,
        "top_logprobs": 2,
        "stream": True,
    }


def test_values_that_go_without_saying():
    """What means nothing is neither sent nor named."""
    done = asked(
        "hi",
        store=False,
        background=False,
        truncation="disabled",
        parallel_tool_calls=True,
        tool_choice="auto",
        service_tier="auto",
        previous_response_id=None,
        metadata={"a": "b"},
        text={"format": {"type": "text"}, "verbosity": "medium"},
        stream_options={"include_obfuscation": False},
        reasoning={"summary": None, "context": "auto", "mode": "standard"},
    )
    assert done.chat == {"messages": [{"role": "user", "content": "hi"}]}
    assert done.ignored == ()


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"store": True}, {"store"}),
        ({"truncation": "auto"}, {"truncation"}),
        ({"include": ["web_search_call.results"]}, {"include.web_search_call.results"}),
        ({"client_metadata": {"a": "b"}, "moderation": {"x": 1}}, {"client_metadata", "moderation"}),
        ({"stream_options": {"include_obfuscation": True}}, {"stream_options.include_obfuscation"}),
        ({"reasoning": {"effort": "xhigh", "context": "all_turns"}}, {"reasoning.effort", "reasoning.context"}),
        ({"tools": [item("web_search"), item("mcp", server_label="x")]}, {"tools.web_search", "tools.mcp"}),
        ({"tools": [item("shell", environment={"type": "container_auto"})]}, {"tools.shell"}),
        ({"tools": [{**LOOK, "defer_loading": True}]}, {"tools.defer_loading"}),
        ({"tools": [LOOK, PATCH, item("apply_patch")]}, {"tools.apply_patch"}),
        ({"tools": [LOOK], "tool_choice": {"type": "file_search"}}, {"tool_choice"}),
    ],
)
def test_what_has_no_place_is_named(more, names):
    """Nothing is left out in silence."""
    assert ignored("hi", **more) == names


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"background": True}, "background"),
    ],
)
def test_what_cannot_be_had_is_refused(more, param):
    """What needs a store of answers would be missed, and the sentence names the way around."""
    code, where, sentence = refusal("hi", **more)
    assert (code, where) == ("unsupported_parameter", param)
    assert param in sentence or "prompt" in sentence


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tools": [{"name": "x"}]}, "tools[0].type"),
        ({"tool_choice": "must"}, "tool_choice"),
        ({"reasoning": {"effort": "much"}}, "reasoning.effort"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
        ({"max_output_tokens": "many"}, "max_output_tokens"),
        ({"instructions": 5}, "instructions"),
    ],
)
def test_what_is_malformed_is_named(more, param):
    """The error says where."""
    code, where, _ = refusal("hi", **more)
    assert (code, where) == ("invalid_request", param)


def test_tools_of_every_kind_are_functions():
    """Functions, freeform tools, those of a namespace, and built-in ones that the client runs."""
    done = asked("hi", tools=[LOOK, PATCH, AGENTS, item("local_shell"), item("shell")])
    functions = {spec["function"]["name"]: spec["function"] for spec in done.chat["tools"]}
    assert list(functions) == ["look", "apply_patch", "agents__spawn", "local_shell", "shell"]
    assert functions["look"] == {"name": "look", "description": "Looks.", "parameters": SCHEMA}
    assert "start: begin" in functions["apply_patch"]["description"]
    assert list(functions["apply_patch"]["parameters"]["properties"]) == ["input"]
    assert functions["local_shell"]["parameters"]["required"] == ["command"]
    assert done.ignored == ()
    assert all(spec["type"] == "function" for spec in done.chat["tools"])


def test_names_that_chat_does_not_take():
    """Long and odd names are put into its alphabet, the same way in tools and calls."""
    name = "read file: " + "x" * 80
    done = asked(
        "hi",
        item("function_call", call_id="c", name=name, arguments="{}"),
        item("function_call_output", call_id="c", output="x"),
        tools=[{**LOOK, "name": name}],
    )
    (spec,) = done.chat["tools"]
    assert len(spec["function"]["name"]) <= 64
    assert done.chat["messages"][1]["tool_calls"][0]["function"]["name"] == spec["function"]["name"]
    assert done.tools.behind(spec["function"]["name"]).name == name


@pytest.mark.parametrize(
    ("choice", "told", "names"),
    [
        ("none", "none", ["look", "apply_patch"]),
        ("required", "required", ["look", "apply_patch"]),
        (item("function", name="look"), {"type": "function", "function": {"name": "look"}}, ["look", "apply_patch"]),
        (
            item("custom", name="apply_patch"),
            {"type": "function", "function": {"name": "apply_patch"}},
            ["look", "apply_patch"],
        ),
        (item("allowed_tools", mode="required", tools=[item("function", name="look")]), "required", ["look"]),
        (item("allowed_tools", mode="auto", tools=[item("custom", name="apply_patch")]), None, ["apply_patch"]),
    ],
)
def test_the_choice_among_tools(choice, told, names):
    """Every form of `tool_choice` has its own in chat; tools that may not be called are not offered."""
    made = chat("hi", tools=[LOOK, PATCH], tool_choice=choice, parallel_tool_calls=False)
    assert made.get("tool_choice") == told
    assert [spec["function"]["name"] for spec in made["tools"]] == names
    assert made["parallel_tool_calls"] is False


def test_tools_that_come_with_the_input():
    """Tools that an item adds to the conversation are offered too."""
    made = chat("hi", item("additional_tools", role="developer", tools=[LOOK]))
    assert [spec["function"]["name"] for spec in made["tools"]] == ["look"]


def test_limits_and_efforts_of_the_model():
    """More tokens than the model gives are cut and named; a model that signs its thinking gets the effort as it is."""
    done = asked("hi", target=TARGET._replace(most=100), max_output_tokens=500)
    assert (done.chat["max_tokens"], done.ignored) == (100, ("max_output_tokens",))
    done = asked("hi", target=TARGET._replace(signs=True), reasoning={"effort": "xhigh"})
    assert (done.chat["reasoning_effort"], done.ignored) == ("xhigh", ())


def test_fields_that_the_provider_takes():
    """Those beyond OpenAI's reach a provider that knows them, and are named elsewhere."""
    done = asked("hi", target=TARGET._replace(extras=frozenset(("top_k",))), top_k=5)
    assert (done.chat["top_k"], done.ignored) == (5, ())
    assert ignored("hi", top_k=5) == {"top_k"}
