"""`mux-sidecar settings`: what is kept of requests, and who may talk to the endpoint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

import click

from rpc.cli.complete import beginning
from rpc.cli.output import Table, cell, json_option, print_json, print_table
from rpc.cli.session import perform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from click.shell_completion import CompletionItem

    from sidecar.control.drafts import SettingsChanges
    from sidecar.values import Settings

Setting: TypeAlias = str | int | bool | tuple[str, ...]


def _listed(text: str) -> tuple[str, ...]:
    """The comma-separated parts; none of an empty text."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _keep(text: str) -> str:
    return str(click.Choice(("nothing", "summary", "everything")).convert(text, None, None))


def _days(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        from sidecar.control.settings import LONGEST_KEEP  # noqa: PLC0415 - start-up

        raise click.BadParameter(f"{text!r} is no number of days; give 1 to {LONGEST_KEEP}.") from error


def _truth(text: str) -> bool:
    return bool(click.BOOL.convert(text, None, None))


# A setting's field → how its value is read from the command line.
READERS: Mapping[str, Callable[[str], Setting]] = {
    "keep": _keep,
    "keep_days": _days,
    "origins": _listed,
    "hosts": _listed,
    "require_key": _truth,
}


class SettingName(click.ParamType[str]):
    """A setting, as `keepDays`, `keep-days` or `keep_days`."""

    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The field of `Settings`."""
        field = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", str(value)).replace("-", "_").lower()
        if field not in READERS:
            self.fail(f"{value!r} is no setting; there are {', '.join(map(_camel, READERS))}.", param, ctx)
        return field

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """The settings that begin so."""
        return beginning(incomplete, map(_camel, READERS))


@click.command()
@click.argument("name", type=SettingName(), required=False)
@click.argument("value", required=False)
@json_option
def settings(name: str | None, value: str | None, *, as_json: bool) -> None:
    """Show all settings, show one, or set one (lists are separated by commas; '' empties one).

    \b
    keep        nothing, summary or everything: what is kept of a request
    keepDays    for how many days
    origins     web origins that may use the endpoint
    hosts       names under which it may be reached, besides localhost
    requireKey  whether clients must send the token as their key
    """  # noqa: D301 - click wants the backspace itself
    if name is None or value is None:
        return _show(perform(lambda control: control.settings.get()), name, as_json=as_json)
    given = {name: READERS[name](value)}
    return _show(perform(lambda control: control.settings.set(_changes(given))), name, as_json=as_json)


def _changes(given: Mapping[str, Setting]) -> SettingsChanges:
    import msgspec  # noqa: PLC0415 - start-up

    from sidecar.control.drafts import SettingsChanges  # noqa: PLC0415 - start-up

    return msgspec.structs.replace(SettingsChanges(), **given)


def _show(current: Settings, name: str | None, *, as_json: bool) -> None:
    if as_json:
        return print_json(current if name is None else {_camel(name): getattr(current, name)})
    if name is not None:
        return click.echo(_text(getattr(current, name)))
    return print_table(Table(("NAME", "VALUE"), [(_camel(field), _text(getattr(current, field))) for field in READERS]))


def _text(value: Setting) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return cell(",".join(value) if isinstance(value, tuple) else value)


def _camel(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)
