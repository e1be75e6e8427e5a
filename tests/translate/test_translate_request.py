"""A chat request in Anthropic's words."""

from __future__ import annotations

import base64

import pytest
from wire import call, calling, function, result, sent, translated

from sidecar.errors import BadRequest

PNG = "data:image/png;base64,iVBORw0KGgo="


def test_a_question_becomes_a_text_block():
    """The user's text, the route's model and a limit make up the least request there is."""
    body = sent("hi", model="claude-3-opus-20240229")
    assert body == {
        "model": "claude-3-opus-20240229",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
    }


def test_system_and_developer_messages_are_hoisted():
    """All instructions, wherever they stand, become one system text in their order."""
    body = sent(
        {"role": "system", "content": "a"}, "hi", {"role": "developer", "content": [{"type": "text", "text": "b"}]}
    )
    assert body["system"] == "a\nb"
    assert [turn["role"] for turn in body["messages"]] == ["user"]


def test_a_cache_mark_keeps_the_system_in_blocks():
    """A string could not bear `cache_control`, so the system text stays in blocks."""
    mark = {"type": "ephemeral", "ttl": "1h"}
    part = {"type": "text", "text": "a", "cache_control": mark}
    body = sent({"role": "system", "content": [part]}, {"role": "system", "content": "b"}, "hi")
    assert body["system"] == [part, {"type": "text", "text": "b"}]


def test_cache_marks_stay_where_they_are():
    """On parts, messages, tool results, tools and the request."""
    mark = {"type": "ephemeral"}
    tool = {**function(), "cache_control": mark}
    body = sent(
        {"role": "user", "content": "hi", "cache_control": mark},
        calling(call("c1")),
        {**result("c1"), "cache_control": mark},
        tools=[tool],
        cache_control=mark,
    )
    assert body["messages"][0]["content"][0]["cache_control"] == mark
    assert body["messages"][2]["content"][0]["cache_control"] == mark
    assert body["tools"][0]["cache_control"] == body["cache_control"] == mark


def test_instructions_alone_are_asked_as_the_user():
    """OpenAI answers a request without a user's message; Anthropic needs one."""
    body = sent({"role": "system", "content": "say hi"})
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "say hi"}]}]
    assert "system" not in body


def test_empty_texts_are_left_out():
    """Anthropic refuses text blocks of nothing but white space, and messages without blocks."""
    body = sent({"role": "user", "content": [{"type": "text", "text": " "}, {"type": "text", "text": "hi"}]}, "")
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]


@pytest.mark.parametrize("image", [PNG, {"url": PNG, "detail": "high"}])
def test_an_image_in_a_data_url(image):
    """It becomes an image block with its media type, also from a bare string."""
    body = sent({"role": "user", "content": [{"type": "image_url", "image_url": image}]})
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    assert body["messages"][0]["content"] == [{"type": "image", "source": source}]


