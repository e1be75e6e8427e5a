"""An editor's binding as it is listed: its files with where they belong, and what is to be done besides."""

from __future__ import annotations

from typing import Literal

from sidecar.steps import Step
from sidecar.values import Value

State = Literal["absent", "same", "different", "written", "replaced"]


class BindingFile(Value, frozen=True, kw_only=True):
    """One file: where it belongs, and whether it is there.

    `text` is what is in it, where it is text and was asked for. `merges`: it has the name of the user's own settings.
    """

    path: str
    state: State
    merges: bool = False
    text: str | None = None


class Editor(Value, frozen=True, kw_only=True):
    """One editor; without `files` this installation has none of its binding."""

    id: str
    name: str
    versions: str
    files: tuple[BindingFile, ...]
    steps: tuple[Step, ...]
    note: str | None = None
