"""Routes: which rule would take these files, and why."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec

from sidecar.control import rules
from sidecar.control.workbench import Workbench, workspace_row
from sidecar.errors import InvalidParameter
from sidecar.routing.names import distinct
from sidecar.routing.rules import explain
from sidecar.snapshot import WorkspaceRules, compile_workspace
from sidecar.values import Explanation, RequestKind, Route

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from sidecar.routing.files import Context

_KINDS: tuple[RequestKind, ...] = ("chat", "fim", "embed")


class Routes:
    """What a request would get."""

    def __init__(self, bench: Workbench) -> None:
        self._config = bench.config

    async def explain(
        self,
        files: Iterable[str],
        kind: RequestKind | None = None,
        workspace: str | None = None,
        prompt: str | None = None,
    ) -> Explanation:
        """The route of a request with these files in context, and each rule that was looked at.

        What a user types, `prompt`, is read as a client's request would be: for its files, and, where `kind` is not
        given, for its kind, which is chat otherwise.

        Raises:
            NotFound: no such workspace.
            InvalidParameter: no such kind of request.
        """
        if kind is not None and kind not in _KINDS:
            raise InvalidParameter("kind", f"{kind!r} is no kind of request; use one of {', '.join(_KINDS)}.")
        context = None if prompt is None else await asyncio.to_thread(_context, prompt)
        names = distinct((*files, *(context.files if context else ())))

        def read(db: sqlite3.Connection) -> Explanation:
            compiled = compile_workspace(db, workspace_row(db, workspace))
            found = explained(compiled, kind or (context.kind if context else "chat"), names)
            return msgspec.structs.replace(found, broken=rules.broken(db, found.route) if found.route else None)

        return await self._config.ask(read)


def explained(workspace: WorkspaceRules, kind: RequestKind, files: tuple[str, ...]) -> Explanation:
    """The same for a workspace that was read already."""
    considered = explain(workspace.rules, kind, files)
    taken = next((rule for rule, each in zip(workspace.rules, considered, strict=True) if each.matched), None)
    if taken is None:
        return Explanation(route=None, considered=considered, files=files)
    route = Route(
        workspace=workspace.name,
        position=taken.position,
        filter=taken.filter,
        kind=taken.kind,
        provider=taken.provider,
        model=taken.model,
    )
    return Explanation(route=route, considered=considered, files=files)


def _context(prompt: str) -> Context:
    """What a chat request is about that says this and nothing else."""
    from sidecar.routing.files import Finder  # noqa: PLC0415 - start-up: a Status needs rules, and no clients' formats

    messages = msgspec.json.encode([{"role": "user", "content": prompt}])
    return Finder().context("chat", {"messages": msgspec.Raw(messages)})
