"""VS Code (as code-server) with windows in Chromium, used as its user does: by keys, clicks and what is shown."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mux import free_port
from playwright.sync_api import TimeoutError as NotInTime
from waiting import PATIENCE, until

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

FLAGS = ["--no-sandbox", "--disable-gpu"]
#: What the editor is like besides what the docs say.
PLAIN = {
    "workbench.startupEditor": "none",
    "chat.disableAIFeatures": True,
    "editor.autoClosingBrackets": "never",
    "editor.autoClosingQuotes": "never",
    "editor.autoSurround": "never",
    "editor.quickSuggestions": {"comments": "off", "strings": "off", "other": "off"},
    "workbench.editor.useModal": "off",
    "remote.autoForwardPorts": False,
    "files.associations": {
        "*.ts": "plaintext"
    },  # the server for TypeScript is not whole in all packages of code-server
}
_FLAGS = ["--auth", "none", "--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"]


class Editor:
    """A code-server with an extension installed, and its data in a folder of its own."""

    def __init__(self, program: str, folder: Path, env: dict[str, str], extension: Path) -> None:
        self._folder = folder
        self._flags = ["--user-data-dir", str(folder / "data"), "--extensions-dir", str(folder / "extensions")]
        # Variables of a VS Code around this one would have the command talk to that instead.
        self._env = {name: value for name, value in env.items() if not name.startswith("VSCODE_")}
        self._program = program
        self.run("--install-extension", str(extension))
        (folder / "data/User").mkdir(parents=True, exist_ok=True)
        (folder / "data/User/settings.json").write_text(json.dumps(PLAIN), "utf-8")
        self.port = free_port()
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [program, *self._flags, *_FLAGS, "--bind-addr", f"127.0.0.1:{self.port}"],
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, *arguments: str) -> str:
        """What a command line of it prints."""
        done = subprocess.run(
            [self._program, *self._flags, *arguments],
            env=self._env,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def url(self, folder: Path) -> str:
        """The address of the window for a folder."""
        return f"http://127.0.0.1:{self.port}/?folder={folder}"

    def is_up(self) -> bool:
        """Whether it serves its page."""
        with contextlib.suppress(OSError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).status == 200)
        return False

    def sidecars(self) -> list[int]:
        """The sidecars that its windows have started."""
        return [process for process in descendants(self._process.pid) if b"--stdio" in _command(process).split(b"\0")]

    def close(self) -> None:
        """End it with all that it has started: the extension host would outlive it by hours."""
        for process in [*descendants(self._process.pid), self._process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait()


class Window:
    """A window of it for one folder."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(1000 * PATIENCE)
        self.page.goto(url)
        self.status: Locator = self.page.locator('[id="mux-sidecar.mux-sidecar.muxSidecar.status"]')
        self.rows: Locator = self.page.locator(".quick-input-list .monaco-list-row").filter(visible=True)
        self.box: Locator = self.page.locator(".quick-input-widget input.input")
        self.status.wait_for()

    def trust(self) -> None:
        """Trust the folder."""
        self.run("Workspaces: Manage Workspace Trust")
        self.page.locator(".workspace-trust-editor a.monaco-button").get_by_text("Trust", exact=True).click()
        self.page.locator(".statusbar-item").filter(has_text="Restricted Mode").wait_for(state="detached")
        self.run("View: Close Editor")

    def shows(self, text: str) -> None:
        """Wait until the item in the status bar says so."""
        self.status.filter(has_text=text).wait_for()

    def configure(self, settings: dict[str, Any], whose: str = "Remote") -> None:
        """Type settings into a settings.json and save it: of where extensions run, or the folder's ("Workspace")."""
        self.run(f"Preferences: Open {whose} Settings (JSON)")
        self.page.locator(".tab.active").filter(has_text="settings.json").wait_for()
        self.page.locator(".editor-group-container.active .monaco-editor.focused").wait_for()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(json.dumps(settings))
        self.page.keyboard.press("Control+s")
        self.page.locator(".tab.active.dirty").wait_for(state="detached")
        self.run("View: Close Editor")

    def labels(self) -> list[str]:
        """The rows of the list as they are read aloud."""
        return list(self.rows.evaluate_all("rows => rows.map(row => row.ariaLabel)"))

    def pick(self, text: str, typed: str | None = None) -> None:
        """Choose the first row of the list that has this text, after typing something to find it."""
        if typed is not None:
            self.box.fill(typed)
        self.rows.filter(has_text=text).first.click()

    def run(self, title: str) -> None:
        """Run a command from the palette."""
        self._summon("F1")
        self.pick(title, f">{title}")
        self.rows.filter(has_text=title).first.wait_for(state="hidden")

    def _summon(self, key: str) -> None:
        """Open the box on top by a key, which a window that is busy may lose."""

        def is_there() -> bool:
            self.page.keyboard.press(key)
            with contextlib.suppress(NotInTime):
                self.box.wait_for(timeout=2_000)
                return True
            return False

        until(is_there)

    def open(self, name: str) -> None:
        """Open a file of the folder."""
        self._summon("Control+p")
        self.pick(name, name)
        self.page.locator(".tab.active").filter(has_text=name).wait_for()

    def notification(self, text: str) -> Locator:
        """What is told in a corner; it hides there after a while, and is shown again then."""
        found = self.page.locator(".notification-list-item").filter(has_text=text)
        try:
            found.first.wait_for(timeout=5_000)
        except NotInTime:
            self.run("Notifications: Show Notifications")
            found.first.wait_for()
        return found.first

    def text(self) -> str:
        """The text in the active editor, as far as it is in view."""
        lines = self.page.locator(".editor-group-container.active .view-line").all_inner_texts()
        return "\n".join(lines).replace("\xa0", " ")

    def enter(self, text: str, step: str) -> None:
        """Type a line into the box on top, once it shows that step."""
        self.page.locator(".quick-input-title").filter(has_text=step).wait_for()
        self.box.fill(text)
        self.box.press("Enter")

    def asked_in_terminal(self, variable: str, folder: Path) -> str:
        """What a variable is in a new terminal."""
        answer = folder / "answer"
        answer.unlink(missing_ok=True)
        self.run("Terminal: Create New Terminal")
        self.page.locator(".terminal-wrapper.active .xterm-helper-textarea").wait_for(state="attached")
        self.page.keyboard.type(f'echo "<${variable}>" > {answer}\n')
        found = until(lambda: answer.exists() and answer.read_text("utf-8").strip())
        self.run("Terminal: Kill All Terminals")
        return str(found)[1:-1]

    def tidy(self) -> None:
        """Close lists, editors and messages."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Escape")
        if self.page.locator(".editor-group-container .tab").count():
            self.run("View: Close All Editors")
        if self.page.locator(".notifications-toasts .notification-list-item").count():
            self.run("Notifications: Clear All Notifications")


def _command(process: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""


def descendants(process: int) -> list[int]:
    """The processes that one has started, and those that they have."""
    found = []
    for task in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in map(int, (task / "children").read_text().split()):
                found += [*descendants(child), child]
    return found
