"""The extension for VS Code in the real editor, installed and configured as its user does, with the docs' blocks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import CHROMIUM
from mux import Mux
from neovim import find
from said import chunk
from upstream import Received, Wire, event

sync_api = pytest.importorskip("playwright.sync_api", reason="VS Code is driven with playwright")

from vscode import FLAGS, Editor, Window, until  # noqa: E402 - needs playwright

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs/editors/vscode.md"
#: Seconds, and a little, after which vscode-languageclient kills a server that was told to leave and has not.
LANGUAGE_CLIENT_KILLS = 2.5


def blocks() -> list[dict[str, Any]]:
    """The settings that the docs' page tells to paste: the user's, and a folder's."""
    found = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [json.loads(block) for block in found]


def pid_of(mux: Mux) -> int | None:
    """The process that serves; None while none does."""
    with contextlib.suppress(OSError):
        return int(mux.get("/health").json()["pid"])
    return None


@contextlib.contextmanager
def held_up(program: Path) -> Iterator[None]:
    """Until the end of this the program waits before it does anything."""
    gate, real = Path(f"{program}.gate"), Path(f"{program}.real")
    program.rename(real)
    gate.touch()
    program.write_text(f'#!/bin/sh\nwhile [ -e "{gate}" ]; do sleep 0.05; done\nexec "{real}" "$@"\n', "utf-8")
    program.chmod(0o755)
    try:
        yield
    finally:
        real.replace(program)
        gate.unlink()


@pytest.fixture(scope="module")
def mux(tmp_path_factory: pytest.TempPathFactory, _furnished: Path) -> Mux:
    """One data folder for the tests here; the command is where pipx puts it."""
    folder = tmp_path_factory.mktemp("vscode")
    mux = Mux(folder / "home", HOME=str(folder / "user"))
    shutil.copytree(_furnished, mux.home)
    (folder / "user/.local/bin").mkdir(parents=True)
    (folder / "user/.local/bin/mux-sidecar").symlink_to(Path(sys.executable).parent / "mux-sidecar")
    return mux


