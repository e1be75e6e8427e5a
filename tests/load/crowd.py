"""Two hundred clients at once, who ask, leave, and note whether what they got was whole or truthfully failed."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from mux import events
from said import ask, chunks, claude_events
from upstream import EVENT_STREAM, Received, Wire, event, stream

WORDS = [f"w{number} " for number in range(10)]
#: What the provider does with a request, by the first word of its prompt; most are served.
FATES = ["serve"] * 12 + ["reset", "cut", "error", "refuse", "garbage", "nothing"]


async def provider(request: Received, wire: Wire) -> None:
    """Answers as the prompt says, on either wire, at the pace of a model."""
    asked = request.json()
    content = asked["messages"][-1]["content"]
    fate, mark = (content if isinstance(content, str) else content[0]["text"]).split()
    is_claude = request.path.endswith("/messages")
    words = [mark, *WORDS]
    told: list[Any] = claude_events(*words) if is_claude else [*chunks(*words), "[DONE]"]
    if fate == "refuse":
        await wire.head(503, {"content-type": "application/json", "content-length": "27"})
        await wire.send(b'{"error":{"message":"busy"}}'[:27])
        return
    if fate == "nothing":
        wire.reset()
        return
    if fate == "serve":
        await stream(*told, gap=0.05)(request, wire)
        return
    await wire.head(200, {**EVENT_STREAM, "transfer-encoding": "chunked"})
    for one in told[: len(told) // 2]:
        await wire.chunk(event(one))
        await asyncio.sleep(0.05)
    if fate == "error":
        await wire.chunk(event({"type": "error", "error": {"type": "api_error", "message": "boom"}}))
        await wire.chunk(b"")
    elif fate == "garbage":
        await wire.chunk(b"data: <html>\n\n")
        await wire.chunk(b"")
    else:
        await asyncio.sleep(0.05)
        wire.reset() if fate == "reset" else wire.close()


@dataclass
class Tally:
    """What the clients saw; `wrong` are answers that were neither whole nor truthfully failed."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    asked: int = 0


class Crowd:
    """Clients that ask one after the other, each on its own, until it is time."""

    def __init__(self, url: str, places: list[str], seed: int) -> None:
        self.url = url
        self.places = places
        self.seed = seed
        self.tally = Tally()

    async def ask(self, count: int, seconds: float) -> Tally:
        """So many clients, for so long; the answers that have begun are read to their end."""
        until = time.monotonic() + seconds
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
            await asyncio.gather(*(self._client(session, number, until) for number in range(count)))
        return self.tally

    async def _client(self, session: aiohttp.ClientSession, number: int, until: float) -> None:
        chance = random.Random(self.seed + number)
        turn = 0
        while time.monotonic() < until:
            turn += 1
            fate, place = chance.choice(FATES), chance.choice(self.places)
            mark = f"<{number}-{turn}>"
            leaves = chance.random() < 0.2
            await self._turn(session, (fate, place, mark), chance.random() * 0.5 if leaves else None)

    async def _turn(self, session: aiohttp.ClientSession, wanted: tuple[str, str, str], leave: float | None) -> None:
        fate, place, mark = wanted
        self.tally.asked += 1
        url = f"{self.url}/w/{place}/chat/completions"
        read = b""
        try:
            async with session.post(url, json=ask(f"{fate} {mark}", stream=True)) as got:
                if leave is not None:
                    await asyncio.sleep(leave)
                    got.close()
                    self.tally.ends["left"] += 1
                    return
                read = await got.read()
                end = judged(got.status, got.headers["content-type"], read, wanted)
        except aiohttp.ClientError as error:
            end = repr(error)
        self.tally.ends[end if end in ("whole", "failed") else "wrong"] += 1
        if end not in ("whole", "failed"):
            self.tally.wrong.append(f"{wanted}: {end}: {read[-300:]!r}")


def judged(status: int, kind: str, body: bytes, wanted: tuple[str, str, str]) -> str:
    """`whole` or `failed` if that is what the provider did to it; else what is wrong."""
    fate, _, mark = wanted
    if status != 200:
        told = json.loads(body)["error"]["message"]
        return "failed" if fate != "serve" and told and kind.startswith("application/json") else f"status {status}"
    said = events(body)
    is_done = said and said[-1] == "[DONE]"
    told = [json.loads(data) for data in said if data != "[DONE]"]
    text = "".join((c["delta"].get("content") or "") for one in told for c in one.get("choices", ()))
    finishes = [c["finish_reason"] for one in told for c in one.get("choices", ()) if c.get("finish_reason")]
    if fate == "serve":
        is_whole = is_done and text == mark + "".join(WORDS) and finishes == ["stop"]
        return "whole" if is_whole else "not whole"
    if is_done or finishes or "error" not in told[-1]:
        return "looks whole"
    return "failed" if (mark + "".join(WORDS)).startswith(text) else "other words"
