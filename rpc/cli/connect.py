"""`mux-sidecar connect`: what points an AI client here, and whether its request arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from rpc.cli.complete import ClientName, WorkspaceName
from rpc.cli.output import Table, cell, hint, json_option, print_json, print_table
from rpc.cli.session import perform
from rpc.cli.steps import print_step, where_of

if TYPE_CHECKING:
    from sidecar.clients.client import Client
    from sidecar.control.opening import Control
    from sidecar.steps import Step
    from sidecar.values import EndpointState, Request

POLL = 0.25  # seconds between two looks at the records
WINDOW = 50  # requests that one look tells
WITHOUT_FILE = {"text": "its settings, in a dialogue"}


class Wanted(NamedTuple):
    """The request to wait for: whose, in which workspace (None for any), and not older than when (RFC 3339, UTC)."""

    client: Client
    workspace: str | None
    began: str


@click.command()
@click.argument("client", type=ClientName(), required=False)
@click.option("-w", "--workspace", type=WorkspaceName(), help="Lead it to this workspace, whichever is active.")
@click.option("--check", is_flag=True, help="Wait for a request of it instead, and tell which model answered.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="How long --check waits.",
)
@json_option
def connect(client: str | None, workspace: str | None, timeout: float, *, check: bool, as_json: bool) -> None:
    """Tell how to point CLIENT here: the lines for its configuration, and where they belong.

    Without CLIENT, list the clients.
    """
    if client is None and check:
        raise click.UsageError("--check needs a CLIENT.")
    endpoint, clients = _read(workspace)
    if client is None:
        return print_json(clients) if as_json else _list(clients)
    chosen = _chosen(clients, client)
    if check:
        return _check(chosen, endpoint, workspace, timeout, as_json=as_json)
    if as_json:
        print_json(chosen)
    if not chosen.local:
        raise _stays_away(chosen)
    return None if as_json else _tell(chosen, endpoint)


def _read(workspace: str | None) -> tuple[EndpointState, tuple[Client, ...]]:
    """The endpoint, and the clients told to come there."""
    from rpc.cli.health import find  # noqa: PLC0415 - start-up, as everywhere in the command line
    from sidecar.settings import read_place  # noqa: PLC0415 - the same

    endpoint = find(read_place())
    origin = endpoint.url.removesuffix("/v1/mux")
    return endpoint, perform(lambda control: control.clients.list(origin, workspace, tells_token=True))


def _chosen(clients: tuple[Client, ...], name: str) -> Client:
    from sidecar.errors import NotFound  # noqa: PLC0415 - start-up

    found = next((client for client in clients if name.lower() in (client.id, client.name.lower())), None)
    if found is None:
        known = ", ".join(client.id for client in clients)
        raise NotFound(f"There is no client {cell(name[:80])!r}; there are: {known}.")
    return found


def _stays_away(client: Client) -> Exception:
    from sidecar.errors import NotAllowed  # noqa: PLC0415 - start-up

    return NotAllowed(f"{client.name} cannot be pointed here. {client.note or ''}")


def _list(clients: tuple[Client, ...]) -> None:
    print_table(Table(("CLIENT", "NAME", "SPEAKS", "TOLD IN"), [_row(client) for client in clients]))
    hint("'mux-sidecar connect CLIENT' prints its lines.")


def _row(client: Client) -> tuple[str, ...]:
    told = _told_in(client.steps[0]) if client.local else "cannot come here"
    return client.id, client.name, client.dialect, told


def _told_in(step: Step) -> str:
    return where_of(step) or WITHOUT_FILE.get(step.format, "the shell that starts it")


def _tell(client: Client, endpoint: EndpointState) -> None:
    for step in client.steps:
        print_step(step)
    if client.note:
        click.echo(f"{client.note}\n")
    if endpoint.state != "serving":
        hint(f"The endpoint is not served now. {endpoint.detail}")
    hint(f"Then 'mux-sidecar connect {client.id} --check' waits for its first request.")


def _check(client: Client, endpoint: EndpointState, workspace: str | None, timeout: float, *, as_json: bool) -> None:
    """Tell which model answered the client's next request.

    Raises:
        NotAllowed: none came, or it was not answered; the message says what to try.
    """
    from sidecar.errors import NotAllowed  # noqa: PLC0415 - start-up
    from sidecar.moments import moment  # noqa: PLC0415 - the same

    if not client.local:
        raise _stays_away(client)
    if endpoint.state != "serving":
        raise NotAllowed(f"No request can arrive: the endpoint is not served. {endpoint.detail}")
    began = moment()
    hint(f"Waiting for a request of {client.name}; ask it something now.")
    request = perform(lambda control: _arrival(control, Wanted(client, workspace, began), timeout))
    if as_json:
        print_json(request)
    if request.error is not None:
        raise NotAllowed(f"A request of {client.name} arrived, and was not answered: {request.error}")
    if not as_json:
        click.echo(_answered(client, request))


def _answered(client: Client, request: Request) -> str:
    rule = f"rule {request.position} ({cell(request.filter) or '*'}) of the workspace {cell(request.workspace)}"
    model = f"{cell(request.provider)}/{cell(request.model)}"
    return f"{client.name} is connected: {model} answered {cell(request.client)}, by {rule}."


async def _arrival(control: Control, wanted: Wanted, seconds: float) -> Request:
    """The request that is waited for."""
    import asyncio  # noqa: PLC0415 - start-up

    from sidecar.errors import NotAllowed  # noqa: PLC0415 - start-up

    others: list[str] = []
    try:
        async with asyncio.timeout(seconds):
            return await _next(control, wanted, others)
    except TimeoutError:
        wants_key = (await control.settings.get()).require_key
        raise NotAllowed(_nothing_came(wanted.client, seconds, others, wants_key=wants_key)) from None


async def _next(control: Control, wanted: Wanted, others: list[str]) -> Request:
    """The request that is waited for; `others` gets who else sends one, as it is told."""
    import asyncio  # noqa: PLC0415 - start-up

    while True:
        requests = await control.requests.list(WINDOW)
        for request in (each for each in reversed(requests) if each.started_at >= wanted.began):
            is_from = _is_from(wanted.client, request)
            if is_from and _came_to(wanted.workspace, request):
                return request
            where = f" to the workspace {cell(request.workspace)}" if is_from else ""
            other = f"{cell(request.client) or 'a client without a name'} ({request.dialect}){where}"
            if other not in others:
                others.append(other)
                hint(f"A request of {other} has come; still waiting for {wanted.client.name}.")
        await asyncio.sleep(POLL)


def _is_from(client: Client, request: Request) -> bool:
    said = request.client.lower()
    return request.dialect == client.dialect and any(said.startswith(agent.lower()) for agent in client.user_agents)


def _came_to(workspace: str | None, request: Request) -> bool:
    """Whether it came to the workspace, or to none: its address is wrong, which is what its user has to know."""
    return workspace is None or request.workspace is None or request.workspace.casefold() == workspace.casefold()


def _nothing_came(client: Client, seconds: float, others: list[str], *, wants_key: bool) -> str:
    came = f" What came is from {', '.join(others)}: see 'mux-sidecar log'." if others else ""
    key = " It must send the token as its key (setting requireKey)." if wants_key else ""
    return (
        f"No request of {client.name} arrived within {seconds:g} s.{came}{key} Compare its configuration with "
        f"'mux-sidecar connect {client.id}', start it anew so that it reads it, and ask it something while this waits."
    )
