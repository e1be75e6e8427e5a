"""The one Status: what a status line, the command line and every window tell, made from one look at the facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from sidecar.control.routes import explained
from sidecar.control.rules import why_broken
from sidecar.keys import never_given
from sidecar.values import EndpointState, Request, Route, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sidecar.control.requests import Recent
    from sidecar.snapshot import Snapshot, WorkspaceRules
    from sidecar.store.requests import Outage
    from sidecar.values import ProviderConfig

StatusKind = Literal["normal", "warning", "error", "inactive"]

NO_PROVIDER = "No provider yet; add one: mux-sidecar provider add ollama --type ollama"
NO_RULE = "The workspace {} has no rules; name its model: mux-sidecar rule default PROVIDER/MODEL{}"
NO_DEFAULT = "The workspace {} has no model for everything; name one: mux-sidecar rule default PROVIDER/MODEL{}"
BROKEN = "Rule {} of the workspace {} cannot serve ({}); mend it: mux-sidecar rule edit {} --model PROVIDER/MODEL{}"
MODELS_FAILED = "{}: {} Try again: mux-sidecar provider refresh {}"
DOWN = "The provider {} is down since {}: {}"
LAST_FAILED = "The last request failed ({}, {}): {}"
NO_WORKSPACE = "This window is set to the workspace {}, which there is not; add it, or choose another in its settings."
ELSEWHERE = "This window is set to {}; the active workspace is {}."


class Command(Value, frozen=True, kw_only=True):
    """What a click on the status line does in an editor."""

    title: str
    command: str


class Status(Value, frozen=True, kw_only=True):
    """What `mux/status` answers and `mux/didChangeStatus` tells; `text` is ready to print in a status line."""

    workspace: str
    kind: StatusKind
    busy: bool
    text: str
    tooltip: str
    route: Route | None
    endpoint: EndpointState
    problems: tuple[str, ...]
    command: Command
    last_request: Request | None = None
    spent_today: float | None = None


@dataclass(frozen=True)
class Facts:
    """All that a Status is made of.

    `trouble` is what is wrong with the data folder; `missing` says why whoever serves has not a provider's key at hand.
    """

    snapshot: Snapshot
    recent: Recent
    endpoint: EndpointState
    busy: bool = False
    trouble: str | None = None
    missing: Callable[[ProviderConfig], str | None] = field(default=lambda _: None)


@dataclass(frozen=True)
class View:
    """What a Status is about: a workspace by name (None for the active one), files in context, a window's problems."""

    workspace: str | None = None
    files: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def summarise(facts: Facts, view: View) -> Status:
    """The Status that these facts make."""
    snapshot = facts.snapshot
    workspace = snapshot.workspace(view.workspace)
    name = workspace.name if workspace else view.workspace or snapshot.active
    route = explained(workspace, "chat", view.files).route if workspace else None
    severe = tuple(_severe(facts, workspace, name, route))
    problems = tuple(dict.fromkeys((*severe, *view.problems, *_other(facts, workspace))))
    model = f"{route.provider}/{route.model}" if route else "no model"
    elsewhere = name.casefold() != snapshot.active.casefold()
    return Status(
        workspace=name,
        kind=_kind(facts.endpoint, severe, problems),
        busy=facts.busy,
        text=_line(f"{name} (active: {snapshot.active}) · {model}" if elsewhere else f"{name} · {model}"),
        tooltip="\n".join(_line(line) for line in _lines(facts, view, workspace, route, problems)),
        route=route,
        endpoint=facts.endpoint,
        problems=tuple(_line(problem) for problem in problems),
        command=_command(facts),
        last_request=facts.recent.last,
        spent_today=facts.recent.spent_today,
    )


def _kind(endpoint: EndpointState, severe: tuple[str, ...], problems: tuple[str, ...]) -> StatusKind:
    if endpoint.state == "blocked" or severe:
        return "error"
    if endpoint.state == "standby" and endpoint.detail:
        return "inactive"
    return "warning" if problems else "normal"


def _severe(facts: Facts, workspace: WorkspaceRules | None, name: str, route: Route | None) -> Iterator[str]:
    """Why what is shown would not be answered."""
    option = "" if name.casefold() == facts.snapshot.active.casefold() else f" -w {name}"
    if facts.endpoint.state == "blocked" and facts.endpoint.detail:
        yield facts.endpoint.detail
    if workspace is None:
        yield NO_WORKSPACE.format(name)
    elif not facts.snapshot.providers:
        yield NO_PROVIDER
    elif not workspace.rules:
        yield NO_RULE.format(name, option)
    elif route is None:
        yield NO_DEFAULT.format(name, option)
    else:
        yield from _unserved(facts, route, option)


