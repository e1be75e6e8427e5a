"""The product as its users run it: the real command with a throw-away data folder, asked over real sockets."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from waiting import PATIENCE, until

COMMAND = [sys.executable, "-m", "rpc"]
FOREIGN = ("_API_KEY", "_PROXY", "_proxy")


#: Below the ports that systems give by themselves, so that none of those takes one before its test does.
_PORTS = range(20_000, 32_000)
_turns = itertools.count(os.getpid() * 37)


def free_port() -> int:
    """A port that nobody has at the moment, and that no other process of the tests is given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    mine = _PORTS[worker :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
    while True:
        port = mine[next(_turns) % len(mine)]
        with contextlib.suppress(OSError), socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
            return port


def events(body: bytes) -> list[str]:
    """What each server-sent event of a body says, as a client reads it; the [DONE] too, comments not."""
    told, lines = [], []
    for line in body.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("data:"):
            lines.append(line[5:].removeprefix(" "))
        elif not line and lines:
            told.append("\n".join(lines))
            lines = []
    return told


@dataclass
class Reply:
    """A whole answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float

    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error object, which always has its four keys."""
        error = self.json()["error"]
        assert set(error) >= {"message", "type", "param", "code"}, error
        assert isinstance(error["message"], str)
        assert error["message"]
        return error

    @property
    def events(self) -> list[str]:
        """What each event says."""
        assert self.headers["content-type"].startswith("text/event-stream"), self.headers["content-type"]
        return events(self.body)

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The events but the [DONE], read as JSON."""
        return [json.loads(data) for data in self.events if data != "[DONE]"]

    @property
    def text(self) -> str:
        """What the model said in a stream."""
        choices = [choice for chunk in self.chunks for choice in chunk.get("choices", ())]
        return "".join(choice["delta"].get("content") or "" for choice in choices)

    @property
    def finish(self) -> list[str]:
        """Every finish reason of a stream."""
        choices = [choice for chunk in self.chunks for choice in chunk.get("choices", ())]
        return [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]

    def broke_off(self) -> dict[str, Any]:
        """The error object that a stream ends with, where it ends as a broken one must: no reason given, no [DONE]."""
        assert "[DONE]" not in self.events
        assert not self.finish
        return Reply(self.status, self.headers, self.events[-1].encode(), self.seconds).error


class Stream:
    """An answer while it comes."""

    def __init__(self, connection: http.client.HTTPConnection, sock: socket.socket) -> None:
        self.connection = connection
        self.sock = sock
        self.answer = connection.getresponse()
        self.status = self.answer.status
        self.headers = self.answer.headers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()
        self.connection.close()

    def read(self) -> bytes:
        """What came in by now, at least a byte; nothing at the end."""
        return self.answer.read1(65536)

    def leave(self) -> float:
        """Go away in the midst; the moment of it (monotonic)."""
        now = time.monotonic()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.__exit__()
        return now


class Mux:
    """One data folder, its command line and (between `start` and `stop`) its endpoint."""

    def __init__(self, home: Path, **env: str) -> None:
        self.home = home
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        kept = {name: value for name, value in os.environ.items() if not name.endswith(FOREIGN)}
        self.env = kept | {"MUX_SIDECAR_HOME": str(home), "MUX_SIDECAR_DISCOVER": "0"} | env
        self.env["MUX_SIDECAR_PORT"] = str(self.port)

    @property
    def url(self) -> str:
        """Where OpenAI clients are pointed."""
        return f"http://127.0.0.1:{self.port}/v1/mux"

    @property
    def stderr(self) -> str:
        """What the serving process said on standard error so far."""
        return (self.home.parent / f"{self.home.name}.stderr").read_text("utf-8")

    def cli(
        self, *args: str, typed: str = "", env: dict[str, str] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run `mux-sidecar ARGS` with `typed` on its standard input; it must end with 0 unless `check` is off."""
        done = subprocess.run(
            [*COMMAND, *args],
            input=typed,
            env=self.env | (env or {}),
            capture_output=True,
            encoding="utf-8",
            timeout=2 * PATIENCE,
            check=False,
        )
        assert not check or done.returncode == 0, f"mux-sidecar {' '.join(args)}: {done.stderr or done.stdout}"
        return done

    def json(self, *args: str) -> Any:
        """What `mux-sidecar ARGS --json` prints."""
        return json.loads(self.cli(*args, "--json").stdout)

    def log(self, count: int = 20) -> list[dict[str, Any]]:
        """The newest requests, newest first."""
        return self.json("log", "-n", str(count))

    def row(self, reply: Reply | Stream) -> dict[str, Any]:
        """The record of a request, by the id that its answer bore, once it is there."""
        ident = reply.headers["x-mux-request-id"]
        return self.find(lambda row: row["id"] == ident)

    def recorded(self, count: int) -> list[dict[str, Any]]:
        """The newest requests, newest first, once there are so many: a busy machine writes them late."""
        return until(self.log, lambda rows: len(rows) >= count)

    def find(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The one of the newest records that fits, once it is there; asked of the process that serves."""
        found = until(lambda: [row for row in self.rpc("mux/request/list", limit=50) if fits(row)])
        return dict(found[0])

    def start(self) -> Mux:
        """Serve, and wait until it does."""
        errors = (self.home.parent / f"{self.home.name}.stderr").open("ab")
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--port", str(self.port)],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        errors.close()
        until(self._is_up, told=lambda: f"serve does not answer: {self.stderr}")
        return self

    def stops_listening(self) -> None:
        """Wait until nobody takes connections at the port any more."""
        until(lambda: not self.is_open())

    def is_open(self) -> bool:
        """Whether anybody listens at the port."""
        try:
            socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
        except OSError:
            return False
        return True

    def is_served_by(self, pid: int) -> bool:
        """Whether that process answers."""
        try:
            return bool(self.get("/health").json()["pid"] == pid)
        except OSError:
            return False

    def serve_where_it_is_taken(self) -> str:
        """What `serve` says, having failed, where a foreign program, this one, has the port."""
        with socket.create_server(("127.0.0.1", self.port)):
            refused = self.cli("serve", check=False)
        assert refused.returncode == 1
        return refused.stderr

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"serve ended with {self.process.returncode}: {self.stderr}"
        try:
            return self.get("/health").status == 200
        except OSError:
            return False

    def stop(self) -> int:
        """Ask it to end (SIGTERM), and wait; its exit status."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        process.terminate()
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def open(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float = PATIENCE
    ) -> Stream:
        """Send a request; `/chat/completions` and the like are taken below `/v1/mux`. JSON unless `body` is bytes."""
        own = path if path.startswith(("/v1/", "/health", "/rpc", "/?")) or path == "/" else f"/v1/mux{path}"
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        named = {name.lower() for name in headers or {}}
        extra = {"content-type": "application/json"} if data is not None and "content-type" not in named else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, own, data, extra | (headers or {}))
            return Stream(connection, connection.sock)
        except BaseException:
            connection.close()
            raise

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float = PATIENCE
    ) -> Reply:
        """Send a request and read the whole answer (see `open`)."""
        before = time.monotonic()
        with self.open(method, path, body, headers, timeout) as answer:
            return Reply(answer.status, answer.headers, answer.answer.read(), time.monotonic() - before)

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None, timeout: float = PATIENCE) -> Reply:
        """POST and read the whole answer."""
        return self.request("POST", path, body, headers, timeout)

    def get(self, path: str, headers: dict[str, str] | None = None) -> Reply:
        """GET the whole answer."""
        return self.request("GET", path, None, headers)

    def raw(self, data: bytes, timeout: float = PATIENCE, host: str = "127.0.0.1") -> bytes:
        """Send bytes as they are, and read until the other side closes or has nothing more to say for a moment."""
        with socket.create_connection((host, self.port), timeout) as sock:
            with contextlib.suppress(ConnectionError):
                sock.sendall(data)
            pieces = []
            with contextlib.suppress(TimeoutError, ConnectionError):
                while piece := sock.recv(65536):
                    pieces.append(piece)
                    sock.settimeout(0.3)
            return b"".join(pieces)

    def token(self) -> str:
        """The token that guards `/rpc`."""
        written = self.home / "token"
        return written.read_text("ascii").strip() if written.exists() else self.cli("token").stdout.strip()

    def rpc(self, method: str, **params: Any) -> Any:
        """The result of a JSON-RPC method, asked over HTTP."""
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self.request("POST", "/rpc", call, {"authorization": f"Bearer {self.token()}"})
        assert "result" in answer.json(), answer.body
        return answer.json()["result"]
