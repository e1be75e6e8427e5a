"""What the demo plays: its providers, rules and requests, and the endpoint, served by a process of its own."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from sidecar.errors import MuxError
from sidecar.settings import environment_for
from sidecar.sse import Decoder
from sidecar.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECOND = "client-project"
PATIENCE = 60.0  # seconds for the endpoint to be there, or an answer; the machine may be slow

# Filter → model, in order; the rules of the README.
RULES = (
    (".md", "openrouter/openai/gpt-5-mini"),
    (".js", "openrouter/anthropic/claude-sonnet-4.5"),
    (".ts", "openrouter/anthropic/claude-sonnet-4.5"),
    ("", "ollama/qwen3:8b"),
)


@dataclass(frozen=True)
class Act:
    """One request: the files that its prompt holds, with the rule (counted from 0) that should take it."""

    title: str
    files: tuple[str, ...]
    rule: int
    streamed: bool = False
    workspace: str = "default"
    switch: bool = False


ACTS = (
    Act("Tighten this paragraph", ("docs/guide.md",), rule=0),
    Act("Why does this type fail?", ("src/session.ts",), rule=2),
    Act("Add a retry here", ("web/upload.js",), rule=1),
    Act("Document this function", ("src/session.ts", "docs/guide.md"), rule=0),
    Act("What is a monad?", (), rule=3),
    Act("Rename this variable", ("src/session.ts",), rule=2, streamed=True),
    Act("Why does this type fail?", ("src/session.ts",), rule=3, workspace=SECOND, switch=True),
)


class Served(Value, frozen=True, kw_only=True):
    """One request as it was served; `problem` says what differs from what the rules say."""

    title: str
    files: tuple[str, ...]
    streamed: bool
    status: int
    workspace: str
    rule: str
    provider: str
    model: str
    ms: float
    ok: bool
    problem: str | None = None


def providers() -> Mapping[str, tuple[str, ...]]:
    """The providers that the rules name, each with its models."""
    named: dict[str, list[str]] = {}
    for _, target in RULES:
        provider, _, model = target.partition("/")
        named.setdefault(provider, []).append(model)
    return {provider: tuple(dict.fromkeys(models)) for provider, models in named.items()}


def expected(act: Act) -> tuple[str, str, str]:
    """The workspace, the rule (`*` for the catch-all) and the `PROVIDER/MODEL` that the act should get."""
    filter_, model = RULES[act.rule]
    return act.workspace, filter_ or "*", model


def ask(url: str, act: Act, wanted: tuple[str, str, str]) -> Served:
    """Send the act's request as a client would, and tell who served it by the answer's headers."""
    began = time.monotonic()
    try:
        status, headers, body = _post(url, act)
        problem = _problem(act, status, body)
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        status, headers, problem = 0, http.client.HTTPMessage(), f"{type(error).__name__}: {error}"
    elapsed = (time.monotonic() - began) * 1000
    got = {name: headers.get(f"X-Mux-{name}") or "" for name in ("Workspace", "Rule", "Provider", "Model")}
    if not problem and (got["Workspace"], got["Rule"], f"{got['Provider']}/{got['Model']}") != wanted:
        problem = f"expected {wanted[2]} by the rule {wanted[1]} of {wanted[0]}"
    return Served(
        title=act.title,
        files=act.files,
        streamed=act.streamed,
        status=status,
        workspace=got["Workspace"],
        rule=got["Rule"],
        provider=got["Provider"],
        model=got["Model"],
        ms=round(elapsed, 1),
        ok=problem is None,
        problem=problem,
    )


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """The URL of `mux-sidecar serve` in a process of its own, on a port of the system's choice.

    Raises:
        MuxError: it was not there in time.
    """
    root = Path(__file__).resolve().parent.parent
    # -P: a folder named `rpc` where the user happens to stand must not be taken for ours.
    start = "import sys; sys.path.append(sys.argv.pop(1)); from rpc.__main__ import main; main()"
    environment = environment_for(home)
    log = home / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-P", "-c", start, str(root), "serve", "--port", "0"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield _await_url(process, log)
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_url(process: subprocess.Popen[bytes], log: Path) -> str:
    """The URL that the endpoint's first line names, once it is there."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        line, newline, _ = log.read_text("utf-8", "replace").partition("\n")
        if newline and line.startswith("Serving "):
            return line.split()[1]
        if process.poll() is not None:
            break
        time.sleep(0.02)  # its line comes through a file, which tells nobody of changes
    raise MuxError(
        f"The demo's endpoint did not start: {log.read_text('utf-8', 'replace').strip() or 'it said nothing'}"
    )


def _post(url: str, act: Act) -> tuple[int, http.client.HTTPMessage, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=PATIENCE)
    body = {"model": "mux", "stream": act.streamed, "messages": [{"role": "user", "content": _prompt(act)}]}
    headers = {"Content-Type": "application/json", "Host": parts.netloc, "User-Agent": "mux-sidecar-demo"}
    try:
        connection.request("POST", f"{parts.path}/chat/completions", msgspec.json.encode(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def _prompt(act: Act) -> str:
    """The question with its files, each a path above a fence, as people and clients write them."""
    fences = [f"{file}\n```{file.rpartition('.')[2]}\n…\n```" for file in act.files]
    return "\n\n".join([act.title, *fences])


def _problem(act: Act, status: int, body: bytes) -> str | None:
    """What is wrong with the answer itself: every one must echo the question."""
    if status != 200:
        return f"HTTP {status}: {body[:200].decode('utf-8', 'replace')}"
    if act.title not in (_streamed_text(body) if act.streamed else _text(body)):
        return "the answer does not echo the question"
    return None


class _Message(msgspec.Struct, frozen=True):
    content: str | None = None


class _Choice(msgspec.Struct, frozen=True):
    message: _Message = _Message()
    delta: _Message = _Message()


class _Completion(msgspec.Struct, frozen=True):
    choices: tuple[_Choice, ...] = ()


def _text(body: bytes) -> str:
    return "".join(c.message.content or "" for c in msgspec.json.decode(body, type=_Completion).choices)


def _streamed_text(body: bytes) -> str:
    """The pieces of the stream together; a stream that does not end properly is none."""
    events = [event.data for event in Decoder().feed(body) if event.data is not None]
    if not events or events[-1] != b"[DONE]":
        return ""
    chunks = (msgspec.json.decode(data, type=_Completion) for data in events[:-1])
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
