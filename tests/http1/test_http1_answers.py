"""Answers are read the same, however the connection cuts them into pieces; what is no answer fails, and says so."""

import asyncio
import gzip
import sys
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speaking import scripted, whole
from waiting import becomes_so

from sidecar.http1.failures import Disconnected, ExchangeFailed, Malformed, Undecodable
from sidecar.http1.reply import MAX_FIELDS, MAX_HEAD, MAX_WAITING, Reply

SAID = b"data: one\n\n" * 40 + b"data: two\n\n"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n"


class Line:
    """Stands for a connection where there is none: notes what an answer asks of it."""

    def __init__(self):
        self.held = False
        self.kept = None

    def hold(self):
        """Take no more bytes in."""
        self.held = True

    def go_on(self):
        """Take bytes in again."""
        self.held = False

    def heard(self):
        """Nobody watches."""

    def allow_silence(self, seconds):
        """Nobody watches."""

    def let_go(self, *, reusable):
        """The answer is done with."""
        self.kept = reusable


def framed(pieces, extension=b""):
    """A chunked body (RFC 9112, section 7.1) of these pieces."""
    return b"".join(b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces) + b"0\r\n"


def sized(body, *lines):
    """An answer with a length."""
    return b"".join((OK, *lines, b"Content-Length: %d\r\n\r\n" % len(body), body))


HALVES = [SAID[:100], SAID[100:]]
PACKED = b"".join((CHUNKED, b"Content-Encoding: gzip\r\n\r\n", framed([gzip.compress(SAID)]), b"\r\n"))
#: bytes on the wire → whether the connection can be used again; the body is the same for all
ANSWERS = {
    "length": (sized(SAID), True),
    "chunked": (CHUNKED + b"\r\n" + framed(HALVES) + b"\r\n", True),
    "extensions": (CHUNKED + b"\r\n" + framed(HALVES, b';a=1;b="c"') + b"\r\n", True),
    "trailers": (CHUNKED + b"\r\n" + framed(HALVES) + b"X-Sum: 1\r\nX-Status: 500\r\n\r\n", True),
    "until close": (OK + b"\r\n" + SAID, False),
    "http/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(SAID), SAID), False),
    "told to close": (sized(SAID, b"Connection: close\r\n"), False),
    "after interim ones": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX-A: b\r\n\r\n" + sized(SAID), True),
    "gzip": (sized(gzip.compress(SAID), b"Content-Encoding: gzip\r\n"), True),
    "gzip in members": (sized(gzip.compress(SAID[:9]) + gzip.compress(SAID[9:]), b"Content-Encoding: gzip\r\n"), True),
    "gzip in chunks": (PACKED, True),
    "deflate": (sized(zlib.compress(SAID), b"Content-Encoding: deflate\r\n"), True),
    "bare deflate": (sized(zlib.compress(SAID, wbits=-15), b"Content-Encoding: deflate\r\n"), True),
    "more than was asked for": (sized(SAID) + sized(b"x"), False),
    "garbage behind it": (sized(SAID) + b"\x00\x01garbage", False),
}


@given(name=st.sampled_from(sorted(ANSWERS)), data=st.data())
def test_any_split_gives_the_same_answer(name, data):
    """Status, header and body do not depend on where the bytes were cut, nor does whether more can be asked."""
    sent, reusable = ANSWERS[name]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=12)))
    assert asyncio.run(read(pieces(sent, cuts))) == (200, SAID, reusable)


def test_byte_by_byte_gives_the_same_answer():
    """As the slowest of connections delivers it."""
    for sent, reusable in ANSWERS.values():
        assert asyncio.run(read(pieces(sent, range(1, len(sent))))) == (200, SAID, reusable)


def pieces(sent, cuts):
    """The bytes cut at these places."""
    return [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]


async def read(parts):
    """What an answer that arrives like this is read as: status, body, whether the connection can be used again."""
    line = Line()
    reply = Reply(line, None)
    asked = asyncio.create_task(answered(reply))
    for part in parts:
        if not reply.feed(part):
            break
        await asyncio.sleep(0)
    reply.lost(None)
    status, body = await asked
    reply.close()
    return status, body, line.kept


async def answered(reply):
    """Status and body."""
    await reply.head()
    return reply.status, await whole(reply)


