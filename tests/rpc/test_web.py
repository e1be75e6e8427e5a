"""`/rpc`: the methods over HTTP and WebSocket, for whoever holds the token."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import os
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from editor import Editor
from mux import Mux
from waiting import PATIENCE

BOMB = gzip.compress(b'"' + bytes(64 * 2**20) + b'"')
STATUS = {"jsonrpc": "2.0", "id": 1, "method": "mux/status"}


@pytest.fixture(params=["serve", "stdio"])
def served(request, home: Mux, launch) -> Mux:
    """A data folder whose endpoint is served: by `serve`, or beside an editor."""
    if request.param == "serve":
        home.start()
    else:
        editor: Editor = launch(home)
        editor.initialize()
        editor.serving()
    return home


def bearer(mux: Mux) -> dict[str, str]:
    """The header that opens `/rpc`."""
    return {"Authorization": f"Bearer {mux.token()}"}


def url(mux: Mux) -> str:
    """Where it is."""
    return f"http://localhost:{mux.port}/rpc"


async def says(ws: aiohttp.ClientWebSocketResponse, fits=lambda _: True) -> Any:
    """The next message that fits."""
    async with asyncio.timeout(PATIENCE):
        while not fits(message := json.loads(await ws.receive_str())):
            pass
    return message


def is_answer(message: Any) -> bool:
    """Whether it is no notification: changes are told in between."""
    return "id" in message


def test_post(served):
    """A request is answered, a notification with 204, a batch with a list; each error has its code."""
    head = bearer(served)

    def post(body: Any) -> Any:
        return served.request("POST", "/rpc", body, head).json()

    assert post(STATUS)["result"]["text"] == "default · echo/echo"
    assert served.request("POST", "/rpc", {"jsonrpc": "2.0", "method": "mux/status"}, head).status == 204
    both = post([STATUS, {"jsonrpc": "2.0", "method": "mux/status"}, 3, STATUS | {"id": "b", "method": "mux/nothing"}])
    assert [(each["id"], each.get("error", {}).get("code")) for each in both] == [
        (1, None),
        (None, -32600),
        ("b", -32601),
    ]
    assert post(b"{")["error"]["code"] == -32700
    assert post(b"\xff")["error"]["code"] == -32700
    assert post([])["error"]["code"] == -32600
    assert post([STATUS] * 1001)["error"]["code"] == -32600
    assert post(STATUS | {"id": 1.5})["error"]["code"] == -32600
    assert post({"id": 4})["error"]["code"] == -32600
    assert post(STATUS | {"params": {"uri": 3}})["error"] == {
        "code": -32602,
        "message": "The parameter 'uri' does not fit: expected `str | null`, got `int`.",
        "data": {"field": "uri"},
    }
    assert post(b"[" * 100_000)["error"]["code"] == -32700


@pytest.mark.parametrize(
    "more",
    [
        b"Content-Length: %d\r\n\r\n" % (64 * 2**20 + 1),
        b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(BOMB), BOMB),
    ],
)
def test_more_than_64_mb(served, more):
    """A body beyond 64 MB is refused with 413: as soon as it says so, or when it has been unpacked so far."""
    head = "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    answer = served.raw(f"{head}Authorization: Bearer {served.token()}\r\n".encode() + more)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"request_too_large" in answer
    assert served.rpc("mux/workspace/list")[0]["name"] == "default"


def test_the_token_is_there(served):
    """Whoever serves has written the token before somebody looks for it, for its owner's eyes alone."""
    file = served.home / "token"
    assert len(bytes.fromhex(file.read_text("ascii"))) == 16
    assert os.name == "nt" or file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "given", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}, {"x-api-key": "x"}]
)
def test_without_the_token(served, given):
    """Without the token, or with another, it is 401, whatever is asked."""
    for answer in (
        served.request("POST", "/rpc", STATUS, given),
        served.request("GET", "/rpc", None, given),
        served.request("POST", "/rpc", b"{", given | {"content-type": "text/plain"}),
    ):
        assert answer.status == 401
        assert "mux-sidecar token" in answer.json()["error"]["message"]
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def upgrade(mux: Mux, *headers: str, host: str = "localhost") -> bytes:
    """The head of the answer to a WebSocket's handshake with these headers."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /rpc HTTP/1.1", f"Host: {host}:{mux.port}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", *headers,
    ]  # fmt: skip
    return mux.raw("\r\n".join([*lines, "", ""]).encode()).partition(b"\r\n\r\n")[0]


def test_who_is_upgraded(served):
    """Host, Origin, Fetch metadata and the token are checked before the upgrade; its answer names `mux` alone."""
    token = served.token()
    offer = f"Sec-WebSocket-Protocol: mux, bearer.{token}"
    ours = f"Origin: http://localhost:{served.port}"
    taken = upgrade(served, offer, ours)
    assert taken.startswith(b"HTTP/1.1 101")
    assert b"Sec-WebSocket-Protocol: mux\r\n" in taken + b"\r\n"
    assert token.encode() not in taken
    assert upgrade(served, f"Authorization: Bearer {token}").startswith(b"HTTP/1.1 101")
    assert upgrade(served).startswith(b"HTTP/1.1 401")
    assert upgrade(served, "Sec-WebSocket-Protocol: mux, bearer.x").startswith(b"HTTP/1.1 401")
    assert upgrade(served, offer, "Origin: https://evil.example").startswith(b"HTTP/1.1 403")
    assert upgrade(served, offer, "Origin: null").startswith(b"HTTP/1.1 403")
    assert upgrade(served, offer, "Sec-Fetch-Site: cross-site").startswith(b"HTTP/1.1 403")
    assert upgrade(served, offer, host="evil.example").startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("change", [("Version: 13", "Version: 12"), ("Key: ", "Key: x"), ("Key: ", "No-Key: ")])
def test_a_handshake_that_is_none(served, change):
    """A handshake that does not fit the standard is told so."""
    key = base64.b64encode(os.urandom(16)).decode()
    head = (
        f"GET /rpc HTTP/1.1\r\nHost: localhost:{served.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: Bearer {served.token()}\r\n\r\n"
    )
    answer = served.raw(head.replace(*change).encode())
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"WebSocket handshake" in answer


def test_an_allowed_origin_is_not_allowed_here(served):
    """The setting `origins` opens /v1/mux to a page, never /rpc."""
    served.cli("settings", "origins", "https://ui.example")
    head = bearer(served) | {"Origin": "https://ui.example"}
    assert served.request("POST", "/rpc", STATUS, head).status == 403
    preflight = served.request("OPTIONS", "/rpc", None, head | {"Access-Control-Request-Method": "POST"})
    assert preflight.status == 403
    assert "access-control-allow-origin" not in preflight.headers


def test_methods_and_types(served):
    """Anything but POST and an upgrade is 405; a body that is no JSON by its type 415."""
    assert served.request("GET", "/rpc", None, bearer(served)).status == 405
    assert served.request("PUT", "/rpc", STATUS, bearer(served)).status == 405
    assert served.request("POST", "/rpc", b"{}", bearer(served) | {"content-type": "text/plain"}).status == 415


async def test_websocket(served):
    """Calls are answered on the socket, and what the command line changes is told on every socket."""
    async with (
        aiohttp.ClientSession(headers=bearer(served)) as session,
        session.ws_connect(url(served)) as one,
        session.ws_connect(url(served), protocols=("mux",)) as two,
    ):
        await one.send_json(STATUS)
        assert (await says(one))["result"]["text"] == "default · echo/echo"
        await one.send_str("{")
        assert (await says(one))["error"]["code"] == -32700
        await asyncio.to_thread(served.cli, "workspace", "add", "work")
        await asyncio.to_thread(served.cli, "workspace", "use", "work")
        for each in (one, two):
            told = await says(each, lambda message: message.get("method") == "mux/didChangeStatus")
            while told["params"]["workspace"] != "work":
                told = await says(each, lambda message: message.get("method") == "mux/didChangeStatus")


async def test_no_token_is_logged(fresh_mux):
    """A client that offers nothing but its token is served, and the log does not repeat it."""
    mux = fresh_mux(MUX_SIDECAR_LOG_LEVEL="debug").start()
    token = mux.token()
    async with aiohttp.ClientSession() as session, session.ws_connect(url(mux), protocols=[f"bearer.{token}"]) as ws:
        await ws.send_json(STATUS)
        assert (await says(ws, is_answer))["id"] == 1
    assert token not in mux.stderr


async def test_a_workspace_of_its_own(served):
    """A socket may have a workspace of its own, as a window may."""
    served.cli("workspace", "add", "work")
    async with (
        aiohttp.ClientSession(headers=bearer(served)) as session,
        session.ws_connect(f"{url(served)}?workspace=work") as ws,
    ):
        await ws.send_json(STATUS)
        assert (await says(ws))["result"]["text"] == "work (active: default) · no model"


async def test_what_was_so_before(home):
    """What was changed while nobody listened, and is changed back at once by who listens now, is told."""
    home.start()
    await asyncio.to_thread(home.rpc, "mux/settings/get")
    await asyncio.to_thread(home.rpc, "mux/settings/set", keep="everything")
    async with aiohttp.ClientSession(headers=bearer(home)) as session, session.ws_connect(url(home)) as ws:
        await ws.send_json(STATUS | {"method": "mux/settings/set", "params": {"keep": "summary"}})
        told = await says(ws, lambda message: message.get("method") == "mux/didChange")
        assert told["params"] == {"what": "settings"}


async def test_cancelling(served, other_upstream):
    """`$/cancelRequest` ends a call; an id that is still being answered is not taken twice."""
    other_upstream.is_silent = True
    wanted = {"name": "slow", "type": "openai", "endpoint": other_upstream.url, "auth": "none"}
    call = {"jsonrpc": "2.0", "id": 7, "method": "mux/provider/add", "params": wanted}
    async with aiohttp.ClientSession(headers=bearer(served)) as session, session.ws_connect(url(served)) as ws:
        await ws.send_json(call)
        await ws.send_json(call)
        assert (await says(ws, is_answer))["error"]["code"] == -32600
        await ws.send_json({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 7}})
        assert (await says(ws, is_answer))["error"]["code"] == -32800


def connected(mux: Mux) -> socket.socket:
    """A WebSocket by hand, for what a library would not send."""
    head = f"GET /rpc HTTP/1.1\r\nHost: localhost:{mux.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    head += f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n"
    sock = socket.create_connection(("127.0.0.1", mux.port), PATIENCE)
    sock.sendall(f"{head}Authorization: Bearer {mux.token()}\r\n\r\n".encode())
    assert sock.recv(4096).startswith(b"HTTP/1.1 101")
    return sock


def frame(kind: int, size: int, data: bytes) -> bytes:
    """A frame, masked with zeros, of as many bytes as it says or fewer (RFC 6455, section 5.2)."""
    return bytes([0x80 | kind, 0x80 | 127]) + size.to_bytes(8, "big") + bytes(4) + data


@pytest.mark.parametrize(("kind", "size", "code"), [(2, 2, 1003), (1, 16 * 2**20 + 1, 1009)])
def test_messages_that_cannot_be(served, kind, size, code):
    """A binary message closes the socket with 1003, one that is too long, as soon as it says so, with 1009."""
    with connected(served) as sock:
        sock.sendall(frame(kind, size, b"{}"))
        told = sock.recv(4096)
        assert told[0] == 0x88
        assert int.from_bytes(told[2:4], "big") == code
    assert served.rpc("mux/workspace/list")[0]["name"] == "default"


def test_a_slow_reader(served):
    """A client that asks and does not read costs no more than what may wait for it; the others are served."""
    names = [f"m{number}" + "x" * 100 for number in range(500)]
    served.rpc("mux/provider/add", name="many", type="echo", models=names)
    call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "mux/model/list"}).encode()
    pid = served.get("/health").json()["pid"]
    sent = 0
    with connected(served) as sock:
        sock.settimeout(0.5)
        with contextlib.suppress(TimeoutError):  # it stops reading: what is sent fills the buffers between
            while sent < 200_000:
                sock.sendall(frame(1, len(call), call) * 100)
                sent += 100
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
        assert served.rpc("mux/workspace/list")[0]["name"] == "default"
    assert sent < 200_000
    assert resident < 400 * 2**20


async def test_leaving(home):
    """A sidecar that leaves closes its sockets with 1001 and does not wait for them."""
    served = home.start()
    async with aiohttp.ClientSession(headers=bearer(served)) as session, session.ws_connect(url(served)) as ws:
        home.process.terminate()
        assert (await ws.receive(PATIENCE)).data == 1001
        assert await asyncio.to_thread(home.process.wait, PATIENCE) == 0


def sign_in(mux: Mux, body: Any) -> Any:
    """The answer to the page that signs in, as a browser sends it."""
    return mux.request("POST", "/rpc/session", body, {"Origin": f"http://127.0.0.1:{mux.port}"})


def test_signing_in(served):
    """The code of the dashboard's link is traded for a session, once; the session opens /rpc like the token."""
    link = served.json("dashboard", "--no-open")["url"]
    assert link.startswith(f"http://localhost:{served.port}/#code=")
    code = link.partition("#code=")[2]
    session = sign_in(served, {"code": code}).json()["token"]
    assert session not in (code, served.token())
    head = {"Authorization": f"Bearer {session}"}
    assert served.request("POST", "/rpc", STATUS, head).status == 200
    assert upgrade(served, f"Sec-WebSocket-Protocol: mux, bearer.{session}").startswith(b"HTTP/1.1 101")
    again = sign_in(served, {"code": code})
    assert again.status == 401
    assert "mux-sidecar dashboard" in again.json()["error"]["message"]
    for wrong in ({"code": "x"}, {"code": session}):
        assert sign_in(served, wrong).status == 401
    for wrong in ({}, {"code": 3}, b"[", b"[]"):
        assert sign_in(served, wrong).status == 400
    assert served.request("GET", "/rpc/session").status == 405
    foreign = {"Origin": "https://evil.example"}
    assert served.request("POST", "/rpc/session", {"code": code}, foreign).status == 403


