"""The processes that are measured: provider, pass-through, mux; each a real one, on a port that the system chose."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from client import Client
from measure import tell

HERE = Path(__file__).parent
FOREIGN = ("_API_KEY", "_PROXY", "_proxy")
RULES = ((".md", "m1"), (".ts", "m1"), ("src/api/", "m1"), ("*.test.py", "m1"), ("=Makefile", "m1"))


@dataclass
class Stage:
    """What stands ready: a client for each target, and the mux's other workspaces."""

    direct: Client
    bare: Client
    mux: Client
    claude: Client
    direct_claude: Client
    pid: int
    bare_pid: int

    @property
    def targets(self) -> dict[str, Client]:
        """The three that are compared."""
        return {"direct": self.direct, "bare": self.bare, "mux": self.mux}


@contextlib.contextmanager
def running(script: str, *arguments: str) -> Iterator[tuple[int, int]]:
    """One of our own scripts in a process; its port and process id."""
    with subprocess.Popen([sys.executable, str(HERE / script), *arguments], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process.pid
        finally:
            process.terminate()


class Product:
    """The product with a data folder of its own, from the checkout `tree`."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        self.home = Path(tempfile.mkdtemp(prefix="mux-bench-"))
        kept = {name: value for name, value in os.environ.items() if not name.endswith(FOREIGN)}
        self.env = kept | {
            "MUX_SIDECAR_HOME": str(self.home / "data"),
            "MUX_SIDECAR_DISCOVER": "0",
            "BENCH_API_KEY": "sk-bench-0123456789abcdef",
        }

    def command(self, *arguments: str) -> list[str]:
        """The command line of the product."""
        return [*os.environ.get("MUX_BENCH_COMMAND", f"{sys.executable} -m rpc").split(), *arguments]

    def run(self, *arguments: str) -> None:
        """Run a command to its end; it must succeed."""
        done = subprocess.run(
            self.command(*arguments), cwd=self.tree, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"mux-sidecar {' '.join(arguments)}: {done.stderr or done.stdout}")

    def configure(self, upstream: int) -> None:
        """Two providers behind one port, a workspace for each, and rules as people have them."""
        key = ("--api-key-env", "BENCH_API_KEY")
        root = f"http://127.0.0.1:{upstream}"
        self.run("provider", "add", "bench", "--type", "openai", "--endpoint", f"{root}/v1", *key)
        self.run("provider", "add", "claude", "--type", "anthropic", "--endpoint", root, *key)
        self.run("rule", "default", "bench/m1")
        self.run("rule", "default", "bench/m1", "--kind", "embed")
        for text, model in RULES:
            self.run("rule", "add", "--filter", text, "--model", f"bench/{model}")
        self.run("workspace", "add", "claude")
        self.run("rule", "default", "claude/claude-sonnet-4-5", "-w", "claude")

    def spawn(self, port: int) -> subprocess.Popen[bytes]:
        """Start serving; the caller ends it."""
        with (self.home / "stderr").open("ab") as errors:
            return subprocess.Popen(
                self.command("serve", "--port", str(port)),
                cwd=self.tree,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    def remove(self) -> None:
        """Throw the data folder away, after telling what the mux had to say beyond its greeting."""
        errors = self.home / "stderr"
        said = errors.read_text("utf-8", "replace").splitlines() if errors.exists() else []
        for line in said[:50]:
            if not line.startswith("Serving "):
                tell(f"  mux: {line}")
        shutil.rmtree(self.home, ignore_errors=True)


@contextlib.contextmanager
def serving(product: Product) -> Iterator[tuple[int, int]]:
    """The mux serving: its port and process id."""
    port = free_port()
    with product.spawn(port) as process:
        try:
            await_health(port, process)
            yield port, process.pid
        finally:
            end(process)


@contextlib.contextmanager
def stage(tree: Path) -> Iterator[Stage]:
    """Everything that the cases over HTTP need."""
    product = Product(tree)
    try:
        with (
            running("provider.py") as (upstream, _),
            running("passthrough.py", f"http://127.0.0.1:{upstream}") as (bare, bare_pid),
        ):
            product.configure(upstream)
            with serving(product) as (port, pid):
                yield Stage(
                    direct=Client(upstream, "/v1"),
                    bare=Client(bare, "/v1"),
                    mux=Client(port, "/v1/mux"),
                    claude=Client(port, "/v1/mux/w/claude"),
                    direct_claude=Client(upstream, "/v1"),
                    pid=pid,
                    bare_pid=bare_pid,
                )
    finally:
        product.remove()


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def await_health(port: int, process: subprocess.Popen[bytes]) -> float:
    """Wait until `/health` answers 200; the moment of it, in seconds of the monotonic clock."""
    client = Client(port, "")
    until = time.monotonic() + 30
    while True:
        try:
            client.ask("/health")
        except (OSError, RuntimeError):
            client.close()
            if process.poll() is not None:
                raise RuntimeError(f"the process ended with {process.returncode}") from None
            if time.monotonic() > until:
                raise
            time.sleep(0.003)  # the start itself is measured: ask often
        else:
            client.close()
            return time.monotonic()


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and make it."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()


def compile_bytecode(tree: Path) -> None:
    """Missing bytecode more than doubles a start, and only the first one."""
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", str(tree / "sidecar"), str(tree / "rpc"), str(HERE)], check=True
    )


def resident_mb(pid: int) -> float | None:
    """A process's resident memory in MB (10⁶ bytes); None where the system has no `ps`."""
    if shutil.which("ps") is None:
        return _resident_by_proc(pid)
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return int(told.stdout) * 1024 / 1e6 if told.stdout.strip() else None


def _resident_by_proc(pid: int) -> float | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmRSS:"))
