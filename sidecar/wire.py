"""The seam to the providers: sends one request and hands back the answer's bytes as they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

import aiohttp
import msgspec
from multidict import CIMultiDict
from yarl import URL

from sidecar import __version__
from sidecar.http1.connection import Limits
from sidecar.http1.pool import Pool
from sidecar.http1.request import Place, head_of, place_of
from sidecar.keys import Keys, never_given
from sidecar.providers import echo, failures, types
from sidecar.providers.http import client_timeout, proxy_for
from sidecar.providers.resolver import OPENED
from sidecar.values import ProviderConfig, WireName

USER_AGENT = f"mux-sidecar/{__version__}"


class Answer(Protocol):
    """A provider's answer: its status and headers, then its body piece by piece."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields, whatever their case."""

    async def read(self) -> bytes:
        """The next bytes as they came; empty at the end."""

    def set_idle(self) -> None:
        """From now on, silence is measured by the timeout for streams."""

    def close(self) -> None:
        """Let go: a body that was read to its end leaves the connection open, any other closes it."""

    def finish(self) -> None:
        """Let go once nothing more is wanted: the end of the body may still come for a moment, to the same effect."""


class Target(NamedTuple):
    """Where a provider's wire is, made once: its place, the standing headers and the head they make, the timeouts."""

    config: ProviderConfig
    secret: str | None
    url: URL
    headers: CIMultiDict[str]
    place: Place
    head: bytes
    limits: Limits
    proxy: str | None


class ProxiedAnswer:
    """An answer that comes by way of a proxy."""

    def __init__(self, response: aiohttp.ClientResponse, target: Target) -> None:
        self._response = response
        self._target = target
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.read = response.content.readany

    def set_idle(self) -> None:
        """Silence within a stream is shorter than that before it."""
        connection = self._response.connection
        if connection is not None and connection.protocol is not None:
            connection.protocol.read_timeout = self._target.limits.idle

    def close(self) -> None:
        """Back to the pool if the body has ended, else closed, so that the provider stops its work."""
        self._response.release()

    def finish(self) -> None:
        """The same."""
        self.close()


class OwnAnswer:
    """An answer that was made in this process: the built-in provider's, or one that needs no provider."""

    status = 200

    def __init__(self, content_type: str, chunks: Iterable[bytes]) -> None:
        self.headers: Mapping[str, str] = {"Content-Type": content_type}
        self._chunks = iter(chunks)

    async def read(self) -> bytes:
        """The next chunk."""
        return next(self._chunks, b"")

    def set_idle(self) -> None:
        """It is never silent."""

    def close(self) -> None:
        """Nothing is held."""

    def finish(self) -> None:
        """The same."""


class Wire:
    """Sends requests to providers: straight over connections of our own, through a proxy over aiohttp's session."""

    def __init__(self, session: aiohttp.ClientSession, pool: Pool, keys: Keys) -> None:
        self._session = session
        self._pool = pool
        self._keys = keys
        self._targets: dict[tuple[int, WireName], Target] = {}

    async def send(self, config: ProviderConfig, wire: WireName, body: bytes, extra: Mapping[str, str]) -> Answer:
        """The provider's answer, its body still to be read.

        A connection that was idle and turns out to be dead costs one more attempt, if not a byte came back.

        Raises:
            UpstreamError: the provider could not be asked.
            KeyMissing: its key is not there.
        """
        if types.row(config.type).wire == "echo":
            request = msgspec.json.decode(body)
            made = echo.answer(wire, request, request["model"], stream=request.get("stream") is True)
            return OwnAnswer(made.content_type, made.chunks)
        target = await self._target(config, wire)
        answer = await self._post(target, body, extra)
        if answer.status in (401, 403):
            self._keys.forget(config.key)  # it may have been changed where it is kept
        return answer

    async def _post(self, target: Target, body: bytes, extra: Mapping[str, str]) -> Answer:
        if target.proxy is not None:
            return await self._proxied(target, _joined(target.headers, extra), body)
        try:
            head = head_of(target.place, _joined(target.headers, extra)) if extra else target.head
            return await self._pool.send(target.place.origin, head, body, target.limits)
        except (OSError, ValueError) as error:
            raise failures.upstream_error(error, target.config) from error

    async def _proxied(self, target: Target, headers: CIMultiDict[str], body: bytes) -> Answer:
        opened: list[None] = []
        OPENED.set(opened)
        try:
            return await self._post_once(target, headers, body)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if opened or isinstance(error, aiohttp.ClientConnectorError):
                raise failures.upstream_error(error, target.config) from error
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise failures.upstream_error(error, target.config) from error
        try:
            return await self._post_once(target, headers, body)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise failures.upstream_error(error, target.config) from error

    async def _post_once(self, target: Target, headers: CIMultiDict[str], body: bytes) -> Answer:
        response = await self._session.post(
            target.url,
            data=body,
            headers=headers,
            timeout=client_timeout(target.limits),
            proxy=target.proxy,
            allow_redirects=False,
        )
        return ProxiedAnswer(response, target)

    async def _target(self, config: ProviderConfig, wire: WireName) -> Target:
        """Where this goes; made anew when the provider's configuration or key has changed."""
        if lacking := never_given(config):
            raise lacking
        key = self._keys.cached(config.key, config.name)
        if key is None and config.key is not None:
            key = await self._keys.get(config.key, config.name)
        secret = None if key is None else key.reveal()
        known = self._targets.get((config.id, wire))
        if known is not None and known.config is config and known.secret == secret:
            return known
        made = self._make_target(config, wire, secret)
        self._targets[config.id, wire] = made
        return made

    def _make_target(self, config: ProviderConfig, wire: WireName, secret: str | None) -> Target:
        url = types.url_for(config, wire)
        headers: CIMultiDict[str] = CIMultiDict(
            {"Content-Type": "application/json", "User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"}
        )
        headers.update(types.auth_headers(config, secret))
        headers.update({name: self._keys.header_value(value, config.name) for name, value in config.headers})
        timeouts = types.timeouts_of(config)
        limits = Limits(timeouts.connect, timeouts.first_byte, timeouts.idle)
        try:
            proxy = proxy_for(url)
            parsed = URL(url, encoded=True)
            place = place_of(parsed)
            head = head_of(place, headers)
        except (OSError, ValueError) as error:
            raise failures.upstream_error(error, config) from error
        return Target(config, secret, parsed, headers, place, head, limits, proxy)


def _joined(headers: CIMultiDict[str], extra: Mapping[str, str]) -> CIMultiDict[str]:
    """The standing headers and a request's own."""
    if not extra:
        return headers
    joined = headers.copy()
    joined.update(extra)
    return joined
