"""Providers whose answers have no end, most of them packed small. Numbers as in docs/reliability.md."""

import base64
import json
import sys
import threading
import zlib
from contextlib import contextmanager
from pathlib import Path

import pytest
from lanes import LANES, WORDS, either, every
from upstream import event, reply, stream
from waiting import PATIENCE

from sidecar.amount import MAX_STREAM, Amount
from sidecar.errors import UpstreamError
from sidecar.sse import MAX_LINES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")

MB = 2**20
CHAT = next(lane for lane in LANES if lane.name == "chat")
KINDS = {False: "application/json", True: "text/event-stream"}
HEADS = {False: b'{"padding": "', True: b"data: "}
#: What the process may need beside what it had: two copies of the largest that is held whole, and some room.
ROOM = 200 * MB


def deflated(bits):
    """A packer of endless answers: `times` a unit, each packed by itself, so that the packed ones can be repeated."""

    def pack(head, unit, times, tail=b""):
        packer = zlib.compressobj(9, wbits=bits)
        first, again, last = (packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH) for part in (head, unit, tail))
        return first + again * times + last

    return pack


def zstd(head, unit, times, _tail):
    """The same in blocks of one byte that is repeated (RFC 8878, section 3.1.1.2.2)."""
    block = (128 * 1024 << 3 | 2).to_bytes(3, "little") + unit[:1]
    first = (len(head) << 3).to_bytes(3, "little") + head
    return b"\x28\xb5\x2f\xfd\x00\x58" + first + block * (times * len(unit) >> 17)


def brotli(*_):
    """`data: ` and 400 MB of x, packed by Google's own encoder."""
    return base64.b64decode(
        "z///fwAkQXTwapDPCjlFlrP3/xn///8BkACIwwLQvf/n//8/ABIAcVgAuvf//P//B0ACIA4LQPf+n////wBIAMRhAeje//P//x8ACYA4LADd+3/+"
        "//8DIAEQhwWge//P//9/ACQA4rAAdO//+f//D4AEQBwWgO79P////wGQAIjDAtC9/+f//z8AEgBxWAC69//8//8HQAIgDgtA9/6f////AEgAxGEB"
        "6N7/8///HwAJgDgsAN37f/7//wMgARCHBaB7/8///38AJADisAB07//5//8PgARAHBaA7v0/////AZAAiMMC0L3/5///PwASAHFYALr3//z//wdA"
        "AiAOC0D3/p////8ASADEYQHo3v/z//8fAAmAOCwA3ft//v//AyABEIcFoHv/z///fwAkAOKwAHTv//n//w+ABEAcFoDu/X8UAACQwAtZAgA="
    )


PACKERS = {"gzip": deflated(31), "deflate": deflated(15), "zstd": zstd, "br": brotli}


def bomb(encoding, *, streamed, status=200, head=None, unit=b"x" * MB, times=400, tail=b""):
    """An answer that unpacks to so many times the unit: 400 MB of one string unless told otherwise."""
    packed = PACKERS[encoding](head or HEADS[streamed], unit, times, tail)
    return reply(packed, status, {"content-encoding": encoding, "content-type": KINDS[streamed]})


class Watched:
    """How the mux bears something: the most memory that it took, and how often it said meanwhile that it is well."""

    def __init__(self, mux):
        self.mux = mux
        self.folder = Path(f"/proc/{mux.process.pid}")
        (self.folder / "clear_refs").write_text("5")  # proc(5): from now on the most is what there is now
        self.before = self.of("VmRSS")
        self.well = 0

    def of(self, name):
        """A size from `status`, in bytes."""
        return int((self.folder / "status").read_text("ascii").split(f"{name}:")[1].split()[0]) * 1024

    @property
    def taken(self):
        """Bytes that it had at the most, beyond what it had before."""
        return self.of("VmHWM") - self.before


