"""Every change that the command line can make, seen by its own listings."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from mux import Mux
from upstream import Upstream, reply


@pytest.fixture
def mux(fresh_mux: Callable[..., Mux]) -> Mux:
    """A data folder with one provider, whose models are `echo` and `other`."""
    # The keyring of whoever runs the tests is none of their business.
    backend = "keyring.backends.fail.Keyring"
    mux = fresh_mux(SOME_KEY="sk-some-0123456789abcdef", PYTHON_KEYRING_BACKEND=backend)
    mux.cli("provider", "add", "near", "--type", "echo", "--model", "other")
    return mux


def json_from(mux: Mux, typed: str, *args: str) -> Any:
    """What a command prints as JSON, with that on its standard input."""
    return json.loads(mux.cli(*args, "--json", typed=typed).stdout)


def failed(mux: Mux, *args: str) -> str:
    """What a command that must fail says."""
    done = mux.cli(*args, check=False)
    assert done.returncode == 1, done.stdout
    return done.stderr


def brief(rules: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Filter and model of each rule."""
    return [(rule["filter"], rule["model"]) for rule in rules]


def test_rules(mux: Mux) -> None:
    """Rules are added before the catch-all, edited, moved, replaced as a default, and removed; each prints the list."""
    mux.cli("rule", "default", "near/echo")
    mux.cli("rule", "add", "--filter", ".ts", "--model", "near/other")
    assert brief(mux.json("rule", "add", "--filter", ".md", "--model", "near/echo", "--at", "1")) == [
        (".md", "echo"),
        (".ts", "other"),
        ("", "echo"),
    ]
    assert brief(mux.json("rule", "move", "1", "2"))[:2] == [(".ts", "other"), (".md", "echo")]
    assert brief(mux.json("rule", "edit", "1", "--filter", ".tsx", "--kind", "chat"))[0] == (".tsx", "other")
    assert brief(mux.json("rule", "edit", "1", "--model", "near/echo"))[0] == (".tsx", "echo")
    assert brief(mux.json("rule", "default", "near/other"))[2:] == [("", "other")]
    shown = mux.cli("rule", "remove", "2").stdout
    assert ".md" not in shown
    assert ".tsx" in shown


def test_rules_that_are_never_reached(mux: Mux) -> None:
    """A rule below one that takes all that it takes is told, with what mends it; moved up, it is in order."""
    mux.cli("rule", "default", "near/echo")
    mux.cli("rule", "add", "--filter", ".ts", "--model", "near/echo")
    added = mux.cli("rule", "add", "--filter", "*.ts", "--model", "near/other")
    told = "Rule 2 (*.ts) is never reached: rule 1 (.ts) takes all that it takes."
    assert told in mux.cli("rule", "list").stderr
    assert told in added.stderr
    assert told in mux.cli("rule", "edit", "2", "--model", "near/echo").stderr
    done = mux.cli("doctor")
    assert "! workspace default, rule 2: It is never reached: rule 1 (.ts) takes all that it takes." in done.stdout
    assert "mux-sidecar rule move 2 1 -w default" in done.stdout
    (warned,) = (check for check in mux.json("doctor") if check["ok"] and "mend" in check)
    assert warned["check"] == "workspace default, rule 2"
    mux.cli("rule", "move", "2", "1")
    assert "never reached" not in mux.cli("rule", "list").stderr + mux.cli("doctor").stdout


def test_workspaces(mux: Mux) -> None:
    """Workspaces are added, copied, used, renamed, edited, exported, imported and removed."""
    mux.cli("rule", "default", "near/echo")
    assert mux.json("workspace", "add", "work", "--copy-from", "default")["rules"] == 1
    assert mux.json("workspace", "use", "WORK")["active"] is True
    assert mux.json("workspace", "rename", "work", "Client")["name"] == "Client"
    assert mux.json("workspace", "edit", "client", "--scope", "conversation")["scope"] == "conversation"
    document = mux.cli("workspace", "export", "client").stdout
    assert json.loads(document)
    assert json_from(mux, document, "workspace", "import", "-", "--name", "again")["rules"] == 1
    assert "near/echo" in mux.cli("rule", "list", "-w", "again").stdout
    removed = mux.cli("workspace", "remove", "client").stdout
    assert removed == "Removed the workspace client. default is active now.\n"
    assert [(row["name"], row["active"]) for row in mux.json("workspace", "list")] == [
        ("default", True),
        ("again", False),
    ]


def test_importing_again(mux: Mux, fresh_mux: Callable[..., Mux]) -> None:
    """What was exported of `default` is taken up by a fresh folder at once, and by one with rules when told to."""
    mux.cli("rule", "default", "near/echo")
    mux.cli("workspace", "edit", "default", "--scope", "conversation")
    document = mux.cli("workspace", "export", "default").stdout
    other = fresh_mux()
    imported = other.cli("workspace", "import", "-", typed=document)
    assert "1 rule" in imported.stdout
    assert imported.stderr == "Rule 1 (*) cannot serve: There is no provider near; add it, or choose another model.\n"
    other.cli("workspace", "edit", "default", "--scope", "turn")
    mux.cli("rule", "add", "--filter", ".md", "--model", "near/other")
    newer = mux.cli("workspace", "export", "default").stdout
    refused = other.cli("workspace", "import", "-", typed=newer, check=False)
    assert refused.returncode == 1
    assert "with rules; import it under another --name NAME, or with --replace, which" in refused.stderr
    assert other.json("workspace", "list")[0]["rules"] == 1
    replaced = json_from(other, newer, "workspace", "import", "-", "--replace")
    assert (replaced["name"], replaced["active"], replaced["rules"]) == ("default", True, 2)
    assert replaced["scope"] == "conversation"
    for encoding in ("utf-8-sig", "utf-16"):  # as PowerShell 5 writes files
        (other.home / "shared.json").write_text(newer, encoding)
        other.cli("workspace", "import", str(other.home / "shared.json"), "--replace", "--name", "beside")
    assert [(row["name"], row["active"]) for row in other.json("workspace", "list")] == [
        ("default", True),
        ("beside", False),
    ]


