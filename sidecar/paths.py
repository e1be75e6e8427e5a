"""Which of the endpoint's resources a request's path names, however clients spell it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from sidecar.dashboard import ASSETS, PAGE
from sidecar.values import Dialect

#: The paths that take a request, behind `/v1/mux` and what clients put between.
DIALECTS: dict[str, Dialect] = {
    "chat/completions": "chat",
    "completions": "completions",
    "embeddings": "embeddings",
    "messages": "messages",
    "messages/count_tokens": "messages",
    "responses": "responses",
}
ROOT = ["v1", "mux"]
COUNTING = "messages/count_tokens"
PREFIXES = (("api", "v1"), ("v1",))


class Resource(NamedTuple):
    """`kind` is `dialect`, `models`, `root`, `health`, `page` or `asset`; `workspace` is the one that the path names.

    `counts`: only the tokens of the request are asked for, not its answer. `asset` is a file of the dashboard.
    """

    kind: str
    dialect: Dialect | None = None
    workspace: str | None = None
    model: str | None = None
    counts: bool = False
    asset: str | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that it answers."""
        return ("POST",) if self.kind == "dialect" else ("GET", "HEAD")


@lru_cache(256)
def resource_of(target: str) -> Resource | None:
    """The resource that a request target names (RFC 9112, section 3.2); None if there is none."""
    parts = _parts(target)
    if not parts or parts[0] == "dashboard":
        return _of_dashboard("/".join(parts[1:]) if parts else PAGE)
    if parts == ["health"]:
        return Resource("health")
    if parts[:2] != ROOT:
        return None
    workspace, parts = _behind(parts[2:])
    if not parts:
        return Resource("root", workspace=workspace)
    if parts[0] == "models":
        return Resource("models", workspace=workspace, model="/".join(parts[1:]) or None)
    path = "/".join(parts)
    dialect = DIALECTS.get(path)
    return Resource("dialect", dialect, workspace, counts=path == COUNTING) if dialect else None


def _of_dashboard(name: str) -> Resource | None:
    kind = "page" if name == PAGE else "asset"
    return Resource(kind, asset=name) if name == PAGE or name in ASSETS else None


def dialect_at(target: str) -> Dialect:
    """The dialect in which whoever asks for this target, served or not, can read an error: chat where nothing tells."""
    parts = _parts(target)
    _, parts = _behind(parts[2:] if parts[:2] == ROOT else parts)
    return DIALECTS.get(parts[0], "chat") if parts else "chat"


def dialect_astray(target: str) -> Dialect | None:
    """The dialect of a target that would be one below `/v1/mux`, but is elsewhere: a client's base URL lacks that."""
    return DIALECTS.get("/".join(_behind(_parts(target))[1]))


def _parts(target: str) -> list[str]:
    path = target.partition("?")[0]
    if not path.startswith("/"):
        path = "/" + path.partition("://")[2].partition("/")[2]
    return [unquote(part) for part in path.split("/") if part]


def _behind(parts: list[str]) -> tuple[str | None, list[str]]:
    """The workspace that a path below `/v1/mux` names, and what is left behind the prefixes that clients add."""
    workspace = None
    if len(parts) >= 2 and parts[0] == "w":
        workspace, parts = parts[1], parts[2:]
    for prefix in PREFIXES:
        if tuple(parts[: len(prefix)]) == prefix:
            return workspace, parts[len(prefix) :]
    return workspace, parts
