"""`mux-sidecar doctor`: what is wrong, and how to mend it."""

from __future__ import annotations

import click

from rpc.cli.output import cell, json_option, print_json
from rpc.cli.session import perform


@click.command()
@click.pass_context
@json_option
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Tell what is wrong and how to mend it; the exit status is 1 where something is."""
    checks = perform(lambda control: control.doctor.run(), waiting="Looking …")
    if as_json:
        print_json(checks)
    else:
        for check in checks:
            mark = click.style("✓", fg="green") if check.ok else click.style("✗", fg="red")
            click.echo(f"{mark} {cell(check.check)}: {cell(check.detail)}")
            if check.mend:
                click.echo(f"  → {cell(check.mend)}")
    if not all(check.ok for check in checks):
        context.exit(1)
