"""Connections that fail, each with a cause and a sentence that helps."""

import asyncio
import errno
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from waiting import AT_ONCE, PATIENCE

from sidecar.errors import ProviderUnreachable
from sidecar.providers.failures import FOREIGN, cause_of, unreachable, upstream_error
from sidecar.providers.http import client_timeout, open_session, proxy_for
from sidecar.providers.resolver import BlockedAddress, Resolver, open_socket
from sidecar.providers.types import timeouts_of
from sidecar.values import Timeouts

CERTIFICATES = Path(__file__).parent / "certificates"


async def failure(session, config, **options):
    """What a request to this provider raises."""
    with pytest.raises(FOREIGN) as failed:
        await ask(session, config, **options)
    return failed.value


async def ask(session, config, url=None, **options):
    """The body that a provider answers a request with."""
    url = url or config.base + "/chat/completions"
    timeout = client_timeout(timeouts_of(config))
    proxy = proxy_for(url)
    async with session.post(url, json={}, allow_redirects=False, timeout=timeout, proxy=proxy, **options) as answer:
        return await answer.read()


@pytest.fixture
async def raw_server():
    """A function that listens for bare connections, and tells its port."""
    servers = []

    async def start(handle):
        async def guarded(reader, writer):
            try:
                await handle(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(guarded, "127.0.0.1", 0)
        servers.append(server)
        return server.sockets[0].getsockname()[1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def silent_port():
    """A port whose queue of connections is full, so that a new one is never answered."""
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux leaves a connection unanswered when the queue is full")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        yield address[1]
        for filler in fillers:
            filler.close()


async def test_a_refused_connection_is_told_within_a_second(session, config, dead_port):
    """502 connect_refused, for localhost after both loopback addresses were tried."""
    provider = config("openai", f"http://localhost:{dead_port}/v1")
    began = time.monotonic()
    error = upstream_error(await failure(session, provider), provider)
    assert time.monotonic() - began < AT_ONCE
    assert (error.status, error.type, error.error_code) == (502, "upstream_connection_error", "connect_refused")
    assert f"mine at http://localhost:{dead_port} refused the connection" in error.message


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_localhost_is_found_on_either_loopback(session, serve, config, host):
    """A server that listens on ::1 alone, or on 127.0.0.1 alone, is reached by `localhost`."""
    if host == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    server = await serve({"*": {}}, host=host)
    assert await ask(session, config("openai", f"http://localhost:{server.port}/v1")) == b"{}"


def has_ipv6():
    """Whether this machine has ::1."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_a_name_that_does_not_exist_is_told(session, config):
    """502 dns, naming the host."""
    provider = config("openai", "http://no-such-host.invalid/v1")
    cause = cause_of(await failure(session, provider), provider)
    assert (cause.code, cause.status) == ("dns", 502)
    assert "no-such-host.invalid" in cause.sentence


async def test_a_label_that_dns_cannot_hold_is_told(session, config):
    """A host of 70 letters is a name that is not found, not a crash."""
    provider = config("openai", f"http://{'a' * 70}.example/v1")
    assert cause_of(await failure(session, provider), provider).code == "dns"


async def test_a_slow_resolver_is_told_and_holds_up_nobody(serve, config):
    """The look-up has the connect timeout and a thread of its own, so that other requests go on."""
    release = threading.Event()

    def slow(*_):
        release.wait(PATIENCE)
        raise socket.gaierror(socket.EAI_AGAIN, "late")

    server = await serve({"*": {}})
    names = [config("openai", f"http://slow-{each}.example/v1", timeouts=Timeouts(connect=5)) for each in range(20)]
    async with open_session(Resolver(slow)) as session:
        waiting = [asyncio.ensure_future(failure(session, each)) for each in names]
        await asyncio.sleep(0.05)
        assert await ask(session, config("openai", f"{server.url}/v1")) == b"{}"
        assert not any(each.done() for each in waiting)
        causes = {cause_of(exc, each).code for exc, each in zip(await asyncio.gather(*waiting), names, strict=True)}
    release.set()
    assert causes == {"dns"}


async def test_a_black_hole_is_left_after_the_connect_timeout(session, config, silent_port):
    """504 connect_timeout for a host that never answers the connection."""
    provider = config("openai", f"http://127.0.0.1:{silent_port}/v1", timeouts=Timeouts(connect=0.3))
    began = time.monotonic()
    exc = await failure(session, provider)
    assert time.monotonic() - began < AT_ONCE
    error = upstream_error(exc, provider)
    assert (error.status, error.type, error.error_code) == (504, "timeout_error", "connect_timeout")
    assert unreachable(exc, provider).cause == "timeout"


async def test_silence_before_the_first_byte_is_told(session, config, raw_server):
    """504 upstream_timeout, and the sentence points at the timeouts."""

    async def silent(reader, _):
        await reader.read()

    provider = config("openai", f"http://127.0.0.1:{await raw_server(silent)}/v1", timeouts=Timeouts(first_byte=0.2))
    error = upstream_error(await failure(session, provider), provider)
    assert (error.status, error.type, error.error_code) == (504, "timeout_error", "upstream_timeout")


@pytest.mark.parametrize("certificate", ["localhost.pem", "expired.pem", "elsewhere.pem"])
async def test_a_certificate_that_cannot_be_trusted_is_refused(session, serve, config, certificate):
    """502 tls for an unknown authority, an expired certificate and another host's; nothing is sent."""
    server = await serve({"*": {}}, certificate=certificate)
    provider = config("openai", f"{server.url}/v1")
    error = upstream_error(await failure(session, provider), provider)
    assert (error.status, error.error_code) == (502, "tls")
    assert "REQUESTS_CA_BUNDLE" in error.message
    assert server.asked == []


@pytest.mark.parametrize(
    ("certificate", "said"), [("expired.pem", "expired"), ("elsewhere.pem", "mismatch"), ("localhost.pem", None)]
)
async def test_a_companys_authority_can_be_trusted(serve, config, monkeypatch, certificate, said):
    """REQUESTS_CA_BUNDLE adds an authority; an expired or another host's certificate is still refused."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / "authority.pem"))
    server = await serve({"*": {}}, certificate=certificate)
    provider = config("openai", f"{server.url}/v1")
    async with open_session() as session:
        if said is None:
            assert await ask(session, provider) == b"{}"
        else:
            assert said in cause_of(await failure(session, provider), provider).sentence.lower()


async def test_an_authority_without_key_identifiers_can_be_trusted(serve, config, monkeypatch):
    """As companies' own often are; Python 3.13 made its contexts strict about that, and other programs are not."""
    made = ssl.create_default_context

    def strict(*purpose):
        context = made(*purpose)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / "old-authority.pem"))
    server = await serve({"*": {}}, certificate="old.pem")
    async with open_session() as session:
        assert await ask(session, config("openai", f"{server.url}/v1")) == b"{}"


