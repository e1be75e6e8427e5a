"""An Anthropic error in OpenAI's words: status, type, code, and the headers that tell a client when to come back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import msgspec

from sidecar.errors import UpstreamError
from sidecar.translate.lenient import decode, encode
from sidecar.translate.shape import JSON

Headers = tuple[tuple[str, str], ...]


class ProviderError(msgspec.Struct, frozen=True, kw_only=True):
    """What the client is told of a provider's error; `headers` go out with it."""

    status: int
    type: str
    code: str | None
    message: str
    headers: Headers = ()

    def body(self) -> JSON:
        """OpenAI's error object, all four keys."""
        return {"error": {"message": self.message, "type": self.type, "param": None, "code": self.code}}


class _Row(NamedTuple):
    """What one status becomes. In `sentence`, {p} is the provider's name, {s} its status."""

    status: int
    type: str
    code: str | None
    sentence: str


#: The provider's status → the client's.
TABLE: dict[int, _Row] = {
    400: _Row(400, "invalid_request_error", None, "{p} refused the request ({s})"),
    401: _Row(
        401, "authentication_error", "invalid_api_key",
        "{p} refused the key that is stored for this provider ({s}); store a valid one. It said",
    ),
    402: _Row(402, "insufficient_quota", "insufficient_quota", "{p} asks for payment ({s}); see its billing"),
    403: _Row(
        403, "permission_error", None,
        "{p} does not allow this with the key that is stored for this provider ({s})",
    ),
    404: _Row(404, "invalid_request_error", "model_not_found", "{p} does not know this ({s})"),
    408: _Row(504, "timeout_error", "upstream_timeout", "{p} gave up waiting ({s})"),
    409: _Row(409, "invalid_request_error", "conflict", "{p} met a conflict ({s})"),
    413: _Row(413, "request_too_large", "request_too_large", "{p} takes no request of this size ({s})"),
    429: _Row(429, "rate_limit_error", "rate_limit_exceeded", "{p} limits the rate ({s}); try again later"),
    503: _Row(503, "api_error", "service_unavailable", "{p} is not available ({s})"),
    504: _Row(504, "timeout_error", "upstream_timeout", "{p} gave up waiting ({s})"),
    529: _Row(503, "overloaded_error", "overloaded", "{p} is overloaded (529); try again later"),
}  # fmt: skip
_OTHER_4XX = _Row(400, "invalid_request_error", None, "{p} refused the request ({s})")
_OTHER_5XX = _Row(502, "api_error", "api_error", "{p} failed ({s})")

#: Where asking again may help. The SDKs do so on 408, 409, 429 and from 500 on, unless told not to; a timeout has cost
#: minutes already.
RETRY = frozenset((409, 429, 500, 502, 503, 520, 521, 522, 529))

#: `error.type` → the status it comes with; within a stream there is no other (Anthropic, "Errors").
STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}

#: How providers say that the conversation does not fit, in their own words.
OVERFLOW = re.compile(
    r"prompt is too long"
    r"|input length and `?max_tokens`? exceed context limit"
    r"|exceed_context_size_error"
    r"|maximum context length"
    r"|longer than the model's context length"
    r"|exceeds? the (available )?context (size|window|length)",
    re.IGNORECASE,
)

#: More of a provider's message than this is an error page, and helps nobody.
MAX_MESSAGE = 4000

#: Nobody waits longer for an answer than a day, whatever a provider says.
LONGEST_WAIT = 86_400.0

_LIMIT = re.compile(r"anthropic-ratelimit-(requests|tokens|input-tokens|output-tokens)-(limit|remaining|reset)\Z")


def to_openai_error(status: int, body: bytes, headers: Mapping[str, str], provider: str) -> ProviderError:
    """What to tell the client of an answer with this status; the provider's own words are in the message."""
    kind, said = _read(body)
    if STATUSES.get(kind or "") == 529:
        status = 529
    return _error(status, kind, said or f"HTTP status {status}", provider, _headers(headers))


