"""`mux-sidecar rule …` and `explain`: which model answers for which files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from rpc.cli import first
from rpc.cli.complete import ModelName, ModelReference, WorkspaceName
from rpc.cli.output import Table, cell, hint, json_option, print_json, print_table
from rpc.cli.session import perform

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sidecar.control.opening import Control
    from sidecar.values import Explanation, Kind, RequestKind, Route, Rule, Workspace

F = TypeVar("F", bound="Callable[..., Any]")

KINDS = ("any", "chat", "fim", "embed")
REQUEST_KINDS = ("chat", "fim", "embed")
EVERYTHING = "*"
POSITION = click.IntRange(min=1)


def workspace_option(command: F) -> F:
    """The option `-w WORKSPACE`; without it the active one is meant."""
    return click.option("-w", "--workspace", type=WorkspaceName(), help="In this workspace instead of the active one.")(
        command
    )


def kind_option(command: F) -> F:
    """The option `--kind` of a rule."""
    return click.option(
        "--kind", type=click.Choice(KINDS), help="For these requests only: chat, fim (autocompletion) or embed."
    )(command)


@click.group()
def rule() -> None:
    """The rules of a workspace: the first that matches any file in the prompt decides which model answers."""


@rule.command("list")
@workspace_option
@json_option
def list_(workspace: str | None, *, as_json: bool) -> None:
    """List the rules, in the order in which they are tried."""
    rules, lost = first.listing(lambda control: control.rules.list(workspace))
    _show(rules, as_json=as_json)
    if not rules and not as_json:
        first.tell(f"{first.RULE}{_option(workspace)}", lost)


class FilterCommand(click.Command):
    """A command that takes a filter, which a shell puts the names of files in place of where it is not quoted."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What is left over; the error of it tells how to quote."""
        has_filter = "--filter" in args
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            if not has_filter or not error.message.startswith("Got unexpected extra argument"):
                raise
            how = "Quote a filter with * or ?, as in: --filter '*.ts'"
            raise click.UsageError(f"{error.message}. {how}", ctx) from error


@rule.command(cls=FilterCommand)
@click.option("--filter", "filter_", required=True, metavar="TEXT", help="Part of a file's name (.ts), path or glob.")
@click.option("--model", type=ModelName(), required=True, help="The model that answers.")
@kind_option
@click.option("--at", type=POSITION, metavar="N", help="Where; without it before the catch-alls.")
@workspace_option
@json_option
def add(
    filter_: str, model: ModelReference, kind: Kind | None, at: int | None, workspace: str | None, *, as_json: bool
) -> None:
    """Add a rule: files whose name holds TEXT go to this model."""
    _show(_add(filter_, model, kind, at, workspace), as_json=as_json)


@rule.command()
@click.argument("model", type=ModelName())
@kind_option
@workspace_option
@json_option
def default(model: ModelReference, kind: Kind | None, workspace: str | None, *, as_json: bool) -> None:
    """Name the model for everything that no other rule takes."""
    _show(_add("", model, kind, None, workspace), as_json=as_json)


@rule.command(cls=FilterCommand)
@click.argument("position", type=POSITION)
@click.option("--filter", "filter_", metavar="TEXT", help="The new filter.")
@click.option("--model", type=ModelName(), help="The new model.")
@kind_option
@workspace_option
@json_option
def edit(
    position: int,
    filter_: str | None,
    model: ModelReference | None,
    kind: Kind | None,
    workspace: str | None,
    *,
    as_json: bool,
) -> None:
    """Change the rule at POSITION."""
    if filter_ is None and model is None and kind is None:
        raise click.UsageError("Say what to change: --filter, --model or --kind.")
    _show(_update(position, filter_, model, kind, workspace), as_json=as_json)


@rule.command()
@click.argument("position", type=POSITION)
@click.argument("to", type=POSITION)
@workspace_option
@json_option
def move(position: int, to: int, workspace: str | None, *, as_json: bool) -> None:
    """Move the rule at POSITION to another position."""
    _show(perform(lambda control: control.rules.move(position, to, workspace)), as_json=as_json)


@rule.command()
@click.argument("position", type=POSITION)
@workspace_option
@json_option
def remove(position: int, workspace: str | None, *, as_json: bool) -> None:
    """Remove the rule at POSITION."""
    _show(perform(lambda control: control.rules.remove(position, workspace)), as_json=as_json)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--kind", type=click.Choice(REQUEST_KINDS), default="chat", help="The kind of request (default: chat).")