@pytest.fixture(scope="module")
def folder(mux: Mux) -> Path:
    """The folder that is open in the window."""
    folder = mux.home.parent / "project"
    (folder / ".vscode").mkdir(parents=True)
    (folder / "app.ts").write_text("export {}\n", "utf-8")
    (folder / "app.py").write_text("pass\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def editor(mux: Mux) -> Iterator[Editor]:
    """VS Code with the extension, installed from the file that the command line writes."""
    program = find("code-server")
    if program is None:
        pytest.skip("code-server is not installed")
    if CHROMIUM is None:
        pytest.skip("VS Code is driven through Chromium")
    mux.cli("editor", "vscode", "--write", "--to", str(mux.home.parent))
    editor = Editor(program, mux.home.parent / "code", mux.env, mux.home.parent / "mux-sidecar.vsix")
    try:
        until(editor.is_up)
        yield editor
    finally:
        editor.close()


@pytest.fixture(scope="module")
def open_(editor: Editor) -> Iterator[Callable[[Path], Window]]:
    """Opens a window for a folder."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1200, "height": 760})
        yield lambda folder: Window(context, editor.url(folder))
        browser.close()


@pytest.fixture(scope="module")
def trusted(open_: Callable[[Path], Window], folder: Path) -> Window:
    """The one window of most tests, whose folder the user trusts."""
    window = open_(folder)
    window.trust()
    window.configure(blocks()[0])
    return window


@pytest.fixture
def window(trusted: Window, mux: Mux) -> Window:
    """The window as it was in the beginning."""
    trusted.tidy()
    if "default · local/big" not in trusted.status.inner_text():
        mux.cli("workspace", "use", "default")
        mux.cli("rule", "default", "local/big")
    trusted.shows("default · local/big")
    until(lambda: pid_of(mux))
    return trusted


@pytest.fixture
def configure(window: Window) -> Iterator[Callable[..., None]]:
    """Changes the settings, as `Window.configure` does, until the end of the test."""
    touched = set()

    def change(settings: dict[str, Any], whose: str = "Remote") -> None:
        touched.add(whose)
        window.configure(settings, whose)

    yield change
    window.tidy()
    for whose in touched:
        window.configure(blocks()[0] if whose == "Remote" else {}, whose)


def test_it_starts_by_itself(window, editor, mux):
    """The extension is installed, and starts the sidecar with the window."""
    assert "mux-sidecar.mux-sidecar" in editor.run("--list-extensions").lower()
    until(lambda: pid_of(mux))


def test_the_status_follows_the_document(window):
    """Another document, another model; a page of ours is none, and commands are about the one before."""
    window.open("app.ts")
    window.shows("default · local/small")
    window.open("app.py")
    window.shows("default · local/big")
    window.open("app.ts")
    window.run("Mux: Run Doctor")
    until(window.text, lambda text: "✓ port: mux-sidecar" in text)
    window.run("Mux: Explain This File")
    window.page.locator(".quick-input-title").filter(has_text="local/small answers for this file").wait_for()
    window.shows("default · local/small")


def test_the_palette_switches(window, mux):
    """A pick shows each workspace with its model, and which is active; the choice is active then."""
    window.run("Mux: Switch Workspace")
    until(window.labels, lambda labels: labels == ["default, local/big · active", "work, local/echo"])
    window.pick("work")
    window.shows("work · local/echo")
    assert mux.json("status")["workspace"] == "work"


def test_a_switch_elsewhere_shows_by_itself(window, mux):
    """A switch on the command line appears."""
    mux.cli("workspace", "use", "work")
    window.shows("work · local/echo")


def test_a_rule_for_files_like_this(window, mux):
    """The models are grouped by provider; the one that is picked answers for files of this type from then on."""
    window.open("app.py")
    before = mux.json("rule", "list")
    window.run("Mux: Add Rule for This File Type")
    window.rows.filter(has_text="small").wait_for()
    assert window.page.locator(".quick-input-list-separator").first.inner_text() == "local"
    window.pick("echo")
    window.shows("default · local/echo")
    assert [(rule["filter"], rule["model"]) for rule in mux.json("rule", "list")][1] == (".py", "echo")
    assert ".py" in window.notification("local/echo").inner_text()
    mux.cli("rule", "remove", "2")
    window.shows("default · local/big")
    assert mux.json("rule", "list") == before


def test_explain(window):
    """It tells once which model answers for this file, and what each rule made of it."""
    window.open("app.ts")
    window.shows("default · local/small")
    window.run("Mux: Explain This File")
    window.rows.filter(has_text="1. .ts").wait_for()
    first, second = window.rows.all_inner_texts()
    assert "`.ts` is in `app.ts`" in first
    assert "not reached: rule 1 took it" in second
    assert "local/small answers" in window.page.locator(".quick-input-title").inner_text()
    assert window.page.locator(".notification-list-item").filter(has_text="app.ts: local/small").count() == 0


def test_explain_a_rule_that_cannot_serve(window, mux):
    """The rule that takes the file says why it cannot serve, and the title that no model answers."""
    mux.cli("provider", "add", "gone", "--type", "echo")
    mux.cli("rule", "add", "--filter", ".py", "--model", "gone/echo")
    mux.cli("provider", "remove", "gone", "--force")
    try:
        window.open("app.py")
        window.run("Mux: Explain This File")
        window.rows.filter(has_text="2. .py").wait_for()
        assert "There is no provider gone" in window.rows.all_inner_texts()[1]
        assert "gone/echo is to answer, and cannot," in window.page.locator(".quick-input-title").inner_text()
    finally:
        mux.cli("rule", "remove", "2")


def test_lists(window, mux):
    """Models and requests are listed; a request is shown whole."""
    mux.post("/chat/completions", {"messages": [{"role": "user", "content": "Look at lib/cart.ts"}]})
    assert mux.log()  # which waits until it is in the record
    window.run("Mux: List Models")
    until(window.labels, lambda labels: labels == ["big, local, local", "echo, local", "small, local"])
    window.page.keyboard.press("Escape")
    window.run("Mux: Show Last Requests")
    window.pick("lib/cart.ts")
    until(window.text, lambda text: '"title": "Look at lib/cart.ts"' in text)


def test_models_are_fetched_anew(window):
    """The models of a provider are fetched anew, and it is told how many there are."""
    window.run("Mux: Refresh Models")
    window.notification("local has 3 models.")


def test_workspaces_come_and_go(window, mux):
    """A workspace is added by its name, and removed after asking once more."""
    window.run("Mux: Add Workspace")
    window.enter("later", "Add a workspace")
    until(lambda: [each["name"] for each in mux.json("workspace", "list")], lambda names: "later" in names)
    window.run("Mux: Remove Workspace")
    window.notification("Remove which workspace").get_by_role("button", name="later").click()
    window.notification("Remove the workspace later").get_by_role("button", name="Remove", exact=True).click()
    until(lambda: [each["name"] for each in mux.json("workspace", "list")], lambda names: "later" not in names)


def test_a_provider_is_added(window, mux, other_upstream):
    """Adding one asks step by step; an error is shown at its step, to be mended there. The key is typed unseen."""
    other_upstream.models = ["m1"]
    mux.cli("provider", "add", "openai", "--type", "openai", "--offline")
    window.run("Mux: Add Provider")
    window.pick("Anthropic")
    window.enter("claude", "2/4")
    window.page.locator(".quick-input-title").filter(has_text="3/4").wait_for()
    for step in ("2/4", "1/"):
        window.page.locator(".quick-input-widget").get_by_role("button", name="Back").click()
        window.page.locator(".quick-input-title").filter(has_text=step).wait_for()
    window.pick("OpenAI and")
    until(window.box.input_value, lambda value: value == "openai-2")  # free, and not what was meant for another type
    window.enter("local", "2/4")
    window.page.get_by_text("There is a provider local already").wait_for()
    window.enter("mine", "2/4")
    window.enter("http://127.0.0.1:9/v1", "3/4")
    window.enter("sk-typed-unseen", "4/4")
    window.page.locator(".quick-input-message").filter(has_text="127.0.0.1").wait_for()
    window.enter(f"{other_upstream.url}/v1", "3/4")
    window.page.locator(".quick-input-title").filter(has_text="4/4").wait_for()
    assert window.box.get_attribute("type") == "password"
    window.box.press("Enter")  # the key is still there
    window.notification("Added. mine has 1 model.")
    assert other_upstream.asked_for_models[-1].header("authorization") == "Bearer sk-typed-unseen"
    mux.cli("provider", "remove", "mine")
    mux.cli("provider", "remove", "openai")


def test_the_dashboard_opens(window, mux):
    """The dashboard opens in the browser, by a URL that signs in."""
    with window.page.context.expect_page() as opened:
        window.run("Mux: Open Dashboard")
    assert re.search(rf"{mux.port}/#code=[0-9a-f]+$", opened.value.url)
    opened.value.close()


def test_the_tooltip(window, mux):
    """Pointing at the item tells what serves, with links; a stranger's text is neither Markdown nor an icon."""
    name = "$(zap) [**click**](command:muxSidecar.restart)"
    mux.cli("provider", "add", "stranger", "--type", "echo", "--model", name)
    mux.cli("rule", "default", f"stranger/{name}")
    window.shows(name)
    window.status.hover()
    tooltip = window.page.locator(".monaco-hover").filter(has_text="Endpoint")
    tooltip.wait_for()
    assert f"Default model stranger/{name}" in tooltip.inner_text()
    assert tooltip.get_by_role("link").all_inner_texts() == ["Switch", "Add rule", "Requests", "Dashboard", "Doctor"]
    window.page.mouse.move(600, 300)
    mux.cli("rule", "default", "local/big")
    mux.cli("provider", "remove", "stranger")


def test_a_restart_cuts_no_answer_off(window, mux, other_upstream):
    """A sidecar that is told to leave finishes the answer that it is streaming, however long that takes."""
    go_on = threading.Event()

    async def slowly(_: Received, wire: Wire) -> None:
        await wire.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})
        await wire.chunk(event(chunk(content="first")))
        await asyncio.to_thread(go_on.wait, 60)
        for each in (chunk("stop", content=" last"), "[DONE]"):
            await wire.chunk(event(each))
        await wire.chunk(b"")

    other_upstream.script(slowly)
    mux.cli("provider", "add", "slow", "--type", "vllm", "--endpoint", f"{other_upstream.url}/v1")
    mux.cli("workspace", "add", "slow")
    mux.cli("rule", "default", "slow/m1", "-w", "slow")
    body = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}
    with mux.open("POST", "/w/slow/chat/completions", body) as stream:
        text = stream.read()
        first = pid_of(mux)
        window.run("Mux: Restart")
        until(lambda: pid_of(mux), lambda pid: pid not in (first, None))
        time.sleep(LANGUAGE_CLIENT_KILLS)  # nothing is to be seen of a process that was not killed
        go_on.set()
        while piece := stream.read():
            text += piece
    assert b" last" in text
    mux.cli("workspace", "remove", "slow")
    mux.cli("provider", "remove", "slow")


