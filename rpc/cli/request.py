"""`mux-sidecar log` and `usage`: what was asked, which model answered, and what it cost."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from rpc.cli.complete import ProviderName, WorkspaceName
from rpc.cli.output import GAP, Table, aligned, cell, hint, json_option, number, print_json, print_table, wrapped
from rpc.cli.session import perform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sidecar.control.opening import Control
    from sidecar.control.requests import UsageKey
    from sidecar.values import Request, Selection, Usage

OUTCOMES = ("ok", "error", "cancelled", "truncated")
MOST = 10_000  # requests that the control tells at once
KEYS = ("workspace", "provider", "model", "day")
SETTLE = 0.2  # seconds within which every process has written a request that has ended
POLL = 0.25  # seconds between two looks of `--follow`
FOLLOW_WINDOW = 200  # requests that one look of `--follow` can tell

COLUMNS = ("TIME", "CLIENT", "FILES", "RULE", "MODEL", "OUTCOME", "TOKENS", "COST", "MS")
RIGHT = frozenset({"TOKENS", "COST", "MS"})
LEAST = (8, 11, 24, 8, 32, 9, 11, 9, 6)  # widths of `--follow`, whose later rows nobody knows yet
FILES_WIDTH = 32


class Day(click.DateTime):
    """A date, as ISO 8601 spells it."""

    def __init__(self) -> None:
        super().__init__(("%Y-%m-%d",))

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Its beginning; what is no date is wrong usage."""
        try:
            return datetime.strptime(str(value), self.formats[0])  # noqa: DTZ007 - a local date
        except ValueError:
            self.fail(f"{value!r} is no date; give one such as 2026-01-31.", param, ctx)


@click.command()
@click.option("-n", "count", type=click.IntRange(1, MOST), default=20, show_default=True, help="How many.")
@click.option("-f", "--follow", is_flag=True, help="Go on with new ones as they come, until interrupted.")
@click.option("-w", "--workspace", type=WorkspaceName(), help="Of this workspace only.")
@click.option("--provider", type=ProviderName(), help="Of this provider only.")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="With this outcome only.")
@click.option("--clear", is_flag=True, help="Remove all records instead.")
@click.option("--yes", is_flag=True, help="With --clear: do not ask.")
@json_option
def log(*, count: int, follow: bool, clear: bool, yes: bool, as_json: bool, **selected: Any) -> None:
    """Show the requests, newest first, each with its rule, provider and model (with --follow oldest first)."""
    from sidecar.values import Selection  # noqa: PLC0415 - start-up

    selection = Selection(**selected)
    if clear:
        if follow or selection != Selection():
            raise click.UsageError("--clear removes all records and goes with none of the other options.")
        _clear(yes=yes, as_json=as_json)
    elif follow:
        perform(lambda control: _follow(control, count, selection, as_json=as_json))
    else:
        requests, are_others = perform(lambda control: _listed(control, count, selection))
        _list(requests, are_others=are_others, as_json=as_json)


@click.command()
@click.option("--by", type=click.Choice(KEYS), default="model", show_default=True, help="One row for each of these.")
@click.option("--since", type=Day(), metavar="DATE", help="From this local date on (2026-01-31).")
@json_option
def usage(by: UsageKey, since: datetime | None, *, as_json: bool) -> None:
    """Add up requests, tokens and cost (USD)."""
    first_day = since.date().isoformat() if since else None
    rows = perform(lambda control: control.requests.usage(first_day, by))
    if as_json:
        return print_json(rows)
    if not rows:
        return hint(f"No requests since {first_day}.") if first_day else _hint()
    columns = (by.upper(), "REQUESTS", "TOKENS IN", "OUT", "CACHED", "COST")
    table = Table(columns, [*(_usage_row(u, by) for u in rows), _total(rows)], right=frozenset(columns[1:]))
    return print_table(table)


def _hint() -> None:
    """How to have requests, where there are none."""
    from rpc.cli.health import find  # noqa: PLC0415 - start-up: only who has no requests asks
    from sidecar.settings import read_place  # noqa: PLC0415 - the same

    url = find(read_place()).url
    hint(f"No requests yet. Point a client at {url}: mux-sidecar connect CLIENT (or see: mux-sidecar demo)")


async def _listed(control: Control, count: int, selection: Selection) -> tuple[Sequence[Request], bool]:
    """The newest requests, and whether there are others if there are none of those."""
    found = await _settled(control, count, selection)
    return found, not found and bool(await control.requests.list(1))


async def _settled(control: Control, count: int, selection: Selection) -> Sequence[Request]:
    """The newest requests, after those that have just ended are written."""
    await asyncio.sleep(SETTLE)
    found = await control.requests.list(count, selection=selection)
    if not found:
        await _check_known(control, selection)
    return found


async def _check_known(control: Control, selection: Selection) -> None:
    """Raises NotFound for a workspace or a provider that is neither configured nor in a record."""
    if selection.workspace is not None:
        configured = [each.name for each in await control.workspaces.list()]
        await _check_among(control, "workspace", selection.workspace, configured)
    if selection.provider is not None:
        configured = [each.name for each in await control.providers.list()]
        await _check_among(control, "provider", selection.provider, configured)


async def _check_among(control: Control, what: UsageKey, name: str, configured: Sequence[str]) -> None:
    from sidecar.errors import NotFound  # noqa: PLC0415 - start-up

    recorded = [row.key for row in await control.requests.usage(by=what) if row.key]
    known = {each.casefold(): each for each in (*recorded, *configured)}
    if name.casefold() not in known:
        there = f"there are: {', '.join(map(cell, known.values()))}" if known else "there is none yet"
        raise NotFound(f"There is no {what} {cell(name[:80])!r}, and no request of one; {there}.")


