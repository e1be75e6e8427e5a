"""Which of the endpoint's resources a request's path names, however clients spell it."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote

from sidecar.values import Dialect

#: The paths that take a request, behind `/v1/mux` and what clients put between.
DIALECTS: dict[str, Dialect] = {
    "chat/completions": "chat",
    "completions": "completions",
    "embeddings": "embeddings",
}
PREFIXES = (("api", "v1"), ("v1",))


class Resource(NamedTuple):
    """`kind` is `dialect`, `models`, `root`, `health` or `page`; `workspace` is the one that the path names."""

    kind: str
    dialect: Dialect | None = None
    workspace: str | None = None
    model: str | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that it answers."""
        return ("POST",) if self.kind == "dialect" else ("GET", "HEAD")


def resource_of(target: str) -> Resource | None:
    """The resource that a request target names (RFC 9112, section 3.2); None if there is none."""
    path = target.partition("?")[0]
    if not path.startswith("/"):
        path = "/" + path.partition("://")[2].partition("/")[2]
    parts = [unquote(part) for part in path.split("/") if part]
    if not parts:
        return Resource("page")
    if parts == ["health"]:
        return Resource("health")
    if parts[:2] != ["v1", "mux"]:
        return None
    return _under_mux(parts[2:])


def _under_mux(parts: list[str]) -> Resource | None:
    workspace = None
    if len(parts) >= 2 and parts[0] == "w":
        workspace, parts = parts[1], parts[2:]
    for prefix in PREFIXES:
        if tuple(parts[: len(prefix)]) == prefix:
            parts = parts[len(prefix) :]
            break
    if not parts:
        return Resource("root", workspace=workspace)
    if parts[0] == "models":
        return Resource("models", workspace=workspace, model="/".join(parts[1:]) or None)
    dialect = DIALECTS.get("/".join(parts))
    return Resource("dialect", dialect, workspace) if dialect else None
