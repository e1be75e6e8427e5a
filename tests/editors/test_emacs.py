"""The binding for Emacs in the real editor, in a terminal, started as its user's configuration does."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blocks import block
from mux import Mux
from neovim import find
from terminal import TMUX, Terminal, has_ended
from upstream import Upstream
from waiting import PATIENCE, until

ROOT = Path(__file__).parent.parent.parent
BINDING = ROOT / "editors/emacs/mux-sidecar.el"
CLIENT = shutil.which("emacsclient")
LINT = Path("/usr/share/emacs/site-lisp/elpa-src")
#: What keeps a fresh Emacs from compiling its own libraries and leaving files about.
QUIET = """(setq inhibit-startup-screen t make-backup-files nil auto-save-default nil create-lockfiles nil
  native-comp-deferred-compilation nil native-comp-jit-compilation nil)"""

SERVES = """(equal (plist-get (plist-get (mux-sidecar-status) :endpoint) :state) "serving")"""


class Emacs:
    """One running Emacs: `terminal` is what its user has, `lisp` evaluates an expression in it."""

    def __init__(self, program: str, env: dict[str, str], folder: Path, *files: str) -> None:
        self._server = Path(env["HOME"]) / "server/emacs"
        self._server.parent.mkdir(mode=0o700)
        serve = f'(setq server-name "emacs" server-socket-dir "{self._server.parent}")'
        self.terminal = Terminal([program, "-nw", "--eval", serve, "-f", "server-start", *files], env, folder)
        until(self._server.exists, told=lambda: self.terminal.screen)

    def lisp(self, expression: str) -> str:
        """What the expression gives, as Lisp writes it; evaluated in the buffer of the selected window."""
        here = f"(with-current-buffer (window-buffer) {expression})"
        asked = [str(CLIENT), "--socket-name", str(self._server), "--eval", here]
        done = subprocess.run(asked, capture_output=True, encoding="utf-8", timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def until(self, expression: str, value: str) -> None:
        """Wait until the expression gives that."""
        until(lambda: self.lisp(expression), lambda found: found == value, lambda: self.terminal.screen)

    def command(self, name: str, *answers: str) -> None:
        """Run a command by name; each answer is typed and entered once it is asked for (the prompt names it)."""
        self.terminal.keys("M-x")
        self.terminal.until("M-x")
        self.terminal.type(name)
        self.terminal.keys("Enter")
        for prompt, answer in zip(answers[::2], answers[1::2], strict=True):
            self.terminal.until(prompt)
            self.terminal.type(answer)
            self.terminal.keys("Enter")

    def close(self) -> None:
        """Close the window."""
        self.terminal.close()


Open = Callable[..., Emacs]


def programs() -> dict[str, str | None]:
    """Each Emacs by the name of its test: the system's and the unpacked one, where they are two."""
    system = shutil.which("emacs", path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")
    newer = find("emacs")
    return {"emacs": system or newer, "newer emacs": newer if newer != system else None}


@pytest.fixture(params=["emacs", "newer emacs"])
def program(request: pytest.FixtureRequest) -> str:
    """An Emacs."""
    if (found := programs()[request.param]) is None:
        pytest.skip(f"{request.param} is not installed")
    return found


@pytest.fixture
def open_(program: str, tmp_path: Path, project: Path) -> Iterator[Open]:
    """Starts Emacs (`open_(mux, *files)`) with the docs' block, and the binding where users have it."""
    if TMUX is None or CLIENT is None:
        pytest.skip("Emacs is driven by tmux and emacsclient, which are not installed")
    folder = tmp_path / ".emacs.d"
    (folder / "mux-sidecar").mkdir(parents=True)
    shutil.copy(BINDING, folder / "mux-sidecar")
    (folder / "early-init.el").write_text(QUIET, "utf-8")
    (folder / "init.el").write_text(block("docs/editors/emacs.md", "elisp"), "utf-8")
    opened: list[Emacs] = []

    def start(mux: Mux, *files: str) -> Emacs:
        opened.append(Emacs(program, mux.env | {"HOME": str(tmp_path)}, project, *files))
        return opened[-1]

    yield start
    for emacs in opened:
        emacs.close()


def test_it_starts_by_itself(open_, home):
    """The sidecar starts with Emacs; the mode line says what serves, and the sidecar leaves with Emacs."""
    emacs = open_(home)
    emacs.terminal.until(" default · local/big")
    (sidecar,) = emacs.terminal.children()
    emacs.terminal.keys("C-x", "C-c")
    has_ended(sidecar)


def test_the_mode_line_follows_the_document(open_, home):
    """Another document, another model, each in its own window."""
    emacs = open_(home, "app.ts")
    emacs.terminal.until("default · local/small")
    emacs.until(SERVES, "t")
    emacs.terminal.keys("C-x", "4", "f")
    emacs.terminal.until("Find file")
    emacs.terminal.type("app.py")
    emacs.terminal.keys("Enter")
    emacs.terminal.until(lambda screen: "local/small" in screen and "local/big" in screen)
    emacs.lisp('(set-visited-file-name "other.ts")')
    emacs.terminal.until(lambda screen: screen.count("local/small") == 2)


def test_paths_are_those_of_the_project(open_, home, project):
    """A rule for a folder takes the files in it, as clients name them: by their path in the project."""
    home.cli("rule", "add", "--filter", f"{project.name}/app.py", "--model", "local/small")
    home.cli("rule", "add", "--filter", "src/app.py", "--model", "local/echo")
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    (project / "src").mkdir()
    (project / "app.py").rename(project / "src/app.py")
    (project / "app.py").write_text("", "utf-8")
    emacs = open_(home, "src/app.py")
    emacs.terminal.until("default · local/echo")
    emacs.lisp('(find-file "../app.py")')
    emacs.until("(plist-get mux-sidecar--own :text)", '"default · local/big"')


def test_switching(open_, home):
    """The key lists the workspaces with what there is to know; the choice holds for all, and is told."""
    emacs = open_(home, "app.ts")
    emacs.terminal.until("default · local/small")
    emacs.terminal.keys("C-c", "m", "w")
    emacs.terminal.until("Switch to workspace:")
    emacs.terminal.keys("?")
    listed = emacs.terminal.until("work  local/echo")
    assert "default  local/big, active" in listed
    emacs.terminal.type("WORK")
    emacs.terminal.keys("Enter")
    emacs.terminal.until("work · local/echo")
    assert home.json("status")["workspace"] == "work"


def test_a_switch_elsewhere_shows_by_itself(open_, home):
    """A switch on the command line appears, and the hook tells of it."""
    emacs = open_(home, "app.ts")
    emacs.terminal.until("default · local/small")
    emacs.lisp("""(add-hook 'mux-sidecar-status-functions
      (lambda (status) (setq heard (list (buffer-name) (plist-get status :text)))))""")
    home.cli("workspace", "use", "work")
    emacs.terminal.until("work · local/echo")
    emacs.until("heard", '("app.ts" "work · local/echo")')


def test_rules(open_, home):
    """A model for files of this type, for those of a filter, and for everything else."""
    emacs = open_(home, "app.py")
    emacs.terminal.until("default · local/big")
    emacs.command("mux-sidecar-add-rule", "Model for .py files:", "local/echo")
    emacs.terminal.until("default · local/echo")
    emacs.terminal.keys("C-u")
    emacs.command("mux-sidecar-add-rule", "Files with:", "lib/", "Model for lib/:", "local/small")
    emacs.command("mux-sidecar-set-default-model", "Model for everything else:", "local/echo")
    emacs.until("(plist-get mux-sidecar--status :text)", '"default · local/echo"')
    rules = {rule["filter"]: rule["model"] for rule in home.json("rule", "list")}
    assert rules == {".ts": "small", ".py": "echo", "lib/": "small", "": "echo"}


def test_what_cannot_be_is_told(open_, home):
    """What cannot be done is told in a sentence that says what to do."""
    emacs = open_(home)
    emacs.terminal.until("default · local/big")
    emacs.command("mux-sidecar-add-rule")
    emacs.terminal.until("This buffer visits no file; with a prefix argument, a filter is asked for")
    assert "nowhere" in emacs.lisp('(progn (mux-sidecar-switch-workspace "nowhere") (sit-for 1) (current-message))')
    assert "1001" not in emacs.lisp("""(condition-case err (mux-sidecar--call 'mux/rule/list :workspace "nowhere")
      (user-error (error-message-string err)))""")


def test_a_provider_is_added(open_, home, other_upstream: Upstream):
    """Type, name (a free one), endpoint and key are asked for; the key is typed unseen, and models are fetched."""
    other_upstream.models = ["m1"]
    home.cli("provider", "add", "openai", "--type", "openai", "--offline")
    emacs = open_(home)
    emacs.terminal.until("default · local/big")
    emacs.command("mux-sidecar-add-provider", "Type of provider:", "openai", "Name: openai-2", "-mine")
    emacs.terminal.until("Endpoint:")
    emacs.terminal.keys("C-a", "C-k")
    emacs.terminal.type(f"{other_upstream.url}/v1")
    emacs.terminal.keys("Enter")
    emacs.terminal.until("API key:")
    emacs.terminal.type("type it")
    emacs.terminal.keys("Enter")
    emacs.terminal.until(lambda screen: "API key:" in screen and "type it" not in screen)
    emacs.terminal.type("sk-typed-unseen")
    emacs.terminal.until("API key: " + "*" * len("sk-typed-unseen"))
    emacs.terminal.keys("Enter")
    emacs.terminal.until("Added the provider openai-2-mine with 1 model.")
    assert other_upstream.asked_for_models[-1].header("authorization") == "Bearer sk-typed-unseen"
    everywhere = '(mapconcat (lambda (buffer) (with-current-buffer buffer (buffer-string))) (buffer-list) "")'
    assert emacs.lisp(f'(string-match (concat "sk-" "typed") {everywhere})') == "nil"


def test_lists(open_, home):
    """Models, requests, why a model answers, and checks are shown to be read."""
    emacs = open_(home, "app.ts")
    emacs.terminal.until("default · local/small")
    emacs.until(SERVES, "t")
    home.post("/chat/completions", {"messages": [{"role": "user", "content": "Look at lib/cart.ts"}]})
    assert home.log()  # which waits until it is in the record
    emacs.command("mux-sidecar-explain-file")
    for line in ("app.ts: local/small", "→  1  .ts", "2  everything else"):
        emacs.terminal.until(line)
    emacs.terminal.keys("C-c", "m", "m")
    names = [["local", "big"], ["local", "echo"], ["local", "small"]]
    emacs.terminal.until(
        lambda screen: [line.split()[:2] for line in screen.splitlines() if line.startswith("local ")] == names
    )
    emacs.terminal.keys("C-c", "m", "l")
    emacs.terminal.until(lambda screen: "Outcome" in screen and re.search("local/small +ok .*lib/cart.ts", screen))
    home.post("/chat/completions", {"messages": [{"role": "user", "content": "Look at later.ts"}]})
    assert home.log()
    emacs.terminal.keys("g")
    emacs.terminal.until("later.ts")
    emacs.terminal.keys("C-c", "m", "?")
    emacs.terminal.until("✓ port: ")


def test_refreshing_models(open_, home, other_upstream: Upstream):
    """Models are fetched anew, with progress in the echo area and the outcome after it."""
    other_upstream.models = ["m1"]
    home.cli("provider", "add", "up", "--type", "vllm", "--endpoint", f"{other_upstream.url}/v1")
    emacs = open_(home)
    emacs.terminal.until("default · local/big")
    other_upstream.models = ["m1", "m2"]
    emacs.command("mux-sidecar-refresh-models")
    emacs.terminal.until("up has 2 models.")
    assert "done" in emacs.lisp('(with-current-buffer "*Messages*" (buffer-string))')


def test_the_dashboard_and_the_address(open_, home):
    """The dashboard opens in the browser, signed in; the address for clients is copied."""
    emacs = open_(home)
    emacs.terminal.until("default · local/big")
    emacs.lisp("(setq browse-url-browser-function (lambda (url &rest _) (setq opened url)) opened nil)")
    emacs.terminal.keys("C-c", "m", "d")
    emacs.until(f'(and opened (string-prefix-p "http://localhost:{home.port}/#code=" opened))', "t")
    emacs.terminal.keys("C-c", "m", "c")
    emacs.terminal.until(f"Copied: http://localhost:{home.port}/v1/mux")
    emacs.lisp('(customize-set-variable \'mux-sidecar-workspace "work")')
    emacs.terminal.until("work (active: default) · local/echo")
    emacs.terminal.keys("C-c", "m", "c")
    emacs.terminal.until(f"Copied: http://localhost:{home.port}/v1/mux/w/work")


def test_a_killed_sidecar_starts_again(open_, home):
    """A sidecar that dies is started again; meanwhile the mode line says that it is stopped."""
    emacs = open_(home, "app.ts")
    emacs.terminal.until("default · local/small")
    emacs.lisp("""(progn (setq texts nil) (add-hook 'mux-sidecar-status-functions
      (lambda (_) (push (mux-sidecar-text) texts))))""")
    (first,) = emacs.terminal.children()
    os.kill(first, signal.SIGKILL)
    emacs.until("""(and (member "mux-sidecar: stopped" texts) t)""", "t")
    emacs.terminal.until("default · local/small")
    assert first not in emacs.terminal.children()


def test_it_is_not_started_for_ever(open_, home):
    """One that dies again and again is left, with the command that starts it; that one does."""
    emacs = open_(home, "app.ts")
    emacs.terminal.until("default · local/small")
    emacs.lisp("(setq mux-sidecar--ends (make-list mux-sidecar--restarts (float-time)))")
    os.kill(emacs.terminal.children()[0], signal.SIGKILL)
    emacs.terminal.until("mux-sidecar: stopped")
    emacs.terminal.until("Start it: M-x mux-sidecar-restart")
    emacs.command("mux-sidecar-switch-workspace")
    emacs.until("(current-message)", '"mux-sidecar does not run.  Start it: M-x mux-sidecar-restart"')
    emacs.command("mux-sidecar-restart")
    emacs.terminal.until("default · local/small")


def test_restart_and_leave(open_, home):
    """Restarting leaves one sidecar, which serves the same buffers; without the mode there is none."""
    emacs = open_(home, "app.ts")
    emacs.terminal.until("default · local/small")
    (first,) = emacs.terminal.children()
    emacs.command("mux-sidecar-restart")
    emacs.command("mux-sidecar-restart")
    has_ended(first)
    emacs.terminal.until(lambda _: len(emacs.terminal.children()) == 1)
    home.cli("workspace", "use", "work")
    emacs.terminal.until("work · local/echo")
    emacs.command("mux-sidecar-mode")
    emacs.terminal.until(lambda screen: "local/echo" not in screen)
    emacs.terminal.until(lambda _: not emacs.terminal.children())


def test_a_taken_port_is_shown(open_, home):
    """Where another program has the port, the mode line is coloured, and what helps finds out what is wrong."""
    with socket.create_server(("127.0.0.1", home.port)):
        emacs = open_(home, "app.ts")
        emacs.until("(plist-get (mux-sidecar-status) :kind)", '"error"')
        assert "mux-sidecar-error" in emacs.lisp("(get-text-property 1 'face (mux-sidecar--segment))")
        assert str(home.port) in emacs.lisp("(get-text-property 1 'help-echo (mux-sidecar--segment))")
        click = "(mux-sidecar-click (list 'mouse-1 (list (selected-window) 'mode-line '(0 . 0) 0)))"
        emacs.lisp(click)
        emacs.terminal.until(f"another program listens on {home.port}".capitalize())


def test_not_installed(open_, home):
    """Where the sidecar is not installed, that is said once, with the command that installs it."""
    home.env["PATH"] = "/usr/bin:/bin"
    emacs = open_(home, "app.ts")
    emacs.terminal.until("mux-sidecar: not installed")
    emacs.terminal.until("mux-sidecar is not installed")
    assert (
        emacs.lisp("""(with-current-buffer "*Warnings*"
      (how-many "pipx install mux-sidecar .*install PATH), or name .* `mux-sidecar-command'" (point-min)))""")
        == "1"
    )


def batch(program: str, *arguments: str) -> str:
    """What Emacs says when it runs without a terminal."""
    done = subprocess.run(
        [program, "-Q", "--batch", *arguments], capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    return done.stdout + done.stderr


def test_it_is_well_formed(program, tmp_path):
    """It compiles without a warning, and each docstring is as checkdoc wants it."""
    file = Path(shutil.copy(BINDING, tmp_path))
    assert batch(program, "-f", "batch-byte-compile", str(file)) == ""
    assert file.with_suffix(".elc").exists()
    assert batch(program, "--eval", f'(progn (require \'checkdoc) (checkdoc-file "{file}"))') == ""


def test_it_is_a_package():
    """package-lint finds nothing, but for a version of Emacs that it may be too old to know."""
    linters = sorted(LINT.glob("package-lint-[0-9]*"))
    emacs = shutil.which("emacs", path="/usr/bin")  # the one that Debian's package is for
    if not linters or emacs is None:
        pytest.skip("package-lint is not installed")
    said = batch(emacs, "-L", str(linters[-1]), "-l", "package-lint", "-f", "package-lint-batch-and-exit", str(BINDING))
    found = [line for line in said.splitlines() if ".el:" in line]
    assert [line for line in found if "uninstallable in all released Emacs versions" not in line] == []
