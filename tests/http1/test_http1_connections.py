"""Connections are kept, and used again as long as they are sound; each way in which one can be unsound is noticed."""

import asyncio
import contextlib
import socket
import ssl
import threading

import pytest
from speaking import CERTIFICATES, LIMITS, Client, scripted, whole
from waiting import PATIENCE, becomes_so
from yarl import URL

from sidecar.http1.connecting import Connector, Origin
from sidecar.http1.connection import Limits
from sidecar.http1.failures import ConnectTimeout, Disconnected, NotConnected, NotResolved, Silent
from sidecar.http1.pool import KEEP_ALIVE, Pool
from sidecar.http1.request import head_of, place_of
from sidecar.providers.http import open_pool
from sidecar.providers.resolver import BlockedAddress, Resolver, open_socket

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"


def tls():
    """A server's context with the certificate of `localhost`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / "localhost.pem")
    context.set_alpn_protocols(["http/1.1"])
    return context


@contextlib.asynccontextmanager
async def asking(look_up=socket.getaddrinfo, keep_alive=KEEP_ALIVE):
    """A client with another resolver below it, or one that keeps its connections for another while."""
    pool = Pool(Connector(Resolver(look_up), open_socket, ssl.create_default_context), keep_alive)
    yield Client(pool)
    await pool.close()


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("size", [2, 3 * 2**20])
async def test_a_connection_is_used_again(client, serve, secure, size):
    """One after the other goes over one connection, of TLS too, and arrives as it was sent."""
    url, server = await serve(scripted(OK), context=tls() if secure else None)
    body = bytes(size)
    for _ in range(3):
        assert await client.ask(url, body) == (200, b"ok")
    assert server.connections == 1
    assert server.bodies == [body] * 3


async def test_requests_at_the_same_time_have_a_connection_each(client, serve):
    """There is no limit, and no request waits for another's answer."""
    everyone = asyncio.Barrier(30)

    async def answer(server, reader, writer):
        while await server.request(reader):
            await everyone.wait()
            writer.write(OK)
            await writer.drain()

    url, server = await serve(answer)
    for _ in range(2):
        assert await asyncio.gather(*(client.ask(url) for _ in range(30))) == [(200, b"ok")] * 30
    assert server.connections == 30


async def test_the_head_of_a_request(client, serve):
    """It names the host once, keeps the order of the headers, and is framed by us, whatever headers are wanted."""
    url, server = await serve(scripted(OK))
    headers = {"User-Agent": "m/1", "X-Name": "ü", "content-length": "7", "Transfer-Encoding": "chunked", "HOST": "x"}
    reply = await client.send(f"{url}/v1/x%20y?a=1&b=%C3%A9", b"{}", LIMITS, **headers)
    await whole(reply)
    reply.close()
    host = url.removeprefix("http://")
    assert server.heads == [
        f"POST /v1/x%20y?a=1&b=%C3%A9 HTTP/1.1\r\nHost: {host}\r\nUser-Agent: m/1\r\nX-Name: ü\r\n"
        "Accept: */*\r\nContent-Length: 2\r\n\r\n".encode()
    ]


@pytest.mark.parametrize(
    "headers", [{"X": "a\r\nY: b"}, {"X": "a\nb"}, {"X": "\0"}, {"X: a\r\nY": "b"}, {"X Y": "b"}, {"": "b"}]
)
def test_no_header_ends_another(headers):
    """A value with a line's end, and a name that is none, are refused."""
    with pytest.raises(ValueError, match="cannot be sent"):
        head_of(place_of(URL("http://localhost/")), headers)


@pytest.mark.parametrize("url", ["/v1", "http://localhost/a b", "http://localhost/a\r\nX: y"])
def test_no_url_ends_the_first_line(url):
    """One without a host, or with white space, is refused."""
    with pytest.raises(ValueError, match="cannot be asked"):
        place_of(URL(url, encoded=True))


@pytest.mark.parametrize(
    ("url", "origin", "host"),
    [
        ("http://a.example", ("a.example", 80, False), b"a.example"),
        ("https://a.example:8443/x", ("a.example", 8443, True), b"a.example:8443"),
        ("https://a.example.:443", ("a.example.", 443, True), b"a.example"),
        ("http://[::1]:80/", ("::1", 80, False), b"[::1]"),
        ("http://[::1]:81/", ("::1", 81, False), b"[::1]:81"),
    ],
)
def test_where_a_url_leads(url, origin, host):
    """Scheme, host and port; Host leaves the default port out, brackets IPv6, and has no dot at its end."""
    place = place_of(URL(url, encoded=True))
    assert place.origin == Origin(*origin)
    assert b"\r\nHost: " + host + b"\r\n" in place.lines