def stream_error(event: JSON, provider: str) -> ProviderError:
    """The same for an `error` event within a stream."""
    inner = event.get("error")
    kind, said = _inner(inner) if isinstance(inner, dict) else (None, str(inner or "") or None)
    return _error(STATUSES.get(kind or "", 500), kind, said or "an error without a message", provider, ())


def raised(error: ProviderError) -> UpstreamError:
    """The same as an exception, for the midst of a stream."""
    return UpstreamError(error.message, error_code=error.code, status=error.status, type=error.type)


def rate_limits(headers: Mapping[str, str]) -> Headers:
    """Anthropic's rate limits under OpenAI's names; a reset is a duration there ("1s", "6m0s")."""
    low = {name.lower(): value for name, value in headers.items()}
    now = _now(low.get("date"))
    out = []
    for name, value in low.items():
        if not (match := _LIMIT.match(name)):
            continue
        kind, what = match.groups()
        told = _duration(value, now) if what == "reset" else value
        if told is not None:
            out.append((f"x-ratelimit-{what}-{kind}", told))
    return tuple(out)


def sane_wait(value: str | None, most: float = LONGEST_WAIT) -> str | None:
    """A wait in digits as it was given, at most `most`; None for what is no such wait (dates included)."""
    text = (value or "").strip()
    if not re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text):
        return None
    return text if float(text) <= most else str(int(most))


def _error(status: int, kind: str | None, said: str, provider: str, headers: Headers) -> ProviderError:
    row = TABLE.get(status) or (_OTHER_4XX if status < 500 else _OTHER_5XX)
    code = row.code
    if status in (400, 413) and OVERFLOW.search(f"{kind} {said}"):
        row, code = TABLE[400], "context_length_exceeded"
    if status not in RETRY:
        headers = (*(item for item in headers if item[0] != "x-should-retry"), ("x-should-retry", "false"))
    message = f"{row.sentence.format(p=provider, s=status)}: {said[:MAX_MESSAGE]}"
    return ProviderError(status=row.status, type=row.type, code=code, message=message, headers=headers)


def _read(body: bytes) -> tuple[str | None, str | None]:
    """The error's type and message: JSON of any provider's making, or the plain text of the edge."""
    text = body.decode("utf-8", "replace").strip()
    try:
        value = decode(body)
    except ValueError:
        return None, text or None
    inner = value.get("error", value) if isinstance(value, dict) else value
    return _inner(inner) if isinstance(inner, dict) else (None, str(inner) if inner else text or None)


def _inner(error: JSON) -> tuple[str | None, str | None]:
    kind = error.get("type")
    said: Any = error.get("message") or error.get("detail") or error.get("error")
    if said is not None and not isinstance(said, str):
        said = encode(said).decode()
    return (kind if isinstance(kind, str) else None), said


def _headers(headers: Mapping[str, str]) -> Headers:
    low = {name.lower(): value for name, value in headers.items()}
    waits = (("retry-after", LONGEST_WAIT), ("retry-after-ms", LONGEST_WAIT * 1000))
    told = [(name, wait) for name, most in waits if (wait := sane_wait(low.get(name), most)) is not None]
    if low.get("x-should-retry") in ("true", "false"):
        told.append(("x-should-retry", low["x-should-retry"]))
    return (*told, *rate_limits(low))


def _now(date: str | None) -> datetime:
    """The provider's own clock, from its `Date` header, else ours."""
    try:
        return parsedate_to_datetime(date) if date else datetime.now(UTC)
    except ValueError:
        return datetime.now(UTC)


def _duration(reset: str, now: datetime) -> str | None:
    """The time from now until a moment in RFC 3339."""
    try:
        moment = datetime.fromisoformat(reset)
        seconds = max(0, round((moment - now).total_seconds()))
    except (ValueError, TypeError):
        return None
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
