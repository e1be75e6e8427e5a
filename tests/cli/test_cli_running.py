"""The commands beside a running endpoint: `serve` itself, `status`, `log`, `usage`, and `demo`, which runs its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mux import COMMAND, Mux
from said import completion
from upstream import Upstream, reply
from waiting import PATIENCE


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mux]:
    """A served data folder, two rules and three requests; these tests only add to it."""
    mux = Mux(tmp_path_factory.mktemp("running") / "home")
    mux.cli("provider", "add", "near", "--type", "echo", "--model", "other")
    mux.cli("rule", "default", "near/echo")
    mux.cli("rule", "add", "--filter", ".ts", "--model", "near/other")
    mux.start()
    for text in ("Why?", "Explain src/app.ts", "Explain `web/index.ts` and `web/other.ts` and `web/a-third-file.ts`"):
        assert say(mux, text) == 200
    yield mux
    mux.stop()


def say(mux: Mux, text: str) -> int:
    """Send a prompt; the answer's status."""
    return mux.post("/chat/completions", {"model": "mux", "messages": [{"role": "user", "content": text}]}).status


def test_log(running: Mux) -> None:
    """`log` lists the requests, newest first, each with files, rule, model and outcome."""
    rows = [row for row in running.json("log") if "follow" not in row["title"]]
    assert [(row["filter"], row["model"], row["outcome"]) for row in rows] == [
        (".ts", "other", "ok"),
        (".ts", "other", "ok"),
        ("", "echo", "ok"),
    ]
    shown = running.cli("log", "-n", "50").stdout
    assert shown.startswith("TIME")
    assert "index.ts" in shown
    assert "near/other" in shown
    assert len(running.json("log", "-n", "1")) == 1


@pytest.mark.parametrize("selection", ["--outcome error", "-w empty", "--provider idle"])
def test_log_of_a_selection(running: Mux, selection: str) -> None:
    """`log` takes a selection; one that nothing fits is empty, not a failure."""
    running.cli("workspace", "add", "empty", check=False)
    running.cli("provider", "add", "idle", "--type", "echo", check=False)
    assert running.json("log", *selection.split()) == []
    done = running.cli("log", *selection.split())
    assert (done.stdout, done.stderr) == ("", "No such requests; 'mux-sidecar log' lists the others.\n")


def test_log_of_what_is_gone(fresh_mux: Callable[..., Mux]) -> None:
    """A workspace and a provider that are there no more are known by their requests, and named for what is not."""
    mux = fresh_mux()
    mux.cli("provider", "add", "near", "--type", "echo")
    mux.cli("workspace", "add", "short")
    mux.cli("rule", "default", "near/echo", "-w", "short")
    mux.cli("workspace", "use", "short")
    mux.start()
    assert say(mux, "Anybody?") == 200
    mux.cli("workspace", "remove", "short")
    mux.cli("provider", "remove", "near")
    assert len(mux.json("log", "-w", "short", "--provider", "near")) == 1
    assert "there are: short, default." in mux.cli("log", "-w", "nowhere", check=False).stderr
    assert "there are: near." in mux.cli("log", "--provider", "nobody", check=False).stderr


def test_log_of_a_failure(fresh_mux: Callable[..., Mux]) -> None:
    """`log` says below a request why it failed, in one line."""
    mux = fresh_mux()
    where = ("--type", "openai", "--endpoint", "http://127.0.0.1:1/v1", "--auth", "none", "--offline", "--model", "m")
    mux.cli("provider", "add", "dead", *where)
    mux.cli("rule", "default", "dead/m")
    mux.start()
    assert say(mux, "Anybody?") == 502
    (told,) = mux.recorded(1)
    _, row, why = mux.cli("log").stdout.splitlines()
    assert "error 502" in row
    assert why.split() == told["error"].split()
    assert why.startswith("    ")


def test_log_right_after_a_request(running: Mux) -> None:
    """A request is in the log as soon as its answer is there, since `log` waits for who writes it."""
    assert say(running, "Does this follow at once?") == 200
    assert "at once" in running.json("log", "-n", "1")[0]["title"]


