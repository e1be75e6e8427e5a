"""`mux-sidecar token`: what opens `/rpc`."""

from __future__ import annotations

import click


@click.command()
def token() -> None:
    """Print the token that guards /rpc (and the endpoint too, with the setting requireKey)."""
    from sidecar.settings import read_place  # noqa: PLC0415 - start-up, as everywhere in the command line
    from sidecar.token import obtain  # noqa: PLC0415 - the same

    click.echo(obtain(read_place()))
