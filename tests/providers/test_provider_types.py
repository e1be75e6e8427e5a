"""What the rows say, and what is made of them."""

import pytest

from sidecar.errors import BadRequest, InvalidParameter
from sidecar.providers.choices import provider_types
from sidecar.providers.types import (
    TYPES,
    asks_usage,
    auth_headers,
    is_free,
    row,
    timeouts_of,
    url_for,
)
from sidecar.values import Timeouts


def test_all_types_are_told_in_order():
    """`mux/provider/types` lists eight types by name, with their default endpoints."""
    told = provider_types()
    assert [each.type for each in told] == [
        "anthropic",
        "echo",
        "llamacpp",
        "lm_studio",
        "ollama",
        "openai",
        "openrouter",
        "vllm",
    ]
    assert {each.type for each in told if each.auth == "api_key"} == {"anthropic", "openai", "openrouter"}
    assert all(each.default_endpoint for each in told if each.type != "echo")


def test_a_free_name():
    """A type whose name a provider has comes with the first numbered one that is free."""
    told = {each.type: each.free_name for each in provider_types({"openai", "openai-2", "echo-2"})}
    assert (told["openai"], told["echo"], told["vllm"]) == ("openai-3", None, None)


def test_an_unknown_type_is_a_bad_parameter():
    """The sentence lists the types."""
    with pytest.raises(InvalidParameter, match="openrouter, vllm") as refused:
        row("azure")
    assert refused.value.field == "type"


@pytest.mark.parametrize(
    ("type_", "endpoint", "dialect", "url"),
    [
        ("openai", "", "chat", "https://api.openai.com/v1/chat/completions"),
        ("openai", "", "responses", "https://api.openai.com/v1/responses"),
        ("openrouter", "", "messages", "https://openrouter.ai/api/v1/messages"),
        ("ollama", "", "chat", "http://localhost:11434/v1/chat/completions"),
        ("llamacpp", "", "embeddings", "http://localhost:8080/v1/embeddings"),
        ("lm_studio", "", "completions", "http://localhost:1234/v1/completions"),
        ("vllm", "", "messages", "http://localhost:8000/v1/messages"),
        ("anthropic", "", "messages", "https://api.anthropic.com/v1/messages"),
        ("anthropic", "https://h.example/anthropic/v1/messages", "messages", "https://h.example/anthropic/v1/messages"),
        (
            "openai",
            "https://me.openai.azure.com/openai/deployments/gpt?api-version=1",
            "chat",
            "https://me.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=1",
        ),
    ],
)
def test_a_request_goes_to_the_types_own_path(config, type_, endpoint, dialect, url):
    """The path follows the base, and the endpoint's query stays behind it."""
    assert url_for(config(type_, endpoint), dialect) == url


def test_special_requests_have_their_own_paths(config):
    """Filling in and counting tokens go beside the usual paths."""
    assert url_for(config("llamacpp"), "infill") == "http://localhost:8080/infill"
    assert url_for(config("anthropic"), "count_tokens").endswith("/v1/messages/count_tokens")


def test_a_dialect_that_a_type_lacks_is_refused(config):
    """Anthropic has no embeddings: 400, naming the provider."""
    with pytest.raises(BadRequest, match="mine is of type Anthropic, which has no embeddings"):
        url_for(config("anthropic"), "embeddings")


def test_each_type_gets_its_key_the_way_it_takes_keys(config):
    """Bearer for most, `x-api-key` for Anthropic, `api-key` for Azure; the fixed headers come along."""
    assert auth_headers(config("openai"), "k") == {"Authorization": "Bearer k"}
    assert auth_headers(config("anthropic"), "k") == {"x-api-key": "k", "anthropic-version": "2023-06-01"}
    assert auth_headers(config("openrouter"), "k")["X-Title"] == "mux-sidecar"
    assert auth_headers(config("openai", "https://me.openai.azure.com/openai/v1"), "k") == {"api-key": "k"}
    assert auth_headers(config("ollama"), None) == {}


@pytest.mark.parametrize("key", ["a\r\nX-Evil: 1", "a\x00", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(config, key):
    """Line breaks would smuggle headers in."""
    with pytest.raises(InvalidParameter) as refused:
        auth_headers(config("openai"), key)
    assert refused.value.field == "apiKey"
    assert key not in refused.value.message


def test_timeouts_are_longer_for_servers_that_load_models(config):
    """600 s before the first byte for local servers and private hosts, 300 s on the internet; the user's own win."""
    assert timeouts_of(config("openai")) == Timeouts(connect=10, first_byte=300, idle=120)
    assert timeouts_of(config("ollama")).first_byte == 600
    assert timeouts_of(config("openai", "http://localhost:1/v1")).first_byte == 600
    own = config("ollama", timeouts=Timeouts(connect=1, first_byte=2))
    assert timeouts_of(own) == Timeouts(connect=1, first_byte=2, idle=120)


def test_usage_is_not_asked_of_hosts_that_refuse_it(config):
    """Mistral and Databricks answer 4xx to `stream_options`."""
    assert asks_usage(config("openai"))
    assert not asks_usage(config("openai", "https://api.mistral.ai/v1"))
    assert not asks_usage(config("openai", "https://adb-1.2.azuredatabricks.net/serving-endpoints"))
    assert not asks_usage(config("anthropic"))


def test_only_local_servers_on_this_machine_are_free(config):
    """An Ollama elsewhere, and an OpenAI-compatible server here, have costs that we do not know."""
    assert is_free(config("echo"))
    assert is_free(config("ollama"))
    assert not is_free(config("ollama", "https://ollama.com"))
    assert not is_free(config("openai", "http://localhost:1"))


def test_each_row_is_complete():
    """Each type says where its models are told, what it speaks and how it fills in."""
    for each in TYPES.values():
        assert each.listing or each.built_in_models
        assert each.speaks
        assert each.suffixes
