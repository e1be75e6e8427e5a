"""The clients that requests to providers go through, and the proxy they take."""

from __future__ import annotations

import errno
import logging
import ssl
import sys
from urllib.parse import urlsplit

# The stubs leave out `proxy_bypass_environment`, which there is on all systems.
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

import aiohttp

from sidecar.http1.connecting import Connector
from sidecar.http1.connection import Limits
from sidecar.http1.pool import KEEP_ALIVE, Pool
from sidecar.providers.hosts import is_loopback
from sidecar.providers.resolver import Resolver, open_socket
from sidecar.settings import ca_bundle
from sidecar.values import Timeouts

MAX_LINE = 64 * 1024  # providers and their edges send long policy and tracing headers
_PROXY_SCHEMES = ("http", "https")

#: This process, or the machine, has no file handles left.
NO_HANDLES = (errno.EMFILE, errno.ENFILE)

log = logging.getLogger(__name__)


class UnusableProxy(OSError):
    """The environment names a proxy that cannot be used; `args[0]` says why, without its password."""


def open_session(resolver: Resolver | None = None) -> aiohttp.ClientSession:
    """A session for listings, and for requests that take a proxy; whoever opens it closes it.

    It has no cookies, no total timeout, as many connections as are asked for, tries all addresses of a name (RFC 8305)
    and connects to no link-local or metadata address. Callers pass `allow_redirects=False`,
    `proxy=proxy_for(url)` and a timeout, and translate what is raised with `failures`. Needs a running loop.
    """
    connector = aiohttp.TCPConnector(
        limit=0,
        keepalive_timeout=KEEP_ALIVE,
        resolver=resolver or Resolver(),
        socket_factory=open_socket,
        ssl=_trust(),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=True,
        max_line_size=MAX_LINE,
        max_field_size=MAX_LINE,
        headers={"User-Agent": "mux-sidecar"},
    )


def open_pool() -> Pool:
    """The connections for all other requests: as lean as they can be, with the same rules. Needs a running loop."""
    return Pool(Connector(Resolver(), open_socket, _context))


def client_timeout(timeouts: Timeouts | Limits) -> aiohttp.ClientTimeout:
    """The client's timeout of filled timeouts: connecting, name look-up and TLS included, and the silence allowed.

    The silence is that before the first byte; the reader of a stream keeps its own watch from then on.
    """
    return aiohttp.ClientTimeout(total=None, connect=timeouts.connect, sock_read=timeouts.first_byte)


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for a URL (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY), or None.

    Loopback never goes through one. Read at each call, as little as it costs.

    Raises:
        UnusableProxy: it is no HTTP proxy.
    """
    if is_loopback(url):
        return None
    proxies = getproxies_environment()
    if not proxies:
        return None
    parts = urlsplit(url)
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass_environment(parts.netloc, proxies):
        return None
    return _usable(proxy)


def _usable(proxy: str) -> str:
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    parts = urlsplit(proxy)
    if parts.scheme not in _PROXY_SCHEMES or not parts.hostname:
        raise UnusableProxy(f"a proxy that begins with {parts.scheme}:// cannot be used, only http:// and https://")
    return proxy


def _context() -> ssl.SSLContext:
    """Whom connections of our own trust. Raises OSError: it could not be read, and must be asked for again."""
    trust = _trust()
    if isinstance(trust, ssl.SSLContext):
        return trust
    context = _checking()
    _insist_on_authorities(context)
    return context


def _insist_on_authorities(context: ssl.SSLContext) -> None:
    """Nothing, if a context has whom it should trust; the library says nothing where it could not read them.

    Raises:
        OSError: no file handle is left to read them with.
    """
    file = ssl.get_default_verify_paths().cafile
    if file is None or context.cert_store_stats()["x509"]:
        return
    try:
        context.load_verify_locations(cafile=file)
    except OSError as failure:  # without a handle, or a file without authorities
        if failure.errno in NO_HANDLES:
            raise


def _trust() -> ssl.SSLContext | bool:
    """Whom to trust: the system's authorities (and SSL_CERT_FILE, SSL_CERT_DIR), and a company's own if one is named.

    aiohttp's own context is the former, and is made when it is imported; it is taken where Python has it check no more
    than ours.
    """
    bundle = ca_bundle()
    known = ssl.get_default_verify_paths()  # these two name what the variables name, if they are set
    if bundle is None or str(bundle) in (known.cafile, known.capath):
        return True if sys.version_info < (3, 13) else _checking()
    context = _checking()
    try:
        if bundle.is_dir():
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except OSError as failure:  # ssl.SSLError is one
        if failure.errno in NO_HANDLES:
            raise
        log.warning("REQUESTS_CA_BUNDLE cannot be read (%s); going on with the system's authorities.", failure)
    return context


def _checking() -> ssl.SSLContext:
    """Checks certificates as Python did before 3.13, which refuses those of many a company's own authority.

    It wants a key identifier (RFC 5280, section 4.2.1.1), for one, without which other programs do.
    """
    context = ssl.create_default_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(("http/1.1",))
    return context
