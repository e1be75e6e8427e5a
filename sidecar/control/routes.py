"""Routes: which rule would take these files, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.control.workbench import Workbench, workspace_row
from sidecar.errors import InvalidParameter
from sidecar.routing.rules import explain
from sidecar.snapshot import WorkspaceRules, compile_workspace
from sidecar.values import Explanation, RequestKind, Route

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

_KINDS: tuple[RequestKind, ...] = ("chat", "fim", "embed")


class Routes:
    """What a request would get."""

    def __init__(self, bench: Workbench) -> None:
        self._config = bench.config

    async def explain(
        self, files: Iterable[str], kind: RequestKind = "chat", workspace: str | None = None
    ) -> Explanation:
        """The route of a request with these files in context, and each rule that was looked at.

        Raises:
            NotFound: no such workspace.
            InvalidParameter: no such kind of request.
        """
        if kind not in _KINDS:
            raise InvalidParameter("kind", f"{kind!r} is no kind of request; use one of {', '.join(_KINDS)}.")

        def read(db: sqlite3.Connection) -> WorkspaceRules:
            return compile_workspace(db, workspace_row(db, workspace))

        return explained(await self._config.ask(read), kind, tuple(files))


def explained(workspace: WorkspaceRules, kind: RequestKind, files: tuple[str, ...]) -> Explanation:
    """The same for a workspace that was read already."""
    considered = explain(workspace.rules, kind, files)
    taken = next((rule for rule, each in zip(workspace.rules, considered, strict=True) if each.matched), None)
    if taken is None:
        return Explanation(route=None, considered=considered)
    route = Route(
        workspace=workspace.name,
        position=taken.position,
        filter=taken.filter,
        kind=taken.kind,
        provider=taken.provider,
        model=taken.model,
    )
    return Explanation(route=route, considered=considered)