def test_a_session_outlives_the_sidecar(home):
    """A page stays signed in when the sidecar is started anew; what is stored is no session but its digest."""
    home.start()
    code = home.json("dashboard", "--no-open")["url"].partition("#code=")[2]
    session = sign_in(home, {"code": code}).json()["token"]
    home.stop()
    home.start()
    assert home.request("POST", "/rpc", STATUS, {"Authorization": f"Bearer {session}"}).status == 200
    stored = b"".join(path.read_bytes() for path in home.home.glob("*.db*"))
    assert session.encode() not in stored


def expire(mux, table):
    """Let what signs in have expired an hour ago."""
    with contextlib.closing(sqlite3.connect(mux.home / "config.db", isolation_level=None)) as db:
        assert db.execute(f"UPDATE {table} SET expires = ?", (time.time() - 3600,)).rowcount == 1


def test_what_has_expired(home):
    """An old code signs nobody in, and an old session opens nothing; the answers say what to do."""
    home.start()
    late = home.json("dashboard", "--no-open")["url"].partition("#code=")[2]
    expire(home, "codes")
    refused = sign_in(home, {"code": late})
    assert refused.status == 401
    assert "mux-sidecar dashboard" in refused.json()["error"]["message"]
    code = home.json("dashboard", "--no-open")["url"].partition("#code=")[2]
    head = {"Authorization": f"Bearer {sign_in(home, {'code': code}).json()['token']}"}
    assert home.request("POST", "/rpc", STATUS, head).status == 200
    expire(home, "sessions")
    refused = home.request("POST", "/rpc", STATUS, head)
    assert refused.status == 401
    assert "mux-sidecar dashboard" in refused.json()["error"]["message"]


def test_the_dashboard_that_nobody_serves(home):
    """Where nothing serves, the command says what to start."""
    done = home.cli("dashboard", check=False)
    assert done.returncode == 1
    assert "mux-sidecar serve" in done.stderr
