"""Who may talk to the endpoint: this machine's programs, and no web page that was not let in."""

import json
import re
import socket
import sys
from pathlib import Path

import pytest
from mux import Mux

OWN = "app://obsidian.md"


@pytest.fixture(scope="module")
def mux(tmp_path_factory):
    """A mux whose settings let one foreign page and one more name in."""
    mux = Mux(tmp_path_factory.mktemp("listener") / "home")
    mux.cli("provider", "add", "echo", "--type", "echo")
    mux.cli("rule", "default", "echo/echo")
    mux.cli("settings", "origins", OWN)
    mux.cli("settings", "hosts", "host.docker.internal")
    yield mux.start()
    mux.stop()


BODY = json.dumps({"messages": [{"role": "user", "content": "hi"}]}).encode()


def send(mux, *headers, method="POST", target="/v1/mux/chat/completions", body=BODY, host="Host: localhost"):
    """Send exactly these headers; the status and the answer's headers by lower-case name."""
    lines = [f"{method} {target} HTTP/1.1", *([host] if host else []), *headers, f"Content-Length: {len(body)}"]
    got = mux.raw("\r\n".join([*lines, "Connection: close", "", ""]).encode() + body)
    head = got.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    return int(head[0].split(" ")[1]), {
        name.lower(): value.strip() for name, _, value in (x.partition(":") for x in head[1:])
    }


def page(mux, *headers, **more):
    """The same, with a JSON content type."""
    return send(mux, "Content-Type: application/json", *headers, **more)


def cross_origin(headers):
    """What an answer allows other pages."""
    return {name: value for name, value in headers.items() if name.startswith("access-control-")}


def test_listens_on_both_loopbacks(mux):
    """127.0.0.1 answers, and ::1 where there is IPv6."""
    assert mux.raw(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n").split(b" ")[1] == b"200"
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    got = mux.raw(b"GET /health HTTP/1.0\r\nHost: [::1]\r\n\r\n", host="::1")
    assert got.split(b" ")[1] == b"200"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127/8 and tells who listens where")
def test_listens_nowhere_else(mux):
    """No other address answers."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", mux.port), 2)
    listening = [
        line.split()[1].split(":")
        for family in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{family}").read_text("ascii").splitlines()[1:]
        if line.split()[3] == "0A"
    ]
    own = {address for address, port in listening if int(port, 16) == mux.port}
    assert own <= {"0100007F", "00000000000000000000000001000000"}
    assert own


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:1",
        "localhost:8989",
        "127.0.0.1",
        "127.0.0.1:80",
        "[::1]",
        "[::1]:9",
        "host.docker.internal:8989",
    ],
)
def test_own_names_pass(mux, host):
    """Loopback names pass with any port, and so do the names in the setting `hosts`."""
    assert page(mux, host=f"Host: {host}")[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8989",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "localhost:8989@evil.example",
        "192.168.1.5:8989",
        "0.0.0.0:8989",
        "[::]:8989",
        "evil.host.docker.internal",
    ],
)
@pytest.mark.parametrize("target", ["/v1/mux/chat/completions", "/health", "/rpc", "/"])
def test_foreign_names_are_403(mux, host, target):
    """A request by any other name is a 403, on every path: a page could have its own name point to this machine."""
    method = "GET" if target in {"/health", "/"} else "POST"
    status, headers = page(mux, host=f"Host: {host}", target=target, method=method)
    assert status in ({403, 400} if "@" in host else {403})
    assert not cross_origin(headers)


def test_two_hosts_are_400(mux):
    """Two Host headers are a 400, whatever they say."""
    assert page(mux, "Host: evil.example")[0] == 400
    assert page(mux, "Host: localhost")[0] == 400


def test_no_host_does_not_pass(mux):
    """HTTP/1.1 without a Host is refused."""
    assert page(mux, host=None)[0] in {400, 403}


def test_an_absolute_uri_must_agree(mux):
    """An absolute URI that differs from the Host is a 400; one that agrees passes."""
    assert page(mux, target="http://evil.example/v1/mux/chat/completions")[0] == 400
    assert page(mux, target="http://localhost/v1/mux/chat/completions")[0] == 200


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost:3000",
        "http://127.0.0.1:1",
        "null",
        "app://obsidian.md.evil.example",
        "app://obsidian",
        "https://obsidian.md",
        "file://",
        "",
    ],
)
@pytest.mark.parametrize("target", ["/v1/mux/chat/completions", "/rpc"])
def test_foreign_origins_are_403(mux, origin, target):
    """A web page that is not let in gets a 403 and no leave to read, one of another local port too."""
    status, headers = page(mux, f"Origin: {origin}", target=target)
    assert status == 403
    assert not cross_origin(headers)


def test_our_own_page_passes(mux):
    """Our own page's origin passes."""
    status, headers = page(mux, f"Origin: http://localhost:{mux.port}", host=f"Host: localhost:{mux.port}")
    assert status == 200
    assert headers["x-mux-provider"] == "echo"


def test_an_allowed_origin_passes(mux):
    """A page in the setting `origins` gets its answer, readable for it alone, errors too."""
    status, headers = page(mux, f"Origin: {OWN}")
    assert (status, headers["access-control-allow-origin"]) == (200, OWN)
    assert "access-control-allow-credentials" not in headers
    assert "origin" in headers["vary"].lower()
    status, headers = page(mux, f"Origin: {OWN}", body=b"{")
    assert (status, headers["access-control-allow-origin"]) == (400, OWN)


def test_an_allowed_origin_gets_its_preflight(mux):
    """The preflight of an allowed page names what it may send."""
    asks = [
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization,content-type,x-stainless-os",
    ]
    status, headers = send(mux, f"Origin: {OWN}", *asks, method="OPTIONS", body=b"")
    assert status in {200, 204}
    assert headers["access-control-allow-origin"] == OWN
    assert "POST" in headers["access-control-allow-methods"]
    allowed = headers["access-control-allow-headers"].lower()
    assert allowed == "*" or {"authorization", "content-type", "x-stainless-os"} <= set(re.split(r",\s*", allowed))


def test_a_foreign_preflight_is_403(mux):
    """The preflight of a page that is not let in is refused."""
    status, headers = send(
        mux, "Origin: https://evil.example", "Access-Control-Request-Method: POST", method="OPTIONS", body=b""
    )
    assert (status, cross_origin(headers)) == (403, {})


def test_rpc_is_for_no_other_page(mux):
    """`/rpc` gives no page a cross-origin leave, not even an allowed one with the token."""
    auth = f"Authorization: Bearer {mux.token()}"
    asks = "Access-Control-Request-Method: POST"
    assert not cross_origin(page(mux, f"Origin: {OWN}", auth, target="/rpc")[1])
    assert not cross_origin(send(mux, f"Origin: {OWN}", asks, method="OPTIONS", target="/rpc", body=b"")[1])


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
)
def test_browsers_tell_where_a_request_comes_from(mux, site, status):
    """A request that a browser marks as another site's is a 403, without any Origin too."""
    assert page(mux, f"Sec-Fetch-Site: {site}")[0] == status
    assert send(mux, f"Sec-Fetch-Site: {site}", method="GET", target="/v1/mux/models", body=b"")[0] == status


