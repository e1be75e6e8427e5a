"""Any dialect to any wire, by way of chat: the client's side of a translation over a bridge that carries chat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sidecar import sse
from sidecar.bridges.base import Bridge, translated_refusal
from sidecar.dialects.forms import Clean
from sidecar.errors import ProviderRefused, RequestError
from sidecar.sse import Event
from sidecar.translate.front import Front
from sidecar.translate.lenient import decode
from sidecar.values import Tokens


class Translated(Bridge):
    """A front over a back: what the back gives a chat client, the front puts into its own client's words.

    `lost` are the fields of the front's chat request that the provider is not asked for.
    """

    def __init__(self, front: Front, back: Bridge, provider: str, lost: tuple[str, ...] = ()) -> None:
        self._front = front
        self._back = back
        self._provider = provider
        self.dialect = front.dialect
        self.wire = back.wire
        told = (front.names.get(name, name) for name in (*lost, *back.ignored))
        self.ignored = tuple(dict.fromkeys((*front.ignored, *told)))

    def body(self) -> bytes:
        """What the back makes of the chat request."""
        return self._back.body()

    def headers(self) -> Mapping[str, str]:
        """What the back needs."""
        return self._back.headers()

    def feed(self, event: Event) -> bytes:
        """The client's events for one of the provider's."""
        try:
            chat = self._back.feed(event)
        except ProviderRefused as error:
            raise _formless(error) from error
        out = self._told(chat)
        self._note()
        if self._back.done and not self.done:
            self.done = True
            out += self._front.end(self._back.tokens())
        return out

    def end(self) -> bytes:
        """What is left to say, if the answer is complete."""
        out = self._told(self._back.end())
        self.done = True
        return out + self._front.end(self._back.tokens())

    def whole(self, body: bytes) -> bytes:
        """The client's answer for the provider's."""
        try:
            return self._answer(self._back.whole(body))
        except ProviderRefused as error:
            raise _formless(error) from error

    def as_stream(self, body: bytes) -> bytes:
        """The provider's plain answer as the stream that the client asked for."""
        try:
            chat = self._back.as_stream(body)
        except ProviderRefused as error:
            raise _formless(error) from error
        self._note()
        self.done = True
        return self._told(chat) + self._front.end(self._back.tokens())

    def gather(self, event: Event) -> None:
        """Kept by the back."""
        try:
            self._back.gather(event)
        except ProviderRefused as error:
            raise _formless(error) from error
        self._note()
        self.done = self._back.done

    def gathered(self) -> bytes:
        """The client's answer for what the back has kept."""
        return self._answer(self._back.gathered())

    def refusal(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderRefused:
        """The provider's error in the pivot's words; the dialect's form does the rest."""
        return translated_refusal(status, headers, body, self._provider)

    def after(self, refusal: ProviderRefused) -> Bridge | None:
        """This one again, where the back can change what was refused."""
        other = self._back.after(refusal)
        return self if other is self._back else super().after(refusal)

    def failed(self, error: RequestError, clean: Clean) -> bytes:
        """As the front tells it, which knows what it has told so far."""
        return self._front.failed(error, clean)

    def tokens(self) -> Tokens:
        """As the back read them."""
        return self._back.tokens()

    def _told(self, chat: bytes) -> bytes:
        return b"".join(self._front.chunk(chunk) for chunk in _chunks(chat))

    def _answer(self, completion: bytes) -> bytes:
        self._note()
        return self._front.whole(decode(completion), self._back.tokens())

    def _note(self) -> None:
        self.finished = self._back.finished
        self.cost = self._back.cost


def _chunks(chat: bytes) -> Iterator[bytes]:
    """The chunks in what a bridge would send to a chat client."""
    if not chat:
        return
    if chat.count(b"\n\n") == 1:
        events = [sse.parse(chat)]
    else:
        decoder = sse.Decoder(max_event=len(chat))
        events = [*decoder.feed(chat), *decoder.flush()]
    for event in events:
        if event.data is not None and not event.data.startswith(b"[DONE]"):
            yield event.data


def _formless(error: ProviderRefused) -> ProviderRefused:
    """The same error without the object in which a chat client would get it."""
    return ProviderRefused(error, headers=error.headers)
