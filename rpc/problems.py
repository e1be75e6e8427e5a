"""What is to be mended, each thing with its parts: the sentences of a Status are made of them."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from rpc.commands import names
from rpc.facts import clock, line, model_of
from sidecar.control.routes import explained
from sidecar.control.rules import why_broken
from sidecar.keys import never_given
from sidecar.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rpc.facts import Facts
    from sidecar.snapshot import Snapshot, WorkspaceRules
    from sidecar.store.requests import Outage
    from sidecar.values import ProviderConfig, Request, Route

ProblemKind = Literal[
    "endpointBlocked",
    "noWorkspace",
    "noProvider",
    "noRule",
    "noDefault",
    "brokenRule",
    "missingKey",
    "providerDown",
    "modelsFailed",
    "lastRequestFailed",
    "dataFolder",
    "setting",
]

NO_PROVIDER = "No provider yet; add one."
NO_RULE = "The workspace {} has no rules; name its model."
NO_DEFAULT = "The workspace {} has no model for everything; name one."
BROKEN = "Rule {} of the workspace {} cannot serve ({}); mend it."
MODELS_FAILED = "{} Try again."
DOWN = "The provider {} is down since {}: {}"
LAST_FAILED = "The last request failed ({}, {}): {}"
NO_WORKSPACE = "This window is set to the workspace {}, which does not exist; add it, or set another in its settings."


#: What an editor has for it, among its commands or in its palette.
COMMANDS: Mapping[ProblemKind, str] = MappingProxyType(
    {
        "noProvider": names.ADD_PROVIDER,
        "noRule": names.ADD_RULE,
        "noDefault": names.ADD_RULE,
        "brokenRule": names.ADD_RULE,
        "missingKey": names.OPEN_DASHBOARD,
        "modelsFailed": names.REFRESH_MODELS,
    }
)


class Problem(Value, frozen=True, kw_only=True):
    """One thing to be mended: `detail` is a sentence, `mend` the command that mends it, and the rest what it is about.

    `position` is a rule's in `workspace`, `reason` why that rule cannot serve, `request` the id of the one that failed.
    """

    kind: ProblemKind
    detail: str
    mend: str | None = None
    workspace: str | None = None
    position: int | None = None
    reason: str | None = None
    provider: str | None = None
    request: str | None = None

    @property
    def sentence(self) -> str:
        """The sentence with its commands, for readers."""
        if not self.mend:
            return self.detail
        here = f" (in an editor: {COMMANDS[self.kind]})" if self.kind in COMMANDS else ""
        return f"{self.detail.removesuffix('.')}: {self.mend}{here}"


def of_settings(detail: str) -> Problem:
    """A window's setting that cannot be."""
    return Problem(kind="setting", detail=line(detail))


def severe(facts: Facts, workspace: WorkspaceRules | None, name: str, route: Route | None) -> Iterator[Problem]:
    """Why what is shown would not be answered."""
    if facts.endpoint.state == "blocked" and facts.endpoint.detail:
        yield Problem(kind="endpointBlocked", detail=line(facts.endpoint.detail))
    if workspace is None:
        yield Problem(kind="noWorkspace", detail=line(NO_WORKSPACE.format(name)), workspace=name)
    elif not facts.snapshot.providers:
        mend = "mux-sidecar provider add ollama --type ollama"
        yield Problem(kind="noProvider", detail=NO_PROVIDER, mend=mend)
    elif route is None:
        mend = f"mux-sidecar rule default PROVIDER/MODEL{_option(facts.snapshot, name)}"
        if workspace.rules:
            yield Problem(kind="noDefault", detail=NO_DEFAULT.format(name), mend=mend, workspace=name)
        else:
            yield Problem(kind="noRule", detail=NO_RULE.format(name), mend=mend, workspace=name)
    else:
        yield from _unserved(facts, route)


def other(facts: Facts, workspace: WorkspaceRules | None) -> Iterator[Problem]:
    """What else is to be mended: the folder, other rules, other providers, the last request."""
    if facts.trouble:
        yield Problem(kind="dataFolder", detail=line(facts.trouble))
    rules = workspace.rules if workspace else ()
    for rule in rules:
        assert workspace is not None
        yield from _broken(facts.snapshot, workspace.name, rule.position, rule.provider, rule.model)
    used = {rule.provider.casefold() for rule in rules}
    outages = _outages(facts)
    down = {outage.provider for outage in outages}
    for key, provider in facts.snapshot.providers.items():
        if provider.error and provider.name not in down:
            yield _models_failed(provider.name, provider.error)
        elif key in used or never_given(provider):
            yield from _keyless(facts, provider)
    yield from map(_down, outages)
    yield from _last(facts, down)


