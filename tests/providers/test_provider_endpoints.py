"""Endpoints as people paste them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from sidecar.errors import InvalidParameter
from sidecar.providers.endpoint import candidates, guess_base, is_loopback, is_on_this_machine, normalise, points_here
from sidecar.providers.types import TYPES


@pytest.mark.parametrize(
    ("type_", "text", "endpoint"),
    [
        ("openai", "", "https://api.openai.com/v1"),
        ("ollama", "", "http://localhost:11434"),
        ("echo", "http://whatever", ""),
        ("openai", "https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("openai", "  'https://api.openai.com/v1/chat/completions'\n", "https://api.openai.com/v1"),
        ("openai", "<https://api.groq.com/openai/v1/models>", "https://api.groq.com/openai/v1"),
        ("openai", "HTTPS://API.Groq.com/openai/v1", "https://api.groq.com/openai/v1"),
        ("openai", "api.deepseek.com", "https://api.deepseek.com"),
        ("openai", "https://api.deepseek.com.", "https://api.deepseek.com"),
        ("openai", "https://api.openai.com:443/v1", "https://api.openai.com/v1"),
        ("openai", "https://host.example//v1///completions/", "https://host.example/v1"),
        ("openai", "https://host.example/v1/models/models", "https://host.example/v1"),
        ("openai", "https://host.example/v1/embeddings", "https://host.example/v1"),
        ("openai", "http://münchen.example/v1", "http://xn--mnchen-3ya.example/v1"),
        ("openai", "localhost:8000/v1", "http://localhost:8000/v1"),
        ("openai", "gpu-box:8000", "http://gpu-box:8000"),
        ("openai", "192.168.1.7:8000", "http://192.168.1.7:8000"),
        ("openai", "100.101.102.103:8000", "http://100.101.102.103:8000"),
        ("openai", "nas.local", "http://nas.local"),
        ("openai", "8.8.8.8", "https://8.8.8.8"),
        ("openai", "[::1]:8000", "http://[::1]:8000"),
        ("openai", "[2606:4700::1111]", "https://[2606:4700::1111]"),
        ("openai", "//localhost:1", "http://localhost:1"),
        ("ollama", "11434", "http://localhost:11434"),
        ("ollama", ":11434", "http://localhost:11434"),
        ("ollama", "0.0.0.0:11434", "http://127.0.0.1:11434"),
        ("ollama", "[::]:11434", "http://[::1]:11434"),
        ("ollama", "http://localhost:11434/api/chat", "http://localhost:11434"),
        ("ollama", "http://localhost:11434/api/tags", "http://localhost:11434"),
        ("llamacpp", "http://localhost:8080/infill", "http://localhost:8080"),
        ("lm_studio", "http://localhost:1234/api/v0/models", "http://localhost:1234"),
        ("anthropic", "https://api.anthropic.com/v1/messages", "https://api.anthropic.com/v1"),
        ("anthropic", "https://api.anthropic.com/v1/messages/count_tokens", "https://api.anthropic.com/v1"),
        (
            "openai",
            "https://me.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21",
            "https://me.openai.azure.com/openai/deployments/gpt?api-version=2024-10-21",
        ),
        (
            "openai",
            "https://me.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview",
            "https://me.services.ai.azure.com/models?api-version=2024-05-01-preview",
        ),
        ("openai", "https://me.services.ai.azure.com/models", "https://me.services.ai.azure.com/models"),
    ],
)
def test_what_is_pasted_becomes_the_endpoint_that_was_meant(type_, text, endpoint):
    """A missing scheme is put in, and quotes, slashes and the tail of an example call are taken off."""
    assert normalise(type_, text) == endpoint
    assert normalise(type_, endpoint) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        "ftp://host/v1",
        "file:///etc/passwd",
        "unix:///run/docker.sock",
        "http:/localhost:11434",
        "https:api.openai.com",
        "https//api.openai.com",
        "https://me:secret@host/v1",
        "me:secret@host/v1",
        "https://host/v1#fragment",
        "https://",
        "https:///v1",
        "https://host:99999/v1",
        "https://host:0/v1",
        "https://host:port/v1",
        "https://ho st/v1",
        "https://host/v1\nX: y",
        "https://host/\x00",
        "http://[::1",
        "http://[nonsense]/",
        "http://-\u2603..x/",
        "http://169.254.169.254/latest",
        "169.254.170.2",
        "http://[fe80::1]:8000",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://metadata.google.internal/",
        "http://METADATA.google.internal./",
        "http://2852039166/",
        "http://0xa9fea9fe/",
        "http://0xa9.254.169.254/",
        "http://127.1:8000/",
        "http://\u2024\xbb/",
        "http://①⑥⑨.254.169.254/",
        "http://localhost:8989/v1/mux",
        "http://127.0.0.1:8989/v1/mux/w/work",
        "x" * 5000,
    ],
)
def test_what_cannot_be_an_endpoint_is_refused_by_name(text):
    """Other schemes, userinfo, link-local and metadata addresses and the mux itself are refused as `endpoint`."""
    with pytest.raises(InvalidParameter) as refused:
        normalise("openai", text)
    assert refused.value.field == "endpoint"
    assert "secret" not in refused.value.message


def test_an_unknown_type_is_told_with_those_there_are():
    """A wrong type is refused as `type`, with the list."""
    with pytest.raises(InvalidParameter, match="anthropic, echo, llamacpp") as refused:
        normalise("gemini", "")
    assert refused.value.field == "type"


@pytest.mark.parametrize(
    ("type_", "endpoint", "bases"),
    [
        ("openai", "https://h.example", "/v1 - /api/v1 /openai/v1"),
        ("openai", "https://h.example/openai", "/openai /openai/v1 /openai/api/v1"),
        ("openai", "https://h.example/api", "/api /api/v1 /api/openai/v1"),
        ("openai", "https://h.example/v1", "/v1"),
        ("openai", "https://h.example/v1beta/openai", "/v1beta/openai"),
        ("openai", "https://h.example/api/paas/v4", "/api/paas/v4"),
        ("openrouter", "https://h.example", "/api/v1 /v1 -"),
        ("openrouter", "https://h.example/api", "/api/v1 /api"),
        ("vllm", "http://h.example:8000", "/v1 -"),
        ("lm_studio", "http://h.example:1234", "/v1 -"),
        ("lm_studio", "http://h.example:1234/api/v0", "/v1 -"),
        ("ollama", "http://h.example:11434/v1", "-"),
        ("ollama", "http://h.example:11434/api", "-"),
        ("llamacpp", "http://h.example:8080/v1", "-"),
        ("anthropic", "https://h.example/v1", "-"),
        ("anthropic", "https://h.example/anthropic/v1", "/anthropic"),
    ],
)
def test_the_likeliest_base_is_tried_first(type_, endpoint, bases):
    """A versioned path is taken as it is; otherwise the usual mounts are tried, each once."""
    origin = endpoint[: endpoint.index("/", 8)] if "/" in endpoint[8:] else endpoint
    expected = tuple(origin + each.replace("-", "") for each in bases.split())
    assert candidates(type_, endpoint) == expected
    assert guess_base(type_, endpoint) == expected[0]


def test_the_query_stays_behind_the_path():
    """Azure's `api-version` is on every base."""
    endpoint = "https://me.openai.azure.com/openai/deployments/gpt?api-version=1"
    assert candidates("openai", endpoint) == (endpoint,)
    assert candidates("openai", "https://me.openai.azure.com/?a=1")[0] == "https://me.openai.azure.com/v1?a=1"


