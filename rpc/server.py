"""The language server: what one client has told of itself, and the ways to talk to it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from rpc import options
from rpc.documents import path_of
from rpc.protocol import Protocol
from rpc.service import Window
from sidecar import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from rpc.dispatch import Dispatcher
    from rpc.stdio import Output
    from sidecar.values import Value

log = logging.getLogger(__name__)

NAME = "mux-sidecar"
PROTOCOL_VERSION = 1


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
        self.dispatcher: asyncio.Future[Dispatcher] = asyncio.get_running_loop().create_future()
        #: Called when the client has sent other options.
        self.on_options: Callable[[], None] = lambda: None
        self.protocol.set_writer(output)
        self.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(_configured)

    @property
    def congested(self) -> bool:
        """Whether the client is far behind with reading."""
        return self._output.congested

    async def call(self, method: str, params: Any) -> Any:
        """A method's result, once the data folder is open. Raises RpcError."""
        return await (await asyncio.shield(self.dispatcher)).call(method, params)

    def begin(self, params: types.InitializeParams) -> dict[str, Any]:
        """Takes what the client tells of itself; returns what it is told of the mux."""
        folders = [folder.uri for folder in params.workspace_folders or ()] or [params.root_uri or ""]
        self.window.folders = tuple(path_of(uri) for uri in folders if uri)
        self.take(params.initialization_options)
        self.begun.set()
        return {"protocolVersion": PROTOCOL_VERSION, "endpoint": self._url_for(self.options.port)}

    def tell(self, method: str, value: Value) -> None:
        """Notify the client."""
        self.protocol.notify(method, value)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Say on standard error that something failed; what, with the log level `debug` alone."""
        del source
        if log.isEnabledFor(logging.DEBUG):
            log.debug("a message could not be handled", exc_info=error)

    def take(self, given: Any) -> None:
        """Takes the options that the client has set."""
        self.options = options.read(given)
        self.window.workspace = self.options.workspace


def _configured(ls: Server, params: types.DidChangeConfigurationParams) -> None:
    ls.take(params.settings)
    ls.on_options()