NONE = [
    (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", Malformed),
    (b"HTTP/1.1 000 Nothing\r\nContent-Length: 2\r\n\r\nno", Malformed),
    (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", Malformed),
    (b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n", Malformed),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", Malformed),
    (CHUNKED + b"\r\nfive\r\nhello\r\n", Malformed),
    (CHUNKED + b"\r\n-5\r\nhello\r\n", Malformed),
    (CHUNKED + b"\r\n5\r\nhello!!\r\n0\r\n\r\n", Malformed),
    (CHUNKED + b"\r\nfffffffffffffffff\r\nhello", Malformed),
    (OK + b"X-Long: " + b"x" * (MAX_HEAD + 1) + b"\r\n\r\n", Malformed),
    (OK + b"X: a\0b\r\n\r\n", Malformed),
    (OK + b"X: y\r\n" * (MAX_FIELDS + 1) + b"\r\n", Malformed),
    (b"HTTP/1.1 100 Continue\r\nX-A: 0123456789\r\n\r\n" * 10_000, Malformed),
    (CHUNKED + b"\r\n5;" + b"x" * 300_000, Malformed),
    (CHUNKED + b"\r\n5\r\nhello\r\n0\r\nX-Trailer: " + b"x" * 300_000, Malformed),
    (sized(b"\x1f\x8b and no gzip at all", b"Content-Encoding: gzip\r\n"), Undecodable),
    (sized(zlib.compress(SAID)[:-8], b"Content-Encoding: deflate\r\n"), Undecodable),
    (b"", Disconnected),
    (b"HTTP/1.1 200", Disconnected),
    (OK + b"Content-Length: 9\r\n\r\nabc", Disconnected),
    (CHUNKED + b"\r\n3\r\nabc\r\n", Disconnected),
    (OK + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Disconnected),
]


@pytest.mark.parametrize(("sent", "failure"), NONE)
@pytest.mark.parametrize("size", [100_000, 7])
async def test_what_is_no_answer_fails(sent, failure, size):
    """No HTTP, a length or chunk size that is none, a head without end, a wrong coding, a body that breaks off."""
    with pytest.raises(failure):
        async with asyncio.timeout(60):
            await read([sent[at : at + size] for at in range(0, len(sent), size)])


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="the standard library decodes it")
async def test_a_coding_that_is_not_known_here_fails_at_the_head():
    """Zstandard, where no library is there for it."""
    reply = Reply(Line(), None)
    reply.feed(sized(b"x", b"Content-Encoding: zstd\r\n"))
    with pytest.raises(Undecodable):
        await reply.head()


async def test_what_came_before_a_failure_is_read_first():
    """Half a stream is passed on, and then it fails, again and again."""
    reply = Reply(Line(), None)
    reply.feed(CHUNKED + b"\r\n3\r\nabc\r\nwrong")
    await reply.head()
    assert await reply.read() == b"abc"
    for _ in range(2):
        with pytest.raises(Malformed):
            await reply.read()


async def test_a_bomb_is_decoded_in_small_pieces():
    """Sixty-four megabytes in a few kilobytes come in pieces of bounded size, to their end."""
    bomb = gzip.compress(bytes(64 * 2**20))
    reply = Reply(Line(), None)
    reply.feed(sized(bomb, b"Content-Encoding: gzip\r\n"))
    await reply.head()
    total = 0
    while piece := await reply.read():
        assert len(piece) <= 2**20
        total += len(piece)
    assert total == 64 * 2**20


async def test_members_without_number_are_refused():
    """A hundred thousand empty members in a row are no body."""
    reply = Reply(Line(), None)
    reply.feed(sized(gzip.compress(b"") * 10_000, b"Content-Encoding: gzip\r\n"))
    await reply.head()
    with pytest.raises(Undecodable):
        await whole(reply)


async def test_no_more_is_taken_in_than_is_read():
    """A reader that is slow holds the connection up, and lets it go on once it has read."""
    line = Line()
    reply = Reply(line, None)
    reply.feed(OK + b"Content-Length: %d\r\n\r\n" % (4 * MAX_WAITING))
    await reply.head()
    reply.feed(bytes(MAX_WAITING))
    assert not line.held
    reply.feed(b"x")
    assert line.held
    assert len(await reply.read()) == MAX_WAITING + 1
    assert not line.held


async def test_an_answer_that_was_let_go_has_no_more(client, serve):
    """Reading on fails, and what its connection is used for afterwards is not disturbed."""
    url, server = await serve(scripted(sized(b"first"), sized(b"second")))
    first = await client.send(url)
    assert await whole(first) == b"first"
    first.close()
    second = await client.send(url)
    first.close()
    first.set_idle()
    assert await first.read() == b""
    assert await whole(second) == b"second"
    second.close()
    assert server.connections == 1


async def test_a_slow_reader_holds_a_real_server_up(client, serve):
    """Of a large body, no more is on its way than buffers hold, until it is read; then all of it comes."""
    size = 64 * 2**20
    sent = []

    async def answer(server, reader, writer):
        await server.request(reader)
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(64):
            writer.write(bytes(2**20))
            await writer.drain()
            sent.append(2**20)

    url, _ = await serve(answer)
    reply = await client.send(url)
    await becomes_so(lambda: len(sent) > 1)
    seen = -1
    while seen != len(sent):
        seen = len(sent)
        await asyncio.sleep(0.2)
    assert seen < 48
    assert len(await whole(reply)) == size
    reply.close()


async def test_each_failure_is_an_os_error():
    """So that whoever catches what the system raises catches these too."""
    assert issubclass(ExchangeFailed, OSError)
