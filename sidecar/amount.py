"""How much of a provider's answer is taken: bounds for what is held whole, for a stream, and for a refusal.

Sizes are those after unpacking, so that a small answer which unpacks without end is bounded as any other.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Protocol

from aiohttp import ClientError

from sidecar import room
from sidecar.errors import UpstreamError
from sidecar.values import WireName

MEGABYTE = 2**20
#: Bytes of a plain answer, which is held whole: as much as a request may have.
MAX_WHOLE = 64 * MEGABYTE
#: 2,048 inputs, the most that OpenAI takes at once, with 3,072 numbers of 22 characters each are 138 MB.
MAX_EMBEDDINGS = 256 * MEGABYTE
#: Bytes of a stream, which is never held: some four million tokens.
MAX_STREAM = 1024 * MEGABYTE
#: Bytes that are read of a refusal; what follows them tells nobody anything.
MAX_REFUSAL = MEGABYTE
#: What reading an answer raises when the rest of it will not come.
READ_FAILURES = (ClientError, OSError, TimeoutError, ValueError)


class Readable(Protocol):
    """What is read piece by piece; empty at its end."""

    async def read(self) -> bytes:
        """The next piece."""


class Amount:
    """Counts what is read of one answer, and lets others on the loop go on after each megabyte.

    Whoever reads what is there already is never made to wait, and would hold the others up for as long as it unpacks.
    """

    def __init__(self, provider: str, most: int, noun: str = "an answer") -> None:
        self._provider = provider
        self._most = most
        self._noun = noun
        self._size = 0
        self._due = MEGABYTE

    async def add(self, size: int) -> None:
        """So many bytes more were read.

        Raises:
            UpstreamError: with them it is too much.
        """
        self._size += size
        if self._size < self._due:
            return
        if self._size > self._most:
            raise UpstreamError(
                f"The provider {self._provider!r} sent {self._noun} of more than "
                f"{self._most // MEGABYTE:,} MB, and the rest was not read; ask for less at once.",
                error_code="bad_upstream_response",
                type="api_error",
            )
        self._due = min(self._size + MEGABYTE, self._most + 1)
        await asyncio.sleep(0)


async def read_whole(answer: Readable, provider: str, wire: WireName, begun: bytes = b"") -> bytes:
    """A plain answer's body, of which the first bytes may have been read.

    Raises:
        UpstreamError: it is larger than 64 MB; embeddings may have 256 MB.
        MemoryError: it may not be readable in what there is.
    """
    amount = Amount(provider, MAX_EMBEDDINGS if wire == "embeddings" else MAX_WHOLE)
    body = begun or await answer.read()
    await amount.add(len(body))
    piece = await answer.read()
    if not piece:
        return body
    grown = bytearray(body)
    while piece:
        grown += piece
        await amount.add(len(piece))
        piece = await answer.read()
    if wire != "embeddings":  # whose numbers are never made objects
        room.check(len(grown))
    return bytes(grown)


async def read_refusal(answer: Readable) -> bytes:
    """The first megabyte of a refusal's body, or what came of it: its status tells enough where the rest will not."""
    body = bytearray()
    with suppress(*READ_FAILURES):
        while len(body) < MAX_REFUSAL and (piece := await answer.read()):
            body += piece
    return bytes(body[:MAX_REFUSAL])
