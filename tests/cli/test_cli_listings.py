"""Every listing, as a table and as JSON with the names of the JSON-RPC results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mux import Mux


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Mux:
    """A configured data folder that these tests only read."""
    mux = Mux(tmp_path_factory.mktemp("listings") / "home", SOME_KEY="sk-listing-0123456789")
    mux.cli("provider", "add", "near", "--type", "echo", "--description", "On this machine")
    mux.cli(
        *("provider", "add", "far", "--type", "openai", "--endpoint", "https://far.example/v1", "--offline"),
        *("--api-key-env", "SOME_KEY", "--model", "big/one", "--model", "small", "--header", "X-Team=blue"),
        *("--connect-timeout", "3"),
    )
    mux.cli("rule", "default", "near/echo")
    mux.cli("rule", "add", "--filter", ".ts", "--model", "far/big/one")
    mux.cli("rule", "add", "--filter", ".py", "--model", "far/small", "--kind", "fim", "--at", "1")
    mux.cli("workspace", "add", "work", "--copy-from", "default")
    return mux


def table(text: str) -> list[list[str]]:
    """A plain table's cells, cut where columns are two spaces apart."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()]


def test_providers(set_up: Mux) -> None:
    """Providers come with everything but their secrets."""
    providers = {row["name"]: row for row in set_up.json("provider", "list")}
    far = providers["far"]
    assert (far["type"], far["auth"], far["keySource"], far["models"]) == ("openai", "api_key", "env:SOME_KEY", 2)
    assert far["headers"] == ["X-Team"]
    assert far["timeouts"]["connect"] == 3
    assert sorted(far["workspaces"]) == ["default", "work"]
    assert providers["near"]["description"] == "On this machine"
    shown = set_up.cli("provider", "list").stdout
    assert "sk-listing" not in shown + json.dumps(far)
    assert table(shown)[0][:3] == ["NAME", "TYPE", "ENDPOINT"]
    assert {row[0] for row in table(shown)[1:]} == {"far", "near"}


def test_models(set_up: Mux) -> None:
    """Models are listed as rules name them, of one provider or of all."""
    assert [row["name"] for row in set_up.json("provider", "models", "far")] == ["big/one", "small"]
    shown = [row[0] for row in table(set_up.cli("provider", "models").stdout)]
    assert sorted(shown[1:]) == ["far/big/one", "far/small", "near/echo"]


def test_types(set_up: Mux) -> None:
    """The types of provider are listed with their default endpoints."""
    types = {row["type"]: row for row in set_up.json("provider", "types")}
    assert {"anthropic", "llamacpp", "lm_studio", "ollama", "openai", "openrouter", "vllm", "echo"} <= set(types)
    assert set(types["openai"]) == {"type", "label", "defaultEndpoint", "auth"}


def test_workspaces(set_up: Mux) -> None:
    """Workspaces tell their rules, default model and scope; * marks the active one."""
    rows = set_up.json("workspace", "list")
    assert rows[0] == {"name": "default", "active": True, "rules": 3, "default": "near/echo", "scope": "turn"}
    shown = set_up.cli("workspace", "list").stdout.splitlines()
    assert [line[:1] for line in shown] == [" ", "*", " "]


def test_rules(set_up: Mux) -> None:
    """Rules come in the order in which they are tried; the catch-all is shown as *."""
    rows = set_up.json("rule", "list", "-w", "work")
    assert [(r["position"], r["filter"], r["kind"], r["provider"], r["model"]) for r in rows] == [
        (1, ".py", "fim", "far", "small"),
        (2, ".ts", "any", "far", "big/one"),
        (3, "", "any", "near", "echo"),
    ]
    assert table(set_up.cli("rule", "list").stdout)[-1] == ["3", "*", "any", "near/echo"]


def test_explain(set_up: Mux) -> None:
    """`explain` names the rule and model that files get, the rules it looked at, and the scope."""
    found = set_up.json("explain", "src/app.ts", "README.md")
    assert found["route"] == {
        "workspace": "default", "position": 2, "filter": ".ts", "kind": "any", "provider": "far", "model": "big/one",
    }  # fmt: skip
    assert {"position", "filter", "kind", "matched", "why", "alsoTakes"} == set(found["considered"][0])
    shown = set_up.cli("explain", "src/app.ts", "-w", "work").stdout
    assert shown.startswith("src/app.ts → far/big/one, by rule 2 (.ts) of the workspace work.")
    assert "Scope of work: turn." in shown
    assert set_up.json("explain", "a.py", "--kind", "fim")["route"]["model"] == "small"


def test_settings(set_up: Mux) -> None:
    """Settings are shown together or one by one, under either spelling."""
    everything = set_up.json("settings")
    assert set(everything) == {"keep", "keepDays", "origins", "hosts", "requireKey"}
    assert ["keepDays", str(everything["keepDays"])] in table(set_up.cli("settings").stdout)
    assert set_up.cli("settings", "require-key").stdout == "false\n"
    assert set_up.json("settings", "require-key") == {"requireKey": False}


