"""What a user is to do with another program, as the command line tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sidecar.steps import Step


def where_of(step: Step) -> str | None:
    """The file on this system that a step is about; None for a shell or a dialogue."""
    from sidecar.steps import this_system  # noqa: PLC0415 - start-up

    return None if step.where is None else step.where.on(this_system())


def print_step(step: Step) -> None:
    """Print what to do, the file, and the lines as they are to be pasted."""
    where = where_of(step)
    click.echo("\n".join((step.do, *([f"{where}:"] if where else ()), "", step.lines, "")))
