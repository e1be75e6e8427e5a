"""The dashboard: a static page that speaks `/rpc`. Its files are known by name, read once, and served as they are."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parent / "static"

PAGE = "index.html"
#: What there is below `/dashboard/`. A name is looked up here, and never joined to a path unseen.
ASSETS = frozenset(
    {
        "access.js",
        "addresses.js",
        "app.js",
        "arrival.js",
        "base.css",
        "connect.css",
        "connect.js",
        "connection.js",
        "dialog.js",
        "dragging.js",
        "fetching.js",
        "focus.js",
        "format.js",
        "fresh.js",
        "home.js",
        "icon.svg",
        "kept.js",
        "menu.js",
        "pages.css",
        "parts.js",
        "picker.css",
        "picker.js",
        "place.js",
        "problems.js",
        "provider-dialog.js",
        "provider-form.js",
        "provider-removal.js",
        "providers.css",
        "providers.js",
        "reading.js",
        "request-detail.js",
        "request-list.js",
        "request-pages.js",
        "requests.css",
        "requests.js",
        "rule.js",
        "rulebook.js",
        "rules.js",
        "running.js",
        "said.js",
        "session.js",
        "spoken.js",
        "tryit.js",
        "use.js",
        "vendor/hooks.js",
        "vendor/htm.js",
        "vendor/preact.js",
        "vendor/uplot.css",
        "vendor/uplot.js",
        "view.js",
        "workspace-dialogs.js",
        "workspace-file.js",
        "workspace-import.js",
        "workspace.js",
        "workspaces.css",
        "workspaces.js",
    }
)
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
#: Only what this origin serves is run, shown or asked; 'self' is its WebSocket too (Content Security Policy Level 3).
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Asset(NamedTuple):
    """A file, ready to be sent."""

    body: bytes
    headers: dict[str, str]


@cache
def asset(name: str) -> Asset:
    """The file of that name, which is `PAGE` or one of `ASSETS`."""
    path = _FOLDER / name
    body = path.read_bytes()
    tag = f'"{sha256(body).hexdigest()[:20]}"'
    return Asset(body, {**_HEADERS, "Content-Type": _TYPES[path.suffix], "ETag": tag})
