"""What every bridge offers to the relay."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from sidecar.dialects.forms import FORMS, Clean
from sidecar.errors import ProviderRefused, RequestError, UpstreamError
from sidecar.sse import Event
from sidecar.translate.errors import ProviderError, sane_wait, to_openai_error
from sidecar.translate.joined import Joined
from sidecar.values import Dialect, Tokens, WireName

JSON = dict[str, Any]


class Bridge(ABC):
    """One request's way to the wire and its answer's way back; made anew for each request.

    Attributes:
        dialect: what the client speaks.
        wire: what the provider is asked in: a dialect's name, or `infill`, or `count_tokens`.
        ignored: what the wire has no place for, for `X-Mux-Ignored`.
        cost: the provider's own figure in USD.
        finished: a finish reason was seen, so that the end of the stream is an end and no break.
        done: the stream's last event was seen; whatever follows is not passed on.
        failure: what went wrong with an answer that is passed on all the same, since it tells so itself.
        instead: the bridge that may do better where the provider refused as it did, if there is one.
    """

    dialect: Dialect
    wire: WireName
    ignored: tuple[str, ...] = ()
    cost: float | None = None
    finished: bool = False
    done: bool = False
    failure: RequestError | None = None
    instead: Callable[[ProviderRefused], Bridge | None] | None = None

    @cached_property
    def _kept(self) -> Joined:
        """The chunks of a stream that the client did not ask for, which few providers send."""
        return Joined()

    @abstractmethod
    def body(self) -> bytes:
        """What the provider is sent.

        Raises:
            BadRequest: the wire cannot carry this request.
        """

    def headers(self) -> Mapping[str, str]:
        """Headers that this request needs on the wire beyond the provider's own."""
        return {}

    @abstractmethod
    def feed(self, event: Event) -> bytes:
        """What the client gets for one event with data.

        Raises:
            ProviderRefused: the event is an error.
            UpstreamError: the event cannot be read.
        """

    @abstractmethod
    def end(self) -> bytes:
        """What is left to say when the provider's stream has ended.

        Raises:
            UpstreamError: it broke off.
        """

    @abstractmethod
    def whole(self, body: bytes) -> bytes:
        """The client's answer for the provider's plain one.

        Raises:
            ProviderRefused: it is an error, in a 200.
            UpstreamError: it cannot be read.
        """

    @abstractmethod
    def as_stream(self, body: bytes) -> bytes:
        """The provider's plain answer as the event stream that the client asked for; raises like `whole`."""

    @abstractmethod
    def gather(self, event: Event) -> None:
        """Keep one event with data for the plain answer that the client asked for; raises like `feed`."""

    @abstractmethod
    def gathered(self) -> bytes:
        """The plain answer that the events make which were kept; raises like `end`."""

    @abstractmethod
    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderRefused:
        """The provider's error answer as the client is told it."""

    def tokens(self) -> Tokens:
        """What the provider counted, as far as it has told."""
        return Tokens()

    def answered(self) -> bytes | None:
        """The provider's plain answer where it need not be asked; None where it must be."""
        return None

    def after(self, refusal: ProviderRefused) -> Bridge | None:
        """The bridge over which to send the request once more: this one, changed, or another; None if none helps."""
        return None if self.instead is None else self.instead(refusal)

    def failed(self, error: RequestError, clean: Clean) -> bytes:
        """The end of a stream that failed after its first byte."""
        return FORMS[self.dialect].error_event(error, clean)


def unreadable(what: str, provider: str) -> UpstreamError:
    """The failure of an answer that is not what its wire promises."""
    return UpstreamError(
        f"The provider {provider!r} sent {what}; check that its endpoint and type are right.",
        error_code="bad_upstream_response",
        type="api_error",
    )


def empty(provider: str) -> UpstreamError:
    """The failure of a stream that says that it is complete before it said anything."""
    return unreadable("a stream that holds no answer", provider)


def broken_off(provider: str) -> UpstreamError:
    """The failure of a stream that ended without a finish reason."""
    return UpstreamError(
        f"The provider {provider!r} broke off its answer before it was complete; ask again.",
        error_code="upstream_truncated",
        type="api_error",
    )


#: Headers of a provider's answer that are the client's business too; everything else stays behind: cookies,
#: hop-by-hop ones (RFC 9110, section 7.6.1), Access-Control-*, what describes the transfer.
PASSED = (
    "x-ratelimit-",
    "anthropic-ratelimit-",
    "retry-after",
    "x-should-retry",
    "openai-",
    "request-id",
    "x-request-id",
)
#: What LiteLLM's proxy puts before the names of headers that the provider behind it sent, waits among them.
BEHIND = "llm_provider-"


def passed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of a provider's headers that are passed on, names in lower case; a wait that makes no sense is left out."""
    lowered = {name.lower(): value for name, value in headers.items()}
    passed = {name: value for name, value in lowered.items() if name.startswith(PASSED)}
    for name in ("retry-after", "retry-after-ms"):
        said = passed.pop(name, None) or lowered.get(BEHIND + name)
        if (wait := sane_wait(said)) is not None:
            passed[name] = wait
    return passed


def translated_refusal(status: int, headers: Mapping[str, str], body: bytes, provider: str) -> ProviderRefused:
    """A provider's error answer for a client of another dialect, which writes it in its own form."""
    return refused(to_openai_error(status, body, headers, provider), passed_headers(headers))


def refused(told: ProviderError, headers: Mapping[str, str] | None = None) -> ProviderRefused:
    """What a translation made of a provider's error, as an exception."""
    error = RequestError(told.message, status=told.status, type=told.type, error_code=told.code)
    return ProviderRefused(error, headers={**(headers or {}), **dict(told.headers)})
