"""`mux-sidecar serve`: the endpoint without an editor."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

import click

from rpc.cli.output import counted
from sidecar.settings import Place, read_place

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpc.desk import Desk
    from sidecar.app import Serving


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Instead of MUX_SIDECAR_PORT or 8989; 0 lets the system choose."
)
def serve(port: int | None) -> None:
    """Serve the endpoint without an editor, until interrupted.

    Answers that are being streamed are finished before it ends; a second Ctrl-C ends at once.
    """
    try:
        _run(read_place(port))
    except KeyboardInterrupt:  # that is how it is meant to end
        return


def _run(place: Place) -> None:
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(place))


async def _serve(place: Place) -> None:
    from rpc.web import Web  # noqa: PLC0415 - start-up: aiohttp, which `--help` does without
    from sidecar.app import serve as serve_endpoint  # noqa: PLC0415 - the same

    async with AsyncExitStack() as stack:

        def ready(serving: Serving) -> None:
            Web(partial(_open_desk, serving, stack), serving.token, watches=True).mount(serving.endpoint)
            _tell(serving)

        await serve_endpoint(place, on_ready=ready, on_leave=_tell_waiting)


async def _open_desk(serving: Serving, stack: AsyncExitStack) -> Desk:
    from rpc.desk import open_desk  # noqa: PLC0415 - only who calls `/rpc` needs the methods

    return await open_desk(serving, stack)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Loops of uvloop where there is one, which Windows and PyPy have not."""
    try:
        import uvloop  # noqa: PLC0415 - only who serves needs it
    except ImportError:
        return None
    return uvloop.new_event_loop


def _tell_waiting(serving: Serving) -> None:
    if serving.busy:
        with suppress(OSError):  # nobody may read it any more, which holds up nothing
            click.echo(f"Finishing {counted(serving.busy, 'answer')}; a second Ctrl-C ends at once.", err=True)


def _tell(serving: Serving) -> None:
    state = serving.endpoint_state()
    if state.state != "serving":
        click.echo(f"Standing by: {state.detail}", err=True)
        return
    workspace = serving.snapshots.current().workspace()
    named = f" (workspace {workspace.name})" if workspace else ""
    others = ", ".join(map(str, serving.siblings()))
    together = f", together with process {others}" if others else ""
    click.echo(f"Serving {serving.url}{named}{together}", err=True)
    if problem := serving.snapshots.problem:
        click.echo(f"Problem: {problem}", err=True)
