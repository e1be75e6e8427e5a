"""XML-like elements that name files: their attributes, and the environment that an editor states."""

from __future__ import annotations

import re

from sidecar.routing import formats
from sidecar.routing.names import clean, is_known

TAG = re.compile(r"<([A-Za-z][\w:-]{0,40})((?:\s[^<>\n]{0,2000})?)>")
PIPED = re.compile(r"<(\|\w{1,40}\|)()>")  # <|edit_diff_history|>, closed by <|/edit_diff_history|>
STATED_WITHIN = re.compile(r"\n(?://|#|--|<!--|/\*|;+|%) filepath: (.{1,500}?)(?: -->| \*/)?\n")
CLOSING_LINE = re.compile(r"</[A-Za-z][\w:-]{0,40}>[ \t]*(?:\n|$)")

_ATTRIBUTE = re.compile(r"([\w-]{1,40})=[\"']([^\"'\n]*)[\"']")
_LONGEST_ENVIRONMENT = 20_000


def attribute_name(attributes: str) -> str | None:
    """The file that an element's attributes name, the surest attribute first."""
    found = {key.lower(): value for key, value in _ATTRIBUTE.findall(attributes)}
    for key in formats.ATTRIBUTES:
        name = clean(found.get(key, ""))
        if name and (key not in ("id", "title", "name") or is_known(name)):
            return name
    return None


def visible_files(details: str) -> list[str]:
    """The files in view that an editor's environment states: one a line or parted by commas, under their heading."""
    found: list[str | None] = []
    visible = False
    for line in details[:_LONGEST_ENVIRONMENT].split("\n"):
        text = line.strip()
        if text.startswith("Active file:"):
            found.append(clean(text.removeprefix("Active file:")))
        elif formats.VISIBLE_SECTIONS.match(text):
            visible = True
        elif text.startswith("#") or text.endswith(":"):
            visible = False
        elif visible and text and not text.startswith("(") and "extension-output-" not in text:
            found += [clean(name) for name in text.split(",")]
    return [name for name in found if name]
