"""What tools answered: the items that hold their output, as the parts of a chat message."""

from __future__ import annotations

from typing import Any

from sidecar.translate.checks import a_list, an_object
from sidecar.translate.lenient import encode
from sidecar.translate.responses.parts import parts_of
from sidecar.translate.shape import JSON


def result_of(item: JSON, where: str) -> list[JSON]:
    """The parts of a tool's output.

    Raises:
        BadRequest: it is malformed, or holds what chat has no place for.
    """
    output = item.get("output")
    if item.get("type") == "shell_call_output":
        return [{"type": "text", "text": _shell(output, f"{where}.output")}]
    if item.get("type") == "apply_patch_call_output" and not output:
        return [{"type": "text", "text": str(item.get("status") or "completed")}]
    if isinstance(output, dict):
        return [{"type": "text", "text": encode(output).decode()}]
    return parts_of(output, f"{where}.output")


def _shell(output: Any, where: str) -> str:
    """What commands printed, and how they ended where they did not end well."""
    if isinstance(output, str):
        return output
    chunks = (an_object(one, f"{where}[{index}]") for index, one in enumerate(a_list(output, where)))
    return "\n".join(_printed(chunk) for chunk in chunks)


def _printed(chunk: JSON) -> str:
    told = [text for name in ("stdout", "stderr") if isinstance(text := chunk.get(name), str) and text]
    outcome = chunk.get("outcome")
    if isinstance(outcome, dict):
        if outcome.get("type") == "timeout":
            told.append("(timed out)")
        elif outcome.get("exit_code"):
            told.append(f"(exit code {outcome['exit_code']})")
    return "\n".join(told)
