"""`mux-sidecar status`: which workspace and model answer now, and what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rpc.cli.health import find
from rpc.cli.output import json_option, print_json
from rpc.cli.session import perform

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpc.status import Status
    from sidecar.control.opening import Control
    from sidecar.errors import KeyMissing
    from sidecar.values import EndpointState, ProviderConfig


@click.command()
@json_option
def status(*, as_json: bool) -> None:
    """Tell which workspace and model answer, whether the endpoint serves, and what to mend."""
    current = perform(_read)
    if as_json:
        return print_json(current)
    return click.echo(current.tooltip)


def _missing(control: Control, endpoint: EndpointState) -> Callable[[ProviderConfig], KeyMissing | None]:
    """Tells what whoever serves lacks; where nobody does, what this process would."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - start-up, as in `perform`

    from sidecar.sharing import cards, standing  # noqa: PLC0415 - the same

    serving = cards.serving(control.bench.place, urlsplit(endpoint.url).port or 0)
    return (lambda config: standing.missing(config, serving)) if serving else control.bench.keys.absent


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
        endpoint = await asyncio.to_thread(find, place)
        facts = Facts(
            snapshot=snapshot,
            recent=await control.requests.recent(tuple(snapshot.providers)),
            endpoint=endpoint,
            trouble=snapshots.problem,
            missing=await asyncio.to_thread(_missing, control, endpoint),
        )
    finally:
        snapshots.close()
    return summarise(facts, View())