@workspace_option
@json_option
def explain(files: tuple[str, ...], kind: RequestKind, workspace: str | None, *, as_json: bool) -> None:
    """Tell which rule takes a prompt about these files, and why. The files need not exist."""
    explanation, shown = perform(lambda control: _explain(control, files, kind, workspace))
    if as_json:
        return print_json(explanation)
    click.echo(_verdict(files, explanation.route, workspace, kind))
    if explanation.route and explanation.broken:
        click.echo(_refused(explanation.route, explanation.broken))
    rows = [
        (str(c.position), _filter(c.filter), c.kind, "yes" if c.matched else "no", cell(c.why))
        for c in explanation.considered
    ]
    if rows:
        click.echo()
        print_table(Table(("#", "FILTER", "KIND", "MATCHED", "WHY"), rows, right=frozenset({"#"})))
    click.echo()
    for c in explanation.considered:
        if c.matched and c.also_takes:
            also = ", ".join(c.also_takes)
            click.echo(f"{cell(c.filter)} also takes {also}; *{cell(c.filter)} takes only names that end so.")
    click.echo(_scope(shown))
    return None


async def _explain(
    control: Control, files: tuple[str, ...], kind: RequestKind, name: str | None
) -> tuple[Explanation, Workspace]:
    explanation = await control.routes.explain(files, kind, name)
    listed = await control.workspaces.list()
    wanted = name.lower() if name else None
    return explanation, next(w for w in listed if (w.active if wanted is None else w.name.lower() == wanted))


def _verdict(files: Sequence[str], route: Route | None, workspace: str | None, kind: RequestKind) -> str:
    named = ", ".join(cell(file) for file in files)
    if route is None:
        what, own = "everything", ""
        if kind == "embed":
            what, own = "embeddings, which rules of other kinds never take", " --kind embed"
        mend = f"mux-sidecar rule default PROVIDER/MODEL{_option(workspace)}{own}"
        return f"{named}: no rule matches. Name a model for {what}: {mend}"
    return (
        f"{named} → {cell(route.provider)}/{cell(route.model)}, by rule {route.position} ({_filter(route.filter)}) "
        f"of the workspace {cell(route.workspace)}."
    )


def _refused(route: Route, broken: str) -> str:
    return (
        f"Such a request would fail: {cell(broken).removesuffix('.')}: mux-sidecar rule edit {route.position} "
        f"-w {cell(route.workspace)} --model PROVIDER/MODEL"
    )


def _scope(shown: Workspace) -> str:
    if shown.scope == "conversation":
        return f"Scope of {cell(shown.name)}: conversation. A file counts from the turn that names it to the end."
    return (
        f"Scope of {cell(shown.name)}: turn. The files of the current turn count; those of earlier turns still travel "
        f"in the history. To count those too: mux-sidecar workspace edit {cell(shown.name)} --scope conversation"
    )


def _add(
    filter_: str, model: ModelReference, kind: Kind | None, at: int | None, workspace: str | None
) -> Sequence[Rule]:
    from sidecar.values import RuleDraft  # noqa: PLC0415 - start-up

    draft = RuleDraft(filter=filter_, provider=model.provider, model=model.model, kind=kind or "any")
    return perform(lambda control: control.rules.add(draft, position=at, workspace=workspace))


def _update(
    position: int, filter_: str | None, model: ModelReference | None, kind: Kind | None, workspace: str | None
) -> Sequence[Rule]:
    from sidecar.control.drafts import RuleChanges  # noqa: PLC0415 - start-up

    provider, name = model or (None, None)
    changes = RuleChanges(filter=filter_, kind=kind, provider=provider, model=name)
    return perform(lambda control: control.rules.update(position, changes, workspace))


def _show(rules: Sequence[Rule], *, as_json: bool) -> None:
    if as_json:
        return print_json(rules)
    rows = [
        (str(r.position), _filter(r.filter), r.kind, cell(f"{r.provider}/{r.model}"), cell(r.broken)) for r in rules
    ]
    print_table(Table(("#", "FILTER", "KIND", "MODEL", "BROKEN"), rows, right=frozenset({"#"}), optional="BROKEN"))
    for rule in rules:
        if over := rule.taken_by:
            taken = f"rule {over} ({_filter(rules[over - 1].filter)}) takes all that it takes"
            hint(f"Rule {rule.position} ({_filter(rule.filter)}) is never reached: {taken}.")
    return None


def _option(workspace: str | None) -> str:
    """How a command that is hinted at names the workspace, where one was named."""
    return "" if workspace is None else f" -w {cell(workspace)}"


def _filter(text: str) -> str:
    return cell(text) or EVERYTHING
