"""Case 8: the sidecar as an editor launches it: start, first questions, a switch, memory; beside a trivial server."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from measure import Counts, Row, tell
from processes import HERE, Product, await_health, end, free_port, resident_mb


class Client:
    """A process that speaks the language server protocol, asked one thing at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._number = 0

    def ask(self, method: str, params: Any = None) -> Any:
        """The answer, its notifications read past."""
        self._number += 1
        message = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params or {}}
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()
        while (answer := self._read()).get("id") != self._number:
            pass
        return answer

    def _read(self) -> Any:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return json.loads(self.process.stdout.read(length))


def stdio(tree: Path, counts: Counts) -> list[Row]:
    """Both are started in turns, on a data folder that is there already."""
    spent: dict[str, list[float]] = {name: [] for name in ("bare", "mux", "serving", "status")}
    switches: list[float] = []
    used: list[float] = []
    product = Product(tree)
    try:
        product.run("provider", "add", "echo", "--type", "echo")
        product.run("rule", "default", "echo/echo")
        product.run("workspace", "add", "work")
        for number in range(counts.starts + 1):
            found = {"bare": _bare(), **_mux(product, counts, switches, used)}
            if number or not counts.starts:
                for name, seconds in found.items():
                    spent[name].append(seconds)
            tell(f"  window {number} of {counts.starts}")
    finally:
        product.remove()
    return _rows(spent, switches, used)


def _rows(spent: dict[str, list[float]], switches: list[float], used: list[float]) -> list[Row]:
    bare, mux = statistics.median(spent["bare"]), statistics.median(spent["mux"])
    spread = (min(spent["mux"]) / bare, max(spent["mux"]) / bare)
    serving = statistics.median(spent["serving"])
    status = statistics.median(spent["status"]) * 1000
    slow = sorted(switches)[int(len(switches) * 0.99)] * 1000
    memory = max(used, default=None)
    return [
        Row("launch to `initialize`", "s", mux, bare, None, mux / bare, spread, "≤ 1.15×", mux <= 1.15 * bare),
        Row("`initialize` to /health", "s", serving, aim="≤ 0.3 s", met=serving <= 0.3),
        Row("first `mux/status`", "ms", status, aim="≤ 20 ms", met=status <= 20),
        Row("`mux/workspace/switch`, 99 of 100", "ms", slow, aim="≤ 10 ms", met=slow <= 10),
        Row("memory of a window", "MB", memory, aim="≤ 75 MB", met=None if memory is None else memory <= 75),
    ]


def _launch(command: list[str], env: dict[str, str] | None = None) -> tuple[Client, float]:
    """A process that has answered `initialize`, and the seconds that it took."""
    before = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
    client = Client(process)
    client.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    return client, time.monotonic() - before


def _bare() -> float:
    client, seconds = _launch([sys.executable, str(HERE / "least_lsp.py")])
    _close(client)
    return seconds


def _mux(product: Product, counts: Counts, switches: list[float], used: list[float]) -> dict[str, float]:
    port = free_port()
    env = product.env | {"MUX_SIDECAR_PORT": str(port)}
    client, seconds = _launch([sys.executable, "-m", "rpc", "--stdio"], env)
    try:
        began = time.monotonic()
        client.ask("mux/status")
        status = time.monotonic() - began
        serving = await_health(port, client.process) - began
        for number in range(max(10, counts.repeats)):
            before = time.monotonic()
            client.ask("mux/workspace/switch", {"name": ("work", "default")[number % 2]})
            switches.append(time.monotonic() - before)
        time.sleep(0.3)  # what the switches caused is told
        used += [megabytes for megabytes in [resident_mb(client.process.pid)] if megabytes is not None]
    finally:
        _close(client)
    return {"mux": seconds, "status": status, "serving": serving}


def _close(client: Client) -> None:
    for pipe in (client.process.stdin, client.process.stdout):
        assert pipe is not None
        pipe.close()
    end(client.process)
