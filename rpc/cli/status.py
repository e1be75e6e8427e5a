"""`mux-sidecar status`: which workspace and model answer now, and what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rpc.cli.health import Endpoint, ask
from rpc.cli.output import cell, json_option, print_json, word
from rpc.cli.session import perform
from sidecar.values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.control.opening import Control
    from sidecar.values import Provider, Request, Route, Rule, Workspace

NO_PROVIDER = "No provider yet; add one: mux-sidecar provider add ollama --type ollama"
NO_RULE = "The workspace {} has no rules; name its model: mux-sidecar rule default PROVIDER/MODEL"
NO_DEFAULT = "The workspace {} has no model for everything; name one: mux-sidecar rule default PROVIDER/MODEL"
BROKEN = "Rule {} of the workspace {} cannot serve ({}); mend it: mux-sidecar rule edit {} --model PROVIDER/MODEL"
MODELS_FAILED = "{}: {} Try again: mux-sidecar provider refresh {}"


class Command(Value, frozen=True, kw_only=True):
    """What a click on the status line does in an editor."""

    title: str
    command: str


class Status(Value, frozen=True, kw_only=True):
    """The status as `mux/status` names it; `busy` is a running process's own and always false here."""

    workspace: str
    kind: str
    busy: bool
    text: str
    tooltip: str
    route: Route | None
    endpoint: Endpoint
    problems: tuple[str, ...]
    command: Command
    last_request: Request | None = None
    spent_today: float | None = None


class Facts(Value, frozen=True, kw_only=True):
    """What the data folder says."""

    workspace: Workspace
    route: Route | None
    rules: tuple[Rule, ...]
    providers: tuple[Provider, ...]
    last: Request | None
    spent_today: float | None


@click.command()
@json_option
def status(*, as_json: bool) -> None:
    """Tell which workspace and model answer, whether the endpoint serves, and what to mend."""
    from sidecar.settings import read_place  # noqa: PLC0415 - start-up

    current = summarise(perform(_read), ask(read_place()))
    if as_json:
        return print_json(current)
    return click.echo(current.tooltip)


async def _read(control: Control) -> Facts:
    workspaces = await control.workspaces.list()
    latest = await control.requests.list(limit=1)
    return Facts(
        workspace=next(w for w in workspaces if w.active),
        route=(await control.routes.explain((), "chat", None)).route,
        rules=tuple(await control.rules.list(None)),
        providers=tuple(await control.providers.list()),
        last=latest[0] if latest else None,
        spent_today=await control.requests.spent_today(),
    )


def summarise(facts: Facts, endpoint: Endpoint) -> Status:
    """The status that these facts and this endpoint make."""
    problems = _problems(facts)
    model = f"{facts.route.provider}/{facts.route.model}" if facts.route else "no model"
    return Status(
        workspace=facts.workspace.name,
        kind=_kind(facts, endpoint, problems),
        busy=False,
        text=f"{facts.workspace.name} · {model}",
        tooltip="\n".join(_lines(facts, endpoint, problems)),
        route=facts.route,
        endpoint=endpoint,
        problems=tuple(problems),
        command=Command(title="Switch workspace", command="mux.switchWorkspace"),
        last_request=facts.last,
        spent_today=facts.spent_today,
    )


def _kind(facts: Facts, endpoint: Endpoint, problems: Sequence[str]) -> str:
    if endpoint.state == "blocked" or facts.route is None:
        return "error"
    if endpoint.state == "stopped":
        return "inactive"
    return "warning" if problems else "normal"


def _problems(facts: Facts) -> list[str]:
    """One sentence each, with the command that mends it."""
    name = facts.workspace.name
    if not facts.providers:
        return [NO_PROVIDER]
    found = [NO_RULE.format(name)] if not facts.rules else [NO_DEFAULT.format(name)] if facts.route is None else []
    found += [BROKEN.format(r.position, name, r.broken, r.position) for r in facts.rules if r.broken]
    return found + [MODELS_FAILED.format(p.name, p.error, word(p.name)) for p in facts.providers if p.error]


def _lines(facts: Facts, endpoint: Endpoint, problems: Sequence[str]) -> list[str]:
    """The status for a reader, one fact a line."""
    model = f"{facts.route.provider}/{facts.route.model}" if facts.route else "none"
    lines = [
        f"Workspace      {cell(facts.workspace.name)} ({len(facts.rules)} rules)",
        f"Default model  {cell(model)}",
        f"Endpoint       {endpoint.url}: {endpoint.state}. {endpoint.detail or ''}".rstrip(),
    ]
    if facts.last:
        answered = f"{facts.last.provider}/{facts.last.model}" if facts.last.provider else "no model"
        lines.append(f"Last request   {facts.last.started_at} {cell(answered)} {facts.last.outcome}")
    if facts.spent_today is not None:
        lines.append(f"Spent today    ${facts.spent_today:.4f}")
    return lines + [f"Problem        {cell(problem)}" for problem in problems]