@contextmanager
def watched(mux):
    """Asks for the mux's health again and again; it must be well each time, and serve afterwards."""
    found, over = Watched(mux), threading.Event()

    def look():
        while not over.is_set():
            assert mux.get("/health").status == 200
            found.well += 1

    failed = []
    thread = threading.Thread(target=lambda: _noting(look, failed))
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join(30)
    assert failed == []


def _noting(work, failed):
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - told by whoever waits for the thread
        failed.append(error)


def is_served(road, lane):
    """Whether the lane works as if nothing had been."""
    answer = road.post(lane, reply(lane.whole))
    return (answer.status, lane.text(answer)) == (200, WORDS)


@every
@either
@pytest.mark.parametrize("encoding", PACKERS)
def test_f19_a_bomb(road, lane, streamed, encoding):
    """It is a 502 once it is too large for its kind, or where its packing is unknown, and is never held."""
    with watched(road.stage.mux) as found:
        answer = road.post(lane, bomb(encoding, streamed=streamed), streamed=streamed)
    assert lane.refused(answer)["message"]
    assert answer.status == 502
    assert found.taken < ROOM
    assert road.row(answer)["outcome"] == "error"
    assert is_served(road, lane)


@every
def test_f19_a_plain_bomb_for_a_stream(road, lane):
    """A plain answer to a request for a stream has the limits of a plain one."""
    with watched(road.stage.mux) as found:
        answer = road.post(lane, bomb("gzip", streamed=False), streamed=True)
    assert "64 MB" in lane.refused(answer)["message"]
    assert found.taken < ROOM
    assert is_served(road, lane)


@every
@either
def test_f19_a_bomb_in_a_refusal(road, lane, streamed):
    """A provider's refusal keeps its status, whatever size it has; of its body the first megabyte is read."""
    with watched(road.stage.mux) as found:
        answer = road.post(lane, bomb("gzip", streamed=False, status=429), streamed=streamed)
    assert lane.refused(answer)["message"]
    assert answer.status == 429
    assert found.taken < 20 * MB
    assert is_served(road, lane)


#: What no client wants to know, and is not passed on.
UNMEANT = (b"id: " + b"1" * 8186 + b"\n\n") * 128


@pytest.mark.parametrize("lane", [CHAT], ids=["chat"])
@either
def test_f14_large_requests_that_are_refused(road, lane, streamed):
    """Each is let go when its client has been told, not when some collection comes to it."""
    more = {"messages": [{"role": "user", "content": "x" * (16 * MB)}]}
    with watched(road.stage.mux) as found:
        for _ in range(16):
            answer = road.post(lane, reply(lane.error(), status=413), streamed=streamed, **more)
            assert (answer.status, lane.refused(answer)["message"]) == (413, "boom")
    assert found.taken < ROOM


@every
def test_f19_a_long_stream(road, lane):
    """What is packed small, unpacks to 100 MB and has an end reaches the client; memory stays flat meanwhile."""
    head, tail = (b"".join(map(event, part)) for part in (lane.half, lane.rest))
    with watched(road.stage.mux) as found:
        packed = bomb("gzip", streamed=True, head=head, unit=UNMEANT, times=100, tail=tail)
        answer = road.post(lane, packed, streamed=True)
    assert (answer.status, lane.text(answer)) == (200, WORDS)
    assert found.taken < 30 * MB
    assert found.well
    assert road.row(answer)["outcome"] == "ok"


async def test_f19_a_gigabyte_is_the_most():
    """A stream may have a gigabyte and not a byte more."""
    amount = Amount("up", MAX_STREAM, "a stream")
    for _ in range(1024):
        await amount.add(MB)
    with pytest.raises(UpstreamError, match="more than 1,024 MB"):
        await amount.add(1)


@every
@pytest.mark.long
def test_f19_a_stream_of_a_gigabyte(road, lane):
    """A stream that unpacks to more than a gigabyte ends with an error; memory stays flat, and others are served."""
    packed = bomb("gzip", streamed=True, head=b"".join(map(event, lane.half)), unit=UNMEANT, times=1100)
    with watched(road.stage.mux) as found:
        answer = road.post(lane, packed, streamed=True)
    assert "1,024 MB" in lane.broke_off(answer)["message"]
    assert lane.text(answer).startswith("ha")
    assert found.taken < 30 * MB
    assert found.well > 10
    assert road.row(answer)["outcome"] == "error"
    assert is_served(road, lane)


