"""What pygls would do to a conversation, and this server does not."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

SECRET = "sk-0123456789abcdef0123456789abcdef"


def test_a_message_within_a_message(window):
    """Parameters that quote a JSON-RPC message arrive as they are."""
    document = window.call("mux/workspace/export", name="default")
    quoted = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"jsonrpc": "2.0", "result": None}}
    error = window.fail("mux/workspace/import", {"document": document | {"rules": [quoted]}, "name": "quoted"})
    assert (error["code"], error["data"]["field"]) == (-32602, "document")
    assert window.call("mux/workspace/import", document=document | {"note": quoted}, name="quoted")["rules"] == 1


@pytest.mark.parametrize("method", ["workspace/executeCommand", "mux/rule/move", "mux/status"])
def test_parameters_that_do_not_fit(shared, method):
    """A request whose parameters do not fit is answered with −32602, one of the standard's too."""
    assert shared.fail(method, {"command": {"a": 1}, "position": "first"})["code"] == -32602


def test_names_that_python_does_not_allow(shared):
    """Fields whose names are no Python names keep them: they are refused by name, or pass."""
    assert shared.fail("mux/status", {"class": 1})["data"] == {"field": "class"}
    assert shared.fail("mux/status", {"a-b": 1})["data"] == {"field": "a-b"}


def test_headers_keep_their_names(window, other_upstream):
    """A header with a dash in its name reaches the provider as it was given."""
    window.call(
        "mux/provider/add",
        name="up",
        type="vllm",
        endpoint=f"{other_upstream.url}/v1",
        headers={"X-Title": "class", "import": "2"},
    )
    assert window.call("mux/provider/list")[1]["headers"] == ["X-Title", "import"]
    sent = {name.lower(): value for name, value in other_upstream.asked_for_models[-1].headers}
    assert (sent["x-title"], sent["import"]) == ("class", "2")


@pytest.mark.parametrize("level", ["debug", "info", "warning"])
def test_nothing_that_was_said_is_logged(home, launch, level):
    """No body, option or key stands on standard error at any level, nor does an error repeat one."""
    editor = launch(home, MUX_SIDECAR_LOG_LEVEL=level)
    editor.initialize({"workspace": "default", "token": SECRET, "port": SECRET})
    editor.serving()
    answers = [
        editor.ask("mux/provider/add", {"name": "p", "type": "openai", "apiKey": SECRET, "offline": True}),
        editor.ask("mux/provider/add", {"name": "p", "type": "openai", "apiKey": [SECRET]}),
        editor.ask("mux/provider/add", {"name": "p", "type": SECRET, "auth": SECRET}),
        editor.ask("workspace/executeCommand", {"command": 7, "arguments": [SECRET]}),
        editor.ask("mux/status", {"uri": f"file:///{SECRET}.py"}),
    ]
    editor.notify("workspace/didChangeConfiguration", {"settings": {"workspace": "default", "key": SECRET}})
    editor.send(f"{SECRET}{{".encode())
    editor.call("mux/status")
    editor.leave()
    assert SECRET not in editor.stderr
    assert SECRET not in json.dumps(answers[:2] + answers[3:])
    assert level == "debug" or editor.stderr == ""


def test_exit_without_shutdown(window):
    """`exit` alone ends with 1, as the protocol says."""
    window.notify("exit")
    assert window.wait() == 1


def test_prints_never_reach_the_client(home, launch, tmp_path):
    """What any library prints on standard output, or a child process, goes to standard error."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, threading, time, os, subprocess\n"
        "def talk():\n"
        "    while 'rpc.process' not in sys.modules or sys.stdout is not sys.stderr: time.sleep(0.01)\n"
        "    print('chatter', flush=True)\n"
        "    os.write(1, b'low chatter\\n')\n"
        "    subprocess.run(['/bin/sh', '-c', 'echo child; cat'], check=False)\n"
        "threading.Thread(target=talk, daemon=True).start()\n"
    )
    editor = launch(home, PYTHONPATH=str(tmp_path))
    editor.initialize()
    editor.serving()
    assert editor.leave() == 0
    assert editor.stderr.split("\n")[:3] == ["chatter", "low chatter", "child"]


def test_the_minor_version_is_pinned():
    """These tests hold for one minor version of pygls, which is the one that is asked for."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert "pygls>=2.1,<2.2" in project["dependencies"]
