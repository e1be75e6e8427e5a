"""One JSON-RPC method, as a row of the table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from rpc.params import Params
from rpc.service import Service

Run = Callable[[Service, Any], Awaitable[Any]]


@dataclass(frozen=True)
class Method:
    """One method. `in_turn` ones wait for those that were called before; the others may take their time.

    `waiting` is what to show meanwhile where it may ask the network.
    """

    name: str
    params: type[Params]
    result: Any
    run: Run
    in_turn: bool = True
    waiting: str | None = None

    @property
    def help(self) -> str:
        """What it does, for the documentation."""
        return " ".join((self.run.__doc__ or "").split())