@pytest.mark.long
def test_f19_a_gigabyte_that_is_passed_on(road):
    """A gigabyte of words reaches a client that reads them, up to the limit, and the mux holds none of it."""
    told = event({**CHAT.half[-1], "padding": "x" * 60_000})
    path = road.path(CHAT)
    road.stage.upstream.script(bomb("gzip", streamed=True, head=told, unit=told * 16, times=1200))
    with watched(road.stage.mux) as found, road.stage.mux.open("POST", path, CHAT.asked(streamed=True)) as got:
        last, size = b"", 0
        while piece := got.read():
            size += len(piece)
            last = (last + piece)[-4096:]
    assert 1000 * MB < size < 1100 * MB
    assert "1,024 MB" in json.loads(last.split(b"data: ")[-1])["error"]["message"]
    assert found.taken < 30 * MB
    assert found.well > 10


@every
def test_f14_an_event_without_end(road, lane):
    """An event of 50 MB is an error at 16 MB; it is not held, and what comes after it is not waited for."""
    huge = [b"data: " + b"x" * MB, *[b"x" * MB] * 49]
    with watched(road.stage.mux) as found:
        answer = road.post(lane, stream(*lane.half, *huge, end="stall"), streamed=True)
    assert "16 MB" in lane.broke_off(answer)["message"]
    assert road.stage.upstream.last.left.wait(30)
    assert found.taken < 100 * MB
    assert is_served(road, lane)


@pytest.mark.parametrize("newline", [b"\r\n", b"\r", b"\n"], ids=["CRLF", "CR", "LF"])
def test_f14_an_event_of_lines_without_end(road, newline):
    """One event in millions of short lines is read once, so that others are served while it comes."""
    lines = b"data:" + newline
    huge = lines * (MB // len(lines))
    with watched(road.stage.mux) as found:
        answer = road.post(CHAT, stream(*CHAT.half, *[huge] * 50, end="stall"), streamed=True)
    assert "16 MB" in CHAT.broke_off(answer)["message"]
    assert road.stage.upstream.last.left.wait(30)
    assert found.well
    assert is_served(road, CHAT)


@pytest.mark.parametrize("newline", [b"\r\n", b"\r", b"\n"], ids=["CRLF", "CR", "LF"])
def test_f14_an_event_of_too_many_lines(road, newline):
    """One event in more lines than are taken is an error, though it has fewer bytes than one may have."""
    huge = (b"data:" + newline) * (MAX_LINES + 1) + newline + b": more"
    answer = road.post(CHAT, stream(*CHAT.half, huge, end="stall"), streamed=True)
    assert "16,384 lines" in CHAT.failed(answer)["message"]
    assert road.stage.upstream.last.left.wait(PATIENCE)
    assert is_served(road, CHAT)


def test_f32_a_listing_without_end(road):
    """A list of models that unpacks to 400 MB is refused at 32 MB, and the former models stay."""
    mux, upstream = road.stage.mux, road.stage.upstream
    mux.rpc("mux/provider/add", name="lister", type="openai", endpoint=f"{upstream.url}/v1", auth="none")
    try:
        before = mux.rpc("mux/model/list", provider="lister")
        assert before
        upstream.listed = bomb("gzip", streamed=False)
        with watched(mux) as found:
            call = {"jsonrpc": "2.0", "id": 1, "method": "mux/provider/refresh", "params": {"name": "lister"}}
            told = mux.post("/rpc", call, {"authorization": f"Bearer {mux.token()}"}).json()["error"]
        assert "32 MB" in told["message"]
        assert found.taken < 100 * MB
        assert mux.rpc("mux/model/list", provider="lister") == before
    finally:
        upstream.listed = None
        mux.rpc("mux/provider/remove", name="lister")
