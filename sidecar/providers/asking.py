"""Asking a provider something small: one bounded answer, its errors translated."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from multidict import CIMultiDict

from sidecar.errors import ProviderUnreachable
from sidecar.providers.failures import FOREIGN, origin_of, unreachable
from sidecar.providers.http import proxy_for
from sidecar.providers.types import ProviderTypeRow, timeouts_of
from sidecar.values import ProviderConfig

MAX_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Reply:
    """An answer, read whole."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def late(config: ProviderConfig, seconds: float) -> ProviderUnreachable:
    """A provider that does not list its models in the time for that, which no setting changes."""
    return ProviderUnreachable(
        f"{config.name} at {origin_of(config.endpoint)} did not list its models within {seconds:g} s; look at its "
        "server, and whether its endpoint leads there.",
        "timeout",
    )


@dataclass(frozen=True)
class Asker:
    """All that asking one provider takes."""

    session: aiohttp.ClientSession
    config: ProviderConfig
    facts: ProviderTypeRow
    headers: CIMultiDict[str]
    key: str | None
    timeout: float

    async def ask(self, url: str, body: Any = None) -> Reply:
        """One answer, read whole, redirects not followed.

        Raises:
            ProviderUnreachable: no answer, or one of more than 32 MB.
        """
        connect = min(timeouts_of(self.config).connect or self.timeout, self.timeout)
        method = "GET" if body is None else "POST"
        try:
            # Not aiohttp's own total timeout: where it ends together with one around it, that one is lost.
            async with (
                asyncio.timeout(self.timeout),
                self.session.request(
                    method,
                    url,
                    json=body,
                    headers=self.headers,
                    proxy=proxy_for(url),
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, connect=connect),
                ) as answer,
            ):
                return Reply(answer.status, await self._read(answer), answer.headers)
        except FOREIGN as exc:
            if type(exc) is TimeoutError:  # this one; those of the provider's own timeouts are aiohttp's
                raise late(self.config, self.timeout) from exc
            raise unreachable(exc, self.config) from exc

    async def _read(self, answer: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in answer.content.iter_chunked(256 * 1024):
            body += chunk
            if len(body) > MAX_BYTES:
                raise self.bad(f"sent a list of more than {MAX_BYTES // 2**20} MB")
        return bytes(body)

    def bad(self, what: str) -> ProviderUnreachable:
        """An answer that is none: `what` completes "NAME at PLACE …"."""
        return ProviderUnreachable(f"{self.config.name} at {origin_of(self.config.endpoint)} {what}.", "bad_answer")
