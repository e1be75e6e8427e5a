"""TLS without I/O: bytes of the wire on one side, those of HTTP on the other."""

from __future__ import annotations

import ssl
from contextlib import suppress

#: Bytes of the largest record (RFC 8446, section 5.1): a read that asks for them takes one record whole.
RECORD = 2**14


class Tls:
    """The client's side of one TLS connection, which begins with what `outgoing` gives.

    All that comes is decoded at once, so that what was received before a connection broke has also been read.

    Attributes:
        ready: the handshake is over, and the other side is who it should be.
        ended: the other side has said in good order that it says no more.
        failure: what it said is no TLS, its certificate cannot be trusted, or it refuses ours.
    """

    def __init__(self, context: ssl.SSLContext, name: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
        self._unsealed: list[memoryview] = []
        self.ready = self.ended = False
        self.failure: ssl.SSLError | None = None
        self.open(b"")

    def open(self, data: bytes) -> bytes:
        """What bytes of the wire make, as far as they are sound; there may be something `outgoing` then."""
        self._incoming.write(data)
        pieces: list[bytes] = []
        try:
            if not self.ready:
                self._object.do_handshake()
                self.ready = True
            while piece := self._object.read(RECORD):
                pieces.append(piece)
                if not self._incoming.pending:  # to be told that there is no more costs as much as what there is
                    return b"".join(pieces)
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as failure:
            self.failure = failure
        return b"".join(pieces)

    def seal(self, *parts: bytes) -> bytes:
        """The bytes to send for these; after a failure they are not sent."""
        self._unsealed += [memoryview(part) for part in parts if part]
        return self.outgoing()

    def outgoing(self) -> bytes:
        """The bytes that are to be sent now; after a failure that is an alert, which tells the other side of it."""
        unsealed = self._unsealed
        if unsealed and self.failure is None:
            with suppress(ssl.SSLWantReadError):  # it wants to agree on keys anew, and gets the rest then
                while unsealed:
                    rest = unsealed[0][self._object.write(unsealed[0]) :]
                    unsealed[:1] = [rest] if rest else []
        return self._outgoing.read()

    @property
    def unsealed(self) -> int:
        """How many bytes wait for the other side before they can be sealed."""
        return sum(map(len, self._unsealed))