def _unserved(facts: Facts, route: Route) -> Iterator[Problem]:
    """Why the route's provider would not answer."""
    yield from _broken(facts.snapshot, route.workspace, route.position, route.provider, route.model)
    provider = facts.snapshot.provider(route.provider)
    if provider is not None:
        yield from _keyless(facts, provider)
        yield from (_down(outage) for outage in _outages(facts) if outage.provider == provider.name)


def broken(snapshot: Snapshot, provider: str, model: str) -> str | None:
    """Why a rule with these names cannot serve; None if it can."""
    found = snapshot.provider(provider)
    return why_broken(provider, model, found, snapshot.model(provider, model) if found else None)


def _broken(snapshot: Snapshot, workspace: str, position: int, provider: str, model: str) -> Iterator[Problem]:
    """The rule, if it cannot serve."""
    if reason := broken(snapshot, provider, model):
        yield Problem(
            kind="brokenRule",
            detail=line(BROKEN.format(position, workspace, reason.removesuffix("."))),
            mend=f"mux-sidecar rule edit {position} --model PROVIDER/MODEL{_option(snapshot, workspace)}",
            workspace=workspace,
            position=position,
            reason=line(reason),
            provider=provider,
        )


def _keyless(facts: Facts, provider: ProviderConfig) -> Iterator[Problem]:
    """Why the provider cannot be sent its key, if it cannot."""
    if lacking := never_given(provider) or facts.missing(provider):
        yield Problem(kind="missingKey", detail=line(lacking.detail), mend=lacking.mend, provider=provider.name)


def _models_failed(provider: str, error: str) -> Problem:
    word = f'"{provider}"' if " " in provider else provider  # names may hold blanks, and no quotes
    return Problem(
        kind="modelsFailed",
        detail=line(MODELS_FAILED.format(error if error.startswith(provider) else f"{provider}: {error}")),
        mend=f"mux-sidecar provider refresh {word}",
        provider=provider,
    )


def _outages(facts: Facts) -> tuple[Outage, ...]:
    """Providers that did not answer and have not since, nor listed their models."""

    def holds(outage: Outage) -> bool:
        provider = facts.snapshot.provider(outage.provider)
        if provider is None or provider.refreshed_at is None:
            return provider is not None
        return datetime.fromisoformat(provider.refreshed_at) <= datetime.fromisoformat(outage.latest)

    return tuple(outage for outage in facts.recent.outages if holds(outage))


def _down(outage: Outage) -> Problem:
    detail = DOWN.format(outage.provider, clock(outage.since), outage.error)
    return Problem(kind="providerDown", detail=line(detail), provider=outage.provider)


def _last(facts: Facts, down: set[str]) -> Iterator[Problem]:
    """The last request, if it failed by more than a provider that is down."""
    last = facts.recent.last
    if last is not None and last.outcome == "error" and last.provider not in down and not _mended(facts.snapshot, last):
        detail = LAST_FAILED.format(model_of(last), clock(last.started_at), last.error or f"status {last.status}")
        yield Problem(kind="lastRequestFailed", detail=line(detail), provider=last.provider, request=last.id)


def _mended(snapshot: Snapshot, failed: Request) -> bool:
    """Whether the request found no model, and the rules have changed so that it would not fail by the same one."""
    if failed.provider is not None or failed.workspace is None:
        return False
    workspace = snapshot.workspace(failed.workspace)
    route = explained(workspace, failed.kind, failed.files).route if workspace else None
    if route is None:
        return workspace is None or failed.position is not None
    if (route.position, route.filter, route.model) != (failed.position, failed.filter, failed.model):
        return True
    return broken(snapshot, route.provider, route.model) is None


def _option(snapshot: Snapshot, workspace: str) -> str:
    """How a command names the workspace, unless it is the active one."""
    return "" if workspace.casefold() == snapshot.active.casefold() else f" -w {workspace}"
