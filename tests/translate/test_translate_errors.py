"""Anthropic's errors in OpenAI's words."""

from __future__ import annotations

import json

import pytest

from sidecar.translate.errors import rate_limits, stream_error, to_openai_error


def told(status, message="hm", kind="x_error", **headers):
    """What the client is told of an error."""
    body = json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
    return to_openai_error(status, body, {name.replace("_", "-"): value for name, value in headers.items()}, "acme")


@pytest.mark.parametrize(
    ("status", "own", "kind", "code", "retry"),
    [
        (400, 400, "invalid_request_error", None, False),
        (401, 401, "authentication_error", "invalid_api_key", False),
        (402, 402, "insufficient_quota", "insufficient_quota", False),
        (403, 403, "permission_error", None, False),
        (404, 404, "invalid_request_error", "model_not_found", False),
        (408, 504, "timeout_error", "upstream_timeout", False),
        (413, 413, "request_too_large", "request_too_large", False),
        (418, 400, "invalid_request_error", None, False),
        (429, 429, "rate_limit_error", "rate_limit_exceeded", True),
        (500, 502, "api_error", "api_error", True),
        (502, 502, "api_error", "api_error", True),
        (504, 504, "timeout_error", "upstream_timeout", False),
        (529, 503, "overloaded_error", "overloaded", True),
    ],
)
def test_statuses(status, own, kind, code, retry):
    """Each becomes what OpenAI's SDKs understand; the message names the provider and holds its words."""
    error = told(status, "Some words.")
    assert (error.status, error.type, error.code) == (own, kind, code)
    assert (("x-should-retry", "false") in error.headers) is not retry
    assert "acme" in error.message
    assert "Some words." in error.message
    assert error.body()["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    "message",
    [
        "prompt is too long: 3333404 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 9 + 9 > 8",
        "This model's maximum context length is 8 tokens",
        "the prompt is longer than the model's context length",
    ],
)
def test_overflow_has_its_own_code(message):
    """Agents shorten the conversation when they read it."""
    assert told(400, message).code == "context_length_exceeded"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_the_provider_s(status):
    """Not the client's, which it may well have given too."""
    assert "key that is stored for this provider" in told(status).message


def test_plain_text_from_the_edge():
    """What is no JSON is passed on as it reads, and a page of it is cut."""
    assert "Payload Too Large" in to_openai_error(413, b"Payload Too Large\n", {}, "acme").message
    assert len(to_openai_error(502, b"x" * 10**6, {}, "acme").message) < 5000
    assert "502" in to_openai_error(502, b"", {}, "acme").message
    assert "boom" in to_openai_error(500, b'{"error": "boom"}', {}, "acme").message


@pytest.mark.parametrize(
    ("given", "kept"),
    [("7", "7"), ("0.5", "0.5"), ("nonsense", None), ("-5", None), ("nan", None), ("1000000000", "86400")],
)
def test_retry_after(given, kept):
    """Copied where it is a number, and bounded."""
    assert dict(told(429, retry_after=given).headers).get("retry-after") == kept


def test_rate_limits():
    """Under OpenAI's names; a moment becomes a duration."""
    limits = {
        "Date": "Mon, 06 Apr 2026 10:00:00 GMT",
        "Anthropic-Ratelimit-Requests-Limit": "50",
        "anthropic-ratelimit-input-tokens-remaining": "7",
        "anthropic-ratelimit-requests-reset": "2026-04-06T10:01:30Z",
        "anthropic-ratelimit-tokens-reset": "2020-01-01T00:00:00Z",
        "anthropic-ratelimit-output-tokens-reset": "soon",
        "set-cookie": "a=b",
    }
    assert dict(rate_limits(limits)) == {
        "x-ratelimit-limit-requests": "50",
        "x-ratelimit-remaining-input-tokens": "7",
        "x-ratelimit-reset-requests": "1m30s",
        "x-ratelimit-reset-tokens": "0s",
    }


@pytest.mark.parametrize(
    ("kind", "status"), [("overloaded_error", 503), ("rate_limit_error", 429), ("api_error", 502), ("news", 502)]
)
def test_errors_within_a_stream(kind, status):
    """They have the status that their type would have come with."""
    error = stream_error({"type": "error", "error": {"type": kind, "message": "boom"}}, "acme")
    assert error.status == status
    assert "boom" in error.message


@pytest.mark.parametrize("event", [{"type": "error"}, {"type": "error", "error": "boom"}, {"error": {"message": None}}])
def test_malformed_errors_are_errors_too(event):
    """Whatever stands in them."""
    assert stream_error(event, "acme").status == 502
