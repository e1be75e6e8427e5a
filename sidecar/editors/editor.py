"""An editor's binding as it is listed: its files with where they belong, and what is to be done besides."""

from __future__ import annotations

from typing import Literal

from sidecar.steps import Step
from sidecar.values import Value

State = Literal["absent", "same", "different", "written", "replaced"]


class BindingFile(Value, frozen=True, kw_only=True):
    """One file: where it belongs, and whether it is there.

    `text` is what is in it, where it is text and was asked for. `merges`: it has the name of the user's own settings,
    and is left alone where those are there.
    """

    path: str
    state: State
    merges: bool = False
    text: str | None = None


class Editor(Value, frozen=True, kw_only=True):
    """One editor; `needs` is its version, or what it has to have. Without `files` this installation has no binding."""

    id: str
    name: str
    needs: str
    files: tuple[BindingFile, ...]
    steps: tuple[Step, ...]
    note: str | None = None
