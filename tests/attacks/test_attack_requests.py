"""Requests made to be misread: framing that two servers see in two ways, paths, headers, JSON, slow clients."""

import json
import os
import re
import socket

import pytest
from said import ask, completion
from upstream import reply

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows resets a connection whose data was not read")

POST = b"POST /v1/mux/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BODY = json.dumps(ask()).encode()
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
WHOLE = POST + LENGTH + b"\r\n" + BODY


def te(value):
    """A chunked request with that Transfer-Encoding."""
    return POST + b"Transfer-Encoding: " + value + b"\r\n\r\n" + CHUNKED


MISREAD = {
    "folded header": POST + LENGTH + b"X: a\r\n b\r\n\r\n" + BODY,
    "lines that end in LF": POST.replace(b"\r\n", b"\n") + LENGTH.replace(b"\r\n", b"\n") + b"\n" + BODY,
    "one line that ends in LF": POST + LENGTH + b"X: a\n\r\n" + BODY,
    "CR within a header": POST + LENGTH + b"X: a\rY: b\r\n\r\n" + BODY,
    "NUL within a header": POST + LENGTH + b"X: a\0b\r\n\r\n" + BODY,
    "blank before the colon": POST + b"X : a\r\n" + LENGTH + b"\r\n" + BODY,
    "length with a sign": POST + b"Content-Length: +45\r\n\r\n" + BODY,
    "length twice in a line": POST + b"Content-Length: 45, 45\r\n\r\n" + BODY,
    "length twice": POST + LENGTH + LENGTH + b"\r\n" + BODY,
    "length in hexadecimal": POST + b"Content-Length: 0x2d\r\n\r\n" + BODY,
    "length with an underscore": POST + b"Content-Length: 4_5\r\n\r\n" + BODY,
    "length and chunked": POST + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKED,
    "identity": te(b"identity"),
    "a coding before chunked": te(b"gzip, chunked"),
    "a coding after chunked": te(b"chunked, gzip"),
    "chunked twice": te(b"chunked\r\nTransfer-Encoding: chunked"),
    "chunked behind a tab of the other kind": te(b"\x0bchunked"),
    "chunked from HTTP/1.0": te(b"chunked").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "a chunk of negative size": te(b"chunked").replace(b"\r\n\r\n", b"\r\n\r\n-", 1),
    "a chunk's size with 0x": te(b"chunked").replace(b"\r\n\r\n", b"\r\n\r\n0x", 1),
    "a chunk beyond any size": POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n" + BODY,
    "a chunk longer than it says": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n" + BODY + b"\r\n0\r\n\r\n",
    "LF in a chunk's extension": POST
    + b"Transfer-Encoding: chunked\r\n\r\n%x;a\nb\r\n" % len(BODY)
    + BODY
    + b"\r\n0\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/9.9": WHOLE.replace(b"HTTP/1.1", b"HTTP/9.9"),
}


@pytest.mark.parametrize("name", MISREAD)
def test_what_could_be_misread_is_refused(stage, name):
    """It is a 400, no provider is asked, and a request that follows on the connection is not read."""
    stage.upstream.script(reply(completion()))
    got = stage.mux.raw(MISREAD[name] + WHOLE)
    assert re.findall(rb"HTTP/1\.[01] (\d+)", got) == [b"400"]
    assert stage.upstream.received == []


def test_no_tunnel_is_dug(stage):
    """CONNECT is refused, whoever it is to lead to."""
    for target in (b"evil.example:443", b"localhost:22"):
        assert stage.mux.raw(b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (target, target))[9:10] == b"4"


def test_pipelined_requests_are_answered_in_order(stage):
    """Two requests sent at once are two answers; one within the body of another is none."""
    stage.upstream.script(reply(completion()))
    assert re.findall(rb"HTTP/1\.1 (\d+)", stage.mux.raw(WHOLE + WHOLE)) == [b"200", b"200"]
    stage.upstream.script(reply(completion()))
    head = b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(WHOLE)
    assert re.findall(rb"HTTP/1\.1 (\d+)", stage.mux.raw(head + WHOLE)) == [b"200"]
    assert stage.upstream.received == []