def test_an_image_elsewhere_is_left_to_the_provider():
    """We fetch nothing ourselves."""
    url = "https://example.com/a.png"
    body = sent({"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]})
    assert body["messages"][0]["content"][0]["source"] == {"type": "url", "url": url}


def test_image_jpg_is_meant_as_jpeg():
    """The common misspelling of the media type is put right."""
    body = sent({"role": "user", "content": [{"type": "image_url", "image_url": "data:image/jpg;base64,AAAA"}]})
    assert body["messages"][0]["content"][0]["source"]["media_type"] == "image/jpeg"


def test_a_pdf_becomes_a_document():
    """With its name as the title."""
    file = {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}
    block = sent({"role": "user", "content": [{"type": "file", "file": file}]})["messages"][0]["content"][0]
    assert block == {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
        "title": "a.pdf",
    }


def test_a_text_file_becomes_a_document_of_text():
    """Its text is decoded, as Anthropic wants it plain."""
    data = "data:text/markdown;base64," + base64.b64encode("# é".encode()).decode()
    block = sent({"role": "user", "content": [{"type": "file", "file": {"file_data": data}}]})["messages"][0][
        "content"
    ][0]
    assert block["source"] == {"type": "text", "media_type": "text/plain", "data": "# é"}


@pytest.mark.parametrize(
    ("part", "param"),
    [
        ({"type": "input_audio", "input_audio": {}}, "messages[0].content[0]"),
        ({"type": "image_url", "image_url": "data:image/tiff;base64,AA"}, "messages[0].content[0].image_url"),
        ({"type": "image_url", "image_url": "http://example.com/a.png"}, "messages[0].content[0].image_url"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "messages[0].content[0].file"),
        ({"type": "hologram"}, "messages[0].content[0]"),
    ],
)
def test_what_anthropic_cannot_take_is_refused(part, param):
    """With 400 `unsupported_parameter` and the place."""
    with pytest.raises(BadRequest) as caught:
        sent({"role": "user", "content": [part]})
    assert (caught.value.status, caught.value.error_code) == (400, "unsupported_parameter")
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [7]}, "messages[0]"),
        ({"messages": [{"role": "king", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [7]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
        ({"messages": [calling({"id": "c"})]}, "messages[0].tool_calls[0].function"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"stream": "yes"}, "stream"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tool_choice": "perhaps"}, "tool_choice"),
        ({"stop": 7}, "stop"),
        ({"reasoning_effort": "utmost"}, "reasoning_effort"),
        ({"response_format": "json"}, "response_format"),
    ],
)
def test_wrong_types_are_refused_with_their_place(fields, param):
    """A malformed request is a 400 `invalid_request` that says where it is wrong."""
    with pytest.raises(BadRequest) as caught:
        sent(**fields) if "messages" in fields else sent("hi", **fields)
    assert (caught.value.error_code, caught.value.param) == ("invalid_request", param)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("fields", [{"n": 2}, {"logprobs": True}])
def test_what_would_make_the_answer_a_lie_is_refused(fields):
    """Two choices and log probabilities cannot be had."""
    with pytest.raises(BadRequest) as caught:
        sent("hi", **fields)
    assert caught.value.error_code == "unsupported_parameter"


def test_what_has_no_place_is_named():
    """Nothing is dropped in silence, and nothing is named that changes nothing."""
    ignored = translated(
        {"role": "user", "content": "hi", "name": "ann"},
        seed=0,
        logit_bias={"1": 2},
        presence_penalty=0.5,
        frequency_penalty=0,
        store=False,
        n=1,
        logprobs=False,
        user=None,
        prompt_cache_key="k",
        service_tier="flex",
        surprise=1,
    ).ignored
    assert set(ignored) == {
        "seed", "logit_bias", "presence_penalty", "prompt_cache_key", "service_tier", "surprise", "messages.name",
    }  # fmt: skip


def test_anthropic_s_own_fields_pass():
    """A client may add what only Anthropic knows."""
    fields = {"top_k": 5, "context_management": {"edits": []}, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    done = translated("hi", max_tokens=4000, **{**fields, "top_k": 1})
    assert done.body["thinking"] == fields["thinking"]
    assert done.body["context_management"] == {"edits": []}
    assert sent("hi", top_k=5)["top_k"] == 5


@pytest.mark.parametrize(
    ("fields", "most", "tokens", "ignored"),
    [
        ({"max_tokens": 5}, None, 5, ()),
        ({"max_tokens": 5, "max_completion_tokens": 6}, None, 6, ()),
        ({"max_tokens": 100_000}, 64_000, 64_000, ("max_tokens",)),
        ({}, 8000, 8000, ()),
        ({}, 128_000, 32_000, ()),
        ({"max_tokens": 0}, None, 0, ()),
    ],
)
def test_max_tokens(fields, most, tokens, ignored):
    """Anthropic requires it: the client's, or a default within what the model gives, and never more than that."""
    done = translated("hi", most=most, **fields)
    assert (done.body["max_tokens"], done.ignored) == (tokens, ignored)


@pytest.mark.parametrize(
    ("stop", "kept", "ignored"),
    [("END", ["END"], ()), (["a", "\n"], ["a"], ("stop",)), (None, None, ()), ("  ", None, ("stop",))],
)
def test_stop(stop, kept, ignored):
    """A string or an array becomes `stop_sequences`, without those of white space."""
    done = translated("hi", stop=stop)
    assert (done.body.get("stop_sequences"), done.ignored) == (kept, ignored)


@pytest.mark.parametrize(
    ("model", "given", "kept"),
    [
        ("claude-sonnet-4-0", {"temperature": 1.7, "top_p": 0.5}, {"temperature": 1, "top_p": 0.5}),
        ("claude-sonnet-4-5", {"temperature": 0.2, "top_p": 0.5}, {"temperature": 0.2}),
        ("claude-opus-4-7", {"temperature": 0.2, "top_p": 0.5, "top_k": 3}, {}),
        ("claude-sonnet-5", {"temperature": 0}, {}),
        ("somebody-else", {"temperature": 0.2, "top_p": 0.5}, {"temperature": 0.2, "top_p": 0.5}),
    ],
)
def test_sampling(model, given, kept):
    """Temperature is clamped to 1; what a generation refuses is left out and named."""
    done = translated("hi", model=model, **given)
    assert {name: value for name, value in done.body.items() if name in given} == kept
    assert set(done.ignored) == given.keys() - kept.keys()


def test_the_user_is_hashed():
    """Anthropic gets no name or address."""
    body = sent("hi", user="ann@example.com")
    assert body["metadata"]["user_id"] == sent("ho", safety_identifier="ann@example.com")["metadata"]["user_id"]
    assert "ann" not in str(body)


@pytest.mark.parametrize(("tier", "told"), [("auto", "auto"), ("default", "standard_only"), ("priority", None)])
def test_service_tier(tier, told):
    """Two tiers have a twin."""
    assert sent("hi", service_tier=tier).get("service_tier") == told


def test_a_prefilled_answer_ends_in_no_white_space():
    """Anthropic would refuse it."""
    body = sent("hi", {"role": "assistant", "content": "Sure: \n"})
    assert body["messages"][1]["content"][0]["text"] == "Sure:"


def test_a_refusal_is_text():
    """The model's earlier refusal stays in the conversation."""
    body = sent("hi", {"role": "assistant", "content": None, "refusal": "No."}, "why?")
    assert body["messages"][1]["content"] == [{"type": "text", "text": "No."}]


def test_stream_is_passed_and_its_options_stay_here():
    """`include_usage` is ours to answer."""
    done = translated("hi", stream=True, stream_options={"include_usage": True})
    assert done.body["stream"] is True
    assert "stream_options" not in done.body
    assert done.shape.include_usage
    assert "stream" not in sent("hi", stream=False)