@pytest.mark.parametrize("bundle", ["nowhere.pem", "README.md"])
async def test_an_unreadable_bundle_does_not_keep_the_sidecar_from_starting(monkeypatch, caplog, bundle):
    """It is told in the log, and the system's authorities hold."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATES / bundle))
    async with open_session() as session:
        assert not session.closed
    assert "REQUESTS_CA_BUNDLE" in caplog.text


async def test_a_plain_port_asked_for_tls_is_told(session, serve, config):
    """The sentence says what to change."""
    server = await serve({"*": {}})
    provider = config("openai", server.url.replace("http:", "https:") + "/v1")
    cause = cause_of(await failure(session, provider), provider)
    assert cause.code == "tls"
    assert "http://" in cause.sentence


async def test_a_plain_server_that_hangs_up_on_tls_is_told(session, config, raw_server):
    """It runs, and the sentence says what to change."""

    async def hang_up(reader, _):
        await reader.read(1)

    provider = config("openai", f"https://127.0.0.1:{await raw_server(hang_up)}/v1")
    cause = cause_of(await failure(session, provider), provider)
    assert (cause.code, cause.status) == ("tls", 502)
    assert "closed the connection during the TLS handshake" in cause.sentence
    assert "http://" in cause.sentence


async def test_a_tls_handshake_that_stalls_is_told(session, config, raw_server):
    """502 tls once the connect timeout is over."""

    async def stall(reader, _):
        await reader.read()

    port = await raw_server(stall)
    provider = config("openai", f"https://localhost:{port}/v1", timeouts=Timeouts(connect=0.3))
    cause = cause_of(await failure(session, provider), provider)
    assert (cause.code, cause.status) == ("tls", 502)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"", "disconnected"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "disconnected"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "disconnected"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "bad_upstream_response"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "bad_upstream_response"),
    ],
)
async def test_an_answer_that_breaks_off_or_is_none_is_told(session, config, raw_server, sent, code):
    """A closed connection, a short body and a missing last chunk are disconnections; another protocol is bad."""

    async def speak(reader, writer):
        await reader.read(100)
        writer.write(sent)
        await writer.drain()

    provider = config("openai", f"http://127.0.0.1:{await raw_server(speak)}/v1")
    cause = cause_of(await failure(session, provider), provider)
    assert (cause.code, cause.status) == (code, 502)


@pytest.mark.parametrize("url", ["http://169.254.169.254/v1", "http://[fe80::1]/v1", "http://[::ffff:169.254.1.1]/"])
async def test_a_blocked_address_is_not_connected_to(session, config, url):
    """An address spelt out in a URL passes the last gate before the socket, and is refused there."""
    provider = config("openai", "http://192.0.2.1/v1")
    cause = cause_of(await failure(session, provider, url=url), provider)
    assert cause.code == "blocked_address"


async def test_a_name_that_leads_to_a_blocked_address_is_not_connected_to(config):
    """DNS may say what it likes: link-local and metadata addresses are left out, and refused if no other is left."""
    infos = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]
    resolver = Resolver(lambda *_: infos)
    provider = config("openai", "http://rebound.example/v1")
    async with open_session(resolver) as session:
        exc = await failure(session, provider)
    assert cause_of(exc, provider).code == "blocked_address"
    assert "169.254.169.254" in unreachable(exc, provider).message
    infos.append((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80)))
    assert [each["host"] for each in await resolver.resolve("rebound.example", 80)] == ["192.0.2.1"]


def test_the_last_gate_opens_sockets_for_others():
    """Ordinary addresses get their socket."""
    info = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))
    with open_socket(info) as opened:
        assert opened.family == socket.AF_INET
    with pytest.raises(BlockedAddress):
        open_socket((*info[:4], ("169.254.1.1", 80)))


async def test_no_sentence_shows_a_key(session, config, dead_port):
    """Neither the query of an endpoint nor the password of a proxy is told."""
    provider = config("openai", f"http://127.0.0.1:{dead_port}/v1?key=sk-secret")
    cause = cause_of(await failure(session, provider), provider)
    assert "sk-secret" not in cause.sentence


async def test_a_proxy_is_used_and_its_troubles_are_told(session, serve, config, monkeypatch, dead_port):
    """HTTP_PROXY carries plain requests; a dead one, and one that wants a password, are named as the cause."""
    proxy = await serve({"*": {"via": "proxy"}})
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    provider = config("openai", "http://provider.example/v1")
    assert await ask(session, provider) == b'{"via": "proxy"}'
    monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{dead_port}")
    cause = cause_of(await failure(session, provider), provider)
    assert cause.code == "proxy"
    assert "secret" not in cause.sentence
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    assert cause_of(await failure(session, provider), provider).code == "proxy"


async def test_a_proxy_that_wants_a_password_is_told(session, config, monkeypatch, raw_server):
    """407 to CONNECT is the proxy's refusal, not the provider's."""

    async def refuse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{await raw_server(refuse)}")
    provider = config("openai", "https://provider.example/v1")
    cause = cause_of(await failure(session, provider), provider)
    assert cause.code == "proxy"
    assert "407" in cause.sentence


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://api.openai.com/v1", None),
        ({"HTTPS_PROXY": "http://p:1"}, "https://api.openai.com/v1", "http://p:1"),
        ({"https_proxy": "p:1"}, "https://api.openai.com/v1", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "http://api.openai.com/v1", None),
        ({"ALL_PROXY": "http://p:1"}, "https://api.openai.com/v1", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "openai.com"}, "https://api.openai.com/v1", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "https://api.openai.com/v1", None),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "box:8000"}, "http://box:8000/v1", None),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "box:8000"}, "http://box:9000/v1", "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, "http://localhost:11434/", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://127.0.0.2:11434/", None),
        ({"ALL_PROXY": "http://p:1"}, "http://[::1]:11434/", None),
        ({"ALL_PROXY": "socks5://p:1"}, "http://localhost:11434/", None),
    ],
)
def test_the_environment_says_which_proxy(monkeypatch, environment, url, proxy):
    """The usual variables hold, NO_PROXY too, and loopback never goes through a proxy."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


