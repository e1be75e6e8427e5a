"""Servers that speak TLS oddly: what they put where is for a test to say."""

import asyncio
import contextlib
import errno
import ssl

import pytest
from speaking import CERTIFICATES, Client

from sidecar.http1.connecting import Connector
from sidecar.http1.failures import Disconnected, NotConnected
from sidecar.http1.pool import Pool
from sidecar.providers.resolver import Resolver, open_socket

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class Speaker:
    """The server's side of one connection, without its I/O."""

    def __init__(self, reader):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATES / "localhost.pem")
        self._reader = reader
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def hear(self, do):
        """What `do` gives, once enough has come for it."""
        while True:
            with contextlib.suppress(ssl.SSLWantReadError):
                return do()
            self._incoming.write(await self._reader.read(65536))

    async def greeting(self):
        """The first flight, on which the client goes by."""
        self._incoming.write(await self._reader.read(65536))
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        return self._outgoing.read()

    async def request(self):
        """Read one, whose body is `{}`."""
        await self.hear(self._tls.do_handshake)
        told = b""
        while not told.endswith(b"\r\n\r\n{}"):
            told += await self.hear(self._tls.read)

    def sealed(self, *parts):
        """Each of these as a record, in one piece."""
        for part in parts:
            self._tls.write(part)
        return self._outgoing.read()

    def goodbye(self):
        """That no more will be said, after which the connection may stay."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        return self._outgoing.read()


@pytest.mark.parametrize("together", [False, True], ids=["apart", "together"])
async def test_a_goodbye_ends_an_answer(client, serve, together):
    """Who says in TLS that no more will come need not close the connection for that (RFC 8446, section 6.1)."""

    async def answer(server, reader, writer):
        speaker = Speaker(reader)
        writer.write(await speaker.greeting())
        await speaker.request()
        told = speaker.sealed(HEAD, b"one, ", b"two")
        if not together:
            writer.write(told)
            await writer.drain()
            told = b""
        writer.write(told + speaker.goodbye())
        await reader.read()

    url, _ = await serve(answer)
    assert await client.ask(url.replace("http:", "https:")) == (200, b"one, two")


async def test_records_that_are_cut_are_put_together(client, serve):
    """Wherever the network cuts them, and however many come at once."""

    async def answer(server, reader, writer):
        speaker = Speaker(reader)
        for byte in await speaker.greeting():
            writer.write(bytes([byte]))
        await speaker.request()
        told = speaker.sealed(HEAD, *(b"%d " % number for number in range(50))) + speaker.goodbye()
        for at in range(0, len(told), 7):
            writer.write(told[at : at + 7])
            await asyncio.sleep(0)
        await reader.read()

    url, _ = await serve(answer)
    status, body = await client.ask(url.replace("http:", "https:"))
    assert (status, body.split()) == (200, [b"%d" % number for number in range(50)])


async def test_what_is_no_tls_behind_the_greeting(client, serve):
    """The connection has failed before anything was asked of it, and is told as one that ended."""

    async def answer(server, reader, writer):
        writer.write(await Speaker(reader).greeting() + b"220 mail.example ESMTP\r\n")
        await reader.read()

    url, _ = await serve(answer)
    with pytest.raises(Disconnected) as failed:
        await client.ask(url.replace("http:", "https:"))
    assert not failed.value.begun


async def test_who_is_trusted_is_known_before_anybody_is_met(serve):
    """Where that cannot be read no connection is opened, and it is asked for again the next time."""
    asked = []

    def trust():
        asked.append(None)
        raise OSError(errno.EMFILE, "no handle is left")

    async def answer(server, reader, writer):
        await reader.read()

    url, server = await serve(answer)
    pool = Pool(Connector(Resolver(), open_socket, trust))
    for _ in range(2):
        with pytest.raises(NotConnected) as failed:
            await Client(pool).ask(url.replace("http:", "https:"))
        assert failed.value.os_error.errno == errno.EMFILE
    await pool.close()
    assert (len(asked), server.connections) == (2, 0)
