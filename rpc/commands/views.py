"""The commands that show something: Status, requests, the dashboard, what is wrong."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rpc.commands.talk import Outcome, Tone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rpc.commands import params as given
    from rpc.commands.talk import Talk
    from rpc.params import Params, StatusOf
    from rpc.status import Status
    from sidecar.values import Check, Request

NEWEST = 10
_TONES: Mapping[str, Tone] = {"error": "error", "warning": "warning"}


async def status(talk: Talk, asked: StatusOf) -> Outcome:
    """Tells the Status."""
    found: Status = await talk.call("mux/status", uri=asked.uri, workspace=asked.workspace)
    return Outcome(found, found.tooltip, _TONES.get(found.kind, "info"))


async def requests(talk: Talk, asked: given.Requests) -> Outcome:
    """Tells the newest requests."""
    wanted = {"workspace": asked.workspace, "provider": asked.provider, "outcome": asked.outcome}
    limit = NEWEST if asked.limit is None else asked.limit
    found: tuple[Request, ...] = await talk.call("mux/request/list", limit=limit, **wanted)
    if not found:
        url = (await talk.call("mux/status")).endpoint.url
        return Outcome(found, f"There are no such requests yet; point a client at {url}.")
    return Outcome(found, "\n".join(map(_line, found)))


async def dashboard(talk: Talk, _: Params) -> Outcome:
    """Opens the dashboard, signed in; tells where it is if the editor cannot open it."""
    found = await talk.call("mux/dashboard/url")
    if await talk.front.show(found.url):
        return Outcome(found, "The dashboard is open in the browser.")
    return Outcome(found, f"The dashboard is at {found.url} (good once, for a minute).")


async def doctor(talk: Talk, _: Params) -> Outcome:
    """Tells what is wrong and how to mend it."""
    checks: tuple[Check, ...] = await talk.call("mux/doctor")
    wrong = [check for check in checks if not check.ok or check.mend]
    if not wrong:
        return Outcome(checks, f"All is well ({len(checks)} checks).")
    return Outcome(checks, "\n".join(_advice(check) for check in wrong), "warning")


def _line(request: Request) -> str:
    clock = datetime.fromisoformat(request.started_at).astimezone().strftime("%H:%M:%S")
    model = f"{request.provider}/{request.model}" if request.provider else "no model"
    files = f" for {', '.join(request.files)}" if request.files else ""
    return f"{clock} {model} {request.outcome}{files}"


def _advice(check: Check) -> str:
    return f"{check.check}: {check.detail}" + (f" {check.mend}" if check.mend else "")
