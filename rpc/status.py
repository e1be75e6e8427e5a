"""The one Status: what a status line, the command line and every window tell, made from one look at the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rpc import problems as found
from rpc.facts import clock, line, model_of
from rpc.problems import Problem
from sidecar.control.routes import explained
from sidecar.running import Running
from sidecar.values import EndpointState, Request, Route, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rpc.facts import Facts, View
    from sidecar.snapshot import WorkspaceRules

StatusKind = Literal["normal", "warning", "error", "inactive"]

ELSEWHERE = "This window is set to {}; the active workspace is {}."


class Command(Value, frozen=True, kw_only=True):
    """What a click on the status line does in an editor."""

    title: str
    command: str


class Status(Value, frozen=True, kw_only=True):
    """What `mux/status` answers and `mux/didChangeStatus` tells; `text` is ready to print in a status line.

    `running` are the requests that this process is answering, the first to begin first; `mux/status` alone has them.
    """

    workspace: str
    kind: StatusKind
    busy: bool
    text: str
    tooltip: str
    route: Route | None
    endpoint: EndpointState
    problems: tuple[str, ...]
    details: tuple[Problem, ...]
    command: Command
    last_request: Request | None = None
    spent_today: float | None = None
    running: tuple[Running, ...] = ()


def summarise(facts: Facts, view: View) -> Status:
    """The Status that these facts make."""
    snapshot = facts.snapshot
    workspace = snapshot.workspace(view.workspace)
    name = workspace.name if workspace else view.workspace or snapshot.active
    route = explained(workspace, "chat", view.files).route if workspace else None
    severe = tuple(found.severe(facts, workspace, name, route))
    details = tuple(dict.fromkeys((*severe, *map(found.of_settings, view.problems), *found.other(facts, workspace))))
    problems = tuple(detail.sentence for detail in details)
    model = f"{route.provider}/{route.model}" if route else "no model"
    elsewhere = name.casefold() != snapshot.active.casefold()
    return Status(
        workspace=name,
        kind=_kind(facts.endpoint, severe, details),
        busy=facts.busy,
        text=line(f"{name} (active: {snapshot.active}) · {model}" if elsewhere else f"{name} · {model}"),
        tooltip="\n".join(line(each) for each in _lines(facts, view, workspace, route, problems)),
        route=route,
        endpoint=facts.endpoint,
        problems=problems,
        details=details,
        command=_command(facts),
        last_request=facts.recent.last,
        spent_today=facts.recent.spent_today,
    )


def _kind(endpoint: EndpointState, severe: tuple[Problem, ...], details: tuple[Problem, ...]) -> StatusKind:
    if endpoint.state == "blocked" or severe:
        return "error"
    if endpoint.state == "standby" and endpoint.detail:
        return "inactive"
    return "warning" if details else "normal"


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
        yield f"Last request   {clock(last.started_at)} {model_of(last)} {last.outcome}"
    if facts.recent.spent_today is not None:
        more = "≥ " if facts.recent.unpriced_today else ""
        yield f"Spent today    {more}${facts.recent.spent_today:.4f}"
    for problem in problems:
        yield f"Problem        {problem}"
