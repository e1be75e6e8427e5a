"""Servers that say exactly what they are told to, byte by byte, and a client to ask them with."""

import asyncio
from pathlib import Path

from waiting import PATIENCE
from yarl import URL

from sidecar.http1.connection import Limits
from sidecar.http1.request import head_of, place_of

CERTIFICATES = Path(__file__).parent.parent / "providers" / "certificates"
LIMITS = Limits(connect=PATIENCE, first_byte=PATIENCE, idle=PATIENCE)


class Server:
    """A server on this machine: `answer(reader, writer)` is called for each connection, after nothing was read."""

    def __init__(self, answer):
        self._answer = answer
        self.connections = 0
        self.open = 0
        self.heads = []
        self.bodies = []

    async def serve(self, reader, writer):
        """One connection."""
        self.connections += 1
        self.open += 1
        try:
            await self._answer(self, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            self.open -= 1
            writer.close()

    async def request(self, reader):
        """Read one request; False when there is none any more."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        self.heads.append(head)
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        self.bodies.append(await reader.readexactly(length))
        return True


class Client:
    """A pool, and what is asked with it."""

    def __init__(self, pool):
        self.pool = pool

    async def send(self, url, body=b"{}", limits=LIMITS, **headers):
        """The answer, still to be read."""
        place = place_of(URL(url, encoded=True))
        return await self.pool.send(place.origin, head_of(place, headers), body, limits)

    async def ask(self, url, body=b"{}", limits=LIMITS):
        """Status and body."""
        reply = await self.send(url, body, limits)
        try:
            return reply.status, await whole(reply)
        finally:
            reply.close()


async def whole(reply):
    """The rest of an answer's body."""
    pieces = []
    while piece := await reply.read():
        pieces.append(piece)
    return b"".join(pieces)


def scripted(*answers, then_close=False):
    """Answers each request of a connection with the next of these bytes, and the last one for ever."""

    async def answer(server, reader, writer):
        for number in range(1000):
            if not await server.request(reader):
                return
            writer.write(answers[min(number, len(answers) - 1)])
            await writer.drain()
            if then_close:
                return

    return answer
