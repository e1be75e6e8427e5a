"""Requests as clients send them, never the same twice: what a mux remembers by text must not flatter it."""

from __future__ import annotations

import json
import random

PROSE = """
the function returns an error when a list is empty please look at this and tell me why test fails on second run because
cache was not cleared before request we should move it into its own module then rename handler so that callers see what
changed do not touch migration yet it still needs review by team could you also add type hints where missing
"""
#: What looks like a name and is none; one word in fifty.
LOOKALIKES = ("e.g.", "and/or", "v1.2.3", "https://example.com/docs/page", "node.js", "foo.bar()", "me@example.com")
STEMS = "auth session router store parser handler index main model view client worker queue schema token cache"
WORDS, NAMES = PROSE.split(), STEMS.split()
FOLDERS = ("src", "app", "lib", "tests", "server", "web", "core", "api", "internal", "pkg")
ENDINGS = (".py", ".ts", ".tsx", ".go", ".rs", ".md", ".json", ".css")


class Texts:
    """Text from a seed: the same seed gives the same text."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def path(self) -> str:
        """A file's name."""
        pick = self._random.choice
        number = self._random.randrange(10_000)
        return f"{pick(FOLDERS)}/{pick(NAMES)}/{pick(NAMES)}_{number}{pick(ENDINGS)}"

    def prose(self, size: int) -> str:
        """Plain words in lines, about one in sixteen with a file's name."""
        lines, length = [], 0
        while length < size:
            words = self._random.choices(WORDS, k=self._random.randrange(6, 16))
            words.insert(2, str(self._random.randrange(10**6)))
            if self._random.random() < 0.2:
                words[4] = self._random.choice(LOOKALIKES)
            if self._random.random() < 1 / 16:
                words.append(self.path())
            lines.append(" ".join(words) + ".")
            length += len(lines[-1]) + 1
        return "\n".join(lines)[:size]

    def code(self, size: int) -> str:
        """Lines of a program."""
        lines, length = [], 0
        pick = self._random.choice
        while length < size:
            number = self._random.randrange(10**6)
            lines += pick(
                (
                    [f"def {pick(NAMES)}_{number}(self, {pick(NAMES)}: str) -> None:", f'    """{pick(WORDS)}"""'],
                    [f"    if self.{pick(NAMES)}.{pick(NAMES)}({number}) is None:", "        return"],
                    [f'import {{ {pick(NAMES)}{number} }} from "../{pick(NAMES)}/{pick(NAMES)}";'],
                    [f"    const {pick(NAMES)} = await {pick(NAMES)}.get(`/v1/${{id}}/{number}`);"],
                    [f"        raise ValueError(f'{pick(WORDS)} {{{pick(NAMES)}!r}} {number}')", ""],
                )
            )
            length += len(lines[-1]) + 30
        return "\n".join(lines)[:size]

    def fenced(self, size: int) -> str:
        """A file as editors attach it."""
        path = self.path()
        return f"```{path.rpartition('.')[2]} {path}\n{self.code(size)}\n```\n"

    def attached(self, size: int) -> str:
        """A user's words with several files attached."""
        parts = [self.prose(max(200, size // 5))]
        while (left := size - sum(map(len, parts))) > 100:
            parts.append(self.fenced(min(left, self._random.randrange(2_000, 12_000))))
        return "\n".join(parts)


def encode(request: object) -> bytes:
    """JSON as OpenAI's client writes it."""
    return json.dumps(request, separators=(",", ":"), ensure_ascii=False).encode()


def chat(text: str, **more: object) -> bytes:
    """A chat request with a short system message and one user's message."""
    system = {"role": "system", "content": "You are a careful engineer. Answer briefly."}
    return encode({"model": "mux", "messages": [system, {"role": "user", "content": text}], **more})


def streamed(texts: Texts, count: int, rate: int = 0, burst: int = 1) -> bytes:
    """A chat request for a stream (see `provider.py`)."""
    words = f"{texts.prose(600)}\n\nbench: {count} chunks, {rate} per second, {burst} per write"
    return chat(words, stream=True)


def agent(texts: Texts) -> bytes:
    """A first request as Claude Code sends it, of 116 KB: system text, 24 tools, reminders, and the user's words."""
    marks = ("x-anthropic-billing-header: cc=1;", "You are an agent.", texts.prose(26_000))
    properties = {"path": {"type": "string", "description": texts.prose(1_100)}}
    schema = {"type": "object", "properties": properties, "required": ["path"]}
    tools = [{"name": f"tool_{n}", "description": texts.prose(2_000), "input_schema": schema} for n in range(24)]
    reminder = f"<system-reminder>\n{texts.prose(7_000)}\n</system-reminder>"
    said = [{"type": "text", "text": text} for text in (reminder, f"{texts.prose(300)} {texts.path()}")]
    return encode(
        {
            "model": "claude-opus-4-8",
            "max_tokens": 64_000,
            "stream": True,
            "system": [{"type": "text", "text": text} for text in marks],
            "messages": [{"role": "user", "content": said}],
            "tools": tools,
        }
    )


class Conversation:
    """An agent's conversation: tools, a long system message, and a history to which each turn adds about 2 KB."""

    def __init__(self, texts: Texts, size: int) -> None:
        self._texts = texts
        self._tools = [self._tool(number) for number in range(12)]
        self.messages: list[dict[str, object]] = [{"role": "system", "content": texts.prose(size // 10)}]
        self.messages.append({"role": "user", "content": texts.prose(800) + "\n" + texts.path()})
        length, told = len(self.body()), len(self.messages)
        while length < size - 2_000:
            if len(self.messages) % 16 == 0:
                self.messages.append({"role": "user", "content": texts.prose(400) + "\n" + texts.path()})
            self.turn()
            length += sum(len(encode(message)) + 1 for message in self.messages[told:])
            told = len(self.messages)

    def _tool(self, number: int) -> dict[str, object]:
        properties = {"path": {"type": "string", "description": self._texts.prose(300)}}
        schema = {"type": "object", "properties": properties, "required": ["path"]}
        function = {"name": f"tool_{number}", "description": self._texts.prose(500), "parameters": schema}
        return {"type": "function", "function": function}

    def turn(self) -> None:
        """The agent has read another file."""
        call = f"call_{len(self.messages)}"
        function = {"name": "tool_1", "arguments": json.dumps({"path": self._texts.path()})}
        asked = [{"id": call, "type": "function", "function": function}]
        said = {"role": "assistant", "content": self._texts.prose(150), "tool_calls": asked}
        self.messages += [said, {"role": "tool", "tool_call_id": call, "content": self._texts.code(1_650)}]

    def body(self) -> bytes:
        """The request as it is now."""
        return encode({"model": "mux", "messages": self.messages, "tools": self._tools, "temperature": 0.2})