def test_follow(running: Mux) -> None:
    """`log --follow` prints each new request as a line of its own while it goes on."""
    process = subprocess.Popen(
        [*COMMAND, "log", "--follow", "--json", "-n", "1"], env=running.env, stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert process.stdout is not None
    try:
        json.loads(process.stdout.readline())
        assert say(running, "follow me") == 200
        assert "follow me" in json.loads(process.stdout.readline())["title"]
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_usage(running: Mux) -> None:
    """`usage` adds up requests and tokens by any key, with a last row for all."""
    by_model = {row["key"]: row["requests"] for row in running.json("usage", "--by", "model")}
    assert by_model["near/other"] == 2
    shown = running.cli("usage", "--by", "provider").stdout.splitlines()
    assert shown[0].split()[:2] == ["PROVIDER", "REQUESTS"]
    assert shown[-1].split()[0] == "total"
    assert running.json("usage", "--since", "2999-01-01") == []
    assert running.cli("usage", "--since", "2999-01-01").stderr == "No requests since 2999-01-01.\n"


def test_usage_of_requests_without_route_or_price(fresh_mux: Callable[..., Mux], other_upstream: Upstream) -> None:
    """What no rule took has a name in the table; a cost that is not known is marked in its row and in the total."""
    mux = fresh_mux()
    mux.cli("provider", "add", "far", "--type", "openai", "--endpoint", f"{other_upstream.url}/v1", "--model", "own")
    mux.start()
    assert say(mux, "Nobody takes this") == 400
    mux.cli("rule", "default", "far/own")
    other_upstream.script(reply(completion()))
    assert say(mux, "This one is taken") == 200
    assert len(mux.recorded(2)) == 2
    lines = [line.split("  ") for line in mux.cli("usage").stdout.splitlines()]
    costs = {line[0]: line[-1].strip() for line in lines}
    assert costs == {"MODEL": "COST", "far/own": "?", "(no route)": "0", "total": "?"}


def test_status(running: Mux) -> None:
    """`status` finds the endpoint that serves its data folder, and the last request."""
    status = running.json("status")
    assert status["endpoint"]["state"] == "serving"
    assert status["kind"] == "normal"
    assert status["lastRequest"]["provider"] == "near"


def test_status_of_another_home(running: Mux, tmp_path: Path) -> None:
    """Where a sidecar with another data folder has the port, `status` says so."""
    done = running.cli("status", "--json", env={"MUX_SIDECAR_HOME": str(tmp_path / "elsewhere")})
    endpoint = json.loads(done.stdout)["endpoint"]
    assert endpoint["state"] == "blocked"
    assert "another data folder" in endpoint["detail"]


def test_clear(fresh_mux: Callable[..., Mux]) -> None:
    """`log --clear` removes all records, without a question where nobody sits."""
    mux = fresh_mux()
    mux.cli("provider", "add", "near", "--type", "echo")
    mux.cli("rule", "default", "near/echo")
    mux.start()
    assert say(mux, "Forget this") == 200
    assert len(mux.json("log")) == 1
    assert mux.cli("log", "--clear").stdout == "Removed 1 request.\n"
    assert mux.json("log") == []


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve(fresh_mux: Callable[..., Mux], number: signal.Signals) -> None:
    """`serve` says in one line where it serves which workspace, and ends with 0 when it is told to."""
    mux = fresh_mux()
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0"],
        env=mux.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line.startswith("Serving http://localhost:")
    assert line.endswith("/v1/mux (workspace default)\n")
    process.send_signal(number)
    out, errors = process.communicate(timeout=30)
    assert (process.returncode, out, errors) == (0, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="links want rights there")
def test_serve_with_a_folder_that_cannot_be_made(fresh_mux: Callable[..., Mux]) -> None:
    """`serve` says at once what is wrong, and not that a file is gone that never was."""
    mux = fresh_mux()
    mux.home.symlink_to(mux.home.parent / "absent" / "home")
    mux.start()
    mux.stop()
    assert f"Problem: The data folder {mux.home} cannot be used" in mux.stderr
    assert "is gone" not in mux.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a second one stands by")
def test_serving_together(running: Mux) -> None:
    """A second `serve` says with whom it serves."""
    assert running.process is not None
    command = [*COMMAND, "serve", "--port", str(running.port)]
    second = subprocess.Popen(command, env=running.env, stderr=subprocess.PIPE, encoding="utf-8")
    try:
        assert second.stderr is not None
        assert second.stderr.readline().endswith(f", together with process {running.process.pid}\n")
    finally:
        second.terminate()
        second.communicate(timeout=30)


def test_another_port_is_wanted(running: Mux) -> None:
    """Where another program has the port that is wanted here, that is told beside the port that is served."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken.setblocking(False)
        port = taken.getsockname()[1]
        wanted = {"MUX_SIDECAR_PORT": str(port)}
        for command in ("status", "doctor"):
            shown = running.cli(command, env=wanted).stdout
            assert f"localhost:{running.port}/v1/mux" in shown
            assert shown.count(f"The port wanted here is {port}: Another program holds port {port};") == 1
            taken.accept()[0].close()
            with pytest.raises(BlockingIOError):  # that program was asked once
                taken.accept()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[float, Path, subprocess.CompletedProcess[str]]:
    """One run of the demo as JSON: its seconds, the temporary folder that it saw, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    mux = Mux(folder / "untouched")
    began = time.monotonic()
    done = mux.cli("demo", "--json", env={"TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}, check=False)
    return time.monotonic() - began, folder, done


def test_demo_serves_by_the_rules(demo: tuple[float, Path, subprocess.CompletedProcess[str]]) -> None:
    """The demo's requests reach the models that the README's rules name, also streamed and after a switch."""
    _, _, done = demo
    assert done.returncode == 0, done.stdout + done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)["requests"]
    assert [(row["rule"], f"{row['provider']}/{row['model']}", row["workspace"]) for row in rows] == [
        (".md", "openrouter/openai/gpt-5-mini", "default"),
        (".ts", "openrouter/anthropic/claude-sonnet-4.5", "default"),
        (".js", "openrouter/anthropic/claude-sonnet-4.5", "default"),
        (".md", "openrouter/openai/gpt-5-mini", "default"),
        ("*", "ollama/qwen3:8b", "default"),
        (".ts", "openrouter/anthropic/claude-sonnet-4.5", "default"),
        ("*", "ollama/qwen3:8b", "client-project"),
    ]
    assert all(row["ok"] for row in rows)
    assert sum(row["streamed"] for row in rows) == 1


def test_demo_leaves_nothing(demo: tuple[float, Path, subprocess.CompletedProcess[str]]) -> None:
    """The demo is soon over, touches no data folder but its own, and leaves none behind."""
    seconds, folder, _ = demo
    assert seconds < PATIENCE / 2  # ten where nothing else is done
    assert list(folder.iterdir()) == []


def test_demo_for_a_reader(fresh_mux: Callable[..., Mux]) -> None:
    """Read by a person, the demo says what it does, draws a table and ends with the next step."""
    done = fresh_mux().cli("demo")
    for text in ("rule 1: .md", "Switching to the workspace client-project", "REQUEST", "mux-sidecar provider add"):
        assert text in done.stdout


def test_a_variable_of_who_serves(fresh_mux: Callable[..., Mux], other_upstream: Upstream) -> None:
    """Whether a key's variable is set is told of the process that serves, whatever the shell has that asks."""
    mux, shell = fresh_mux(), {"GW_KEY": "sk-gateway-0123456789"}
    where = ("--type", "openai", "--endpoint", f"{other_upstream.url}/v1", "--api-key-env", "GW_KEY")
    mux.cli("provider", "add", "gw", *where, env=shell)
    mux.cli("rule", "default", "gw/m1")
    mux.start()
    lacks = f"GW_KEY, which the sidecar that serves (process {mux.process and mux.process.pid}) does not have"
    assert lacks in mux.cli("status", env=shell).stdout
    assert lacks in mux.cli("doctor", env=shell, check=False).stdout
    mux.stop()
    mux.env |= shell
    mux.start()
    mux.env.pop("GW_KEY")
    assert "this process does not have the variable GW_KEY, and the sidecar" in mux.cli("doctor").stdout
    assert "GW_KEY" in mux.cli("provider", "refresh", "gw", check=False).stderr
    assert "Problem" not in mux.cli("status").stdout
    assert "GW_KEY" in mux.cli("provider", "edit", "gw", "--description", "ours").stderr
    assert "Problem" not in mux.cli("status").stdout


def test_each_request_in_the_log(fresh_mux: Callable[..., Mux]) -> None:
    """With the log level `debug`, `serve` tells each request by path and its answer; no query, no words."""
    mux = fresh_mux(MUX_SIDECAR_LOG_LEVEL="debug")
    mux.cli("provider", "add", "near", "--type", "echo")
    mux.cli("rule", "default", "near/echo")
    mux.start()
    body = {"model": "mux", "messages": [{"role": "user", "content": "Unheard-of"}]}
    request_id = mux.post("/chat/completions", body).headers["X-Mux-Request-Id"]
    mux.get("/v1/nowhere?key=hidden")
    assert f"'/v1/mux/chat/completions': 200 {request_id} default near echo\n" in mux.stderr
    assert "DEBUG sidecar.http_server: GET '/v1/nowhere': 404 " in mux.stderr
    assert "Unheard-of" not in mux.stderr
    assert "hidden" not in mux.stderr
