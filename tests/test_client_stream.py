"""The client's side of a streamed answer, where its sign of life and an error fall on the same moment."""

import asyncio
import time

import aiohttp
from aiohttp import web

from sidecar import client_stream
from sidecar.client_stream import ClientStream


async def test_an_error_overtakes_a_sign_of_life(monkeypatch):
    """An error that comes when a sign of life is due, and has not gone out, is the whole answer."""
    monkeypatch.setattr(client_stream, "KEEP_ALIVE", 0.05)
    streams = []

    async def fail(request):
        stream = ClientStream(request, dict, b": still here\n\n")
        streams.append(stream)
        time.sleep(0.1)  # noqa: ASYNC251 - the loop is held up until a sign of life is overdue
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # it is decided upon now, and told behind what stands in the loop's queue: this
        assert not stream.started
        stream.stop()
        return web.json_response({"error": "late"}, status=502)

    runner = web.ServerRunner(web.Server(fail))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(url) as got,
        ):
            assert (got.status, await got.json()) == (502, {"error": "late"})
        await asyncio.sleep(0)
        assert [stream.started for stream in streams] == [False]
    finally:
        await runner.cleanup()
