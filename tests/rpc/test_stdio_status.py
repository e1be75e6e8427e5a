"""What the Status says, and of which document."""

from __future__ import annotations

import pytest

ROUTED = [
    {"filter": ".py", "provider": "echo", "model": "echo"},
    {"filter": "src/*.ts", "provider": "echo", "model": "small"},
    {"filter": "", "kind": "fim", "provider": "echo", "model": "small"},
    {"filter": "", "kind": "any", "provider": "echo", "model": "other"},
]


@pytest.fixture(scope="module")
def routed(_shared):
    """The shared window with a workspace of many rules, in a project at /home/me/proj."""
    _shared.call("mux/provider/update", name="echo", models=["small", "other"], offline=True)
    _shared.call("mux/workspace/add", name="routed")
    _shared.call("mux/rule/set", workspace="routed", rules=ROUTED)
    folder = {"uri": "file:///home/me/proj", "name": "proj"}
    _shared.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": []}})
    return _shared


@pytest.mark.parametrize(
    ("uri", "model"),
    [
        ("file:///home/me/proj/a.py", "echo"),
        ("file:///home/me/proj/src/a.ts", "small"),
        ("file:///home/me/proj/lib/src/deep/a.ts", "other"),
        ("file:///elsewhere/src/a.ts", "small"),
        ("file:///home/me/proj/with%20space%C3%A9.py", "echo"),
        ("file:///c%3A/Users/me/a.py", "echo"),
        ("vscode-remote://ssh-remote%2Bbox/home/me/proj/a.py", "echo"),
        ("untitled:Untitled-1", "other"),
        ("/plain/path.py", "echo"),
        (None, "other"),
    ],
)
def test_the_model_of_a_document(routed, uri, model):
    """With a document's URI the route is the one that a chat about it would take."""
    status = routed.call("mux/status", uri=uri, workspace="routed")
    assert (status["route"]["model"], status["text"]) == (model, f"routed (active: default) · echo/{model}")


@pytest.mark.parametrize("uri", ["", "file://", "x:", "http://["])
def test_a_uri_without_a_path(routed, uri):
    """A URI that names no file is refused by its field."""
    assert routed.fail("mux/status", {"uri": uri})["data"] == {"field": "uri"}


def test_status_of_a_new_folder(fresh_mux, launch):
    """An empty data folder says what to do first, also to whoever clicks."""
    editor = launch(fresh_mux())
    editor.initialize()
    status = editor.call("mux/status")
    assert (status["kind"], status["route"], status["text"]) == ("error", None, "default · no model")
    assert "provider add" in status["problems"][0]
    assert status["details"] == [
        {
            "kind": "noProvider",
            "detail": "No provider yet; add one.",
            "mend": "mux-sidecar provider add ollama --type ollama",
        }
    ]
    assert status["command"]["command"] == "mux.addProvider"


def test_a_broken_rule(window):
    """A rule whose provider was removed is told, and is an error where it is the one that would be taken."""
    window.serving()
    window.call("mux/provider/add", name="gone", type="echo")
    window.call("mux/rule/add", filter=".py", provider="gone", model="echo")
    assert window.call("mux/provider/remove", name="gone", force=True)[0]["broken"]
    status = window.call("mux/status")
    assert (status["kind"], len(status["problems"])) == ("warning", 1)
    assert status["problems"][0].startswith("Rule 1 of the workspace default cannot serve")
    reason = window.call("mux/rule/list")[0]["broken"]
    assert status["details"] == [
        {
            "kind": "brokenRule",
            "detail": f"Rule 1 of the workspace default cannot serve ({reason.removesuffix('.')}); mend it.",
            "mend": "mux-sidecar rule edit 1 --model PROVIDER/MODEL",
            "workspace": "default",
            "position": 1,
            "reason": reason,
            "provider": "gone",
        }
    ]
    assert window.call("mux/status", uri="file:///a.py")["kind"] == "error"
    assert window.call("mux/route/explain", files=["a.py"])["broken"] == reason
    assert "broken" not in window.call("mux/route/explain", files=["a.ts"])
    refused = window.mux.post("/chat/completions", {"messages": [{"role": "user", "content": "Look at `a.py`"}]})
    assert refused.error["code"] == "model_gone"
    status = window.told("mux/didChangeStatus", lambda status: "lastRequest" in status)
    assert [each["kind"] for each in status["details"]] == ["brokenRule", "lastRequestFailed"]
    window.call("mux/rule/remove", position=1)  # another one has its number now
    assert window.told("mux/didChangeStatus", lambda status: status["kind"] == "normal")["problems"] == []


