"""What each method takes: unknown fields and wrong types are refused. None, or left out, means the method's default."""

from __future__ import annotations

from typing import Any

from sidecar.control.requests import UsageKey
from sidecar.values import Auth, Keep, Kind, Outcome, RequestKind, Scope, Timeouts, Value

JSON = dict[str, Any]


class Params(Value, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The common ground; by itself the parameters of a method that takes none."""


class StatusOf(Params, frozen=True, kw_only=True):
    """`uri` is a document: the route is then the one that it would be served by."""

    uri: str | None = None
    workspace: str | None = None


class WorkspaceAdd(Params, frozen=True, kw_only=True):
    """A new workspace, empty or with another's rules."""

    name: str
    copy_from: str | None = None


class WorkspaceNamed(Params, frozen=True, kw_only=True):
    """One workspace."""

    name: str


class WorkspaceUpdate(Params, frozen=True, kw_only=True):
    """What to change of a workspace."""

    name: str
    new_name: str | None = None
    scope: Scope | None = None


class WorkspaceImport(Params, frozen=True, kw_only=True):
    """An exported workspace, called as it says or otherwise."""

    document: JSON
    name: str | None = None
    replace: bool | None = None


class RuleList(Params, frozen=True, kw_only=True):
    """The rules of a workspace."""

    workspace: str | None = None


class RuleStated(Params, frozen=True, kw_only=True):
    """A rule as one of a list; what a listing says besides is taken and not looked at."""

    filter: str
    provider: str
    model: str
    kind: Kind | None = None
    position: int | None = None
    broken: str | None = None
    replacement: str | None = None
    taken_by: int | None = None


class RuleAdd(Params, frozen=True, kw_only=True):
    """One more rule."""

    filter: str
    provider: str
    model: str
    workspace: str | None = None
    kind: Kind | None = None
    position: int | None = None


class RuleUpdate(Params, frozen=True, kw_only=True):
    """What to change of a rule."""

    position: int
    workspace: str | None = None
    filter: str | None = None
    kind: Kind | None = None
    provider: str | None = None
    model: str | None = None


class RuleMove(Params, frozen=True, kw_only=True):
    """Where a rule is to go."""

    position: int
    to: int
    workspace: str | None = None


class RuleAt(Params, frozen=True, kw_only=True):
    """One rule."""

    position: int
    workspace: str | None = None


class RuleSet(Params, frozen=True, kw_only=True):
    """All rules of a workspace anew."""

    rules: tuple[RuleStated, ...]
    workspace: str | None = None


class TimeoutsStated(Params, frozen=True, kw_only=True):
    """Seconds."""

    connect: float | None = None
    first_byte: float | None = None
    idle: float | None = None

    def value(self) -> Timeouts:
        """As the control takes them."""
        return Timeouts(connect=self.connect, first_byte=self.first_byte, idle=self.idle)


class ProviderAdd(Params, frozen=True, kw_only=True):
    """A new provider; `headers` are values by name, `env:NAME` among them."""

    name: str
    type: str
    endpoint: str | None = None
    description: str | None = None
    auth: Auth | None = None
    api_key: str | None = None
    api_key_env: str | None = None
    models: tuple[str, ...] | None = None
    headers: dict[str, str] | None = None
    timeouts: TimeoutsStated | None = None
    offline: bool | None = None


class ProviderUpdate(Params, frozen=True, kw_only=True):
    """What to change of a provider; nothing but its `name` is a refresh."""

    name: str
    new_name: str | None = None
    type: str | None = None
    endpoint: str | None = None
    description: str | None = None
    auth: Auth | None = None
    api_key: str | None = None
    api_key_env: str | None = None
    models: tuple[str, ...] | None = None
    headers: dict[str, str] | None = None
    timeouts: TimeoutsStated | None = None
    offline: bool | None = None


class ProviderNamed(Params, frozen=True, kw_only=True):
    """One provider."""

    name: str


class ProviderRemove(Params, frozen=True, kw_only=True):
    """A provider to remove; `force` also while workspaces use it."""

    name: str
    force: bool | None = None


class ModelList(Params, frozen=True, kw_only=True):
    """The models of one provider, or of all."""

    provider: str | None = None


class RouteExplain(Params, frozen=True, kw_only=True):
    """Files in context, as a client would name them, or a prompt in which they are found."""

    files: tuple[str, ...] | None = None
    prompt: str | None = None
    kind: RequestKind | None = None
    workspace: str | None = None


class RequestList(Params, frozen=True, kw_only=True):
    """Which requests; `before` is the id of one, or a time (RFC 3339). `text` stands anywhere in what is recorded."""

    limit: int | None = None
    before: str | None = None
    workspace: str | None = None
    provider: str | None = None
    outcome: Outcome | None = None
    text: str | None = None


class RequestNamed(Params, frozen=True, kw_only=True):
    """One request."""

    id: str


class RequestRemove(Params, frozen=True, kw_only=True):
    """One request, or all."""

    id: str | None = None


class UsageOf(Params, frozen=True, kw_only=True):
    """From which local date on (ISO 8601), and one row for each of what."""

    since: str | None = None
    by: UsageKey | None = None


class ClientList(Params, frozen=True, kw_only=True):
    """Where the clients are to be led."""

    workspace: str | None = None


class SettingsSet(Params, frozen=True, kw_only=True):
    """Which settings to change."""

    keep: Keep | None = None
    keep_days: int | None = None
    origins: tuple[str, ...] | None = None
    hosts: tuple[str, ...] | None = None
    require_key: bool | None = None