@pytest.mark.parametrize(
    ("url", "loopback", "here"),
    [
        ("http://localhost:1", True, True),
        ("http://api.localhost/v1", True, True),
        ("http://127.8.9.1", True, True),
        ("http://[::1]:80/x", True, True),
        ("http://[::ffff:127.0.0.1]/", True, True),
        ("http://host.docker.internal:11434", False, True),
        ("https://localhost.example.com", False, False),
        ("http://192.0.2.7", False, False),
        ("https://api.openai.com", False, False),
    ],
)
def test_this_machine_is_known_by_its_address(url, loopback, here):
    """Loopback, its names and a container's host are this machine; what only looks so is not."""
    assert is_loopback(url) is loopback
    assert is_on_this_machine(url) is here


def test_our_own_port_is_recognised():
    """A provider on the sidecar's own port would send requests round in circles."""
    assert points_here("http://localhost:8989", 8989)
    assert points_here("http://[::1]:8989/v1", 8989)
    assert points_here("http://127.0.0.1", 80)
    assert not points_here("http://localhost:8990", 8989)
    assert not points_here("https://example.com:8989", 8989)


PIECES = st.sampled_from(
    ["http://", "https://", "//", "/", "@", "#", "?", "[", "]", ":", "%", "..", "::1", "v1", "localhost", "é", "\u2024"]
)


@given(st.lists(PIECES | st.text(max_size=5), max_size=8).map("".join), st.sampled_from(sorted(TYPES)))
def test_any_text_is_an_endpoint_or_is_refused(text, type_):
    """Nothing else is raised, and what has been normalised stays as it is and has a base."""
    try:
        endpoint = normalise(type_, text)
    except InvalidParameter:
        return
    assert normalise(type_, endpoint) == endpoint
    for base in candidates(type_, endpoint):
        assert base == "" or URL(base).host
