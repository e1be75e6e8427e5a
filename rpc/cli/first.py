"""The first step, told where a listing is empty."""

from __future__ import annotations

from rpc.cli.output import hint
from rpc.cli.session import perform

PROVIDER = "No providers yet. Add one: mux-sidecar provider add ollama --type ollama"
RULE = "No rules yet. Name the model for everything: mux-sidecar rule default PROVIDER/MODEL"


def tell(step: str) -> None:
    """Say the step on standard error; before it, where a damaged configuration is that nothing has replaced yet."""
    lost = perform(lambda control: control.doctor.lost())
    if lost is not None:
        hint(lost)
    hint(step)