def test_a_request_that_no_rule_took(window):
    """A request that found no rule is told until there is one for it."""
    window.serving()
    window.call("mux/rule/set", rules=[])
    body = {"messages": [{"role": "user", "content": "hi"}]}
    assert window.mux.post("/chat/completions", body).error["code"] == "no_route"
    status = window.told("mux/didChangeStatus", lambda status: "lastRequest" in status)
    assert [each["kind"] for each in status["details"]] == ["noRule", "lastRequestFailed"]
    window.call("mux/rule/add", filter="", provider="echo", model="echo")
    assert window.told("mux/didChangeStatus", lambda status: status["kind"] == "normal")["problems"] == []


def test_the_tooltip_is_in_columns(window):
    """Each line of the tooltip is a name and, in one column for all, what is so."""
    url = window.serving()
    lines = window.call("mux/status")["tooltip"].splitlines()
    assert {line[:15].strip(): line[15:] for line in lines} == {
        "Workspace": "default (1 rule)",
        "Default model": "echo/echo",
        "Endpoint": f"{url}: serving.",
    }


@pytest.mark.parametrize("source", ["apiKeyEnv", "none"])
def test_a_missing_key(window, source):
    """A key that is not there is told, and how to give one."""
    window.serving()
    given = {"apiKeyEnv": "NOBODY_SETS_THIS"} if source == "apiKeyEnv" else {}
    window.call("mux/provider/add", name="up", type="openai", models=["m"], offline=True, auth="api_key", **given)
    window.call("mux/rule/add", filter="", provider="up", model="m")
    status = window.call("mux/status")
    assert status["kind"] == "error"
    assert ("NOBODY_SETS_THIS" if given else "up has no key") in status["problems"][0]
    (detail,) = status["details"]
    assert (detail["kind"], detail["provider"]) == ("missingKey", "up")
    assert detail["mend"] == "mux-sidecar provider edit up --api-key-stdin"


def test_what_is_to_be_mended_in_parts(window, closed_port):
    """`details` has each of `problems`, in the same order, by its kind and by what it is about."""
    window.serving()
    endpoint = f"http://localhost:{closed_port}"
    window.call("mux/provider/add", name="my desk", type="vllm", endpoint=endpoint, models=["m"], offline=True)
    window.call("mux/rule/add", filter=".py", provider="my desk", model="m")
    window.call("mux/workspace/add", name="none")
    window.call("mux/workspace/add", name="some", copyFrom="default")
    window.call("mux/rule/remove", workspace="some", position=2)
    window.fail("mux/provider/refresh", {"name": "my desk"})
    file = {"role": "user", "content": "Look at `a.py`"}
    reply = window.mux.post("/chat/completions", {"messages": [file]}, {"x-mux-workspace": "none"})
    assert reply.status == 400
    window.told("mux/didChangeStatus", lambda status: "lastRequest" in status)
    statuses = {name: window.call("mux/status", workspace=name) for name in ("default", "none", "some")}
    kinds = {name: [detail["kind"] for detail in status["details"]] for name, status in statuses.items()}
    assert kinds == {
        "default": ["modelsFailed", "lastRequestFailed"],
        "none": ["noRule", "modelsFailed", "lastRequestFailed"],
        "some": ["noDefault", "modelsFailed", "lastRequestFailed"],
    }
    assert statuses["none"]["details"][0]["mend"] == "mux-sidecar rule default PROVIDER/MODEL -w none"
    assert statuses["none"]["details"][1]["mend"] == 'mux-sidecar provider refresh "my desk"'
    assert statuses["none"]["details"][2]["request"] == reply.headers["x-mux-request-id"]
    for status in statuses.values():
        assert status["problems"] == [told(**detail) for detail in status["details"]]
    assert window.mux.post("/chat/completions", {"messages": [file]}).status == 502
    status = window.told("mux/didChangeStatus", lambda status: "is down" in str(status["problems"]))
    assert [(each["kind"], each["provider"]) for each in status["details"]] == [("providerDown", "my desk")]


HERE = {
    "noProvider": "mux.addProvider",
    "noRule": "mux.addRule",
    "noDefault": "mux.addRule",
    "brokenRule": "mux.addRule",
    "missingKey": "mux.openDashboard",
    "modelsFailed": "mux.refreshModels",
}


def told(kind, detail, mend=None, **_):
    """The sentence with its commands: the command line's, and an editor's."""
    return f"{detail.removesuffix('.')}: {mend} (in an editor: {HERE[kind]})" if mend else detail


def test_the_command_line_tells_the_same(window):
    """`mux-sidecar status` is the Status of a window, but for what is the process's own."""
    window.serving()
    window.mux.post("/chat/completions", {"messages": [{"role": "user", "content": "hi"}]})
    window.told("mux/didChangeStatus", lambda status: "lastRequest" in status)
    here, there = window.call("mux/status"), window.mux.json("status")
    there["endpoint"].pop("detail")
    here["tooltip"] = there["tooltip"] = ""
    assert here == there