def test_a_proxy_that_cannot_be_used_is_not_passed_by(monkeypatch, config):
    """A SOCKS proxy is told as what is wrong; going without it could reveal what it was set to hide."""
    monkeypatch.setenv("ALL_PROXY", "socks5://me:secret@127.0.0.1:1080")
    with pytest.raises(FOREIGN) as failed:
        proxy_for("https://api.openai.com/v1")
    error = unreachable(failed.value, config("openai"))
    assert isinstance(error, ProviderUnreachable)
    assert "socks5://" in error.message
    assert "secret" not in error.message


@pytest.mark.parametrize(
    ("exc", "code", "status"),
    [
        (aiohttp.ServerDisconnectedError(), "disconnected", 502),
        (aiohttp.ClientPayloadError("x"), "disconnected", 502),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "disconnected", 502),
        (aiohttp.ClientOSError(errno.EPIPE, "broken pipe"), "disconnected", 502),
        (TimeoutError(), "upstream_timeout", 504),
        (aiohttp.SocketTimeoutError("x"), "upstream_timeout", 504),
        (aiohttp.InvalidURL("http://?key=sk-secret"), "bad_upstream_response", 502),
        (ssl.SSLError(1, "[SSL: TLSV1_ALERT]"), "tls", 502),
        (OSError(errno.EMFILE, "Too many open files"), "no_sockets", 503),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "connect_refused", 502),
        (aiohttp.ClientError("sk-secret"), "bad_upstream_response", 502),
    ],
)
def test_each_foreign_exception_has_its_cause(config, exc, code, status):
    """Also those that are hard to bring about."""
    cause = cause_of(exc, config("openai"))
    assert (cause.code, cause.status) == (code, status)
    assert "sk-secret" not in cause.sentence
    assert "mine" in cause.sentence or code == "no_sockets"


async def test_long_headers_are_read(session, config, serve):
    """Edges send policies of more than the 8 KB that the client reads by default."""

    async def page(_):
        return web.json_response({}, headers={"Content-Security-Policy": "x" * 20000})

    server = await serve({"*": page})
    assert await ask(session, config("openai", f"{server.url}/v1")) == b"{}"


EXHAUSTED = """
import errno, os, resource
from sidecar.providers import http

resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
held = []
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
try:
    http._context()
except OSError as failure:
    print(errno.errorcode[failure.errno])
for handle in held:
    os.close(handle)
print(http._context().cert_store_stats()["x509"] > 0)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps its authorities elsewhere than in a file")
@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_authorities_that_could_not_be_read_are_read_again(name):
    """Without a file handle nothing is made that trusts nobody for ever; with handles again, it is made."""
    others = {key: value for key, value in os.environ.items() if key not in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")}
    env = {**others, name: str(CERTIFICATES / "authority.pem")}
    done = subprocess.run([sys.executable, "-c", EXHAUSTED], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["EMFILE", "True"]
