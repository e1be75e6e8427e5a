"""Names of files that a filter takes although whoever wrote it hardly means them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sidecar.routing.filters import Names

if TYPE_CHECKING:
    from sidecar.routing.filters import Filter

#: Names as projects have them, most common first; each holds a shorter ending in its midst.
COMMON = (
    "package.json", "app.jsx", "view.tsx", "main.cpp", "app.css", "style.scss", "index.html", "page.mdx", "main.mjs",
    "data.csv", "tsconfig.json", "types.pyi", "notes.ipynb", "events.jsonl", "main.hpp", "app.config.js", "app.test.ts",
    "README.md", "main.rst", "App.csproj", "Main.java", "index.php3", "main.swift", "photo.svgz", "config.yaml.j2",
)  # fmt: skip
_MOST = 3


def also_takes(rule: Filter) -> tuple[str, ...]:
    """Some common names that an ending is found in, though they do not end with it; none for other filters."""
    if rule.form != "base" or not rule.needle.startswith("."):
        return ()
    return _holding(rule.needle)


@lru_cache(1024)  # a Status explains every rule of its workspace
def _holding(needle: str) -> tuple[str, ...]:
    names = Names(COMMON)
    pairs = zip(names.files, names.bases, strict=True)
    return tuple(name for name, base in pairs if needle in base and not base.endswith(needle))[:_MOST]
