"""The language server protocol over pygls, without what pygls does to messages that are not its own.

pygls structures each nested object as if it were a message, leaves requests unanswered whose parameters do not fit,
turns parameters of methods that it does not know into named tuples that lose keys, and logs and sends back what went
wrong with bodies and tracebacks. So messages arrive here as plain JSON and are structured once, by their method; what
goes out is encoded here; and every request is answered.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, NamedTuple

from cattrs.errors import BaseValidationError
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import JsonRPCRequestMessage, LanguageServerProtocol, lsp_method

from rpc.commands.names import KIND, NAMES
from rpc.dispatch import FAILED, INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, ErrorObject, RpcError
from rpc.jsonrpc import CANCELLED, INVALID_REQUEST, JSON, PARSE_ERROR, Id, encoded, id_of, refusal, result_of
from rpc.methods import METHODS

if TYPE_CHECKING:
    from rpc.server import Server

log = logging.getLogger(__name__)

NOT_INITIALIZED = -32002

_CANCELLED = "The request was cancelled."
_BATCH = "The language server protocol has no batches; send each request by itself."
#: What pygls brings for documents, of which this server keeps none.
_DOCUMENTS = ("textDocument/", "notebookDocument/")

#: Requests of the standard that are answered as the methods are: pygls would log them, and answer with tracebacks.
_OURS = (types.WORKSPACE_EXECUTE_COMMAND, types.TEXT_DOCUMENT_CODE_ACTION)


class Client(NamedTuple):
    """What the client says that it is and can do."""

    name: str = ""
    asks: bool = False
    shows_documents: bool = False
    shows_progress: bool = False


class Protocol(LanguageServerProtocol):
    """One client's conversation: its life, the methods of the table, and the standard's own through pygls."""

    _server: Server

    def __init__(self, server: Server, converter: Any) -> None:
        super().__init__(server, converter)
        self._initialized = False
        self.client = Client()
        self._running: dict[Id, asyncio.Task[None]] = {}

    @property
    def ended(self) -> bool:
        """Whether the client has sent `shutdown`."""
        return self._shutdown

    def _register_builtin_features(self) -> None:
        super()._register_builtin_features()  # type: ignore[no-untyped-call]
        for name in [name for name in self.fm.builtin_features if name.startswith(_DOCUMENTS)]:
            del self.fm.builtin_features[name]

    def structure_message(self, data: JSON) -> JSON:
        """The object as it is: pygls calls this for each object within a message too."""
        return data

    def handle_message(self, message: Any) -> None:
        """Takes one message of the client, as JSON."""
        if isinstance(message, list):
            self._refuse_batch(message)
        elif not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            self._refuse(id_of(message), INVALID_REQUEST, "A message is an object with `jsonrpc` set to 2.0.")
        elif isinstance(message.get("method"), str):
            self._take(message)
        elif "method" not in message and "id" in message and ("result" in message or "error" in message):
            self._take_answer(message)
        else:
            self._refuse(id_of(message), INVALID_REQUEST, "A message has a `method`, or a `result` or an `error`.")

    def notify(self, method: str, params: Any = None) -> None:
        """Tell the client something; left out while it is far behind with reading, as the next one tells more."""
        if not self._server.congested:
            super().notify(method, params)

    async def ask(self, method: str, params: Any) -> Any:
        """What the client answers to a request, which is taken back where nobody waits for the answer any more.

        Raises:
            JsonRpcException: it answers with an error.
        """
        number = str(uuid.uuid4())
        try:
            return await self.send_request_async(method, params, number)
        except asyncio.CancelledError:
            if self._request_futures.pop(number, None):
                self._result_types.pop(number, None)
                super().notify(types.CANCEL_REQUEST, types.CancelParams(number))
            raise

    def refuse_bytes(self, sentence: str) -> None:
        """Answers what could not be read as JSON."""
        self._refuse(None, PARSE_ERROR, sentence)

    def _take(self, message: JSON) -> None:
        method, params = message["method"], message.get("params")
        if "id" not in message:
            self._take_notification(method, params)
        elif id_of(message) is None:
            self._refuse(None, INVALID_REQUEST, "The `id` of a request is a string or a whole number.")
        elif (refusal := self._out_of_order(method)) is not None:
            self._refuse(message["id"], *refusal)
        elif message["id"] in self._running or message["id"] in self._request_futures:
            self._refuse(message["id"], INVALID_REQUEST, "A request with this `id` is still being answered.")
        elif method in METHODS or method in _OURS:
            self._call(message["id"], method, params)
        else:
            self._take_standard(message["id"], method, message)

    def _out_of_order(self, method: str) -> tuple[int, str] | None:
        """Why a request does not come at its time: code and sentence."""
        if self._shutdown:
            return INVALID_REQUEST, "The server has been shut down; only `exit` is to follow."
        if method == types.INITIALIZE:
            return (INVALID_REQUEST, "The server has been initialized already.") if self._initialized else None
        return None if self._initialized else (NOT_INITIALIZED, "The server waits for `initialize` first.")

    def _take_notification(self, method: str, params: Any) -> None:
        if method == types.EXIT:
            self._server.leave()
        elif method == types.CANCEL_REQUEST:
            self._cancel(params.get("id") if isinstance(params, dict) else None)
        elif self._initialized and not self._shutdown and self._knows(method):
            message = {"jsonrpc": self.VERSION, "method": method, "params": params}
            try:
                structured = self._converter.structure(message, self._kind(method))
            except (BaseValidationError, ValueError, TypeError, KeyError, AttributeError):
                log.info("A notification %s did not fit and was left aside.", method[:80])
                return
            self._handle_notification(method, structured.params)

    def _take_standard(self, number: Id, method: str, message: JSON) -> None:
        """A request of the standard's, or one that there is not."""
        if not self._knows(method):
            self._refuse(number, METHOD_NOT_FOUND, f"There is no method {method[:100]!r}.")
            return
        try:
            structured = self._structured(method, message)
        except (BaseValidationError, ValueError, TypeError, KeyError, AttributeError):
            self._refuse(number, INVALID_PARAMS, f"The parameters of {method} do not fit the protocol.")
            return
        self._initialized = self._initialized or method == types.INITIALIZE
        self._handle_request(number, method, structured.params)

    def _structured(self, method: str, message: JSON) -> Any:
        kind = self._kind(method)
        try:
            return self._converter.structure(message, kind)
        except (BaseValidationError, ValueError, TypeError, KeyError, AttributeError):
            if method != types.INITIALIZE or not isinstance(message.get("params"), dict):
                raise
        # A capability that is spelled in an unheard-of way must not keep an editor from starting.
        return self._converter.structure({**message, "params": {**message["params"], "capabilities": {}}}, kind)

    def _take_answer(self, message: JSON) -> None:
        """The client's answer to a request of ours."""
        number = message["id"]
        if not isinstance(number, str | int) or number not in self._request_futures:
            return
        kind = self._result_types.pop(number, None)
        future = self._request_futures.pop(number)
        if future.cancelled():
            return
        try:
            if "error" in message:
                error = self._converter.structure(message["error"], types.ResponseError)
                future.set_exception(JsonRpcException.from_error(error))
            else:
                future.set_result(self._converter.structure(message, kind).result if kind else message["result"])
        except (BaseValidationError, ValueError, TypeError, KeyError, AttributeError):
            future.set_exception(JsonRpcException("The client's answer did not fit the protocol."))

    def _kind(self, method: str) -> type[Any]:
        """The type of a method's message; of one that the standard has not, the plain one."""
        return self.get_message_type(method) or JsonRPCRequestMessage

    def _knows(self, method: str) -> bool:
        return method in self.fm.builtin_features or method in self.fm.features

    def _call(self, number: Id, method: str, params: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(number, method, params))
        self._running[number] = task

        def ended(task: asyncio.Task[None]) -> None:
            self._running.pop(number, None)
            if task.cancelled():  # before its first step, so that `_answer` never ran
                self._refuse(number, CANCELLED, _CANCELLED)

        task.add_done_callback(ended)

    async def _answer(self, number: Id, method: str, params: Any) -> None:
        try:
            result = await self._server.call(method, params)
        except RpcError as failure:
            self._send_data(refusal(number, failure.error))
        except asyncio.CancelledError:
            self._refuse(number, CANCELLED, _CANCELLED)
        else:
            self._send_data(result_of(number, result))

    def _cancel(self, number: Any) -> None:
        if not isinstance(number, str | int):
            return
        if task := self._running.get(number):
            task.cancel()
        elif number in self._request_futures:
            self._handle_cancel_notification(number)

    def _refuse(self, number: Id | None, code: int, sentence: str) -> None:
        self._send_data(refusal(number, ErrorObject(code, sentence)))

    def _refuse_batch(self, messages: list[Any]) -> None:
        numbers = [id_of(message) for message in messages if isinstance(message, dict) and "method" in message]
        for number in dict.fromkeys(number for number in numbers if number is not None) or (None,):
            self._refuse(number, INVALID_REQUEST, _BATCH)

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        """The answer to `initialize`: it names the endpoint, and waits for nothing."""
        result = yield from super().lsp_initialize(params)
        result.capabilities.text_document_sync = types.TextDocumentSyncKind.None_
        result.capabilities.execute_command_provider = types.ExecuteCommandOptions(list(NAMES), work_done_progress=True)
        result.capabilities.code_action_provider = types.CodeActionOptions([KIND])
        result.capabilities.experimental = {"mux": self._server.begin(params)}
        self.client = _client(params)
        return result

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> Generator[Any, Any, None]:
        """Never called: `exit` is taken before pygls would end the process in the midst of its work."""
        yield from ()

    def _send_response(self, msg_id: Any, result: Any = None, error: types.ResponseError | None = None) -> None:
        if error is not None and error.code == INTERNAL_ERROR:  # pygls puts the traceback in
            error = types.ResponseError(INTERNAL_ERROR, FAILED)
        super()._send_response(msg_id, result, error)

    def _send_data(self, data: Any) -> None:
        """Sends one message. pygls' own would log it."""
        body = encoded(data if isinstance(data, dict) else self._converter.unstructure(data))
        if self.writer is not None:
            self.writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


def _client(params: types.InitializeParams) -> Client:
    window = params.capabilities.window
    return Client(
        name=params.client_info.name if params.client_info else "",
        asks=window is not None and window.show_message is not None,
        shows_documents=window is not None and window.show_document is not None and window.show_document.support,
        shows_progress=window is not None and bool(window.work_done_progress),
    )
