"""`python least.py PORT`: the least that an aiohttp server can be, to measure its start."""

from __future__ import annotations

import sys

from aiohttp import web


async def health(_: web.Request) -> web.Response:
    """Say that all is well."""
    return web.json_response({"status": "ok"})


if __name__ == "__main__":
    app = web.Application()
    app.router.add_get("/health", health)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
