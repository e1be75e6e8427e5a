"""The values that travel between the rooms: frozen, and named as the contract names them (camelCase on the wire).

A field without a default is always present on the wire, as null where it is None; one with a default is left out
while it has it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["any", "chat", "fim", "embed"]
RequestKind = Literal["chat", "fim", "embed"]
Scope = Literal["turn", "conversation"]
Dialect = Literal["chat", "completions", "embeddings", "responses", "messages"]
WireName = Dialect | Literal["infill", "count_tokens"]
Outcome = Literal["ok", "error", "cancelled", "truncated"]
Keep = Literal["nothing", "summary", "everything"]
Auth = Literal["none", "api_key"]
EndpointWord = Literal["serving", "standby", "blocked"]


class Value(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The common ground: frozen, camelCase on the wire, defaults left out."""


class Workspace(Value, frozen=True, kw_only=True):
    """A named list of rules as listed. `default` is the catch-all's `PROVIDER/MODEL`."""

    name: str
    active: bool
    rules: int
    default: str | None
    scope: Scope


class Rule(Value, frozen=True, kw_only=True):
    """One rule; `position` counts from 1, an empty `filter` is a catch-all, `broken` says why it cannot serve.

    `replacement` is then the model whose name is most like its own, as PROVIDER/MODEL; None where there is no model.
    `taken_by` is the position of the rule before it that takes all that it takes, so that it is never reached.
    """

    position: int
    filter: str
    kind: Kind
    provider: str
    model: str
    broken: str | None = None
    replacement: str | None = None
    taken_by: int | None = None


class RuleDraft(Value, frozen=True, kw_only=True):
    """A rule as a user states it."""

    filter: str
    provider: str
    model: str
    kind: Kind = "any"


class Route(Value, frozen=True, kw_only=True):
    """What a request gets."""

    workspace: str
    position: int
    filter: str
    kind: Kind
    provider: str
    model: str


class Considered(Value, frozen=True, kw_only=True):
    """One rule that `explain` looked at; `also_takes` are common names that its filter takes, which may surprise."""

    position: int
    filter: str
    kind: Kind
    matched: bool
    why: str
    also_takes: tuple[str, ...] = ()


class Explanation(Value, frozen=True, kw_only=True):
    """Which rule takes these files, and why; `files` are those in context, found in the prompt if one was given.

    `broken` says why that rule cannot serve, so that such a request fails.
    """

    route: Route | None
    considered: tuple[Considered, ...]
    files: tuple[str, ...] = ()
    broken: str | None = None


class EndpointState(Value, frozen=True, kw_only=True):
    """The endpoint; `detail` says why it does not serve, and what to do."""

    url: str
    state: EndpointWord
    detail: str | None = None


class Timeouts(Value, frozen=True, kw_only=True):
    """Seconds; None leaves the default (docs/providers.md, "Timeouts")."""

    connect: float | None = None
    first_byte: float | None = None
    idle: float | None = None


class Provider(Value, frozen=True, kw_only=True):
    """A provider as listed: never a key, never a header's value."""

    name: str
    type: str
    endpoint: str
    description: str
    auth: Auth
    key_source: str | None
    models: int
    refreshed_at: str | None
    workspaces: tuple[str, ...]
    headers: tuple[str, ...]
    timeouts: Timeouts
    error: str | None = None


class ProviderType(Value, frozen=True, kw_only=True):
    """One of the types that a provider can have; `free_name` is one for a new provider where the type's is taken."""

    type: str
    label: str
    default_endpoint: str
    auth: Auth
    free_name: str | None = None


class Model(Value, frozen=True, kw_only=True):
    """A model as listed; sizes in tokens."""

    provider: str
    name: str
    context_window: int | None = None
    max_output_tokens: int | None = None
    by_hand: bool = False
    gone: bool = False


class Prices(Value, frozen=True, kw_only=True):
    """USD per token, as the provider lists them."""

    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None


class ModelInfo(Value, frozen=True, kw_only=True):
    """A model as a provider's listing tells of it; sizes in tokens."""

    name: str
    context_window: int | None = None
    max_output_tokens: int | None = None
    prices: Prices | None = None
    by_hand: bool = False
    gone: bool = False


class ProviderConfig(Value, frozen=True, kw_only=True):
    """A provider as configured and stored. `key` is where its key lives: None, `keyring`, `file` or `env:NAME`.

    `endpoint` is what the user gave; `base` is what requests go to: for OpenAI-compatible types the URL before
    `/chat/completions`, for `anthropic` the one before `/v1/messages`, for `ollama` and `llamacpp` the server's root.
    A header's value may be `env:NAME`.
    """

    id: int
    name: str
    type: str
    endpoint: str
    base: str
    description: str = ""
    auth: Auth = "none"
    key: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    timeouts: Timeouts = Timeouts()
    refreshed_at: str | None = None
    error: str | None = None


class Settings(Value, frozen=True, kw_only=True):
    """What `mux/settings/get` answers."""

    keep: Keep
    keep_days: int
    origins: tuple[str, ...]
    hosts: tuple[str, ...]
    require_key: bool


DEFAULT_SETTINGS = Settings(keep="summary", keep_days=30, origins=(), hosts=(), require_key=False)


#: No request has so many tokens, nor costs so many dollars: what a provider says beyond it is no count.
MOST_TOKENS = 10**12
MOST_COST = 10**6


def token_count(value: object) -> int | None:
    """A provider's count of tokens; None for what is none: no whole number, a negative or an absurd one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS else None


class Tokens(Value, frozen=True, kw_only=True):
    """What a provider counted; `input` includes what was read from and written to its cache."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


class Request(Value, frozen=True, kw_only=True):
    """The record of one request. Times in milliseconds, `started_at` in UTC (RFC 3339), `cost` in USD."""

    id: str
    started_at: str
    client: str
    dialect: Dialect
    kind: RequestKind
    workspace: str | None
    filter: str | None
    position: int | None
    provider: str | None
    provider_type: str | None
    model: str | None
    files: tuple[str, ...]
    outcome: Outcome
    status: int
    streamed: bool
    title: str
    total_ms: float
    overhead_ms: float
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cost: float | None = None
    first_byte_ms: float | None = None
    error: str | None = None
    ignored: tuple[str, ...] = ()


class Selection(Value, frozen=True, kw_only=True):
    """Which records: those that have all of these, of which None is any; `text` stands anywhere in what they tell."""

    workspace: str | None = None
    provider: str | None = None
    outcome: Outcome | None = None
    text: str | None = None


ALL = Selection()


class Usage(Value, frozen=True, kw_only=True):
    """One row of `mux/usage`; `key` is the workspace, provider, model (`PROVIDER/MODEL`) or local day (ISO 8601).

    `key` is empty for requests that got no route. `cost` is what is known; `unpriced` counts the requests whose cost is
    not, but for those that failed before anything was counted.
    """

    key: str
    requests: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost: float | None = None
    unpriced: int = 0


class Check(Value, frozen=True, kw_only=True):
    """One line of the doctor; what is `ok` and can be mended all the same is a warning."""

    check: str
    ok: bool
    detail: str
    mend: str | None = None
