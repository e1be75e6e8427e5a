"""What an empty listing tells: a damaged configuration where that is why, and the first step."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from rpc.cli.output import hint
from rpc.cli.session import perform

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sidecar.control.opening import Control

T = TypeVar("T")

PROVIDER = "No providers yet. Add one: mux-sidecar provider add ollama --type ollama"
RULE = "No rules yet. Name the model for everything: mux-sidecar rule default PROVIDER/MODEL"


def listing(
    read: Callable[[Control], Awaitable[Sequence[T]]], counts: Callable[[T], object] = bool
) -> tuple[Sequence[T], str | None]:
    """What is listed; where none of it `counts`, also where a damaged configuration is that nothing replaced yet."""

    async def asked(control: Control) -> tuple[Sequence[T], str | None]:
        found = await read(control)
        return found, None if any(map(counts, found)) else await control.doctor.lost()

    return perform(asked)


def tell(step: str, lost: str | None) -> None:
    """Say the step on standard error; before it, what is lost."""
    if lost is not None:
        hint(lost)
    hint(step)