@pytest.mark.parametrize("goodbye", [b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", b"\0"])
async def test_a_connection_that_ended_while_idle_is_not_used(client, serve, goodbye):
    """Closed, or with bytes that nobody asked for: the next request has another connection at once."""
    last = asyncio.Event()

    async def answer(server, reader, writer):
        await server.request(reader)
        writer.write(OK)
        await writer.drain()
        await last.wait()
        writer.write(goodbye)
        await writer.drain()
        if server.connections == 1:
            return
        await server.request(reader)

    url, server = await serve(answer)
    assert await client.ask(url) == (200, b"ok")
    last.set()
    await becomes_so(lambda: not server.open)
    await becomes_so(lambda: not client.pool._open)
    assert await client.ask(url) == (200, b"ok")
    assert (server.connections, len(server.bodies)) == (2, 2)


async def test_a_connection_that_dies_when_it_is_used_again_costs_nobody_anything(client, serve):
    """Closed on the second request without a byte, it is asked once more over a new one, and once only."""

    async def answer(server, reader, writer):
        await server.request(reader)
        writer.write(OK)
        await writer.drain()
        await server.request(reader)

    url, server = await serve(answer)
    assert await client.ask(url) == (200, b"ok")
    assert await client.ask(url) == (200, b"ok")
    assert (server.connections, len(server.bodies)) == (2, 3)


async def test_a_byte_of_an_answer_is_not_asked_for_twice(client, serve):
    """Where anything of the answer came, the provider may have begun to work: it fails."""
    url, server = await serve(scripted(OK, b"H", then_close=False))

    async def answer(server, reader, writer):
        await server.request(reader)
        writer.write(OK)
        await writer.drain()
        await server.request(reader)
        writer.write(b"HTTP/1.1 2")
        await writer.drain()

    url, server = await serve(answer)
    assert await client.ask(url) == (200, b"ok")
    with pytest.raises(Disconnected):
        await client.ask(url)
    assert (server.connections, len(server.bodies)) == (1, 2)


async def test_a_new_connection_that_dies_is_not_asked_again(client, serve):
    """A provider that closes each connection without a word is asked once."""

    async def answer(server, reader, writer):
        await server.request(reader)

    url, server = await serve(answer)
    with pytest.raises(Disconnected):
        await client.ask(url)
    assert (server.connections, len(server.bodies)) == (1, 1)


@pytest.mark.parametrize("read", [False, True])
async def test_an_answer_that_is_let_go_in_its_midst_ends_its_connection(client, serve, read):
    """The provider sees that nobody waits any more, and can stop its work."""
    left = asyncio.Event()

    async def answer(server, reader, writer):
        await server.request(reader)
        writer.write(HALF)
        await writer.drain()
        with contextlib.suppress(OSError):
            assert await reader.read() == b""
        left.set()

    url, _ = await serve(answer)
    reply = await client.send(url)
    if read:
        assert await reply.read() == b"half"
    reply.close()
    async with asyncio.timeout(PATIENCE):
        await left.wait()


async def test_the_end_of_an_answer_may_come_late(client, serve):
    """A connection whose answer is all but over is used again once its end has come."""
    ended = asyncio.Event()

    async def answer(server, reader, writer):
        while await server.request(reader):
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndone\r\n")
            await ended.wait()
            writer.write(b"1\r\n.\r\n0\r\n\r\n")

    url, server = await serve(answer)
    for _ in range(2):
        ended.clear()
        reply = await client.send(url)
        assert await reply.read() == b"done"
        reply.finish()
        ended.set()
        await becomes_so(lambda: client.pool._idle)
    assert server.connections == 1


@pytest.mark.parametrize("more", [b"", bytes(2**20), b"wrong", None])
async def test_an_end_that_does_not_come_is_not_waited_for(client, serve, more):
    """Silence, much more of a body, what is no HTTP, and a break: the connection is closed."""
    finished, left = asyncio.Event(), asyncio.Event()

    async def answer(server, reader, writer):
        await server.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndone\r\n")
        await finished.wait()
        if more is not None:
            writer.write(b"%x\r\n%b\r\n" % (len(more), more) if more and not more.strip(b"\0") else more)
            with contextlib.suppress(OSError):
                await reader.read()
        left.set()

    url, server = await serve(answer)
    reply = await client.send(url)
    assert await reply.read() == b"done"
    reply.finish()
    reply.finish()
    finished.set()
    async with asyncio.timeout(PATIENCE):
        await left.wait()
    await becomes_so(lambda: not client.pool._open)
    reply.close()
    assert server.connections == 1


@pytest.mark.parametrize("size", [2, 64 * 2**20])
async def test_who_leaves_before_the_answer_ends_the_connection(client, serve, size):
    """Also while a large body is still on its way."""
    asked, left = asyncio.Event(), asyncio.Event()

    async def answer(server, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await asyncio.sleep(0.1)
        with contextlib.suppress(OSError):
            while await reader.read(2**20):
                pass
        left.set()

    url, _ = await serve(answer)
    task = asyncio.create_task(client.ask(url, bytes(size)))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(PATIENCE):
        await left.wait()


@pytest.mark.parametrize("secure", [False, True])
async def test_a_request_that_was_not_read_to_its_end_leaves_nothing_to_use_again(client, serve, secure):
    """An answer that came early is good, and its connection is closed."""

    async def answer(server, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await writer.drain()
        await asyncio.sleep(20)

    url, server = await serve(answer, context=tls() if secure else None)
    body = bytes(64 * 2**20)
    for _ in range(2):
        assert await client.ask(url, body) == (413, b"no")
    assert server.connections == 2


@pytest.mark.parametrize("said", [b"HTTP/1.1 401 Who\r\n\r\nno", b""])
async def test_who_reads_no_more_and_says_no_more_is_not_waited_for(client, serve, said):
    """What was said until then is the answer, or there is none, though most of the request has not gone out."""

    async def answer(server, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.write_eof()
        await asyncio.sleep(600)

    url, _ = await serve(answer)
    asked = client.ask(url, bytes(64 * 2**20), Limits(PATIENCE, 600, 600))
    async with asyncio.timeout(60):
        if said:
            assert await asked == (401, b"no")
        else:
            with pytest.raises(Disconnected):
                await asked


@pytest.mark.parametrize("secure", [False, True])
async def test_a_request_that_goes_out_slowly_is_no_silence(client, serve, secure):
    """However long it takes until the provider has all of a large one, and can begin to think."""
    size = 48 * 2**20

    async def answer(server, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(12):
            await reader.readexactly(2**20)
            await asyncio.sleep(0.25)
        await reader.readexactly(size - 12 * 2**20)
        writer.write(OK)
        await writer.drain()

    url, _ = await serve(answer, context=tls() if secure else None)
    assert await client.ask(url, bytes(size), Limits(PATIENCE, 2, 2)) == (200, b"ok")


async def test_silence_before_the_head_is_told(client, serve):
    """A provider that says nothing is left after its time, also on a connection that was used before."""

    async def answer(server, reader, writer):
        await server.request(reader)
        writer.write(OK)
        await server.request(reader)
        await reader.read()

    url, server = await serve(answer)
    assert await client.ask(url) == (200, b"ok")
    with pytest.raises(Silent):
        await client.ask(url, limits=Limits(PATIENCE, 0.2, PATIENCE))
    await becomes_so(lambda: not server.open)
    assert server.connections == 1


async def test_a_head_in_drops_is_silence(client, serve):
    """A byte now and then is not the beginning of an answer for ever; answers that say that it takes long are."""

    async def answer(server, reader, writer):
        await server.request(reader)
        for _ in range(6):
            await asyncio.sleep(0.5)
            writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
        writer.write(OK)
        await server.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nX-Drops: ")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.2)

    url, _ = await serve(answer)
    assert await client.ask(url, limits=Limits(PATIENCE, 2, 2)) == (200, b"ok")
    async with asyncio.timeout(60):
        with pytest.raises(Silent):
            await client.ask(url, limits=Limits(PATIENCE, 2, 2))


async def test_silence_in_a_stream_is_told(client, serve):
    """From `set_idle` on, the time for streams holds, the shorter one."""

    async def answer(server, reader, writer):
        await server.request(reader)
        writer.write(HALF)
        await reader.read()

    url, _ = await serve(answer)
    reply = await client.send(url, limits=Limits(PATIENCE, 600, 0.2))
    assert await reply.read() == b"half"
    reply.set_idle()
    with pytest.raises(Silent):
        await reply.read()
    reply.close()


async def test_bytes_that_come_are_no_silence(client, serve):
    """A stream that says something now and then goes on for longer than its time."""

    async def answer(server, reader, writer):
        await server.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            await asyncio.sleep(0.4)
            writer.write(b"x")
            await writer.drain()

    url, _ = await serve(answer)
    assert await client.ask(url, limits=Limits(PATIENCE, 3, PATIENCE)) == (200, b"x" * 10)


async def test_a_slow_reader_of_ours_is_no_silence(client, serve):
    """Who holds the connection up does not make it fail."""
    size = 4 * 2**20

    async def answer(server, reader, writer):
        await server.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        writer.write(bytes(size))
        await writer.drain()
        await reader.read()

    url, _ = await serve(answer)
    reply = await client.send(url, limits=Limits(PATIENCE, PATIENCE, 1))
    await becomes_so(lambda: reply._held)
    reply.set_idle()
    await asyncio.sleep(2)
    assert len(await whole(reply)) == size
    reply.close()


async def test_connections_rest_for_half_a_minute(client, serve, monkeypatch):
    """Then they are closed, and one that is as old is not used though nothing has closed it yet."""
    url, server = await serve(scripted(OK))
    await asyncio.gather(client.ask(url), client.ask(url))
    assert server.open == 2
    loop = asyncio.get_running_loop()
    real = loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + KEEP_ALIVE + 1)
    assert await client.ask(url) == (200, b"ok")
    assert server.connections == 3
    await becomes_so(lambda: server.open == 1)


async def test_what_is_idle_is_closed_without_another_request(serve):
    """The pool looks after it by itself."""
    url, server = await serve(scripted(OK))
    async with asking(keep_alive=0.2) as client:
        assert await client.ask(url) == (200, b"ok")
        await becomes_so(lambda: not server.open)
        assert not client.pool._open
        assert await client.ask(url) == (200, b"ok")
        await becomes_so(lambda: not server.open)


@pytest.mark.parametrize("secure", [False, True])
async def test_nothing_is_left_when_it_is_closed(client, serve, secure):
    """Neither connections that are idle nor those that are waited for; who waits is told."""
    waiting = asyncio.Event()

    async def answer(server, reader, writer):
        while await server.request(reader):
            if len(server.bodies) == 2:
                waiting.set()
                await reader.read()
            writer.write(OK)
            await writer.drain()

    url, server = await serve(answer, context=tls() if secure else None)
    assert await client.ask(url) == (200, b"ok")
    asked = asyncio.create_task(client.ask(url))
    await waiting.wait()
    assert await client.ask(url) == (200, b"ok")
    await client.pool.close()
    await client.pool.close()
    with pytest.raises(Disconnected):
        await asked
    await becomes_so(lambda: not server.open)
    assert not client.pool._open


async def test_a_name_with_several_addresses(serve):
    """Those that refuse are passed over; a name is asked for once, though many ask at the same time."""
    url, server = await serve(scripted(OK))
    asked = []

    class Several(Resolver):
        async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
            asked.append(host)
            await asyncio.sleep(0.05)
            return [await self.one(each, port) for each in ("127.0.0.9", "::1", "127.0.0.1")]

        async def one(self, address, port):
            return {"hostname": "x", "host": address, "port": port, "family": 0, "proto": 0, "flags": 0}

    pool = Pool(Connector(Several(), open_socket, ssl.create_default_context))
    place = place_of(URL(url.replace("localhost", "several.example")))
    head = head_of(place, {})
    replies = await asyncio.gather(*(pool.send(place.origin, head, b"{}", LIMITS) for _ in range(5)))
    for reply in replies:
        assert await whole(reply) == b"ok"
        reply.close()
    assert (asked, server.connections) == (["several.example"], 5)
    await pool.close()


@pytest.mark.parametrize(
    ("url", "failure", "cause"),
    [
        ("http://no-such-host.invalid/", NotResolved, socket.gaierror),
        ("http://169.254.169.254/", NotConnected, BlockedAddress),
        ("http://[fe80::1]/", NotConnected, BlockedAddress),
        ("http://[::ffff:169.254.169.254]/", NotConnected, BlockedAddress),
    ],
)
async def test_who_cannot_be_connected_to(client, url, failure, cause):
    """A name that is not there, and addresses that nothing of ours connects to."""
    with pytest.raises(failure) as failed:
        await client.ask(url)
    assert isinstance(failed.value.os_error, cause)


async def test_a_name_is_asked_for_again_after_it_failed():
    """A failure is not remembered."""
    asked = []

    def look_up(host, *_):
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "none")

    async with asking(look_up) as client:
        for _ in range(2):
            with pytest.raises(NotResolved):
                await client.ask("http://nowhere.example/")
    assert asked == ["nowhere.example"] * 2


async def test_a_failure_that_nobody_waited_for_is_not_remembered(serve):
    """Who asks after somebody gave up has the name looked up anew."""
    url, _ = await serve(scripted(OK))
    asked, over, failed = threading.Event(), threading.Event(), threading.Event()

    def look_up(_, *rest):
        if asked.is_set():
            return socket.getaddrinfo("127.0.0.1", *rest)
        asked.set()
        assert over.wait(PATIENCE)
        failed.set()
        raise socket.gaierror(socket.EAI_AGAIN, "late")

    async with asking(look_up) as client:
        named = url.replace("127.0.0.1", "late.example").replace("localhost", "late.example")
        given_up = asyncio.create_task(client.ask(named))
        await becomes_so(asked.is_set)
        given_up.cancel()
        over.set()
        await becomes_so(failed.is_set)
        known = client.pool._connector._names._asked
        await becomes_so(lambda: all(task.done() for _, task in known.values()))
        assert await client.ask(named) == (200, b"ok")


async def test_who_still_connects_when_it_is_closed_is_told(serve):
    """Its connection is closed as the others are."""
    url, server = await serve(scripted(OK))
    asked, go_on = threading.Event(), threading.Event()

    def look_up(_, *rest):
        asked.set()
        assert go_on.wait(PATIENCE)
        return socket.getaddrinfo("127.0.0.1", *rest)

    async with asking(look_up) as client:
        late = url.replace("127.0.0.1", "late.example").replace("localhost", "late.example")
        task = asyncio.create_task(client.ask(late))
        await becomes_so(asked.is_set)
        await client.pool.close()
        go_on.set()
        with pytest.raises(Disconnected):
            await task
        await becomes_so(lambda: not server.open)
        assert server.heads == []


async def test_a_closed_port(client):
    """Refused on both loopbacks."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(NotConnected) as failed:
        await client.ask(f"http://localhost:{port}/")
    assert isinstance(failed.value.os_error, OSError)


@pytest.mark.parametrize("certificate", ["expired.pem", "elsewhere.pem"])
async def test_a_certificate_that_is_not_good(client, serve, certificate):
    """Nothing is sent, and nothing is left open."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / certificate)
    url, server = await serve(scripted(OK), context=context)
    with pytest.raises(NotConnected) as failed:
        await client.ask(url)
    assert isinstance(failed.value.os_error, ssl.SSLCertVerificationError)
    assert server.heads == []


@pytest.mark.parametrize(("certificate", "why"), [("expired.pem", "EXPIRED"), ("elsewhere.pem", "BAD_CERTIFICATE")])
async def test_the_server_learns_why_it_is_not_trusted(client, certificate, why):
    """An alert is sent (RFC 8446, section 6.2), which stands in the server's log."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def meet():
            sock, _ = listening.accept()
            with sock, pytest.raises(ssl.SSLError) as told:
                context.wrap_socket(sock, server_side=True)
            return told.value.reason

        meeting = asyncio.create_task(asyncio.to_thread(meet))
        with pytest.raises(NotConnected):
            await client.ask(f"https://localhost:{listening.getsockname()[1]}/")
        assert why in await meeting


async def test_tls_that_never_begins(client, serve):
    """Told apart from a connection that is never made."""

    async def answer(server, reader, writer):
        await reader.read()

    url, server = await serve(answer)
    with pytest.raises(ConnectTimeout) as failed:
        await client.ask(url.replace("http:", "https:"), limits=Limits(0.3, 20, PATIENCE))
    assert failed.value.stage == "tls"
    await becomes_so(lambda: not server.open)


async def test_who_speaks_before_tls_has_begun(client, serve):
    """A server of something else, which greets: it fails at once, and leaves nothing open."""

    async def answer(server, reader, writer):
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read()

    url, server = await serve(answer)
    for _ in range(20):
        with pytest.raises(NotConnected):
            await client.ask(url.replace("http:", "https:"), limits=Limits(600, 600, 600))
    await becomes_so(lambda: not server.open)


async def test_a_name_that_is_looked_up_for_too_long():
    """Told apart as well."""
    over = threading.Event()
    async with asking(lambda *_: over.wait(30) and []) as client:
        with pytest.raises(ConnectTimeout) as failed:
            await client.ask("http://slow.example/", limits=Limits(0.2, 20, PATIENCE))
    over.set()
    assert failed.value.stage == "resolve"


async def test_alpn_and_the_servers_name(serve, monkeypatch):
    """TLS asks for http/1.1 and names the host, so that a server of many names knows which."""
    seen = []

    async def answer(server, reader, writer):
        await server.request(reader)
        seen.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        writer.write(OK)
        await writer.drain()

    context = tls()
    context.sni_callback = lambda _, name, __: seen.append(name)
    url, _ = await serve(answer, context=context)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / "authority.pem"))
    pool = open_pool()
    assert await Client(pool).ask(url) == (200, b"ok")
    await pool.close()
    assert seen == ["localhost", "http/1.1"]
