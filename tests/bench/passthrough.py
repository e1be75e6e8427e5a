"""A bare pass-through, `python passthrough.py UPSTREAM`: what anyone would write in thirty lines of aiohttp.

It reads JSON, sets `model`, asks, and passes the answer on; it routes nothing, checks nothing and records nothing.
Prints the port that the system chose for it.
"""

from __future__ import annotations

import asyncio
import json
import sys

import aiohttp
from aiohttp import web
from loops import run


async def main() -> None:
    """Serve until the process is ended."""
    upstream = sys.argv[1]
    headers = {"Content-Type": "application/json", "Authorization": "Bearer sk-bench"}

    async def relay(request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        body["model"] = "m1"
        async with session.post(upstream + request.path, data=json.dumps(body).encode(), headers=headers) as answer:
            if answer.content_type != "text/event-stream":
                return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)
            response = web.StreamResponse(status=answer.status, headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    app = web.Application(client_max_size=2**26)
    app.router.add_get("/health", health)
    app.router.add_post("/{path:.*}", relay)
    async with aiohttp.ClientSession() as session:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    run(main())
