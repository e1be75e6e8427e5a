"""`connect`: the lines that point each client here, and the wait for its request."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import clients_page as page
import pytest
import yaml
from mux import COMMAND, Mux, free_port
from neovim import find

CONTRACT = {
    "aider", "avante", "claude-code", "cline", "codecompanion", "codex", "continue", "copilot", "gptel", "kilo",
    "llm", "opencode", "qwen-code", "roo", "zed",
}  # fmt: skip
NAMES = sorted(path.stem for path in (Path(page.__file__).parents[2] / "sidecar/clients/rows").glob("*.toml"))
LOCAL = [name for name in NAMES if name != "cursor"]
PATHS = {"chat": "/chat/completions", "messages": "/messages", "responses": "/responses"}
ASK = [{"role": "user", "content": "Explain src/app.ts"}]
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": ASK},
    "messages": {"model": "m", "max_tokens": 99, "messages": ASK},
    "responses": {"model": "m", "input": "Explain src/app.ts"},
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mux]:
    """A served data folder that wants its token as the key; these tests only add requests."""
    mux = Mux(tmp_path_factory.mktemp("connect") / "home")
    mux.cli("provider", "add", "near", "--type", "echo")
    mux.cli("rule", "default", "near/echo")
    mux.cli("workspace", "add", "Bare")
    mux.cli("settings", "requireKey", "true")
    mux.start()
    yield mux
    mux.stop()


@pytest.fixture(scope="module")
def told(running: Mux) -> dict[str, dict[str, Any]]:
    """What `connect --json` tells, by client."""
    return {client["id"]: client for client in running.json("connect")}


class Waiting:
    """`connect CLIENT --check …`, from when it says that it waits."""

    def __init__(self, mux: Mux, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "connect", *arguments, "--check"],
            env=mux.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        assert self.process.stderr is not None
        assert self.process.stderr.readline().startswith("Waiting for a request of ")

    def line(self) -> str:
        """The next line that it says meanwhile."""
        assert self.process.stderr is not None
        return self.process.stderr.readline()

    def end(self) -> tuple[int, str, str]:
        """Its status, and what it printed and said."""
        printed, said = self.process.communicate(timeout=60)
        return self.process.returncode, printed, said


@pytest.fixture
def wait(running: Mux) -> Iterator[Callable[..., Waiting]]:
    """Starts to wait; nothing is left that does at the end."""
    begun: list[Waiting] = []

    def begin(*arguments: str) -> Waiting:
        begun.append(Waiting(running, *arguments))
        return begun[-1]

    yield begin
    for waiting in begun:
        waiting.process.kill()
        waiting.process.communicate()


def lines(client: dict[str, Any]) -> str:
    """All that a client is told."""
    return "\n".join(step["lines"] for step in client["steps"])


def address(client: dict[str, Any]) -> str:
    """The URL that a client makes of what it is told."""
    text = lines(client)
    if apart := re.search(r':host "([^"]+)".*:endpoint "([^"]+)"', text, re.DOTALL):
        return f"http://{apart[1]}{apart[2]}"
    found = re.search(r"http://localhost:\d+[\w/.-]*", text)
    assert found, text
    path = PATHS[client["dialect"]]
    return found[0].removesuffix(path) + path


def ask(client: dict[str, Any], agent: str | None = None) -> None:
    """Send what the client would: to the address, with the key, and under the name, that its lines have."""
    key = re.search(r"\b[0-9a-f]{32}\b", lines(client))
    assert key, lines(client)
    name = (client["userAgents"][0] or "anything/") if agent is None else agent
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {key[0]}",
        "User-Agent": f"{name}1.2" if name.endswith("/") else name,
    }
    request = urllib.request.Request(address(client), json.dumps(BODIES[client["dialect"]]).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def readable(step: dict[str, Any], folder: Path) -> None:
    """Have the lines read by whatever reads their format."""
    text = step["lines"]
    path = folder / f"lines.{step['format']}"
    path.write_text(text, "utf-8")
    if step["format"] in ("json", "toml", "yaml"):
        {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}[step["format"]](text)
    elif step["format"] == "sh":
        assert all(map(shlex.split, text.splitlines()))
        if os.name != "nt":
            subprocess.run(["sh", "-n", str(path)], check=True)
    elif step["format"] == "powershell":
        assert all(re.fullmatch(r'\$env:[A-Z_]+ = "[^"$]*"', line) for line in text.splitlines())
    elif step["format"] == "lua":
        check = f"lua if not loadfile([[{path}]]) then vim.cmd.cquit() end"
        subprocess.run([program("nvim"), "--clean", "--headless", "-c", check, "-c", "qa!"], check=True, timeout=60)
    elif step["format"] == "lisp":
        form = f'(with-temp-buffer (insert-file-contents "{path.as_posix()}") (check-parens) (read (current-buffer)))'
        subprocess.run([program("emacs"), "-Q", "--batch", "--eval", form], check=True, timeout=60)


def program(name: str) -> str:
    """An editor that reads what is in its language."""
    found = find(name)
    if found is None:
        pytest.skip(f"{name} is not here")
    return found


def test_the_clients_are_listed(running: Mux, told: dict[str, dict[str, Any]]) -> None:
    """Without a client each has its line, which says where it is told; a hint says what comes next."""
    done = running.cli("connect")
    rows = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    assert rows == NAMES == list(told)
    assert set(rows) >= CONTRACT
    assert "cannot come here" in next(line for line in done.stdout.splitlines() if line.startswith("cursor"))
    assert "mux-sidecar connect CLIENT" in done.stderr


@pytest.mark.parametrize("name", LOCAL)
def test_lines_can_be_read(told: dict[str, dict[str, Any]], tmp_path: Path, name: str) -> None:
    """The lines of each client are right in their own format."""
    assert told[name]["steps"]
    for step in told[name]["steps"]:
        readable(step, tmp_path)


@pytest.mark.parametrize("name", LOCAL)
def test_a_request_arrives(told: dict[str, dict[str, Any]], wait: Callable[..., Waiting], name: str) -> None:
    """A request to the address, and with the key, that a client is told arrives, and --check tells who answered."""
    waiting = wait(name, "--json")
    ask(told[name])
    status, printed, said = waiting.end()
    assert status == 0, said
    request = json.loads(printed)
    assert (request["provider"], request["model"], request["workspace"]) == ("near", "echo", "default")
    assert request["dialect"] == told[name]["dialect"]


def test_check_says_who_answered(told: dict[str, dict[str, Any]], wait: Callable[..., Waiting]) -> None:
    """Read by a person, --check names the model, the rule and the workspace."""
    waiting = wait("codex")
    ask(told["codex"], "codex_exec/0.171")
    told_at_last = "Codex is connected: near/echo answered codex_exec/0.171, by rule 1 (*) of the workspace default.\n"
    assert waiting.end() == (0, told_at_last, "")


def test_check_takes_no_other(told: dict[str, dict[str, Any]], wait: Callable[..., Waiting]) -> None:
    """A request from before, or of another client, is not the one; that another came is said."""
    ask(told["zed"])
    waiting = wait("zed", "--json")
    ask(told["roo"])
    assert waiting.line() == "A request of RooCode/1.2 (chat) has come; still waiting for Zed.\n"
    ask(told["zed"], "Zed/9.9")
    status, printed, _ = waiting.end()
    assert status == 0
    assert json.loads(printed)["client"] == "Zed/9.9"


def test_check_gives_up(wait: Callable[..., Waiting]) -> None:
    """When nothing comes in time, --check fails and says what to try, the key included where one is wanted."""
    status, printed, said = wait("aider", "--timeout", "0.6").end()
    assert (status, printed) == (1, "")
    for text in ("No request of Aider arrived within 0.6 s", "must send the token", "mux-sidecar connect aider"):
        assert text in said


def test_check_tells_a_failure(running: Mux, wait: Callable[..., Waiting]) -> None:
    """A request that arrives and is not answered is a failure, told with its reason; -w looks at one workspace."""
    bare = {client["id"]: client for client in running.json("connect", "-w", "bare")}["gptel"]
    assert address(bare).endswith("/v1/mux/w/Bare/chat/completions")
    waiting = wait("gptel", "-w", "bare")
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(bare)
    refused.value.close()
    status, _, said = waiting.end()
    assert status == 1
    assert "A request of gptel arrived, and was not answered: " in said
    assert "rule default" in said


def test_check_tells_a_wrong_address(running: Mux, told: dict[str, Any], wait: Callable[..., Waiting]) -> None:
    """A request that came without /v1/mux ends the wait with that; one to another workspace is told meanwhile."""
    waiting = wait("claude-code", "-w", "bare")
    ask(told["claude-code"], "claude-cli/2")
    other = "A request of claude-cli/2 (messages) to the workspace default has come; still waiting for Claude Code.\n"
    assert waiting.line() == other
    assert running.post("/v1/messages", {}, {"user-agent": "claude-cli/2"}).status == 404
    status, _, said = waiting.end()
    assert status == 1
    assert "was not answered: Nothing is served at '/v1/messages'; the mux is at /v1/mux, which belongs in" in said


def test_vendors_own_clients(running: Mux, told: dict[str, dict[str, Any]], wait: Callable[..., Waiting]) -> None:
    """OpenAI's and Anthropic's own clients, told by variables, come here."""
    variables = re.findall(r'([A-Z_]+)(?:=| = )"([^"]*)"', lines(told["openai"]))
    script = (
        "import openai; openai.OpenAI().chat.completions.create(model='mux', messages=[dict(role='user', content='a')])"
    )
    waiting = wait("openai", "--json")
    assert _python(running, script, dict(variables)) == 0
    assert json.loads(waiting.end()[1])["client"].startswith("OpenAI/Python")
    variables = json.loads(lines(told["claude-code"]))["env"]
    script = (
        "import anthropic; anthropic.Anthropic(default_headers={'User-Agent': 'claude-cli/2'})"
        ".messages.create(model='mux', max_tokens=9, messages=[dict(role='user', content='a')])"
    )
    waiting = wait("claude-code", "--json")
    assert _python(running, script, variables) == 0
    assert json.loads(waiting.end()[1])["client"] == "claude-cli/2"


def _python(mux: Mux, script: str, variables: dict[str, str]) -> int:
    return subprocess.run([COMMAND[0], "-c", script], env=mux.env | variables, timeout=60, check=False).returncode


def test_who_cannot_come(running: Mux) -> None:
    """A client whose requests leave from elsewhere is refused with the reason and a way out; JSON tells it too."""
    done = running.cli("connect", "cursor", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    for text in ("Cursor cannot be pointed here", "its maker's servers", "Cline"):
        assert text in done.stderr
    done = running.cli("connect", "Cursor", "--json", check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["local"] is False
    assert running.cli("connect", "cursor", "--check", check=False).returncode == 1
    assert "inline suggestions" in running.cli("connect", "copilot").stdout


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        ("nobody", 1, "There is no client 'nobody'; there are: aider, "),
        ("codex -w nowhere", 1, "There is no workspace 'nowhere'; there are: default, Bare."),
        ("--check", 2, "--check needs a CLIENT"),
        ("codex --check --timeout 0", 2, "--timeout"),
    ],
)
def test_wrong_use(running: Mux, arguments: str, status: int, says: str) -> None:
    """What cannot be is told, with what can."""
    done = running.cli("connect", *arguments.split(), check=False)
    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr


def test_nobody_serves(fresh_mux: Callable[..., Mux]) -> None:
    """Without a sidecar the lines are told, with a word of it; there is nothing to wait for."""
    mux = fresh_mux()
    done = mux.cli("connect", "codex")
    assert f'base_url = "http://localhost:{mux.port}/v1/mux"' in done.stdout
    assert 'experimental_bearer_token = "any"' in done.stdout
    assert "mux-sidecar serve" in done.stderr
    done = mux.cli("connect", "codex", "--check", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the endpoint is not served" in done.stderr


def test_another_port(fresh_mux: Callable[..., Mux]) -> None:
    """Where the sidecar serves another port than the variable says, as an editor may have it, that one is told."""
    mux = fresh_mux()
    mux.start()
    elsewhere = {"MUX_SIDECAR_PORT": str(free_port())}
    for told in (("connect", "llm"), ("status",), ("dashboard", "--no-open"), ("doctor",)):
        assert f"http://localhost:{mux.port}/" in mux.cli(*told, env=elsewhere, check=False).stdout
    for empty in ("log", "usage"):
        assert f"http://localhost:{mux.port}/" in mux.cli(empty, env=elsewhere).stderr
    mux.stop()
    assert f"localhost:{elsewhere['MUX_SIDECAR_PORT']}/v1/mux" in mux.cli("connect", "llm", env=elsewhere).stdout


def test_completion(running: Mux) -> None:
    """A Tab completes the clients."""
    words = {"COMP_WORDS": "mux-sidecar connect co", "COMP_CWORD": "2", "_MUX_SIDECAR_COMPLETE": "bash_complete"}
    found = running.cli(env=words).stdout.splitlines()
    assert found == [f"plain,{name}" for name in ("codecompanion", "codex", "continue", "copilot")]


def test_the_page_is_true(fresh_mux: Callable[..., Mux]) -> None:
    """The blocks of docs/connect.md are what the command prints."""
    assert page.written() == page.generated()
    mux = fresh_mux()
    mux.env["MUX_SIDECAR_PORT"] = "8989"
    for client in mux.json("connect"):
        section = page.written().split(f"### {client['id']}\n")[1].split("\n### ")[0]
        for step in client["steps"]:
            assert step["format"] == "powershell" or f"```{step['format']}\n{step['lines']}\n```" in section
