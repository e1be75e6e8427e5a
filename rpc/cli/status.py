"""`mux-sidecar status`: which workspace and model answer now, and what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rpc.cli.health import find
from rpc.cli.output import json_option, print_json
from rpc.cli.session import perform

if TYPE_CHECKING:
    from rpc.status import Status
    from sidecar.control.opening import Control


@click.command()
@json_option
def status(*, as_json: bool) -> None:
    """Tell which workspace and model answer, whether the endpoint serves, and what to mend."""
    current = perform(_read)
    if as_json:
        return print_json(current)
    return click.echo(current.tooltip)


async def _read(control: Control) -> Status:
    """The Status as any window has it, the endpoint seen from outside; `busy` is a running process's own."""
    import asyncio  # noqa: PLC0415 - start-up, as in `perform`

    from rpc.facts import Facts, View  # noqa: PLC0415 - start-up
    from rpc.status import summarise  # noqa: PLC0415 - the same
    from sidecar.snapshot import Snapshots  # noqa: PLC0415 - the same

    place = control.bench.place
    snapshots = Snapshots(place)
    try:
        snapshot = snapshots.current()
        if snapshots.problem:
            await control.workspaces.list()  # tells it as an error where nothing can be read
        facts = Facts(
            snapshot=snapshot,
            recent=await control.requests.recent(tuple(snapshot.providers)),
            endpoint=await asyncio.to_thread(find, place),
            trouble=snapshots.problem,
            missing=control.bench.keys.absent,
        )
    finally:
        snapshots.close()
    return summarise(facts, View())