def test_providers(mux: Mux, other_upstream: Upstream) -> None:
    """A provider is added with its models fetched, edited with its key kept, refreshed, renamed and removed."""
    other_upstream.models = ["one", "two"]
    where = ("--type", "openai", "--endpoint", f"{other_upstream.url}/v1", "--api-key-stdin")
    added = json_from(mux, "sk-typed-0123456789\n", "provider", "add", "far", *where)
    assert (added["models"], added["keySource"]) == (2, "file")
    assert other_upstream.asked_for_models[-1].header("authorization") == "Bearer sk-typed-0123456789"
    other_upstream.models = ["one", "two", "three"]
    assert mux.json("provider", "refresh", "far")["models"] == 3
    edited = mux.json("provider", "edit", "far", "--description", "Elsewhere", "--rename", "away")
    assert (edited["name"], edited["description"]) == ("away", "Elsewhere")
    assert other_upstream.asked_for_models[-1].header("authorization") == "Bearer sk-typed-0123456789"
    moved = ("provider", "edit", "away", "--endpoint", "http://localhost:1")
    assert "give the key for the new endpoint with --api-key-stdin or --api-key-env VARIABLE." in failed(mux, *moved)
    mux.cli("provider", "remove", "away")
    other_upstream.listed = reply(status=404)
    wrong = ("--type", "openai", "--endpoint", other_upstream.url, "--auth", "none")
    told = mux.cli("provider", "add", "lost", *wrong).stderr
    assert f"lost at {other_upstream.url} has no list of models (404): check the endpoint" in told
    assert "mux-sidecar provider edit lost --endpoint URL, or --model NAME" in told
    assert "lost at" in mux.cli("doctor", check=False).stdout
    mux.cli("provider", "remove", "lost")
    assert [row["name"] for row in mux.json("provider", "list")] == ["near"]


def test_provider_in_use(mux: Mux) -> None:
    """A provider that a rule needs is removed only by force; the rule stays, marked broken, and status says so."""
    mux.cli("rule", "default", "near/echo")
    refused = mux.cli("provider", "remove", "near", check=False)
    assert refused.returncode == 1
    assert "rules of default; change them first, or remove it with --force, " in refused.stderr
    assert "mux-sidecar doctor" in mux.cli("provider", "remove", "near", "--force").stderr
    assert mux.json("rule", "list")[0]["broken"]
    assert "BROKEN" in mux.cli("rule", "list").stdout
    assert mux.json("status")["problems"]
    told = mux.cli("explain", "x.gw").stdout.splitlines()[1]
    assert told.startswith("Such a request would fail: There is no provider near; ")
    assert told.endswith(": mux-sidecar rule edit 1 -w default --model PROVIDER/MODEL")


def test_key_in_a_variable(mux: Mux) -> None:
    """Of a key in a variable only the variable's name is kept, and no file of the data folder holds the key."""
    mux.cli("provider", "add", "far", "--type", "openai", "--api-key-env", "SOME_KEY", "--offline", "--model", "m")
    assert {row["keySource"] for row in mux.json("provider", "list")} == {None, "env:SOME_KEY"}
    assert all(b"sk-some" not in file.read_bytes() for file in mux.home.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("name", "value", "field", "stored", "shown"),
    [
        ("keepDays", "7", "keepDays", 7, "7"),
        ("keep-days", "7", "keepDays", 7, "7"),
        ("keep", "nothing", "keep", "nothing", "nothing"),
        ("require_key", "yes", "requireKey", True, "true"),
        ("origins", "https://a.example, app://obsidian.md", "origins", ["https://a.example", "app://obsidian.md"],
         "https://a.example,app://obsidian.md"),
        ("hosts", "", "hosts", [], ""),
    ],
)  # fmt: skip
def test_settings(mux: Mux, name: str, value: str, field: str, stored: object, shown: str) -> None:
    """A setting is set under either spelling, lists by commas, and printed as it is stored."""
    assert mux.cli("settings", name, value).stdout == f"{shown}\n"
    assert mux.json("settings")[field] == stored


def test_token(mux: Mux) -> None:
    """`token` makes a token of 128 random bits once, readable by its owner alone, and prints it again."""
    token = mux.cli("token").stdout
    assert len(bytes.fromhex(token.strip())) == 16
    assert mux.cli("token").stdout == token
    file = mux.home / "token"
    assert file.read_text().strip() == token.strip()
    assert file.stat().st_mode & 0o077 == 0


def test_doctor(mux: Mux) -> None:
    """`doctor` tells each check with ✓ or ✗ and what mends it, and its status says whether all is well."""
    done = mux.cli("doctor", check=False)
    checks = json.loads(mux.cli("doctor", "--json", check=False).stdout)
    assert all({"check", "ok", "detail"} <= set(check) for check in checks)
    assert done.returncode == (0 if all(check["ok"] for check in checks) else 1)
    assert done.stdout.count("✓") + done.stdout.count("✗") == len(checks)
