"""`mux-sidecar provider …`: the accounts and servers that models come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rpc.cli import first
from rpc.cli.complete import ProviderName, TypeName
from rpc.cli.options import PARAMETERS, ProviderOptions, provider_options
from rpc.cli.output import Table, cell, counted, hint, json_option, number, print_json, print_table, word
from rpc.cli.session import options_named, perform

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidecar.values import Model, Provider

EXISTING = ProviderName()


@click.group()
def provider() -> None:
    """Accounts and servers that models come from."""


@provider.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the providers."""
    providers, lost = first.listing(lambda control: control.providers.list())
    if as_json:
        return print_json(providers)
    if not providers:
        return first.tell(first.PROVIDER, lost)
    return _print_providers(providers)


@provider.command()
@json_option
def types(*, as_json: bool) -> None:
    """List the types that a provider can have."""
    known = perform(lambda control: control.providers.types())
    if as_json:
        return print_json(known)
    rows = [(t.type, t.label, t.default_endpoint, "key" if t.auth == "api_key" else "") for t in known]
    return print_table(Table(("TYPE", "LABEL", "ENDPOINT", "NEEDS"), rows))


@provider.command()
@click.argument("name")
@click.option("--type", "type_", required=True, type=TypeName(), help="See 'mux-sidecar provider types'.")
@provider_options
@json_option
def add(name: str, type_: str, *, as_json: bool, **given: Any) -> None:
    """Add a provider and fetch its models.

    A key is asked for without echo where one is needed and none is given; it never stands on the command line.
    """
    draft = ProviderOptions(**given).draft(name, type_)
    with options_named(PARAMETERS):
        added = perform(lambda control: control.providers.add(draft), waiting=_fetching(name))
    _tell(added, "Added", as_json=as_json)


@provider.command(short_help="Change what is given, and fetch the models anew.")
@click.argument("name", type=EXISTING)
@click.option("--rename", metavar="NEW", help="Give it another name; the rules follow.")
@provider_options
@json_option
def edit(name: str, rename: str | None, *, as_json: bool, **given: Any) -> None:
    """Change what is given, keep the rest (the key too), and fetch the models anew."""
    changes = ProviderOptions(**given).changes(name, rename)
    with options_named(PARAMETERS):
        edited = perform(lambda control: control.providers.update(name, changes), waiting=_fetching(name))
    _tell(edited, "Changed", as_json=as_json)


@provider.command()
@click.argument("name", type=EXISTING)
@json_option
def refresh(name: str, *, as_json: bool) -> None:
    """Fetch a provider's models anew."""
    refreshed = perform(lambda control: control.providers.refresh(name), waiting=_fetching(name))
    _tell(refreshed, "Refreshed", as_json=as_json)


@provider.command()
@click.argument("name", type=EXISTING, required=False)
@json_option
def models(name: str | None, *, as_json: bool) -> None:
    """List the models, as rules name them: of one provider, or of all."""
    listed = perform(lambda control: control.models.list(name))
    if as_json:
        return print_json(listed)
    if not listed:
        return hint(_no_models(name))
    return _print_models(listed)


@provider.command()
@click.argument("name", type=EXISTING)
@click.option("--force", is_flag=True, help="Also while rules use it: they stay, marked broken.")
@json_option
def remove(name: str, *, force: bool, as_json: bool) -> None:
    """Remove a provider and its stored key."""
    with options_named({"force": "--force"}):
        broken = perform(lambda control: control.providers.remove(name, force=force))
    if as_json:
        return print_json(broken)
    click.echo(f"Removed the provider {cell(name)}.")
    if broken:
        told = "1 rule used it and is broken" if len(broken) == 1 else f"{len(broken)} rules used it and are broken"
        hint(f"{told} now; 'mux-sidecar doctor' tells which, and how to mend that.")
    return None


def _fetching(name: str) -> str:
    return f"Fetching the models of {cell(name)} …"


def _print_providers(providers: Sequence[Provider]) -> None:
    columns = ("NAME", "TYPE", "ENDPOINT", "KEY", "MODELS", "USED BY", "PROBLEM")
    rows = [
        (
            cell(p.name),
            p.type,
            cell(p.endpoint),
            cell(p.key_source or ("missing" if p.auth == "api_key" else "none")),
            number(p.models),
            cell(", ".join(p.workspaces)),
            cell(p.error),
        )
        for p in providers
    ]
    print_table(Table(columns, rows, right=frozenset({"MODELS"}), optional="PROBLEM"))


def _print_models(listed: Sequence[Model]) -> None:
    rows = [
        (
            cell(f"{m.provider}/{m.name}"),
            number(m.context_window),
            number(m.max_output_tokens),
            "gone" if m.gone else "",
        )
        for m in listed
    ]
    columns = ("MODEL", "CONTEXT", "MAX OUTPUT", "STATE")
    print_table(Table(columns, rows, right=frozenset({"CONTEXT", "MAX OUTPUT"}), optional="STATE"))


def _no_models(name: str | None) -> str:
    if name is None:
        return "No models yet. Add a provider: mux-sidecar provider add ollama --type ollama"
    return f"{cell(name)} lists no models. Name one: mux-sidecar provider edit {word(name)} --model NAME"


def _tell(changed: Provider, verb: str, *, as_json: bool) -> None:
    if as_json:
        return print_json(changed)
    where = f"{changed.type}, {cell(changed.endpoint)}" if changed.endpoint else changed.type
    click.echo(f"{verb} {cell(changed.name)} ({where}): {counted(changed.models, 'model')}.")
    if changed.error:
        hint(f"Its models could not be fetched: {cell(changed.error)}")
        if not changed.models:
            hint(f"Mend it: mux-sidecar provider edit {word(changed.name)} --endpoint URL, or --model NAME")
    return None
