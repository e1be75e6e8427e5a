"""`mux-sidecar doctor`: what is wrong, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rpc.cli.output import cell, json_option, print_json
from rpc.cli.session import perform

if TYPE_CHECKING:
    from sidecar.control.opening import Control
    from sidecar.values import Check


@click.command()
@click.pass_context
@json_option
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Tell what is wrong and how to mend it; the exit status is 1 where something is."""
    checks = perform(_look, waiting="Looking …")
    if as_json:
        print_json(checks)
    else:
        for check in checks:
            click.echo(f"{_mark(check)} {cell(check.check)}: {cell(check.detail)}")
            if check.mend:
                click.echo(f"  → {cell(check.mend)}")
    if not all(check.ok for check in checks):
        context.exit(1)


def _mark(check: Check) -> str:
    if not check.ok:
        return click.style("✗", fg="red")
    return click.style("!", fg="yellow") if check.mend else click.style("✓", fg="green")


async def _look(control: Control) -> tuple[Check, ...]:
    """All checks, the port's where a sidecar of the data folder serves: an editor may have moved it."""
    import asyncio  # noqa: PLC0415 - start-up, as in `perform`
    from urllib.parse import urlsplit  # noqa: PLC0415 - the same

    from rpc.cli.health import look  # noqa: PLC0415 - the same

    endpoint, obstacle = await asyncio.to_thread(look, control.bench.place)
    checks = await control.doctor.run(urlsplit(endpoint.url).port)
    if obstacle is None:
        return checks
    return tuple(_with(check, obstacle) if check.check == "port" else check for check in checks)


def _with(check: Check, sentence: str) -> Check:
    import msgspec  # noqa: PLC0415 - start-up

    return msgspec.structs.replace(check, detail=f"{check.detail}. {sentence}")
