"""The client's side of a translation: a dialect that is not chat, over chat, which is the pivot of all translations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType

from sidecar.dialects.forms import FORMS, Clean
from sidecar.errors import RequestError
from sidecar.translate.shape import JSON
from sidecar.values import Dialect, Tokens


class Front(ABC):
    """One request of a client's dialect as a chat request, and chat's answer in the dialect's words.

    It is made with the client's whole request and its `Target`, and raises BadRequest where chat cannot carry it. The
    answer comes whole, or chunk by chunk with `end` behind the last; what a provider of whatever wire sends is chat by
    then.

    Attributes:
        dialect: what the client speaks.
        chat: the chat request, without a wish for usage: `Tokens` come with the end of the answer.
        ignored: what of the request chat has no place for, for `X-Mux-Ignored`.
        names: fields of the chat request, where what the client calls them is another name.
        carries: the client carries signed thinking, so that chat's answer shall hold it (`reasoning_details`).
    """

    dialect: Dialect
    chat: JSON
    ignored: tuple[str, ...] = ()
    names: Mapping[str, str] = MappingProxyType({})
    carries: bool = False

    @abstractmethod
    def chunk(self, data: bytes) -> bytes:
        """The events that one chunk (its JSON) becomes; often none."""

    @abstractmethod
    def end(self, tokens: Tokens) -> bytes:
        """The events behind the last chunk, once; a finish reason was among the chunks."""

    @abstractmethod
    def whole(self, completion: JSON, tokens: Tokens) -> bytes:
        """The answer in one piece."""

    def failed(self, error: RequestError, clean: Clean) -> bytes:
        """The end of a stream that failed after its first byte."""
        return FORMS[self.dialect].error_event(error, clean)
