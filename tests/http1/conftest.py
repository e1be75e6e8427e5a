"""Servers that say exactly what they are told to, and a client of our own to ask them with."""

import asyncio
import contextlib
import ssl
from importlib import import_module

import pytest
from speaking import CERTIFICATES, Client, Server

from sidecar.http1.connecting import Connector
from sidecar.http1.pool import Pool
from sidecar.providers.resolver import Resolver, open_socket


def pytest_asyncio_loop_factories():
    """Run on the loops that the product runs on: asyncio's own, and uvloop where there is one."""
    loops = {"asyncio": asyncio.new_event_loop}
    with contextlib.suppress(ImportError):
        loops["uvloop"] = import_module("uvloop").new_event_loop
    return loops


@pytest.fixture
async def serve():
    """A function that starts a server and tells its URL and the server."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(answer, *, context=None, port=0):
            server = Server(answer)
            listening = await asyncio.start_server(server.serve, "127.0.0.1", port, ssl=context)
            stack.callback(listening.close)
            scheme = "http" if context is None else "https"
            return f"{scheme}://localhost:{listening.sockets[0].getsockname()[1]}", server

        yield start


@pytest.fixture
async def client():
    """A client that trusts the tests' authority."""

    def trust():
        return ssl.create_default_context(cafile=CERTIFICATES / "authority.pem")

    pool = Pool(Connector(Resolver(), open_socket, trust))
    yield Client(pool)
    await pool.close()