def _unserved(facts: Facts, route: Route, option: str) -> Iterator[str]:
    """Why the route's provider would not answer."""
    if reason := _broken(facts.snapshot, route.provider, route.model):
        yield BROKEN.format(route.position, route.workspace, reason, route.position, option)
    provider = facts.snapshot.provider(route.provider)
    if provider is not None:
        yield from _keyless(facts, provider)
        yield from (_down(outage) for outage in _outages(facts) if outage.provider == provider.name)


def _other(facts: Facts, workspace: WorkspaceRules | None) -> Iterator[str]:
    """What else is to be mended: the folder, other rules, other providers, the last request."""
    if facts.trouble:
        yield facts.trouble
    snapshot = facts.snapshot
    for rule in workspace.rules if workspace else ():
        if reason := _broken(snapshot, rule.provider, rule.model):
            option = "" if workspace is snapshot.workspace() else f" -w {workspace.name}"  # type: ignore[union-attr]
            yield BROKEN.format(rule.position, workspace.name, reason, rule.position, option)  # type: ignore[union-attr]
    used = {rule.provider.casefold() for rule in workspace.rules} if workspace else set()
    outages = _outages(facts)
    down = {outage.provider for outage in outages}
    for key, provider in snapshot.providers.items():
        if provider.error and provider.name not in down:
            yield MODELS_FAILED.format(provider.name, provider.error, _word(provider.name))
        elif key in used or never_given(provider):
            yield from _keyless(facts, provider)
    yield from map(_down, outages)
    last = facts.recent.last
    if last is not None and last.outcome == "error" and last.provider not in down:
        yield LAST_FAILED.format(_model_of(last), _clock(last.started_at), last.error or f"status {last.status}")


def _keyless(facts: Facts, provider: ProviderConfig) -> Iterator[str]:
    """Why the provider cannot be sent its key."""
    if lacking := never_given(provider) or facts.missing(provider):
        yield lacking


def _broken(snapshot: Snapshot, provider: str, model: str) -> str | None:
    found = snapshot.provider(provider)
    return why_broken(provider, model, found, snapshot.model(provider, model) if found else None)


def _outages(facts: Facts) -> tuple[Outage, ...]:
    """Providers that did not answer and have not since, nor listed their models."""

    def holds(outage: Outage) -> bool:
        provider = facts.snapshot.provider(outage.provider)
        if provider is None or provider.refreshed_at is None:
            return provider is not None
        return datetime.fromisoformat(provider.refreshed_at) <= datetime.fromisoformat(outage.latest)

    return tuple(outage for outage in facts.recent.outages if holds(outage))


def _down(outage: Outage) -> str:
    return DOWN.format(outage.provider, _clock(outage.since), outage.error)


def _clock(moment: str) -> str:
    """A stored time as a clock here tells it, with its date unless that is today's."""
    local = datetime.fromisoformat(moment).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return local.strftime("%H:%M" if local.date() == today else "%Y-%m-%d %H:%M")


def _model_of(request: Request) -> str:
    return f"{request.provider}/{request.model}" if request.provider else "no model"


def _command(facts: Facts) -> Command:
    if facts.endpoint.state == "blocked":
        return Command(title="Find out what is wrong", command="mux.runDoctor")
    if not facts.snapshot.providers:
        return Command(title="Add a provider", command="mux.addProvider")
    return Command(title="Switch workspace", command="mux.switchWorkspace")


def _lines(
    facts: Facts, view: View, workspace: WorkspaceRules | None, route: Route | None, problems: tuple[str, ...]
) -> Iterator[str]:
    """The Status for a reader, one fact a line."""
    if workspace is not None:
        yield f"Workspace      {workspace.name} ({len(workspace.rules)} rule{'' if len(workspace.rules) == 1 else 's'})"
        if workspace is not facts.snapshot.workspace():
            yield f"               {ELSEWHERE.format(workspace.name, facts.snapshot.active)}"
    model = f"{route.provider}/{route.model}" if route else "none"
    yield f"{'This document' if view.files else 'Default model'}  {model}"
    endpoint = facts.endpoint
    detail = endpoint.detail if endpoint.detail and endpoint.detail not in problems else ""
    yield f"Endpoint       {endpoint.url}: {endpoint.state}. {detail}".rstrip()
    last = facts.recent.last
    if last is not None:
        yield f"Last request   {_clock(last.started_at)} {_model_of(last)} {last.outcome}"
    if facts.recent.spent_today is not None:
        yield f"Spent today    ${facts.recent.spent_today:.4f}"
    for problem in problems:
        yield f"Problem        {problem}"


def _word(name: str) -> str:
    """A provider's name as one word of a command: names may hold blanks, and no quotes."""
    return f'"{name}"' if " " in name else name


def _line(text: str) -> str:
    """The text without control characters, which a provider could have sent."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
