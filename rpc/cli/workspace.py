"""`mux-sidecar workspace …`: named lists of rules, of which one is active."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import click

from rpc.cli import first
from rpc.cli.complete import WorkspaceName
from rpc.cli.output import Table, cell, counted, json_option, number, print_json, print_table
from rpc.cli.session import options_named, perform

if TYPE_CHECKING:
    from sidecar.values import Scope, Workspace

SCOPES = ("turn", "conversation")
EXISTING = WorkspaceName()


@click.group()
def workspace() -> None:
    """Named lists of rules; exactly one is active, and a switch holds for the next request everywhere."""


@workspace.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the workspaces; * marks the active one."""
    workspaces, lost = first.listing(lambda control: control.workspaces.list(), lambda each: each.rules)
    if as_json:
        return print_json(workspaces)
    rows = [
        ("*" if w.active else "", cell(w.name), number(w.rules), cell(w.default or "none"), w.scope) for w in workspaces
    ]
    print_table(Table(("", "NAME", "RULES", "DEFAULT MODEL", "SCOPE"), rows, right=frozenset({"RULES"})))
    if not any(w.rules for w in workspaces):
        first.tell(first.RULE, lost)
    return None


@workspace.command()
@click.argument("name")
@click.option("--copy-from", type=EXISTING, help="Start with the rules of this workspace.")
@json_option
def add(name: str, copy_from: str | None, *, as_json: bool) -> None:
    """Add a workspace, empty or as a copy."""
    added = perform(lambda control: control.workspaces.add(name, copy_from))
    _tell(
        added,
        f"Added the workspace {cell(added.name)}. Switch to it: mux-sidecar workspace use {cell(added.name)}",
        as_json=as_json,
    )


@workspace.command()
@click.argument("name", type=EXISTING)
@json_option
def use(name: str, *, as_json: bool) -> None:
    """Make a workspace the active one, from the next request on."""
    active = perform(lambda control: control.workspaces.switch(name))
    _tell(active, f"{cell(active.name)} is active: {_default(active)}", as_json=as_json)


@workspace.command()
@click.argument("old", type=EXISTING)
@click.argument("new")
@json_option
def rename(old: str, new: str, *, as_json: bool) -> None:
    """Rename a workspace."""
    renamed = perform(lambda control: control.workspaces.update(old, new_name=new))
    _tell(renamed, f"Renamed {cell(old)} to {cell(renamed.name)}.", as_json=as_json)


@workspace.command()
@click.argument("name", type=EXISTING)
@click.option(
    "--scope",
    type=click.Choice(SCOPES),
    required=True,
    help="Whose files the rules look at: the current turn's, or all of the conversation's.",
)
@json_option
def edit(name: str, scope: Scope, *, as_json: bool) -> None:
    """Choose whose files a workspace's rules look at."""
    edited = perform(lambda control: control.workspaces.update(name, scope=scope))
    looks = "the current turn" if edited.scope == "turn" else "the whole conversation"
    _tell(edited, f"The rules of {cell(edited.name)} look at the files of {looks}.", as_json=as_json)


@workspace.command(short_help="Remove a workspace and its rules.")
@click.argument("name", type=EXISTING)
def remove(name: str) -> None:
    """Remove a workspace and its rules; `default` takes over where it was the active one."""
    perform(lambda control: control.workspaces.remove(name))
    click.echo(f"Removed the workspace {cell(name)}.")


@workspace.command(short_help="Print a workspace as a document to share.")
@click.argument("name", type=EXISTING)
def export(name: str) -> None:
    """Print a workspace as a document to share: no key and no endpoint is in it."""
    print_json(perform(lambda control: control.workspaces.export(name)))


@workspace.command("import", short_help="Add the workspace that FILE holds, or replace one.")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--name", help="Under this name instead of the document's own.")
@click.option("--replace", is_flag=True, help="Replace the rules and the scope of the workspace of that name.")
@json_option
def import_(file: TextIO, name: str | None, *, replace: bool, as_json: bool) -> None:
    """Add the workspace that FILE holds (- reads standard input), or replace one."""
    document = _document(file)
    with options_named({"name": "--name NAME", "replace": "--replace"}):
        added = perform(lambda control: control.workspaces.import_(document, name, replace=replace))
    _tell(added, f"Imported the workspace {cell(added.name)} with {counted(added.rules, 'rule')}.", as_json=as_json)


def _document(file: TextIO) -> dict[str, object]:
    """What the file holds as JSON.

    Raises:
        InvalidParameter: it is not a JSON object.
    """
    import msgspec  # noqa: PLC0415 - start-up

    from sidecar.errors import InvalidParameter  # noqa: PLC0415 - start-up

    try:
        return msgspec.json.decode(file.read(), type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidParameter(
            "document", f"{file.name} holds no workspace ({error}); write one with 'mux-sidecar workspace export NAME'."
        ) from error


def _default(shown: Workspace) -> str:
    if shown.default is None:
        return "no model for everything yet; name one with 'mux-sidecar rule default PROVIDER/MODEL'."
    return f"{counted(shown.rules, 'rule')}, {cell(shown.default)} for the rest."


def _tell(changed: Workspace, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(changed)
    else:
        click.echo(sentence)
