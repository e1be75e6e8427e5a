"""What the methods act on: the control of one data folder, and what a running process and its window add to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rpc.documents import file_of
from rpc.facts import View
from sidecar.errors import InvalidParameter

if TYPE_CHECKING:
    from rpc.board import Board
    from rpc.status import Status
    from sidecar.control.opening import Control


@dataclass
class Window:
    """One front end's own: its workspace (None for the active one), its folders' paths, its settings' problems."""

    workspace: str | None = None
    folders: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def view(self) -> View:
        """What its Status is about, without a document."""
        return View(self.workspace, (), self.problems)


@dataclass(frozen=True)
class Service:
    """One data folder, as one window of this process sees it."""

    control: Control
    board: Board
    window: Window

    async def status(self, uri: str | None = None, workspace: str | None = None) -> Status:
        """The Status now, with what is running: for a document, and for a workspace instead of the window's.

        Raises:
            InvalidParameter: the URI cannot be one.
            NotFound: no such workspace.
        """
        files: tuple[str, ...] = ()
        if uri is not None:
            files = (file_of(uri, self.window.folders),)
            if not files[0]:
                raise InvalidParameter("uri", "`uri` has no path; give the document's, such as file:///a/b.py.")
        if workspace is not None:
            self.board.check(workspace)
        status = await self.board.status(View(workspace or self.window.workspace, files, self.window.problems))
        return replace(status, running=self.board.answering())
