"""`mux-sidecar workspace …`: named lists of rules, of which one is active."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, BinaryIO

import click

from rpc.cli import first
from rpc.cli.complete import WorkspaceName
from rpc.cli.output import Table, cell, counted, hint, json_option, number, print_json, print_table
from rpc.cli.session import options_named, perform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.control.opening import Control
    from sidecar.values import Rule, Scope, Workspace

SCOPES = ("turn", "conversation")
EXISTING = WorkspaceName()
MOST_TOLD = 5  # rules of an imported workspace that cannot serve


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
    active = perform(lambda control: _removed(control, name))
    taken_over = "" if active is None else f" {cell(active)} is active now."
    click.echo(f"Removed the workspace {cell(name)}.{taken_over}")


async def _removed(control: Control, name: str) -> str | None:
    """The workspace that took over, if the one that was removed was the active one."""
    before = await _active(control)
    await control.workspaces.remove(name)
    after = await _active(control)
    return None if after == before else after


async def _active(control: Control) -> str:
    return next(each.name for each in await control.workspaces.list() if each.active)


@workspace.command(short_help="Print a workspace as a document to share.")
@click.argument("name", type=EXISTING)
def export(name: str) -> None:
    """Print a workspace as a document to share: no key and no endpoint is in it."""
    print_json(perform(lambda control: control.workspaces.export(name)))


@workspace.command("import", short_help="Add the workspace that FILE holds, or replace one.")
@click.argument("file", type=click.File("rb"))
@click.option("--name", help="Under this name instead of the document's own.")
@click.option("--replace", is_flag=True, help="Replace the rules and the scope of the workspace of that name.")
@json_option
def import_(file: BinaryIO, name: str | None, *, replace: bool, as_json: bool) -> None:
    """Add the workspace that FILE holds (- reads standard input), or replace one."""
    document = _document(file)
    with options_named({"name": "--name NAME", "replace": "--replace"}):
        added, rules = perform(lambda control: _imported(control, document, name, replace=replace))
    _tell(added, f"Imported the workspace {cell(added.name)} with {counted(added.rules, 'rule')}.", as_json=as_json)
    broken = [rule for rule in rules if rule.broken]
    for rule in broken[:MOST_TOLD]:
        hint(f"Rule {rule.position} ({cell(rule.filter) or '*'}) cannot serve: {cell(rule.broken)}")
    if len(broken) > MOST_TOLD:
        hint(f"Nor can {len(broken) - MOST_TOLD} more: mux-sidecar rule list -w {cell(added.name)}")


async def _imported(
    control: Control, document: dict[str, object], name: str | None, *, replace: bool
) -> tuple[Workspace, Sequence[Rule]]:
    added = await control.workspaces.import_(document, name, replace=replace)
    return added, await control.rules.list(added.name)


def _document(file: BinaryIO) -> dict[str, object]:
    """What the file holds as JSON.

    Raises:
        InvalidParameter: it is not a JSON object.
    """
    import msgspec  # noqa: PLC0415 - start-up

    from sidecar.errors import InvalidParameter  # noqa: PLC0415 - start-up

    read = file.read()
    # PowerShell 5 writes UTF-16 behind `>`, and others a byte order mark before UTF-8.
    encoding = "utf-16" if read.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return msgspec.json.decode(read.decode(encoding), type=dict[str, object])
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
