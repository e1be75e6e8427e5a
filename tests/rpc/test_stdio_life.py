"""From launch to exit: what ends the process, and what is finished first."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from editor import frame
from mux import COMMAND, free_port
from upstream import Received, Wire, event
from waiting import PATIENCE, until

HI = {"messages": [{"role": "user", "content": "hi"}]}


def test_shutdown_and_exit(window):
    """`exit` after `shutdown` ends with 0, and the endpoint is gone."""
    window.serving()
    assert window.leave() == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", window.mux.port), 2)


def test_the_end_of_the_input(window):
    """The process ends when its input does."""
    window.serving()
    window.process.stdin.close()
    assert window.wait() == 1


def test_the_end_of_the_input_at_once(home, launch):
    """It ends so before `initialize` too."""
    editor = launch(home)
    editor.process.stdin.close()
    assert editor.wait() == 1


def test_an_exit_after_the_first_answer(home, launch):
    """Windows that leave with the first answer, while their endpoint is being opened, are gone at once."""
    windows = [launch(home) for _ in range(6)]

    def leave(window):
        window.initialize()
        window.call("mux/status")
        window.notify("exit")
        return window.wait()

    with ThreadPoolExecutor(len(windows)) as pool:
        assert list(pool.map(leave, windows)) == [1] * len(windows)


def test_a_client_that_reads_no_more(home):
    """The process ends when nobody can read what it says, though its input stays open."""
    process = subprocess.Popen([*COMMAND, "--stdio"], env=home.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdout.close()
        process.stdin.write(request(0, "initialize", {"processId": None, "capabilities": {}}))
        process.stdin.flush()
        assert process.wait(PATIENCE) == 1
    finally:
        process.kill()
        process.wait()
        process.stdin.close()


@pytest.mark.parametrize("how", ["initialize", "argument", "two arguments"])
def test_the_death_of_the_parent(home, launch, how):
    """The process ends when the one that `processId` names does, though its input stays open and nobody reaps that."""
    parent = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    try:
        name, number = "--clientProcessId", str(parent.pid)
        arguments = {"argument": [f"{name}={number}"], "two arguments": [name, number]}
        editor = launch(home, *arguments.get(how, []))
        editor.initialize(processId=parent.pid if how == "initialize" else None)
        editor.serving()
        parent.kill()  # not waited for: a zombie is dead
        assert editor.wait() == 1
    finally:
        parent.kill()
        parent.wait()
        parent.stdin.close()


def test_a_parent_of_another_world(home, launch):
    """A `processId` that nobody has here, as from within a container, ends nothing."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    editor = launch(home)
    editor.initialize(processId=ended.pid)
    editor.serving()
    assert editor.leave() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to be caught")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal(window, number):
    """A signal ends it in an orderly way."""
    window.serving()
    window.process.send_signal(number)
    assert window.wait() == 0


def said(text, finish=None):
    """One chunk of a chat completion."""
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}


def streaming(window, upstream):
    """Begin a stream through the window's endpoint; the stream, and what lets the provider finish it."""
    go_on = threading.Event()

    async def slowly(_: Received, wire: Wire) -> None:
        await wire.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        await wire.chunk(event(said("first")))
        await asyncio.to_thread(go_on.wait, 60)
        for each in (said(" last", "stop"), "[DONE]"):
            await wire.chunk(event(each))
        await wire.chunk(b"")

    upstream.script(slowly)
    window.serving()
    window.call("mux/provider/add", name="up", type="vllm", endpoint=f"{upstream.url}/v1")
    window.call("mux/rule/add", filter="", provider="up", model="m1")
    return window.mux.open("POST", "/chat/completions", HI | {"stream": True}), go_on


def leave(window):
    """Ask it to end as editors do."""
    window.ask("shutdown")
    window.notify("exit")


def hang_up(window):
    """End it as an editor does that leaves its children a signal, and its terminal, which sends them one too."""
    window.process.send_signal(signal.SIGHUP)
    window.process.send_signal(signal.SIGHUP)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (leave, 0),
        pytest.param(hang_up, 1, marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")),
    ],
)
def test_answers_are_finished(window, other_upstream, end, status):
    """The endpoint closes, the answer in progress comes to its end, and then the process ends."""
    stream, go_on = streaming(window, other_upstream)
    with stream:
        body = stream.read()
        end(window)
        window.mux.stops_listening()
        assert window.process.poll() is None
        go_on.set()
        while piece := stream.read():
            body += piece
    assert b" last" in body
    assert b"[DONE]" in body
    assert window.wait() == status


def test_a_second_signal(window, other_upstream):
    """A second SIGTERM ends the process with an answer in progress."""
    stream, _ = streaming(window, other_upstream)
    with stream:
        stream.read()
        window.process.terminate()
        window.mux.stops_listening()
        assert window.process.poll() is None
        window.process.terminate()
        window.wait()