PATHS = [
    "/v1/mux/../../rpc",
    "/v1/mux/%2e%2e/%2e%2e/rpc",
    "//rpc",
    "/rpc/",
    "/%72pc",
    "/rpc%00",
    "/token",
    "/.env",
    "/dashboard/../token",
    "/dashboard/%2e%2e/%2e%2e/etc/passwd",
    "/dashboard/..%2f..%2f..%2fetc%2fpasswd",
    "/dashboard//etc/passwd",
    "/dashboard/%5c..%5c..%5ctoken",
    "/./health",
    "/v1/mux;x/models",
    "http://localhost/../rpc",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_no_path_leads_elsewhere(stage, path, method):
    """Dots, codes and doubled slashes reach neither files nor `/rpc`."""
    head = b"%b %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" % (method, path.encode())
    got = stage.mux.raw(head + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    assert got.split(b" ")[1] in (b"404", b"400"), got
    assert stage.mux.token().encode() not in got
    assert b"root:" not in got


HEADERS = [
    "Authorization",
    "X-Api-Key",
    "User-Agent",
    "X-Mux-Workspace",
    "Origin",
    "Host",
    "Content-Encoding",
    "Cookie",
]
VALUES = [
    b"\xff\xfe",
    "caf\u00e9 \u202e".encode(),
    b"'; DROP TABLE requests; --",
    b"%0d%0aX-Evil: 1",
    b"a" * 9000,
    b'{}[]\\"\t',
]


@pytest.mark.parametrize("name", HEADERS)
def test_any_header_gets_an_answer(stage, name):
    """Whatever a header holds, the answer is one of HTTP's, and no defect of ours; nothing is injected."""
    stage.upstream.script(reply(completion()))
    base = POST if name != "Host" else POST.replace(b"Host: localhost\r\n", b"")
    for value in VALUES:
        got = stage.mux.raw(
            base + LENGTH + b"Connection: close\r\n" + name.encode() + b": " + value + b"\r\n\r\n" + BODY
        )
        assert got[:9] == b"HTTP/1.1 "
        assert int(got[9:12]) in (200, 400, 401, 403, 415), got
        assert b"\r\nX-Evil" not in got
    assert stage.mux.recorded(1)  # and what was recorded can be read


def test_slow_clients_hold_up_nobody(stage):
    """Three hundred clients that send a byte now and then cost the others nothing."""
    stage.upstream.script(reply(completion()))
    path = stage.path("up")
    slow = [socket.create_connection(("127.0.0.1", stage.mux.port), 10) for _ in range(300)]
    try:
        for piece in (b"POST", b" /v1/mux", b"/chat/completions HTTP/1.1\r\nHost: loc"):
            for sock in slow:
                sock.sendall(piece)
            assert stage.mux.post(path, ask()).status == 200
        for sock in slow:
            sock.sendall(b"alhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
        assert stage.mux.post(path, ask()).status == 200
    finally:
        for sock in slow:
            sock.close()
    assert stage.mux.post(path, ask()).status == 200


VALUES_OF_JSON = [
    b'{"messages": ' + b"[" * 100_000,
    b'{"messages": [{"role": "user", "content": ' + b"[" * 50_000 + b"]" * 50_000 + b"}]}",
    b'{"messages": [{"role": "user", "content": "hi"}], "n": ' + b"9" * 10_000 + b"}",
    b'{"messages": [{"role": "user", "content": "hi"}], "temperature": NaN}',
    b'{"messages": [{"role": "user", "content": "hi"}], "temperature": 1e999}',
    b'{"messages": [{"role": "user", "content": "\\ud800"}], "stream": false}',
    b'{"messages": [{"role": "user", "content": "hi"}], "messages": 7}',
    b'{"messages": [{"role": "user", "content": "\\u0000"}]}',
    b"\xef\xbb\xbf" + BODY,
    b"\x00" * 1000,
    b"\xff\xfe{\x00}\x00",
]


@pytest.mark.parametrize("place", ["up", "claude"])
@pytest.mark.parametrize("rest", ["/chat/completions", "/messages", "/responses"])
def test_any_json_gets_an_answer(stage, place, rest):
    """Depth, size, odd numbers, halves of characters: passed on or refused, never a defect of ours."""
    path = stage.path(place, rest)
    for body in VALUES_OF_JSON:
        stage.upstream.script(reply({"error": {"message": "no"}}, status=400))
        answer = stage.mux.post(path, body.replace(b'"messages"', b'"input"') if rest == "/responses" else body)
        assert answer.status == 400, (body[:80], answer.body)
        assert answer.json()["error"]["message"]
