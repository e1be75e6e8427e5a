"""The language server: what one client has told of itself, and the ways to talk to it."""

from __future__ import annotations

import asyncio
import importlib
import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from rpc import options, progress
from rpc.documents import path_of
from rpc.protocol import Protocol
from rpc.service import Window
from sidecar import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractAsyncContextManager

    from rpc.commands.talk import Tone
    from rpc.dispatch import Dispatcher, Progress
    from rpc.stdio import Output
    from sidecar.values import Value

log = logging.getLogger(__name__)

NAME = "mux-sidecar"
PROTOCOL_VERSION = 1
#: Seconds for an editor to open a page: some ask the user first, and some never answer.
SHOWN_WITHIN = 60.0
#: Can put a question without announcing it, as the standard allows: "Emacs (eglot)", "Eglot".
_ASKS_UNANNOUNCED = "eglot"
#: Shows all lines of a message as one.
_RUNS_TOGETHER = "helix"
_TYPES = {
    "info": types.MessageType.Info,
    "warning": types.MessageType.Warning,
    "error": types.MessageType.Error,
}


class Server(LanguageServer):
    """One client's server. `url_for` gives the endpoint's URL for a port, None for the one of the environment."""

    protocol: Protocol

    def __init__(self, output: Output, url_for: Callable[[int | None], str], leave: Callable[[], None]) -> None:
        super().__init__(
            NAME, __version__, text_document_sync_kind=types.TextDocumentSyncKind.None_, protocol_cls=Protocol
        )
        self._output = output
        self._url_for = url_for
        self.leave = leave
        self.window = Window()
        self.options = options.Options()
        #: Set once the client has sent `initialize`.
        self.begun = asyncio.Event()
        #: Set once a method has been answered.
        self.asked = asyncio.Event()
        self.dispatcher: asyncio.Future[Dispatcher] = asyncio.get_running_loop().create_future()
        #: Called when the client has sent other options.
        self.on_options: Callable[[], None] = lambda: None
        self.protocol.set_writer(output)
        self.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(_configured)
        self.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)(_moved)

    @property
    def congested(self) -> bool:
        """Whether the client is far behind with reading."""
        return self._output.congested

    async def call(self, method: str, params: Any) -> Any:
        """A method's result, or a command's, once the data folder is open. Raises RpcError."""
        try:
            dispatcher = await asyncio.shield(self.dispatcher)
            if method == types.WORKSPACE_EXECUTE_COMMAND:
                return await _commands("execute").execute(self, dispatcher, params)
            if method == types.TEXT_DOCUMENT_CODE_ACTION:
                return _commands("code_actions").code_actions(params)
            return await dispatcher.call(method, params)
        finally:
            self.asked.set()

    def begin(self, params: types.InitializeParams) -> dict[str, Any]:
        """Takes what the client tells of itself; returns what it is told of the mux."""
        folders = [folder.uri for folder in params.workspace_folders or ()] or [params.root_uri or ""]
        self.window.folders = _paths(folders)
        self.take(params.initialization_options)
        self.begun.set()
        return {"protocolVersion": PROTOCOL_VERSION, "endpoint": self._url_for(self.options.port)}

    def notify(self, method: str, value: Value) -> None:
        """Send the client a notification of ours."""
        self.protocol.notify(method, value)

    @property
    def can_ask(self) -> bool:
        """Whether the editor can put a question to the user."""
        told = self.protocol.client
        return told.asks or _ASKS_UNANNOUNCED in told.name.lower()

    @property
    def can_show_progress(self) -> bool:
        """Whether the editor shows progress that the server begins."""
        return self.protocol.client.shows_progress

    def say(self, sentence: str, tone: Tone) -> None:
        """Show the user a sentence, where the editor shows messages."""
        if _RUNS_TOGETHER in self.protocol.client.name.lower():
            sentence = " · ".join(filter(None, map(str.strip, sentence.splitlines())))
        self.window_show_message(types.ShowMessageParams(_TYPES[tone], sentence))

    async def ask(self, sentence: str, choices: Sequence[str]) -> str | None:
        """What the user chooses; None where they choose nothing, or the editor does not ask."""
        actions = [types.MessageActionItem(choice) for choice in choices]
        params = types.ShowMessageRequestParams(types.MessageType.Info, sentence, actions)
        try:
            answer = await self.protocol.ask(types.WINDOW_SHOW_MESSAGE_REQUEST, params)
        except JsonRpcException:
            return None
        return answer.title if answer is not None and answer.title in choices else None

    async def show(self, url: str) -> bool:
        """Whether the editor has opened a page in the browser."""
        if not self.protocol.client.shows_documents:
            return False
        try:
            async with asyncio.timeout(SHOWN_WITHIN):
                shown = await self.window_show_document_async(types.ShowDocumentParams(url, external=True))
        except (JsonRpcException, TimeoutError):
            return False
        return shown is not None and shown.success

    def show_progress(self, title: str, token: Any = None) -> AbstractAsyncContextManager[None]:
        """Shows a title for as long as it is entered, under the client's token if there is one."""
        return progress.shown(self, title, token)

    def progress_for(self, token: Any) -> Progress:
        """Shows progress under the client's own token, where it has sent one with its request."""
        return lambda title: self.show_progress(title, token)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Say on standard error that something failed; what, its kind alone, with the log level `debug`."""
        del source
        log.debug("A message could not be handled: %s", type(error).__name__)

    def take(self, given: Any) -> None:
        """Takes the options that the client has set."""
        self.options = options.read(given)
        self.window.workspace = self.options.workspace
        self.window.problems = self.options.problems


def _commands(module: str) -> Any:
    """What commands need, imported with the first of them: start-up does without."""
    return importlib.import_module(f"rpc.commands.{module}")


def _paths(uris: Iterable[str]) -> tuple[str, ...]:
    """The paths of those that have one."""
    return tuple(filter(None, map(path_of, uris)))


def _moved(ls: Server, _: types.DidChangeWorkspaceFoldersParams) -> None:
    ls.window.folders = _paths(ls.workspace.folders)


def _configured(ls: Server, params: types.DidChangeConfigurationParams) -> None:
    ls.take(params.settings)
    ls.on_options()
