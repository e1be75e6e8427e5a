"""`mux-sidecar editor`: an editor's binding, printed or written where the editor looks for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpc.cli.complete import EditorName
from rpc.cli.output import Table, counted, hint, json_option, print_json, print_table
from rpc.cli.steps import print_step

if TYPE_CHECKING:
    from sidecar.editors.editor import BindingFile, Editor

STATES = {
    "absent": "not there",
    "same": "there",
    "different": "there, with other content",
    "written": "written",
    "replaced": "written in place of what was there",
}


@click.command()
@click.argument("name", type=EditorName(), required=False)
@click.option("--write", "writes", is_flag=True, help="Write the files where the editor looks for them.")
@click.option(
    "--to", "folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Write them there instead."
)
@click.option("--force", is_flag=True, help="With --write: replace files that have other content.")
@json_option
def editor(name: str | None, folder: Path | None, *, writes: bool, force: bool, as_json: bool) -> None:
    """Bind the editor NAME: what to paste, and its files, printed or written. Without NAME, list the editors."""
    from sidecar.editors import binding  # noqa: PLC0415 - start-up, as everywhere in the command line

    if name is None and (writes or folder):
        raise click.UsageError("--write and --to need the NAME of an editor.")
    if force and not writes:
        raise click.UsageError("--force goes with --write.")
    if name is None:
        listed = binding.editors()
        return print_json(listed) if as_json else _list(listed)
    place = folder.absolute() if folder else None
    found = binding.write(name, place, replaces=force) if writes else binding.editor(name, place)
    if as_json:
        return print_json(found)
    return _told(found) if writes else _tell(found)


def _list(editors: tuple[Editor, ...]) -> None:
    print_table(Table(("EDITOR", "NAME", "NEEDS", "BINDING"), [_row(each) for each in editors]))
    hint("'mux-sidecar editor NAME' tells what to do.")


def _row(each: Editor) -> tuple[str, ...]:
    states = {file.state for file in each.files}
    if not states:
        state = "not in this installation"
    elif len(states) == 1:
        state = STATES[states.pop()]
    else:
        state = "there in part, or of another version"
    return each.id, each.name, each.needs, state


def _tell(found: Editor) -> None:
    """Print where the files belong, those that are to be merged whole, and what is to be done then."""
    click.echo(f"{found.name}; it needs {found.needs}. The files:\n")
    _files(found.files)
    for file in found.files:
        if file.merges:
            click.echo(f"{file.path}:\n\n{file.text}")
    _then(found)
    hint(f"'mux-sidecar editor {found.id} --write' writes the files.")


def _told(found: Editor) -> None:
    """Print what was written, what is left to be merged, and what is to be done then."""
    written = sum(file.state in ("written", "replaced") for file in found.files)
    if all(file.state == "same" for file in found.files):
        click.echo("Already up to date.\n")
    else:
        click.echo(f"Wrote {counted(written, 'file')} for {found.name}:\n")
    _files(found.files)
    for file in found.files:
        if file.state == "different":
            click.echo(
                f"You have settings in {file.path}, which are as they were. Merge this into them:\n\n{file.text}"
            )
    _then(found)


def _files(files: tuple[BindingFile, ...]) -> None:
    for file in files:
        click.echo(f"  {file.path} ({STATES[file.state]})")
    click.echo()


def _then(found: Editor) -> None:
    for step in found.steps:
        print_step(step)
    if found.note:
        click.echo(f"{found.note}\n")
