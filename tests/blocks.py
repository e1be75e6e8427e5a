"""The blocks of the docs that users paste, so that tests run those."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def blocks(page: str, kind: str) -> list[str]:
    """The blocks of that kind of a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def block(page: str, kind: str) -> str:
    """The first of them."""
    return blocks(page, kind)[0]
