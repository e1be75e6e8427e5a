"""A provider that answers at once: `python provider.py` prints the port that the system chose for it.

It speaks as much HTTP as the benchmark needs and no more, so that what is measured is what stands before it. A request
with `"stream":true` whose last message says `bench: N chunks, R per second, B per write` gets N events; R 0 is as fast
as they are taken, and then B events go out in one write. Paced events bear the moment of their sending.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Coroutine

from loops import run

ASKED = re.compile(rb"bench: (\d+) chunks, (\d+) per second, (\d+) per write")
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
LAST = b"0\r\n\r\n"
UNKNOWN = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
SAID = "The function returns early when the list is empty, so the caller never sees the error. " * 6

CHAT = {
    "id": "chatcmpl-bench",
    "object": "chat.completion",
    "created": 1_767_225_600,
    "model": "m1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": SAID}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 512, "completion_tokens": 120, "total_tokens": 632},
}
MESSAGE = {
    "id": "msg_bench",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": SAID}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 512, "output_tokens": 120},
}
COMPLETION = {**CHAT, "object": "text_completion", "choices": [{"index": 0, "text": "x", "finish_reason": "stop"}]}
EMBEDDING = {
    "object": "list",
    "model": "m1",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.0123] * 768}],
    "usage": {"prompt_tokens": 8, "total_tokens": 8},
}
MODELS = {
    "object": "list",
    "data": [{"id": name, "object": "model", "type": "model"} for name in ("m1", "claude-sonnet-4-5")],
    "has_more": False,
}


def whole(answer: object) -> bytes:
    """A plain answer's bytes, head and all."""
    body = json.dumps(answer, separators=(",", ":")).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


WHOLE = {
    b"/models": whole(MODELS),
    b"/chat/completions": whole(CHAT),
    b"/messages": whole(MESSAGE),
    b"/completions": whole(COMPLETION),
    b"/embeddings": whole(EMBEDDING),
}


def frame(data: bytes) -> bytes:
    """One chunk of a chunked body (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def chat_chunk(content: str, reason: str | None = None) -> bytes:
    """One event of a streamed chat completion, about 230 bytes as providers send it."""
    delta = {"content": content} if reason is None else {}
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
    chunk = {**CHAT, "object": "chat.completion.chunk", "system_fingerprint": "fp_bench", "choices": [choice]}
    del chunk["usage"]
    return frame(b"data: %b\n\n" % json.dumps(chunk, separators=(",", ":")).encode())


def message_event(event: dict[str, object]) -> bytes:
    """One event of a streamed Anthropic message."""
    data = json.dumps(event, separators=(",", ":")).encode()
    return frame(b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), data))


def message_delta(text: str) -> bytes:
    """One piece of text of a streamed Anthropic message."""
    delta = {"type": "text_delta", "text": text}
    return message_event({"type": "content_block_delta", "index": 0, "delta": delta})


Piece = Callable[[str], bytes]
CHAT_START = b""
CHAT_END = chat_chunk("", "stop") + frame(b"data: [DONE]\n\n")
MESSAGE_START = (
    message_event({"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}})
    + message_event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    + message_event({"type": "ping"})
)
MESSAGE_END = (
    message_event({"type": "content_block_stop", "index": 0})
    + message_event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 120}})
    + message_event({"type": "message_stop"})
)


class Provider(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.WriteTransport) -> None:  # type: ignore[override]
        """Begin."""
        self.transport = transport
        self.buffer = bytearray()
        self.needed = 0
        self.may_write = asyncio.Event()
        self.may_write.set()
        self.task: asyncio.Task[None] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is being streamed."""
        if self.task is not None:
            self.task.cancel()

    def pause_writing(self) -> None:
        """The other side reads too slowly."""
        self.may_write.clear()

    def resume_writing(self) -> None:
        """It has caught up."""
        self.may_write.set()

    def data_received(self, data: bytes) -> None:
        """Answer when the request is complete; clients send no second one before."""
        self.buffer += data
        if not self.needed:
            head = self.buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            length = LENGTH.search(self.buffer, 0, head)
            self.needed = head + 4 + (int(length[1]) if length else 0)
        if len(self.buffer) >= self.needed:
            request, self.needed = bytes(self.buffer), 0
            self.buffer.clear()
            self.answer(request)

    def answer(self, request: bytes) -> None:
        """A plain answer at once, or a stream from a task."""
        path = request.split(b" ", 2)[1].partition(b"?")[0]
        if path.endswith(b"/responses"):
            self.transport.write(UNKNOWN)  # so that it is translated
            return
        asked = ASKED.search(request, request.rfind(b"bench: "))
        if asked is None:
            ending = next((known for known in WHOLE if path.endswith(known)), b"/models")
            self.transport.write(WHOLE[ending])
            return
        count, rate, burst = map(int, asked.groups())
        start, piece, end = (
            (MESSAGE_START, message_delta, MESSAGE_END)
            if path.endswith(b"/messages")
            else (CHAT_START, chat_chunk, CHAT_END)
        )
        self.transport.write(STREAM_HEAD + start)
        make = self.paced(piece, count, rate) if rate else self.hurried(piece, count, burst)
        self.task = asyncio.get_running_loop().create_task(self.finish(make, end))

    async def finish(self, stream: Coroutine[object, object, None], end: bytes) -> None:
        """Stream, then say the end."""
        await stream
        self.transport.write(end + LAST)

    async def hurried(self, piece: Piece, count: int, burst: int) -> None:
        """Events as fast as they are taken, `burst` of them in a write."""
        pieces = [piece(f" word{number}") for number in range(64)]
        blocks = [b"".join(pieces[(at + i) % 64] for i in range(burst)) for at in range(64)]
        for number in range(count // burst):
            if not self.may_write.is_set():
                await self.may_write.wait()
            self.transport.write(blocks[number % 64])
            await asyncio.sleep(0)

    async def paced(self, piece: Piece, count: int, rate: int) -> None:
        """Events at an even pace, each bearing the moment it was written (nanoseconds of the monotonic clock)."""
        due = time.monotonic()
        for _ in range(count):
            due += 1 / rate
            await asyncio.sleep(due - time.monotonic())
            self.transport.write(piece(f"t={time.monotonic_ns()}."))


async def main() -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    run(main())
