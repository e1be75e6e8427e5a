"""`mux/client/list`: what each AI client has to be told."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib.resources import files

import pytest
import yaml

CONTRACT = {
    "aider", "avante", "claude-code", "cline", "codecompanion", "codex", "continue", "copilot", "gptel", "kilo",
    "llm", "opencode", "qwen-code", "roo", "zed",
}  # fmt: skip
PARSERS = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}


def steps(clients):
    """Every step of every client, with whose it is."""
    return [(client["id"], step) for client in clients for step in client["steps"]]


def test_each_client_is_told(shared):
    """Each client that users are promised is there, says what it speaks, and its lines hold the endpoint's URL."""
    clients = shared.call("mux/client/list")
    assert {client["id"] for client in clients} >= CONTRACT
    assert [client["id"] for client in clients] == sorted(client["id"] for client in clients)
    for client in clients:
        told = "\n".join(step["lines"] for step in client["steps"])
        assert (f"localhost:{shared.mux.port}" in told) == ("/v1/mux" in told) == client["local"], client["id"]
        assert bool(client["userAgents"]) == client["local"], client["id"]
        assert client["local"] or client["note"], client["id"]


def test_the_table_is_the_folder(shared):
    """Each file of the folder is a client."""
    names = {file.name for file in files("sidecar.clients").joinpath("rows").iterdir()}
    assert {f"{client['id']}.toml" for client in shared.call("mux/client/list")} == names


def test_nothing_is_left_to_fill(shared):
    """No place in a template is left open, and what is to be parsed can be."""
    for name, step in steps(shared.call("mux/client/list")):
        assert not {word for word in ("@URL@", "@KEY@", "@HOST@", "@PATH@") if word in step["lines"]}, name
        PARSERS.get(step["format"], str)(step["lines"])


def test_a_workspace_is_in_the_path(window):
    """With a workspace the lines lead to it, in its own spelling."""
    window.call("mux/workspace/add", name="Night-Shift")
    found = dict(steps(window.call("mux/client/list", workspace="night-shift")))
    assert f"http://localhost:{window.mux.port}/v1/mux/w/Night-Shift" in found["codex"]["lines"]
    assert '"/v1/mux/w/Night-Shift/chat/completions"' in found["gptel"]["lines"]


def test_the_window_has_its_workspace(home, launch):
    """Where the window has a workspace of its own, the lines lead there."""
    home.cli("workspace", "add", "mine")
    window = launch(home)
    window.initialize(options={"workspace": "mine"})
    assert "/v1/mux/w/mine" in dict(steps(window.call("mux/client/list")))["codex"]["lines"]


def test_an_unknown_workspace(shared):
    """A workspace that is not there is an error that names those that are."""
    error = shared.fail("mux/client/list", {"workspace": "nowhere"})
    assert error["code"] == 1001
    assert "default" in error["message"]


@pytest.mark.parametrize(("wanted", "key"), [(False, "any"), (True, "MUX_TOKEN")])
def test_the_key(home, window, wanted, key):
    """The key is anything, or where one is wanted stands for the token, which is not told."""
    window.call("mux/settings/set", requireKey=wanted)
    clients = window.call("mux/client/list")
    assert f'experimental_bearer_token = "{key}"' in dict(steps(clients))["codex"]["lines"]
    assert ("MUX_TOKEN" in json.dumps(clients)) == wanted
    assert home.cli("token").stdout.strip() not in json.dumps(clients)


def test_nobody_pays_for_it_at_the_start():
    """Serving methods reads no table of clients, nor what it takes to read one, until somebody asks."""
    script = "import rpc.launch, rpc.methods, sidecar.app, sys; print([m for m in sys.modules if m in sys.argv])"
    tables = ("tomllib", "sidecar.clients.table", "sidecar.editors.table")
    done = subprocess.run([sys.executable, "-c", script, *tables], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "[]"
