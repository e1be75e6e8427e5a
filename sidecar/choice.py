"""The route of one request: workspace, rule, provider and model, or the sentence that says what is missing."""

from __future__ import annotations

import msgspec

from sidecar.errors import NoRoute
from sidecar.routing.files import Context
from sidecar.routing.rules import CompiledRule, first_match
from sidecar.snapshot import Snapshot, WorkspaceRules
from sidecar.values import ModelInfo, ProviderConfig


class Choice(msgspec.Struct, frozen=True):
    """What a request gets."""

    rule: CompiledRule
    provider: ProviderConfig
    model: ModelInfo | None


def workspace_of(snapshot: Snapshot, name: str | None) -> WorkspaceRules:
    """The named workspace, or the active one.

    Raises:
        NoRoute: there is none of that name; another is never taken in its place.
    """
    found = snapshot.workspace(name)
    if found is None:
        raise NoRoute(
            f"There is no workspace {name!r}; `mux-sidecar workspace list` shows those there are.", "workspace_unknown"
        )
    return found


def choose(snapshot: Snapshot, workspace: WorkspaceRules, context: Context) -> CompiledRule:
    """The first rule that matches.

    Raises:
        NoRoute: none does; the message names the command that makes one.
    """
    rule = first_match(workspace.rules, context.kind, context.files)
    if rule is None:
        raise NoRoute(_no_route(snapshot, workspace, context))
    return rule


def resolve(snapshot: Snapshot, workspace: WorkspaceRules, rule: CompiledRule) -> Choice:
    """The rule's provider and model.

    Raises:
        NoRoute: code `model_gone`, if either is no longer there.
    """
    provider = snapshot.provider(rule.provider)
    if provider is None:
        raise NoRoute(
            f"Rule {rule.position} of workspace {workspace.name!r} uses the provider {rule.provider!r}, "
            "which does not exist; "
            f"`mux-sidecar rule edit {rule.position} -w {workspace.name} --model PROVIDER/MODEL` chooses another.",
            "model_gone",
        )
    model = snapshot.model(provider.name, rule.model)
    if model is not None and model.gone:
        raise NoRoute(
            f"The provider {provider.name!r} no longer lists the model {rule.model!r} of rule {rule.position} "
            f"in workspace {workspace.name!r}; `mux-sidecar rule edit {rule.position} -w {workspace.name} "
            "--model PROVIDER/MODEL` chooses another.",
            "model_gone",
        )
    return Choice(rule, provider, model)


def _no_route(snapshot: Snapshot, workspace: WorkspaceRules, context: Context) -> str:
    where = f"No rule of workspace {workspace.name!r} matches this {context.kind} request"
    option = "" if workspace.name.casefold() == snapshot.active.casefold() else f" -w {workspace.name}"
    if context.kind == "embed":
        option += " --kind embed"
    if not snapshot.providers:
        return (
            f"{where}, and there is no provider yet; add one with `mux-sidecar provider add NAME --type TYPE`, "
            f"then choose a model with `mux-sidecar rule default PROVIDER/MODEL{option}`."
        )
    return f"{where}; choose a model with `mux-sidecar rule default {_example(snapshot)}{option}`."


def _example(snapshot: Snapshot) -> str:
    """A model to name in the command, if there is just one to choose."""
    listed = [f"{snapshot.providers[key].name}/{name}" for key, name in snapshot.models if key in snapshot.providers]
    return listed[0] if len(listed) == 1 else "PROVIDER/MODEL"