def test_a_port_that_another_program_has(home, launch):
    """`initialize` is answered, the Status names the port, and the endpoint comes once the port is free."""
    with socket.create_server(("127.0.0.1", home.port)):
        editor = launch(home)
        assert "result" in editor.initialize()
        told = editor.told("mux/didChangeStatus", lambda status: status["endpoint"]["state"] == "blocked")
        assert told["kind"] == "error"
        assert str(home.port) in told["endpoint"]["detail"]
        assert told["endpoint"]["detail"] in told["problems"]
        refused = editor.fail("mux/dashboard/url", {})  # whoever has the port would get what signs in
        assert refused["code"] == 1007
        assert str(home.port) in refused["message"]
    told = editor.told("mux/didChangeStatus", lambda status: status["endpoint"]["state"] == "serving")
    assert told["kind"] == "normal"
    assert home.get("/health").status == 200


def request(number, method, params=None):
    """A request as it goes over the wire."""
    return frame({"jsonrpc": "2.0", "id": number, "method": method, "params": params})


def test_a_client_that_is_slow_to_read(home):
    """A client that reads nothing for a while holds up neither the endpoint nor, later, its own answers."""
    process = subprocess.Popen([*COMMAND, "--stdio"], env=home.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdin.write(request(0, "initialize", {"processId": None, "capabilities": {}}))
        process.stdin.write(b"".join(request(number, "mux/provider/types") for number in range(1, 201)))
        process.stdin.flush()
        until(home.is_open)
        assert home.post("/chat/completions", HI).status == 200
        process.stdin.write(request(201, "shutdown") + frame({"jsonrpc": "2.0", "method": "exit"}))
        process.stdin.close()
        assert process.stdout.read().count(b'"id":') >= 201
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ("arguments", "status", "out"),
    [
        (["--stdio", "--version"], 0, "mux-sidecar, version "),
        (["--version"], 0, "mux-sidecar, version "),
        (["--stdio", "--nonsense"], 2, ""),
        (["--stdio", "--clientProcessId=x"], 2, ""),
    ],
)
def test_arguments(home, arguments, status, out):
    """`--version` is answered beside `--stdio` too, and arguments that there are not end with 2 and one line."""
    done = home.cli(*arguments, check=False)
    assert done.returncode == status
    assert done.stdout.startswith(out)
    assert len(done.stderr.splitlines()) == (status > 0)


def test_a_variable_that_cannot_be(home):
    """A variable's value that cannot be ends the process with one line that names it."""
    done = home.cli("--stdio", env={"MUX_SIDECAR_PORT": "x"}, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "MUX_SIDECAR_PORT" in done.stderr


def test_options(home, launch):
    """`initializationOptions` choose the port, and the workspace of this window, which stays that of this window."""
    home.cli("workspace", "add", "mine")
    port = free_port()
    editor = launch(home)
    result = editor.initialize({"port": port, "workspace": "mine"})["result"]
    assert result["capabilities"]["experimental"]["mux"]["endpoint"] == f"http://localhost:{port}/v1/mux"
    assert editor.serving() == f"http://localhost:{port}/v1/mux"
    status = editor.call("mux/status")
    assert (status["workspace"], status["text"]) == ("mine", "mine (active: default) · no model")
    assert home.json("status")["workspace"] == "default"
    editor.notify("workspace/didChangeConfiguration", {"settings": {"port": port}})
    assert editor.told("mux/didChangeStatus", lambda status: status["workspace"] == "default")


def test_another_port(window, other_upstream):
    """A port that changes while it runs moves the endpoint: an answer in progress on the old one is finished."""
    stream, go_on = streaming(window, other_upstream)
    port = free_port()
    with stream:
        body = stream.read()
        window.notify("workspace/didChangeConfiguration", {"settings": {"mux-sidecar": {"port": port}}})
        moved = window.told("mux/didChangeStatus", lambda status: f":{port}/" in status["endpoint"]["url"])
        assert moved["endpoint"]["state"] == "serving"
        go_on.set()
        while piece := stream.read():
            body += piece
    assert b" last" in body
    assert not window.mux.is_open()
    window.mux.port = port
    assert window.mux.get("/health").status == 200
    assert f":{port}/" in window.call("mux/dashboard/url")["url"]
    looked_at = {each["check"]: each["detail"] for each in window.call("mux/doctor")}
    assert f":{port}/" in looked_at["port"]
    assert window.leave() == 0


@pytest.mark.parametrize("options", [3, [], {"port": "x", "workspace": 4}, {"port": -1}, {"other": 1}])
def test_options_that_cannot_be(home, launch, options):
    """Options that cannot be are left aside, and the Status tells of those that there are."""
    editor = launch(home)
    assert "result" in editor.initialize(options)
    wrong = [name for name in ("port", "workspace") if isinstance(options, dict) and name in options]
    assert len(editor.call("mux/status")["problems"]) == len(wrong)


def test_a_workspace_that_is_not_there(home, launch):
    """A window that is set to a workspace that there is not says so, and shows it once there is."""
    editor = launch(home)
    editor.initialize({"workspace": "later"})
    status = editor.call("mux/status")
    assert (status["workspace"], status["kind"], status["route"]) == ("later", "error", None)
    editor.call("mux/workspace/add", name="Later", copyFrom="default")
    assert editor.call("mux/status")["text"] == "Later (active: default) · echo/echo"
