"""An editor as the sidecar sees it: a process that launches `mux-sidecar --stdio` and talks to it, well or badly."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from mux import COMMAND, Mux
from waiting import PATIENCE, until

JSON = dict[str, Any]


def frame(message: Any) -> bytes:
    """A message as it goes over the wire."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Editor:
    """One window: a sidecar of its own on the data folder of a `Mux`."""

    def __init__(self, mux: Mux, *arguments: str, **env: str) -> None:
        self.mux = mux
        self.notifications: list[JSON] = []
        self._answers: dict[Any, JSON] = {}
        self._incoming: queue.SimpleQueue[JSON | None] = queue.SimpleQueue()
        self._number = 0
        self.errors = mux.home.parent / f"{mux.home.name}.{id(self)}.stderr"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [*COMMAND, "--stdio", *arguments],
                env=mux.env | env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def stderr(self) -> str:
        """What the process said on standard error so far."""
        return self.errors.read_text("utf-8")

    def initialize(self, options: Any = None, **more: Any) -> JSON:
        """Begin as editors do; the answer to `initialize`."""
        params = {"processId": os.getpid(), "rootUri": None, "capabilities": {}} | more
        if options is not None:
            params["initializationOptions"] = options
        answer = self.ask("initialize", params)
        self.notify("initialized", {})
        return answer

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message: Any) -> None:
        """Send a message, framed."""
        self.raw(frame(message))

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def begin(self, method: str, params: Any = None) -> int:
        """Send a request; its id."""
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method}
        self.send(message if params is None else message | {"params": params})
        return self._number

    def ask(self, method: str, params: Any = None) -> JSON:
        """The whole answer to a request."""
        return self.answer(self.begin(method, params))

    def call(self, method: str, **params: Any) -> Any:
        """The result of a request, which must have one."""
        answer = self.ask(method, params)
        assert "result" in answer, answer
        return answer["result"]

    def fail(self, method: str, params: Any = None) -> JSON:
        """The error of a request, which must have one."""
        answer = self.ask(method, params)
        assert "error" in answer, answer
        assert "Traceback" not in json.dumps(answer)
        return answer["error"]

    def answer(self, number: Any) -> JSON:
        """The answer to the request of that id, whenever it comes."""
        self._until(lambda: number in self._answers)
        return self._answers.pop(number)

    def told(self, method: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """The parameters of the first notification of that method that fits, and that no one was told of before."""

        def found() -> list[JSON]:
            return [each for each in self.notifications if each["method"] == method and fits(each["params"])]

        self._until(lambda: bool(found()))
        note = found()[0]
        self.notifications.remove(note)
        return note["params"]

    def forget(self) -> None:
        """Pass over what has come by now."""
        self.call("mux/workspace/list")
        self.notifications.clear()
        self._answers.clear()

    def serving(self) -> str:
        """Wait until the endpoint serves; its URL."""
        return until(lambda: self.call("mux/status")["endpoint"], lambda found: found["state"] == "serving")["url"]

    def leave(self) -> int:
        """End as editors do; the exit status."""
        self.ask("shutdown")
        self.notify("exit")
        return self.wait()

    def wait(self, seconds: float = PATIENCE) -> int:
        """The exit status, once the process has ended by itself."""
        return self.process.wait(seconds)

    def close(self) -> None:
        """End the process whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()

    def _until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            try:
                message = self._incoming.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"nothing came; stderr: {self.stderr}") from None
            assert message is not None, f"it ended with {self.process.wait()}; stderr: {self.stderr}"
            if "method" in message:
                self.notifications.append(message)
            else:
                self._answers[message["id"]] = message

    def _read(self) -> None:
        output = self.process.stdout
        assert output is not None
        with output:
            while head := output.readline():
                assert head.startswith(b"Content-Length: "), head
                assert output.readline() == b"\r\n"
                self._incoming.put(json.loads(output.read(int(head.split(b": ")[1]))))
        self._incoming.put(None)
