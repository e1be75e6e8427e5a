"""A client as it is listed: what to paste where, and how its requests are known."""

from __future__ import annotations

from typing import Literal

from sidecar.values import Dialect, Value

System = Literal["linux", "macos", "windows"]
Format = Literal["json", "lisp", "lua", "powershell", "sh", "text", "toml", "yaml"]


class Where(Value, frozen=True, kw_only=True):
    """A file on each system, as its user would type it: `~` and `%APPDATA%` are not resolved."""

    linux: str
    macos: str
    windows: str


class ClientStep(Value, frozen=True, kw_only=True):
    """One thing to do: `lines`, in their `format`, belong into the file `where`, or into a shell or dialogue."""

    do: str
    format: Format
    lines: str
    where: Where | None = None


class Client(Value, frozen=True, kw_only=True):
    """One client. `local`: its requests leave from this machine; where they do not, there are no steps.

    `dialect` is what it speaks; what a Request says of `client` begins with one of `user_agents`, in any case.
    """

    id: str
    name: str
    dialect: Dialect
    local: bool
    user_agents: tuple[str, ...]
    steps: tuple[ClientStep, ...]
    source: str
    note: str | None = None
