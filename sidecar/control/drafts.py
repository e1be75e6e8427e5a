"""What a user states when something is added or changed; None, or left out, leaves a thing as it is."""

from __future__ import annotations

from sidecar.values import Auth, Keep, Kind, Timeouts, Value


class ProviderDraft(Value, frozen=True, kw_only=True):
    """A provider to be added. `models` are names given by hand; a header's value may be `env:NAME`.

    `endpoint` and `auth` default to the type's own; `offline` fetches nothing.
    """

    name: str
    type: str
    endpoint: str | None = None
    description: str = ""
    auth: Auth | None = None
    api_key: str | None = None
    api_key_env: str | None = None
    models: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    timeouts: Timeouts | None = None
    offline: bool = False


class ProviderChanges(Value, frozen=True, kw_only=True):
    """What to change of a provider. `headers` and `models` replace all that were given before.

    A missing or blank `api_key` keeps the stored one, a blank header value that header's; `timeouts` changes those that
    it names, and one that names none resets them all.
    """

    new_name: str | None = None
    type: str | None = None
    endpoint: str | None = None
    description: str | None = None
    auth: Auth | None = None
    api_key: str | None = None
    api_key_env: str | None = None
    models: tuple[str, ...] | None = None
    headers: tuple[tuple[str, str], ...] | None = None
    timeouts: Timeouts | None = None
    offline: bool = False


class RuleChanges(Value, frozen=True, kw_only=True):
    """What to change of a rule."""

    filter: str | None = None
    kind: Kind | None = None
    provider: str | None = None
    model: str | None = None


class SettingsChanges(Value, frozen=True, kw_only=True):
    """Which settings to change."""

    keep: Keep | None = None
    keep_days: int | None = None
    origins: tuple[str, ...] | None = None
    hosts: tuple[str, ...] | None = None
    require_key: bool | None = None


class ProviderMention(Value, frozen=True, kw_only=True):
    """A provider that an exported workspace uses; `type` is None where it was not there any more."""

    name: str
    type: str | None


class RuleMention(Value, frozen=True, kw_only=True):
    """A rule of an exported workspace."""

    filter: str
    kind: Kind
    provider: str
    model: str


class WorkspaceDocument(Value, frozen=True, kw_only=True):
    """A workspace as exported: it names providers by name and type, and holds no endpoint, header or key."""

    format: str
    version: int
    name: str
    scope: str
    providers: tuple[ProviderMention, ...]
    rules: tuple[RuleMention, ...]
