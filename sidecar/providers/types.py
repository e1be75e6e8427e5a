"""The types of provider: each is a row of data, and whatever a type does differently is read off its row.

Sources: the vendors' API references (Anthropic "Messages" and "Models", OpenAI "API reference", OpenRouter "API
reference", Ollama `docs/openai.md`, llama.cpp `tools/server/README.md`, LM Studio "REST API", vLLM "OpenAI-compatible
server").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from sidecar.errors import BadRequest, InvalidParameter
from sidecar.providers.hosts import host_of, is_on_this_machine, is_private
from sidecar.providers.paths import OPENAI, OPENAI_AND_MESSAGES, ROOTED
from sidecar.values import Auth, Dialect, ProviderConfig, Timeouts, WireName

Wire = Literal["chat", "messages", "echo"]
Fim = Literal["native", "infill"]
Details = Literal["show", "props"]

CONNECT_SECONDS, FIRST_BYTE_SECONDS = 10.0, 300.0
FIRST_BYTE_LOCAL_SECONDS = 600.0  # a local server may first load its model
IDLE_SECONDS = 120.0

# Azure takes a key in a header of its own; its gateway refuses one sent as `Bearer`, which it keeps for Entra's tokens.
_API_KEY_HEADER_HOSTS = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")
# These answer 4xx to `stream_options` (Mistral: 422 extra_forbidden; Databricks: 400 unknown field).
_NO_STREAM_OPTIONS = ("api.mistral.ai", ".databricks.com", ".azuredatabricks.net", ".databricks.net")


# Documented for llama.cpp, LM Studio, OpenRouter and vLLM; OpenAI answers 400 to it.
_SAMPLING = frozenset(("top_k",))


@dataclass(frozen=True)
class ProviderTypeRow:
    """One type of provider: everything that the rest of the product needs to know of it.

    `paths` are what it answers natively, below its base; `cut` are the endings that a pasted endpoint loses to become
    that base; `suffixes` are put behind the endpoint, in order, when its base is looked for, and `path_as_given` puts
    an endpoint with a path of its own before them. `listing` are the paths below the base where it tells its models,
    the richest first. `extras` are fields of a chat request that it takes beyond OpenAI's. `counts_tokens` and `signs`
    (its thinking, refusing what is not signed) say that it does.
    """

    type: str
    label: str
    default_endpoint: str
    auth: Auth
    wire: Wire
    local: bool
    asks_usage: bool
    fim: Fim | None
    paths: Mapping[Dialect, str]
    listing: tuple[str, ...] = ("/models",)
    suffixes: tuple[str, ...] = ("/v1", "")
    path_as_given: bool = False
    cut: tuple[str, ...] = ()
    key_header: str = "Authorization"
    headers: tuple[tuple[str, str], ...] = ()
    cost_in_usage: bool = False
    lists_prices: bool = False
    pages: bool = False
    key_check: str | None = None
    extras: frozenset[str] = frozenset()
    counts_tokens: bool = False
    signs: bool = False
    details: Details | None = None
    built_in_models: tuple[str, ...] = ()

    @cached_property
    def speaks(self) -> frozenset[Dialect]:
        """The dialects that it answers without translation."""
        return frozenset(self.paths)


_ROWS = (
    ProviderTypeRow(
        type="anthropic",
        label="Anthropic",
        default_endpoint="https://api.anthropic.com",
        auth="api_key",
        wire="messages",
        local=False,
        asks_usage=False,  # no such field: its streams always tell their usage
        fim=None,
        paths={"messages": "/v1/messages"},
        listing=("/v1/models?limit=1000",),
        suffixes=("",),
        cut=("/v1",),
        key_header="x-api-key",
        headers=(("anthropic-version", "2023-06-01"),),
        pages=True,
        counts_tokens=True,
        signs=True,
    ),
    ProviderTypeRow(
        type="echo",
        label="Echo (built in)",
        default_endpoint="",
        auth="none",
        wire="echo",
        local=True,
        asks_usage=True,  # our own
        fim=None,
        paths={"chat": "", "completions": "", "embeddings": ""},
        listing=(),
        suffixes=("",),
        built_in_models=("echo",),
    ),
    ProviderTypeRow(
        type="llamacpp",
        label="llama.cpp",
        default_endpoint="http://localhost:8080",
        auth="none",
        wire="chat",
        local=True,
        asks_usage=True,  # seen: the last chunk carries `usage` when asked
        fim="infill",  # its `/v1/completions` ignores `suffix`
        paths=ROOTED,
        listing=("/v1/models",),
        suffixes=("",),
        cut=("/v1",),
        details="props",
        extras=_SAMPLING,
    ),
    ProviderTypeRow(
        type="lm_studio",
        label="LM Studio",
        default_endpoint="http://localhost:1234",
        auth="none",
        wire="chat",
        local=True,
        asks_usage=True,  # documented since 0.3.18; older ones ignore it
        fim="native",
        paths=OPENAI_AND_MESSAGES,
        listing=("/../api/v0/models", "/models"),
        cut=("/api/v0", "/api/v1"),
        extras=_SAMPLING,
    ),
    ProviderTypeRow(
        type="ollama",
        label="Ollama",
        default_endpoint="http://localhost:11434",
        auth="none",
        wire="chat",
        local=True,
        asks_usage=True,  # documented in docs/openai.md, "stream_options"
        fim="native",
        paths=ROOTED,
        listing=("/api/tags", "/v1/models"),
        suffixes=("",),
        cut=("/v1", "/api"),
        details="show",
    ),
    ProviderTypeRow(
        type="openai",
        label="OpenAI and compatible",
        default_endpoint="https://api.openai.com/v1",
        auth="api_key",
        wire="chat",
        local=False,
        asks_usage=True,  # most do; hosts known to refuse it are named above, others are found by their refusal
        fim="native",
        paths=OPENAI,
        suffixes=("/v1", "", "/api/v1", "/openai/v1"),
        path_as_given=True,  # gateways mount it anywhere
    ),
    ProviderTypeRow(
        type="openrouter",
        label="OpenRouter",
        default_endpoint="https://openrouter.ai/api/v1",
        auth="api_key",
        wire="chat",
        local=False,
        asks_usage=True,  # documented; it tells the usage in any case
        fim="native",
        paths=OPENAI_AND_MESSAGES,
        suffixes=("/api/v1", "/v1", ""),
        headers=(("HTTP-Referer", "http://localhost:8989"), ("X-Title", "mux-sidecar")),
        cost_in_usage=True,
        lists_prices=True,
        extras=_SAMPLING,
        key_check="/key",  # its list of models is public, so it says nothing of the key
    ),
    ProviderTypeRow(
        type="vllm",
        label="vLLM",
        default_endpoint="http://localhost:8000",
        auth="none",
        wire="chat",
        local=True,
        asks_usage=True,  # seen: a chunk of its own with `choices: []`
        fim="native",
        paths=OPENAI_AND_MESSAGES,
        extras=_SAMPLING,
    ),
)

TYPES: Mapping[str, ProviderTypeRow] = MappingProxyType({each.type: each for each in _ROWS})


def row(type: str) -> ProviderTypeRow:  # noqa: A002 - the contract's word
    """The row of a type.

    Raises:
        InvalidParameter: there is no such type; the sentence lists those that there are.
    """
    found = TYPES.get(type)
    if found is None:
        raise InvalidParameter("type", f"There is no provider type {type!r}; use one of {', '.join(TYPES)}.")
    return found


def auth_headers(config: ProviderConfig, key: str | None) -> dict[str, str]:
    """The headers that this provider wants from us: its type's fixed ones, and the key the way it takes keys.

    The user's own headers are not among them; they go on top.

    Raises:
        InvalidParameter: the key holds a character that no header can carry.
    """
    facts = row(config.type)
    headers = dict(facts.headers)
    if key:
        if not key.isascii() or not key.isprintable():
            raise InvalidParameter(
                "apiKey", f"The key of {config.name} holds a line break or a letter that no key has; enter it again."
            )
        name = "api-key" if host_of(config.base).endswith(_API_KEY_HEADER_HOSTS) else facts.key_header
        headers[name] = f"Bearer {key}" if name == "Authorization" else key
    return headers


def url_for(config: ProviderConfig, wire: WireName) -> str:
    """The full URL to send a request to on this wire; the query of the endpoint (`api-version=…`) stays on it.

    `infill` is llama.cpp's fill-in-the-middle, `count_tokens` the counting beside `messages`.

    Raises:
        BadRequest: this type of provider does not speak it.
    """
    facts = row(config.type)
    if wire == "infill":
        return below(config.base, "/infill")
    dialect: Dialect = "messages" if wire == "count_tokens" else wire
    path = facts.paths.get(dialect)
    if path is None:
        raise BadRequest(f"{config.name} is of type {facts.label}, which has no {dialect}; choose another provider.")
    return below(config.base, f"{path}/count_tokens" if wire == "count_tokens" else path)


def below(base: str, path: str) -> str:
    """A URL below a base: before the base's query, and with a query of its own put before that; `..` goes up one."""
    parts = urlsplit(base)
    path, _, query = path.partition("?")
    root = parts.path.rstrip("/")
    while path.startswith("/../"):
        root, path = root.rpartition("/")[0], path[3:]
    joined = "&".join(each for each in (query, parts.query) if each)
    return urlunsplit(parts._replace(path=root + path, query=joined))


def timeouts_of(config: ProviderConfig) -> Timeouts:
    """The timeouts that hold for a provider, all three filled: what the user set, else the defaults."""
    given = config.timeouts
    local = row(config.type).local or is_private(config.base)
    return Timeouts(
        connect=given.connect if given.connect is not None else CONNECT_SECONDS,
        first_byte=given.first_byte
        if given.first_byte is not None
        else (FIRST_BYTE_LOCAL_SECONDS if local else FIRST_BYTE_SECONDS),
        idle=given.idle if given.idle is not None else IDLE_SECONDS,
    )


def asks_usage(config: ProviderConfig) -> bool:
    """Whether `stream_options.include_usage` may be added: the provider's type understands it, and its host too."""
    host = host_of(config.base)
    return row(config.type).asks_usage and not any(
        host == known or (known.startswith(".") and host.endswith(known)) for known in _NO_STREAM_OPTIONS
    )


def is_free(config: ProviderConfig) -> bool:
    """Whether what this provider does costs nothing: a local server on this machine, or the built-in one."""
    facts = row(config.type)
    return facts.wire == "echo" or (facts.local and is_on_this_machine(config.base))
