"""The methods, asked as an editor asks them."""

from __future__ import annotations

import re

import pytest

DOCUMENT = {
    "format": "mux-sidecar workspace",
    "version": 1,
    "name": "default",
    "scope": "turn",
    "providers": [],
    "rules": [],
}
ECHO = {"position": 1, "filter": "", "kind": "any", "provider": "echo", "model": "echo"}


def test_initialize(home, launch):
    """The answer to `initialize` names the server, its version and the endpoint, and asks for no documents."""
    result = launch(home).initialize()["result"]
    assert result["serverInfo"]["name"] == "mux-sidecar"
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", result["serverInfo"]["version"])
    capabilities = result["capabilities"]
    assert capabilities["experimental"]["mux"] == {
        "protocolVersion": 1,
        "endpoint": f"http://localhost:{home.port}/v1/mux",
    }
    assert capabilities["textDocumentSync"] == 0


def test_status(window):
    """`mux/status` tells workspace, route and endpoint, with a text that is ready to print."""
    window.serving()
    status = window.call("mux/status")
    assert status == {
        "workspace": "default",
        "kind": "normal",
        "busy": False,
        "text": "default · echo/echo",
        "tooltip": status["tooltip"],
        "route": {"workspace": "default", **ECHO},
        "endpoint": {"url": window.mux.url.replace("127.0.0.1", "localhost"), "state": "serving"},
        "problems": [],
        "details": [],
        "command": {"title": "Switch workspace", "command": "mux.switchWorkspace"},
    }


def test_the_endpoint_serves(window):
    """Requests are answered at the endpoint while the editor runs, and the last one is in the Status."""
    window.serving()
    reply = window.mux.post("/chat/completions", {"messages": [{"role": "user", "content": "hello"}]})
    assert reply.status == 200
    told = window.told("mux/didChangeStatus", lambda status: "lastRequest" in status)
    assert told["lastRequest"]["id"] == reply.headers["x-mux-request-id"]


def test_a_switch_is_told(window):
    """`mux/workspace/switch` answers with the Status and tells of it."""
    window.call("mux/workspace/add", name="Work", copyFrom="default")
    assert window.call("mux/workspace/switch", name="work")["text"] == "Work · echo/echo"
    assert window.told("mux/didChangeStatus", lambda status: status["workspace"] == "Work")
    assert window.told("mux/didChange", lambda change: change["what"] == "workspaces")


@pytest.mark.parametrize(
    ("method", "params", "code", "field"),
    [
        ("mux/nonsense", {}, -32601, None),
        ("mux/workspace/add", {}, -32602, "name"),
        ("mux/workspace/add", {"name": "a b"}, -32602, "name"),
        ("mux/workspace/add", {"name": "x", "colour": "red"}, -32602, "colour"),
        ("mux/workspace/add", {"name": 7}, -32602, "name"),
        ("mux/workspace/add", ["x"], -32602, None),
        ("mux/workspace/add", {"name": "DEFAULT"}, 1002, None),
        ("mux/workspace/remove", {"name": "default"}, 1007, None),
        ("mux/workspace/switch", {"name": "nowhere"}, 1001, None),
        ("mux/status", {"workspace": "nowhere"}, 1001, None),
        ("mux/rule/set", {"rules": [{"filter": ".py"}]}, -32602, "rules"),
        ("mux/provider/remove", {"name": "echo"}, 1003, None),
        ("mux/provider/add", {"name": "p", "type": "openai", "auth": "magic"}, -32602, "auth"),
        ("mux/provider/add", {"name": "a/b", "type": "echo"}, -32602, "name"),
        ("mux/provider/add", {"name": "p", "type": "magic"}, -32602, "type"),
        ("mux/provider/add", {"name": "Echo", "type": "echo"}, 1002, None),
        ("mux/provider/update", {"name": "nobody"}, 1001, None),
        ("mux/provider/refresh", {"name": "nobody"}, 1001, None),
        ("mux/model/list", {"provider": "nobody"}, 1001, None),
        ("mux/workspace/add", {"name": "x", "copyFrom": "nowhere"}, 1001, None),
        ("mux/workspace/update", {"name": "default", "newName": "x"}, 1007, None),
        ("mux/workspace/update", {"name": "default", "scope": "galaxy"}, -32602, "scope"),
        ("mux/workspace/export", {"name": "nowhere"}, 1001, None),
        ("mux/workspace/import", {"document": {"rules": []}}, -32602, "document"),
        ("mux/workspace/import", {"document": DOCUMENT}, 1002, None),
        ("mux/workspace/import", {"document": DOCUMENT, "name": "a b"}, -32602, "name"),
        ("mux/rule/list", {"workspace": "nowhere"}, 1001, None),
        ("mux/rule/add", {"filter": ".py", "provider": "nobody", "model": "m"}, 1001, None),
        ("mux/rule/add", {"filter": ".py", "provider": "echo", "model": "echo", "kind": "magic"}, -32602, "kind"),
        ("mux/rule/update", {"position": 9, "filter": ".py"}, 1001, None),
        ("mux/rule/move", {"position": 1, "to": 2}, -32602, "to"),
        ("mux/rule/remove", {"position": 9}, 1001, None),
        ("mux/route/explain", {"files": "a.py"}, -32602, "files"),
        ("mux/request/list", {"limit": -1}, -32602, "limit"),
        ("mux/request/list", {"before": "yesterday"}, -32602, "before"),
        ("mux/request/list", {"outcome": "lost"}, -32602, "outcome"),
        ("mux/request/show", {"id": "req_none"}, 1001, None),
        ("mux/usage", {"since": "yesterday"}, -32602, "since"),
        ("mux/settings/set", {"keepDays": 0}, -32602, "keepDays"),
        ("mux/settings/set", {"keep": "secrets"}, -32602, "keep"),
        ("mux/settings/set", {"origins": ["nowhere"]}, -32602, "origins"),
    ],
)
def test_errors(window, method, params, code, field):
    """An error has its code, a sentence, and the name of the parameter that cannot be."""
    error = window.fail(method, params)
    assert error["code"] == code
    assert error["message"].endswith((".", "NAME", "TYPE"))
    assert error.get("data", {}).get("field") == field


def test_a_request_tells_the_file_that_chose(window):
    """`mux/request/show` names the file that the rule took the request for, and none for a catch-all."""
    window.serving()
    window.call("mux/rule/add", filter=".ts", provider="echo", model="echo")
    replies = [
        window.mux.post("/chat/completions", {"messages": [{"role": "user", "content": text}]})
        for text in ("See `README.md` and `src/cart.ts`", "See `README.md`")
    ]
    assert window.told("mux/didChangeStatus", lambda status: "lastRequest" in status)
    window.mux.recorded(2)
    by_file, by_catch_all = (window.call("mux/request/show", id=each.headers["x-mux-request-id"]) for each in replies)
    assert by_file["files"] == ["README.md", "src/cart.ts"]
    assert by_file["file"] == "src/cart.ts"
    assert "file" not in by_catch_all


def test_models_tell_who_named_them(window):
    """`mux/model/list` tells the names that were given by hand from those that the provider lists."""
    window.call("mux/provider/update", name="echo", models=["small"])
    told = {model["name"]: model.get("byHand", False) for model in window.call("mux/model/list", provider="echo")}
    assert told == {"echo": False, "small": True}
