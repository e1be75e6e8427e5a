"""`mux-sidecar demo`: the main job in seconds, offline: a throw-away home, a real endpoint, real requests over HTTP."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rpc.cli.output import Table, json_option, number, print_json, print_table
from rpc.scene import ACTS, RULES, SECOND, Act, Served, ask, expected, providers, serving
from sidecar.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from sidecar.settings import Place

NEXT = """\
Next, with your own models:
  mux-sidecar provider add ollama --type ollama       (or openrouter, anthropic, openai, …)
  mux-sidecar rule default ollama/qwen3:8b            a model for everything
  mux-sidecar rule add --filter .ts --model PROVIDER/MODEL
  mux-sidecar serve                                   then point your client at http://localhost:8989/v1/mux"""


class Report(Value, frozen=True, kw_only=True):
    """What the demo found: one row for each request, and the whole time in milliseconds."""

    requests: tuple[Served, ...]
    total_ms: float
    ok: bool


@click.command()
@click.pass_context
@json_option
def demo(context: click.Context, *, as_json: bool) -> None:
    """See the main job in ten seconds: rules send each request to its model.

    Offline, with providers that echo what they are asked, in a throw-away data folder; yours is not touched, nor are
    your keys. The exit status is 1 where a request was not served as the rules say.
    """
    began = time.monotonic()
    say = _silent if as_json else click.echo
    signal.signal(signal.SIGTERM, _leave)
    home = Path(tempfile.mkdtemp(prefix="mux-sidecar-demo-"))
    try:
        served = _play(home, say)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    report = Report(
        requests=tuple(served),
        total_ms=round((time.monotonic() - began) * 1000, 1),
        ok=all(row.ok for row in served),
    )
    if as_json:
        print_json(report)
    else:
        _print(report)
    if not report.ok:
        context.exit(1)


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal module's signature
    """End by way of every `finally`, so that neither the folder nor the endpoint's process is left behind."""
    sys.exit(128 + number)


def _silent(text: str) -> None:
    """Where JSON is wanted, nothing else is printed."""


def _play(home: Path, say: Callable[[str], None]) -> list[Served]:
    """Configure the home, serve it, and send the requests of each act."""
    from sidecar.settings import Place  # noqa: PLC0415 - start-up, as everywhere in the command line

    place = Place(home=home, port=0, discover=False)
    say(f"A throw-away data folder: {home}")
    asyncio.run(_configure(place))
    for name, models in providers().items():
        say(f"  provider {name}: {', '.join(models)} (echo: answers with what it was asked)")
    for position, (filter_, model) in enumerate(RULES, 1):
        say(f"  rule {position}: {filter_ or '*':<4} → {model}")
    say(f"  workspace {SECOND}: * → {RULES[-1][1]}")
    with serving(home) as url:
        say(f"The endpoint serves {url}\n")
        return [row for act in ACTS for row in _perform(act, place, url, say)]


def _perform(act: Act, place: Place, url: str, say: Callable[[str], None]) -> list[Served]:
    """Send the act's requests, after its workspace was made the active one in this other process."""
    if act.switch:
        say(f"Switching to the workspace {act.workspace}; the endpoint is not told, nor are the clients.")
        asyncio.run(_switch(place, act.workspace))
    say(f"POST /chat/completions: {act.title} ({', '.join(act.files) or 'no file'}){' streamed' * act.streamed}")
    return [ask(url, act, expected(act))]


async def _configure(place: Place) -> None:
    """Providers, rules and the second workspace, through what every front end uses."""
    from sidecar.control.drafts import ProviderDraft  # noqa: PLC0415 - start-up
    from sidecar.control.opening import open_control  # noqa: PLC0415 - start-up
    from sidecar.values import RuleDraft  # noqa: PLC0415 - start-up

    async with open_control(place) as control:
        for name, models in providers().items():
            await control.providers.add(ProviderDraft(name=name, type="echo", models=models))
        await control.workspaces.add(SECOND, None)
        for workspace, rules in (("default", RULES), (SECOND, RULES[-1:])):
            for filter_, target in rules:
                provider, _, model = target.partition("/")
                draft = RuleDraft(filter=filter_, provider=provider, model=model)
                await control.rules.add(draft, position=None, workspace=workspace)


async def _switch(place: Place, workspace: str) -> None:
    from sidecar.control.opening import open_control  # noqa: PLC0415 - start-up

    async with open_control(place) as control:
        await control.workspaces.switch(workspace)


def _print(report: Report) -> None:
    click.echo()
    print_table(
        Table(("REQUEST", "FILES", "WORKSPACE", "RULE", "MODEL", "MS", ""), _rows(report.requests), frozenset({"MS"}))
    )
    click.echo(f"\n{len(report.requests)} requests in {report.total_ms / 1000:.1f} s, start-up included.")
    if report.ok:
        click.echo(f"Each went where the rules say. No client was changed on the way.\n\n{NEXT}")
    else:
        click.echo("Not every request was served as the rules say; 'mux-sidecar doctor' may tell why.", err=True)


def _rows(served: Sequence[Served]) -> list[tuple[str, ...]]:
    return [
        (
            row.title,
            ", ".join(row.files) or "none",
            row.workspace,
            row.rule,
            f"{row.provider}/{row.model}",
            number(row.ms, ".1f"),
            "" if row.ok else f"✗ {row.problem}",
        )
        for row in served
    ]
