"""What each command takes, as one object or as these values in order. What is None or left out is asked for."""

from __future__ import annotations

from typing import Any

import msgspec

from rpc.params import Params, TimeoutsStated
from sidecar.values import Auth, Kind, Outcome, RequestKind


class Named(Params, frozen=True, kw_only=True):
    """One workspace or provider."""

    name: str | None = None


class WorkspaceAdd(Params, frozen=True, kw_only=True):
    """A new workspace."""

    name: str | None = None
    copy_from: str | None = None


class WorkspaceRename(Params, frozen=True, kw_only=True):
    """A workspace and its new name."""

    name: str | None = None
    new_name: str | None = None


class RuleAdd(Params, frozen=True, kw_only=True):
    """A new rule; without `provider`, `model` is PROVIDER/MODEL. `uri` is a document, whose ending is the filter."""

    filter: str | None = None
    provider: str | None = None
    model: str | None = None
    kind: Kind | None = None
    position: int | None = None
    workspace: str | None = None
    uri: str | None = None


class RuleAt(Params, frozen=True, kw_only=True):
    """One rule."""

    position: int | None = None
    workspace: str | None = None


class ProviderAdd(Params, frozen=True, kw_only=True):
    """A new provider, as `mux/provider/add` takes it."""

    name: str | None = None
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


class ProviderRemove(Params, frozen=True, kw_only=True):
    """A provider to remove; `force` also while workspaces use it."""

    name: str | None = None
    force: bool | None = None


class Explain(Params, frozen=True, kw_only=True):
    """A document by its URI or path, or files as a client would name them."""

    uri: str | None = None
    files: tuple[str, ...] | None = None
    kind: RequestKind | None = None
    workspace: str | None = None


class Requests(Params, frozen=True, kw_only=True):
    """Which requests, the newest ten unless `limit` says otherwise."""

    limit: int | None = None
    workspace: str | None = None
    provider: str | None = None
    outcome: Outcome | None = None


def named(kind: type[Params], arguments: list[Any]) -> Any:
    """The arguments as one object of named values, whichever way they were given.

    Raises:
        ValueError: there are more than the command takes.
    """
    if len(arguments) == 1 and isinstance(arguments[0], dict):
        return arguments[0]
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    if len(arguments) > len(names):
        raise ValueError(f"The command takes {len(names) or 'no'} values ({', '.join(names)}), not {len(arguments)}.")
    return dict(zip(names, arguments, strict=False))
