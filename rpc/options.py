"""What an editor sets: `initializationOptions` and live configuration share one shape."""

from __future__ import annotations

from typing import Any

from sidecar.values import Value

#: Where an editor that sends all its configuration keeps ours.
SECTION = "mux-sidecar"
_LARGEST_PORT = 65_535


class Options(Value, frozen=True, kw_only=True):
    """`port` is the endpoint's; `workspace` what this window shows and points its clients to."""

    port: int | None = None
    workspace: str | None = None
    problems: tuple[str, ...] = ()


def read(given: Any) -> Options:
    """What fits; the rest is told in `problems`, as a wrong setting must not keep an editor from starting."""
    if isinstance(given, dict) and isinstance(given.get(SECTION), dict):
        given = given[SECTION]
    if not isinstance(given, dict):
        return Options()
    port, workspace = given.get("port"), given.get("workspace")
    problems = []
    if port is not None and (type(port) is not int or not 0 <= port <= _LARGEST_PORT):
        problems.append(f"The setting port is no number from 1 to {_LARGEST_PORT}; it is left aside.")
        port = None
    if workspace is not None and not isinstance(workspace, str):
        problems.append("The setting workspace is no text; it is left aside.")
        workspace = None
    return Options(port=port, workspace=workspace or None, problems=tuple(problems))
