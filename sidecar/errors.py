"""Everything that can go wrong, as one tree. Each message is one sentence that says what the user can do.

MuxError                         code (JSON-RPC)
├── InvalidParameter             -32602, with the field's name
├── NotFound                     1001
├── AlreadyExists                1002
├── InUse                        1003, with the names of what uses it
├── ProviderUnreachable          1004
├── KeyRefused                   1005
├── KeyMissing                   1006
├── NotAllowed                   1007
├── StoreUnusable                1007 (disk full, corrupt, schema from the future)
└── RequestError                 an answer of the endpoint: HTTP status, type, code
    ├── BadRequest               400 invalid_request (and 404, 405, 413, 415, 403: see its status)
    ├── NoRoute                  400 no_route, model_gone, workspace_unknown, provider_key_missing
    ├── UpstreamError            502, 504: the provider could not be asked, or did not answer
    ├── MuxStopped               503 mux_stopped
    └── NoMemory                 503 no_memory
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class MuxError(Exception):
    """The root: `str(error)` is a sentence for the user, `code` the JSON-RPC error code."""

    code: ClassVar[int] = 1007

    @property
    def message(self) -> str:
        """The sentence."""
        return str(self)


class InvalidParameter(MuxError):
    """A value that cannot be: `field` names the parameter in camelCase."""

    code = -32602

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotFound(MuxError):
    """A provider, model, workspace, rule or request that does not exist."""

    code = 1001


class AlreadyExists(MuxError):
    """The name is taken (names are compared without regard to case)."""

    code = 1002


class InUse(MuxError):
    """Something still needs it: `users` are the names of the workspaces that do."""

    code = 1003

    def __init__(self, message: str, users: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.users = users


class ProviderUnreachable(MuxError):
    """The provider's server did not answer; `cause` is `connect_refused`, `dns`, `tls`, `timeout` or `bad_answer`."""

    code = 1004

    def __init__(self, message: str, cause: str = "connect_refused") -> None:
        super().__init__(message)
        self.cause = cause


class KeyRefused(MuxError):
    """The provider answered 401 or 403."""

    code = 1005


class KeyMissing(MuxError):
    """No key is stored, or the variable that should hold it is not set; `mend` is the command that gives one.

    `detail` is the sentence without the command, `variable` the name of one that is not set.
    """

    code = 1006

    def __init__(self, message: str, mend: str | None = None, variable: str | None = None) -> None:
        super().__init__(message if mend is None else f"{message}: {mend}")
        self.detail = message if mend is None else f"{message}."
        self.mend = mend
        self.variable = variable


class NotAllowed(MuxError):
    """Understood and refused."""

    code = 1007


class StoreUnusable(MuxError):
    """The database cannot be read or written."""


class RequestError(MuxError):
    """An answer of the endpoint other than 200: the dialect's error object is made from these."""

    status: int = 400
    type: str = "invalid_request_error"

    def __init__(
        self,
        message: str,
        *,
        error_code: str | None = None,
        status: int | None = None,
        type: str | None = None,  # noqa: A002 - the wire's own word
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.error_code = error_code
        self.status = status or self.status
        self.type = type or self.type
        self.param = param

    def told_of(self, provider: str) -> str:  # noqa: ARG002 - for those that are the provider's
        """The sentence for the user's own eyes, in the record, where nothing else says who refused."""
        return str(self)


class BadRequest(RequestError):
    """The request cannot be read, or asks for what cannot be had."""

    def __init__(
        self, message: str, *, error_code: str = "invalid_request", status: int = 400, param: str | None = None
    ) -> None:
        super().__init__(message, error_code=error_code, status=status, param=param)


class NoRoute(RequestError):
    """Nothing to route to; 400, since clients retry or hide other statuses."""

    def __init__(self, message: str, error_code: str = "no_route") -> None:
        super().__init__(message, error_code=error_code)


class UpstreamError(RequestError):
    """The provider could not be asked, or its answer cannot be used."""

    status = 502
    type = "upstream_connection_error"


class MuxStopped(RequestError):
    """The process was told to end at once, and the answer was not complete."""

    status = 503
    type = "api_error"

    def __init__(self) -> None:
        super().__init__(
            "The mux was stopped before this answer was complete; ask again once it runs.", error_code="mux_stopped"
        )


class MuxFailed(RequestError):
    """A defect of ours; what happened is told to whoever looks for it, and never to a client."""

    status = 500
    type = "api_error"

    def __init__(self) -> None:
        super().__init__(
            "The mux failed on this request; run it with MUX_SIDECAR_LOG_LEVEL=debug to see why.",
            error_code="internal_error",
        )


class NoMemory(RequestError):
    """There is no memory left to serve this request; others are served."""

    status = 503
    type = "api_error"

    def __init__(self) -> None:
        super().__init__(
            "This machine has not enough memory left for this request; close something, or ask for less at once.",
            error_code="no_memory",
        )


class ProviderRefused(RequestError):
    """The provider answered with an error of its own.

    `payload` is the answer's whole body where the provider speaks the client's dialect, completed with what that
    dialect requires; None where the dialect's error object is to be made from the other fields. `headers` go with it.
    """

    def __init__(
        self, error: RequestError, *, payload: dict[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(
            error.message, error_code=error.error_code, status=error.status, type=error.type, param=error.param
        )
        self.payload = payload
        self.headers = dict(headers or {})

    def told_of(self, provider: str) -> str:
        """The provider's own words as its words, unless they are ours already, which name it."""
        return str(self) if provider in str(self) else f"{provider} says: {self}"
