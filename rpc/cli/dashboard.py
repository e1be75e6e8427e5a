"""`mux-sidecar dashboard`: opens it in the browser, signed in."""

from __future__ import annotations

import click

from rpc.cli.output import json_option, print_json
from rpc.cli.session import perform


@click.command()
@click.option("--no-open", is_flag=True, help="Print the link instead; it is good once, for a minute.")
@json_option
def dashboard(*, no_open: bool, as_json: bool) -> None:
    """Open the dashboard in the browser, signed in."""
    from rpc.cli.health import find  # noqa: PLC0415 - start-up, as everywhere in the command line
    from rpc.results import DashboardUrl  # noqa: PLC0415 - the same
    from sidecar.errors import NotAllowed  # noqa: PLC0415 - the same
    from sidecar.settings import read_place  # noqa: PLC0415 - the same

    endpoint = find(read_place())
    if endpoint.state != "serving":
        raise NotAllowed(f"The dashboard is not served. {endpoint.detail}")
    code = perform(lambda control: control.codes.make())
    url = f"{endpoint.url.removesuffix('/v1/mux')}/#code={code}"
    if as_json:
        print_json(DashboardUrl(url=url))
    elif no_open or not _opened(url):
        click.echo(url)
    else:
        click.echo("The dashboard is open in the browser.")


def _opened(url: str) -> bool:
    """Whether a browser has taken it; one in a terminal would take the terminal instead."""
    import webbrowser  # noqa: PLC0415 - start-up

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    return not isinstance(browser, webbrowser.GenericBrowser) and browser.open(url)