def test_a_killed_sidecar_starts_again(window, mux):
    """A sidecar that dies is started again; meanwhile the item says that it is stopped."""
    program = mux.home.parent / "user/.local/bin/mux-sidecar"
    first = pid_of(mux)
    with held_up(program):
        os.kill(first, signal.SIGKILL)
        window.shows("mux-sidecar: stopped")
    window.shows("default · local/big")
    until(lambda: pid_of(mux), lambda pid: pid not in (first, None))


def test_restart(window, mux, editor):
    """A restart, also asked for twice at once, leaves one sidecar."""
    first = pid_of(mux)
    window.run("Mux: Restart")
    window.run("Mux: Restart")
    until(editor.sidecars, lambda found: len(found) == 1 and first not in found)
    window.shows("default · local/big")
    mux.cli("workspace", "use", "work")
    window.shows("work · local/echo")


def test_a_taken_port_is_shown(window, configure):
    """A port takes effect as it is set; where another program has it, the item is red, and a click finds out why."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        configure(blocks()[0] | {"muxSidecar.port": port})
        until(lambda: window.status.get_attribute("class"), lambda names: "error-kind" in names)
        window.status.click()
        until(window.text, lambda text: f"another program listens on {port}" in text.lower())


def test_not_installed(window, configure, mux):
    """Where the sidecar is not installed, that is said, with the command that installs it; once it is, it starts."""
    configure({})
    window.shows("default · local/big")  # found by its name
    program = mux.home.parent / "user/.local/bin/mux-sidecar"
    program.rename(f"{program}.away")
    try:
        window.run("Mux: Restart")
        window.shows("mux-sidecar: not installed")
        told = window.notification("mux-sidecar is not installed")
        assert re.search("(pipx|uv tool) install mux-sidecar .* install PATH.* muxSidecar.command", told.inner_text())
        told.get_by_role("button", name="Copy Command").click()
    finally:
        Path(f"{program}.away").rename(program)
    window.shows("default · local/big")


def test_a_wrong_path_is_told(window, configure):
    """A command that is not there is told with the name of its setting."""
    configure({"muxSidecar.command": "/nowhere/mux-sidecar"})
    told = window.notification("/nowhere/mux-sidecar is not there")
    assert "muxSidecar.command" in told.inner_text()


def test_a_folder_with_its_own_workspace(window, configure, mux):
    """The folder's workspace is shown, which one is active too, and nothing is switched."""
    configure(blocks()[1], "Workspace")
    window.shows("work (active: default) · local/echo")
    window.run("Mux: Copy Endpoint")
    window.page.locator(".statusbar-item").filter(
        has_text=f"Copied http://localhost:{mux.port}/v1/mux/w/work"
    ).wait_for()
    assert mux.json("status")["workspace"] == "default"