def test_status(set_up: Mux) -> None:
    """`status` tells workspace, model and endpoint, whether or not a sidecar runs."""
    status = set_up.json("status")
    assert (status["workspace"], status["text"]) == ("default", "default · near/echo")
    assert status["endpoint"]["state"] == "standby"
    assert status["kind"] == "inactive"
    assert status["problems"] == []
    assert status["route"]["model"] == "echo"
    assert {"busy", "tooltip", "command"} <= set(status)
    assert "near/echo" in set_up.cli("status").stdout


@pytest.mark.parametrize("line", ["log", "log -w default", "log --provider near --outcome error", "usage"])
def test_no_requests(set_up: Mux, line: str) -> None:
    """Without a request the listing is empty, and a hint on standard error says what to do."""
    assert set_up.json(*line.split()) == []
    done = set_up.cli(*line.split())
    assert done.stdout == ""
    assert f"Point a client at http://localhost:{set_up.port}/v1/mux: mux-sidecar connect CLIENT" in done.stderr


@pytest.mark.parametrize(
    ("line", "next_step"),
    [
        ("provider list", "mux-sidecar provider add ollama --type ollama"),
        ("provider models", "mux-sidecar provider add ollama --type ollama"),
        ("rule list", "mux-sidecar rule default"),
        ("workspace list", "mux-sidecar rule default"),
        ("status", "mux-sidecar provider add ollama --type ollama"),
    ],
)
def test_first_steps(fresh_mux: Callable[..., Mux], line: str, next_step: str) -> None:
    """Before anything is configured, each listing names the command that comes next."""
    done = fresh_mux().cli(*line.split())
    assert next_step in done.stdout + done.stderr


def test_first_steps_of_another_workspace(fresh_mux: Callable[..., Mux]) -> None:
    """What is hinted at for a workspace that was named changes that one, not the active one."""
    mux = fresh_mux()
    mux.cli("workspace", "add", "side")
    assert mux.cli("rule", "list", "-w", "side").stderr.endswith("rule default PROVIDER/MODEL -w side\n")
    assert "rule default PROVIDER/MODEL -w side\n" in mux.cli("explain", "a.b", "-w", "side").stdout
    told = mux.cli("explain", "a.b", "--kind", "embed", "-w", "side").stdout
    assert "rule default PROVIDER/MODEL -w side --kind embed\n" in told


def test_plain_output(set_up: Mux) -> None:
    """What goes into a pipe is plain: no colour, no trailing blanks, columns in line."""
    for line in ("provider list", "workspace list", "rule list", "status"):
        shown = set_up.cli(*line.split()).stdout
        assert "\x1b" not in shown
        assert all(row == row.rstrip() for row in shown.splitlines())
    columns = set_up.cli("rule", "list").stdout.splitlines()
    assert {row.index("any") for row in columns[2:]} == {columns[0].index("KIND")}


@pytest.mark.parametrize(
    ("incomplete", "expected"),
    [
        (("workspace", "use", "w"), ["work"]),
        (("provider", "refresh", ""), ["far", "near"]),
        (("rule", "default", "far/b"), ["far/big/one"]),
        (("rule", "list", "-w", "D"), ["default"]),
        (("settings", "keep"), ["keep", "keepDays"]),
        (("provider", "add", "x", "--type", "ope"), ["openai", "openrouter"]),
    ],
)
def test_completion(set_up: Mux, incomplete: tuple[str, ...], expected: list[str]) -> None:
    """A Tab completes what is configured, without regard to case."""
    words = " ".join(("mux-sidecar", *incomplete))
    asked = {"_MUX_SIDECAR_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(incomplete))}
    assert set_up.cli(env=asked).stdout.splitlines() == [f"plain,{name}" for name in expected]


def test_completion_without_a_data_folder(tmp_path: Path) -> None:
    """A Tab that finds no data folder completes nothing, says nothing and makes none."""
    mux = Mux(tmp_path / "never")
    words = {"COMP_WORDS": "mux-sidecar provider refresh ", "COMP_CWORD": "3", "_MUX_SIDECAR_COMPLETE": "bash_complete"}
    done = mux.cli(env=words)
    assert (done.stdout.strip(), done.stderr) == ("", "")
    assert not mux.home.exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(set_up: Mux, shell: str) -> None:
    """`completion` prints the shell's script, and says on standard error where it goes."""
    done = set_up.cli("completion", shell)
    assert "_MUX_SIDECAR_COMPLETE" in done.stdout
    assert "mux-sidecar completion" in done.stderr
    assert ("mkdir -p" in done.stderr) == (shell == "fish")  # whose folder is not there at first
