"""Many at once: streams do not disturb each other, and commands do not lose each other's changes."""

import asyncio
import itertools
import json
import subprocess
import time

import aiohttp
import pytest
from mux import COMMAND, events
from said import ask, chunk, chunks, claude_events
from upstream import stream

STREAMS = 50
PIECES = 20


@pytest.mark.parametrize("place", ["up", "claude"])
async def test_fifty_streams_at_once(stage, place):
    """Fifty streams at once each get their own words, all of them, and none waits for another."""

    async def answer(request, wire):
        await everyone.wait()
        word = request.json()["messages"][-1]["content"]
        words = [word if isinstance(word, str) else word[0]["text"]] * PIECES
        told = claude_events(*words) if place == "claude" else [*chunks(*words), "[DONE]"]
        await stream(*told, gap=0.02 if place == "up" else 0.005)(request, wire)

    url = f"http://127.0.0.1:{stage.mux.port}/v1/mux{stage.path(place)}"
    everyone = asyncio.Barrier(STREAMS)
    stage.upstream.script(answer)

    async def one(session, number):
        async with session.post(url, json=ask(f"<{number}>", stream=True)) as got:
            return number, events(await got.read())

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        told = await asyncio.gather(*(one(session, number) for number in range(STREAMS)))
    for number, said in told:
        assert said.pop() == "[DONE]"
        deltas = [json.loads(data)["choices"][0]["delta"] for data in said]
        assert "".join(delta.get("content") or "" for delta in deltas) == f"<{number}>" * PIECES


async def test_a_large_request_does_not_hold_the_others_up(stage):
    """While large requests are read and translated, another stream's words go on coming."""
    url = f"http://127.0.0.1:{stage.mux.port}/v1/mux"
    paced = stream(*[chunk(content="tick")] * 60, chunk("stop"), "[DONE]", gap=0.02)
    large = {"messages": [{"role": "user", "content": f"{at} " + "word src/a.ts " * 7_000} for at in range(10)]}

    async def answer(request, wire):
        done = stream(*claude_events("ok"))
        await (done if request.path.endswith("/messages") else paced)(request, wire)

    claude = stage.path("claude")
    path = stage.path("up")
    stage.upstream.script(answer)
    async with aiohttp.ClientSession() as session:

        async def tick():
            async with session.post(url + path, json=ask(stream=True)) as got:
                times = [time.monotonic() async for _ in got.content.iter_any()]
            return max(later - earlier for earlier, later in itertools.pairwise(times))

        async def load():
            async with session.post(url + claude, json={**large, "stream": True}) as got:
                assert got.status == 200
                await got.read()

        longest, *_ = await asyncio.gather(tick(), load(), load())
    assert longest < 2


def test_four_commands_at_once(stage):
    """Rules that four processes add at the same moment are all there, each at a position of its own."""
    stage.at("up")
    stage.mux.cli("workspace", "add", "crowd")
    running = [
        subprocess.Popen(
            [*COMMAND, "rule", "add", "--filter", f".{letter}", "--model", "up/m1", "-w", "crowd"],
            env=stage.mux.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for letter in "abcd"
    ]
    told = [(process.communicate(timeout=60)[1], process.returncode) for process in running]
    assert {status for _, status in told} == {0}, told
    rules = stage.mux.json("rule", "list", "-w", "crowd")
    assert sorted(rule["filter"] for rule in rules) == [".a", ".b", ".c", ".d"]
    assert [rule["position"] for rule in rules] == [1, 2, 3, 4]