def test_terminals(window, configure, folder, mux):
    """Where it is asked for, new terminals have `OPENAI_BASE_URL`, of the folder's workspace if it has one."""
    configure(blocks()[1], "Workspace")
    window.shows("work (active: default)")
    assert window.asked_in_terminal("OPENAI_BASE_URL", folder) == f"http://localhost:{mux.port}/v1/mux/w/work"
    configure(blocks()[0] | {"muxSidecar.terminal": False})
    until(lambda: window.asked_in_terminal("OPENAI_BASE_URL", folder), lambda value: value == "")


def test_a_folder_that_is_not_trusted(window, open_, tmp_path):
    """Settings of a folder hold once the user trusts it: a repository chooses neither program nor workspace."""
    folder = tmp_path / "strange"
    (folder / ".vscode").mkdir(parents=True)
    theirs = {"muxSidecar.command": str(folder / "evil"), "muxSidecar.workspace": "work", "muxSidecar.port": 1}
    (folder / "evil").write_text(f"#!/bin/sh\ntouch {folder}/ran\n", "utf-8")
    (folder / "evil").chmod(0o755)
    (folder / ".vscode/settings.json").write_text(json.dumps(theirs), "utf-8")
    strange = open_(folder)
    strange.shows("default · local/big")
    assert not (folder / "ran").exists()
    strange.trust()
    until((folder / "ran").exists)
    strange.page.close()
