"""Wrong usage is told with status 2 before anything is opened, and help costs nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click import Context, Group
from click.testing import CliRunner, Result

from rpc.cli.main import COMMANDS, cli

QUICK = ("status", "rule list", "provider list", "workspace list", "log", "usage", "settings", "explain a.py", "token")
HEAVY = ("aiohttp", "keyring", "pygls", "lsprotocol", "rich", "sqlite_utils", "genai_prices", "uvloop")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Runs a command line within this process; its data folder must not be needed, so that it is none."""
    monkeypatch.setenv("MUX_SIDECAR_HOME", str(tmp_path / "never-made"))
    return CliRunner()


def invoke(runner: CliRunner, line: str) -> Result:
    """Run the words of that line."""
    return runner.invoke(cli, line.split(), prog_name="mux-sidecar")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nonsense", "No such command"),
        ("rule default gpt-5", "PROVIDER/MODEL"),
        ("rule default /gpt-5", "PROVIDER/MODEL"),
        ("rule default openai/", "PROVIDER/MODEL"),
        ("rule add --filter .ts --model gpt-5", "PROVIDER/MODEL"),
        ("rule add --filter .ts", "--model"),
        ("rule add --model a/b", "--filter"),
        ("rule add --filter .ts --model a/b --kind nonsense", "--kind"),
        ("rule add --filter .ts --model a/b --at 0", "--at"),
        ("rule move 0 1", "POSITION"),
        ("rule remove one", "POSITION"),
        ("rule add --filter a.ts b.ts --model a/b", "(b.ts). Quote a filter with * or ?, as in: --filter '*.ts'"),
        ("provder list", "Did you mean 'provider'?"),
        ("providers", "Did you mean 'provider'?"),
        ("serv", "Did you mean 'serve'?"),
        ("help", "Did you mean '--help'?"),
        ("models", "Did you mean 'provider models'?"),
        ("nonsense", "No such command 'nonsense'."),
        ("rule edit 1", "--filter"),
        ("provider add x", "--type"),
        ("provider add x --type echo --header NAME", "NAME=VALUE"),
        ("provider add x --type echo --api-key-env A --api-key-stdin", "exclude"),
        ("provider add x --type echo --connect-timeout 0", "--connect-timeout"),
        ("workspace edit default", "--scope"),
        ("workspace edit default --scope everything", "--scope"),
        ("workspace rename one", "NEW"),
        ("explain", "FILE"),
        ("log -n 0", "-n"),
        ("log --outcome lost", "--outcome"),
        ("log --clear --follow", "--clear"),
        ("log --clear --provider x", "--clear"),
        ("usage --since yesterday", "such as 2026-01-31"),
        ("usage --by client", "--by"),
        ("settings nonsense", "keepDays"),
        ("settings keep-days soon", "'soon' is no number of days; give 1 to 3650"),
        ("settings keep all", "summary"),
        ("settings requireKey perhaps", "perhaps"),
        ("serve --port 70000", "--port"),
        ("completion tcsh", "fish"),
    ],
)
def test_wrong_usage(run: CliRunner, tmp_path: Path, line: str, says: str) -> None:
    """What cannot be meant is told with status 2, naming what is wrong, and no data folder is made."""
    result = invoke(run, line)
    assert result.exit_code == 2, result.output
    assert says in result.stderr
    assert not (tmp_path / "never-made").exists()


@pytest.mark.parametrize("form", ["--api-key sk-secret-1", "--api-key=sk-secret-1", "--api-key"])
@pytest.mark.parametrize("command", ["add x --type openai", "edit x"])
def test_key_on_the_command_line(run: CliRunner, command: str, form: str) -> None:
    """A key on the command line is refused, naming both right ways and never repeating it."""
    result = invoke(run, f"provider {command} {form}")
    assert result.exit_code == 2
    assert "--api-key-env" in result.stderr
    assert "--api-key-stdin" in result.stderr
    assert "secret" not in result.output


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_of_each_command(run: CliRunner, command: str, option: str) -> None:
    """Each command of the table explains itself, groups with their subcommands."""
    result = invoke(run, f"{command} {option}")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: mux-sidecar {command}")


def test_help_lists_each_command(run: CliRunner) -> None:
    """`--help` lists every command with a sentence."""
    result = invoke(run, "--help")
    assert result.exit_code == 0
    for name, (_, _, text) in COMMANDS.items():
        assert f"  {name} " in result.stdout
        assert text.split()[0] in result.stdout


def test_version(run: CliRunner) -> None:
    """`--version` names the product and its version."""
    assert invoke(run, "--version").stdout.startswith("mux-sidecar, version ")


@pytest.mark.parametrize("line", ["--help", "--version", "provider --help", "completion bash", "rule default nonsense"])
def test_start_up_imports_nothing_heavy(line: str) -> None:
    """Help, versions, completion and wrong usage import none of the heavy libraries, nor asyncio."""
    assert imported([line], (*HEAVY, "asyncio")) == []


def test_looking_imports_nothing_heavy(tmp_path: Path) -> None:
    """What only looks at an existing data folder imports no HTTP client, keyring, language server or table drawer."""
    home = {"MUX_SIDECAR_HOME": str(tmp_path), "MUX_SIDECAR_DISCOVER": "0"}
    assert imported(QUICK, HEAVY, **home) == ["sqlite_utils"]  # which makes the databases, the first time
    assert imported(QUICK, HEAVY, **home) == []


def imported(lines: Sequence[str], names: Sequence[str], **environment: str) -> list[str]:
    """Which of these modules are there after the command lines were run in one fresh process."""
    code = (
        "import json, sys\nfrom rpc.cli.main import run\nlines, names = map(json.loads, sys.argv[1:])\n"
        "for line in lines: run(line.split())\n"
        "print(json.dumps([name for name in names if name in sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(lines), json.dumps(names)],
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found: list[str] = json.loads(done.stderr.splitlines()[-1])
    return found


@pytest.mark.parametrize("group", [name for name in COMMANDS if isinstance(cli.get_command(Context(cli), name), Group)])
def test_a_group_lists_its_commands_in_whole_sentences(run: CliRunner, group: str) -> None:
    """No sentence about a command is cut off in the help of its group, on a terminal of 80 columns."""
    listed = invoke(run, f"{group} --help").output.partition("Commands:")[2].splitlines()
    assert len(listed) > 5
    assert not [line for line in listed if line.endswith("...")]