def test_a_link_to_the_dashboard_may_be_followed(mux):
    """A plain navigation to `/` passes from anywhere; anything else from there does not."""
    marks = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]
    assert send(mux, *marks, method="GET", target="/", body=b"")[0] == 200
    assert send(mux, *marks, method="GET", target="/v1/mux/models", body=b"")[0] == 403
    assert (
        send(mux, marks[0], "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image", method="GET", target="/", body=b"")[0]
        == 403
    )


def test_no_page_may_read_along(mux):
    """An answer to a program has no cross-origin header at all."""
    assert not cross_origin(page(mux)[1])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 200),
        ([f"Origin: {OWN}"], 415),
        (["Sec-Fetch-Site: same-origin"], 415),
        (["Sec-Fetch-Mode: no-cors"], 415),
        (["Content-Type: text/plain"], 415),
        ([f"Origin: {OWN}", "Content-Type: application/json"], 200),
    ],
)
def test_only_programs_may_leave_the_type_out(mux, headers, status):
    """A request without a content type passes only where no browser's mark is on it."""
    assert send(mux, *headers)[0] == status


def test_require_key(mux):
    """With `requireKey` the client's key must be the token, under either name; turned off again, any will do."""
    token = mux.token()
    mux.cli("settings", "requireKey", "true")
    try:
        for headers in ([], ["Authorization: Bearer x"], [f"Authorization: Bearer {token}x"], ["X-Api-Key: y"]):
            assert page(mux, *headers)[0] == 401, headers
        assert page(mux, f"Authorization: Bearer {token}")[0] == 200
        assert page(mux, f"X-Api-Key: {token}")[0] == 200
        assert send(mux, method="GET", target="/health", body=b"")[0] == 200
        for header in (b"Authorization: Bearer \xff\xfe", b"X-Api-Key: \xff"):  # no text at all
            head = b"GET /v1/mux/models HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n\r\n"
            assert mux.raw(head).startswith(b"HTTP/1.1 401 ")
    finally:
        mux.cli("settings", "requireKey", "false")
    assert page(mux)[0] == 200


def test_removed_settings_hold_at_once(mux):
    """A page that is no longer in `origins` is a 403 with the next request."""
    mux.cli("settings", "origins", "")
    try:
        assert page(mux, f"Origin: {OWN}")[0] == 403
    finally:
        mux.cli("settings", "origins", OWN)
    assert page(mux, f"Origin: {OWN}")[0] == 200