def _list(requests: Sequence[Request], *, are_others: bool, as_json: bool) -> None:
    if as_json:
        return print_json(requests)
    if not requests:
        return hint("No such requests; 'mux-sidecar log' lists the others.") if are_others else _hint()
    table = Table(COLUMNS, [_row(request) for request in requests], right=RIGHT)
    if not sys.stdout.isatty():
        titles, *lines = aligned(table)
        return click.echo("\n".join((titles, *_explained(requests, lines))))
    print_table(table)
    if errors := [line for request in requests for line in _errors(request, _local_time(request.started_at))]:
        click.echo("\n".join(("", *errors)))
    return None


def _explained(requests: Sequence[Request], lines: Sequence[str]) -> Iterator[str]:
    """The line of each request, and below it why it failed."""
    for request, line in zip(requests, lines, strict=True):
        yield line
        yield from _errors(request)


def _errors(request: Request, begin: str = "") -> tuple[str, ...]:
    """Why a request failed, indented, after what the line is to begin with; nothing for one that did not."""
    if not request.error:
        return ()
    return (wrapped(f"{begin}  {cell(' '.join(request.error.split()))}".strip(), GAP if begin else GAP * 2),)


async def _follow(control: Control, count: int, selection: Selection, *, as_json: bool) -> None:
    """Print the newest requests, oldest first, and each new one as it ends."""
    if not as_json:
        click.echo(aligned(Table(COLUMNS, (), right=RIGHT), LEAST)[0])
    requests = await _settled(control, max(count, FOLLOW_WINDOW), selection)
    seen = {request.id for request in requests[count:]}
    while True:
        for request in reversed(requests):
            if request.id not in seen:
                _print_followed(request, as_json=as_json)
        sys.stdout.flush()
        seen |= {request.id for request in requests}
        await asyncio.sleep(POLL)
        requests = await control.requests.list(FOLLOW_WINDOW, selection=selection)


def _print_followed(request: Request, *, as_json: bool) -> None:
    if as_json:
        print_json(request, compact=True)
    else:
        line = aligned(Table(COLUMNS, [_row(request)], right=RIGHT), LEAST)[1]
        click.echo("\n".join(_explained((request,), (line,))))


def _clear(*, yes: bool, as_json: bool) -> None:
    if not yes and sys.stdin.isatty():
        click.confirm("Remove the records of all requests?", abort=True, err=True)
    removed = perform(lambda control: control.requests.remove(None))
    if as_json:
        print_json(removed)
    else:
        click.echo("Removed 1 request." if removed == 1 else f"Removed {removed} requests.")


def _row(request: Request) -> tuple[str, ...]:
    return (
        _local_time(request.started_at),
        cell(request.client),
        _files(request.files),
        "" if request.filter is None else cell(request.filter) or "*",
        cell(f"{request.provider}/{request.model}" if request.provider else ""),
        request.outcome if request.outcome == "ok" else f"{request.outcome} {request.status}",
        _tokens(request),
        _cost(request.cost),
        number(request.total_ms, ",.0f"),
    )


def _local_time(started_at: str) -> str:
    """The time of day, with the date in front unless it was today."""
    started = datetime.fromisoformat(started_at).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return started.strftime("%H:%M:%S" if started.date() == today else "%Y-%m-%d %H:%M:%S")


def _files(files: Sequence[str]) -> str:
    """Base names, as many as fit; the rest counted."""
    names = [cell(file.replace("\\", "/").rpartition("/")[2] or file) for file in files]
    shown = names[:1]
    for name in names[1:]:
        if len(", ".join([*shown, name])) > FILES_WIDTH:
            break
        shown.append(name)
    left = len(names) - len(shown)
    return ", ".join(shown) + (f" +{left}" if left else "")


def _tokens(request: Request) -> str:
    if request.input_tokens is None and request.output_tokens is None:
        return ""
    return f"{number(request.input_tokens) or '?'} → {number(request.output_tokens) or '?'}"


def _cost(cost: float | None) -> str:
    """USD with as many digits as matter; 0 is a model of this machine."""
    if cost is None:
        return ""
    return "$0" if cost == 0 else f"${cost:,.2f}" if cost >= 1 else f"${cost:.4f}"


def _usage_row(row: Usage, by: UsageKey) -> tuple[str, ...]:
    counts = (row.requests, row.input_tokens, row.output_tokens, row.cached_tokens)
    name = cell(row.key) or ("(no workspace)" if by == "workspace" else "(no route)")
    return (name, *(number(count) for count in counts), _known_cost(row.cost, row.unpriced))


def _known_cost(cost: float | None, unpriced: int) -> str:
    """What is known; ≥ where the cost of some requests is not, ? where that of all is."""
    if not unpriced:
        return _cost(cost)
    return "?" if cost is None else f"≥ {_cost(cost)}"


def _total(rows: Sequence[Usage]) -> tuple[str, ...]:
    """The last row."""
    counts = (
        sum(row.requests for row in rows),
        sum(row.input_tokens for row in rows),
        sum(row.output_tokens for row in rows),
        sum(row.cached_tokens for row in rows),
    )
    known = [row.cost for row in rows if row.cost is not None]
    cost = _known_cost(sum(known) if known else None, sum(row.unpriced for row in rows))
    return ("total", *(number(count) for count in counts), cost)
