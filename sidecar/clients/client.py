"""A client as it is listed: what to paste where, and how its requests are known."""

from __future__ import annotations

from sidecar.steps import Step
from sidecar.values import Dialect, Value


class Client(Value, frozen=True, kw_only=True):
    """One client. `local`: its requests leave from this machine; where they do not, there are no steps.

    `dialect` is what it speaks; what a Request says of `client` begins with one of `user_agents`, in any case.
    """

    id: str
    name: str
    dialect: Dialect
    local: bool
    user_agents: tuple[str, ...]
    steps: tuple[Step, ...]
    source: str
    note: str | None = None
