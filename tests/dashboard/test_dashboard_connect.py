"""The page Connect: what to paste where, and whether a request has arrived."""

from __future__ import annotations

import pytest
from browser import becomes
from playwright.sync_api import expect

CODEX = {"User-Agent": "codex_cli_rs/0.99 (Linux)"}


def ask(mux, text="Hello", headers=CODEX, place=""):
    """One request of a client."""
    return mux.post(f"{place}/chat/completions", {"messages": [{"role": "user", "content": text}]}, headers)


def test_connect(own_mux, tab_of, window):
    """Each client has its lines, with the address in them, to be copied as they are."""
    window.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = tab_of(own_mux)
    page = tab.sign_in("connect")
    clients = own_mux.rpc("mux/client/list")
    links = page.get_by_role("navigation", name="Clients").get_by_role("link")
    expect(links).to_have_text([client["name"] for client in clients])
    for client in clients:
        links.get_by_text(client["name"], exact=True).click()
        panel = page.get_by_role("region", name=client["name"], exact=True)
        expect(panel.locator("pre")).to_have_text([step["lines"] for step in client["steps"]])
    links.get_by_text("Codex", exact=True).click()
    page.get_by_role("button", name="Copy the lines of step 1").click()
    expect(page.get_by_role("button", name="Copied the lines of step 1")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == next(each for each in clients if each["id"] == "codex")["steps"][0]["lines"]
    assert f"http://localhost:{own_mux.port}/v1/mux" in copied
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")  # as on another host's name
    page.get_by_role("button", name="Copy the address").click()
    expect(page.get_by_role("button", name="Select and copy by hand")).to_be_visible()
    assert tab.violations() == []


def test_a_request_arrives(own_mux, tab_of):
    """What is waited for is told when it comes, with the model that served it and the way to it; others' are not."""
    tab = tab_of(own_mux)
    page = tab.sign_in("connect/codex")
    arrival = page.locator(".arrival")
    expect(arrival).to_have_text("Waiting for a request from Codex …")
    other = tab_of(own_mux).sign_in("connect/claude-code")
    expect(other.locator(".arrival.awaited")).to_be_visible()
    ask(own_mux, headers={"User-Agent": "Claude-CLI/2.0"})
    expect(other.locator(".arrival")).to_contain_text("Arrived")
    expect(arrival).to_have_text("Waiting for a request from Codex …")
    ask(own_mux, "See `README.md`")
    expect(arrival).to_contain_text("Arrived")
    expect(arrival).to_contain_text("served by local/small")
    assert tab.violations() == []
    page.reload()
    expect(arrival).to_contain_text("Waiting for a request from Codex")
    expect(arrival).to_contain_text("The last one came")
    ask(own_mux, "And `src/cart.ts`")
    expect(arrival).to_contain_text("served by cloud/anthropic/claude-sonnet-4.5")
    arrival.get_by_role("link").click()
    expect(page.get_by_role("region", name="And `src/cart.ts`")).to_be_visible()


def test_a_request_that_fails(own_mux, tab_of, closed_port):
    """One that arrived and failed says so, with what to do."""
    own_mux.rpc(
        "mux/provider/add",
        name="gone",
        type="vllm",
        endpoint=f"localhost:{closed_port}",
        models=["m"],
        offline=True,
    )
    own_mux.rpc("mux/rule/add", filter=".py", provider="gone", model="m")
    tab = tab_of(own_mux)
    page = tab.sign_in("connect/codex")
    expect(page.locator(".arrival.awaited")).to_be_visible()
    assert ask(own_mux, "See `app.py`").status == 502
    expect(page.locator(".arrival")).to_contain_text("and failed")
    expect(page.locator(".arrival")).to_contain_text("refused the connection")
    assert tab.violations() == []


def test_a_workspace_of_its_own(own_mux, tab_of):
    """A client can be bound to a workspace: its lines name it, and only requests there are waited for."""
    page = tab_of(own_mux).sign_in("connect/codex")
    page.get_by_label("Workspace", exact=True).select_option("client-project")
    expect(page.locator("pre")).to_contain_text("/v1/mux/w/client-project")
    expect(page.get_by_role("region", name="Address")).to_contain_text("/v1/mux/w/client-project")
    expect(page.locator(".arrival.awaited")).to_be_visible()
    ask(own_mux)
    ask(own_mux, "See `README.md`", place="/w/client-project")
    expect(page.locator(".arrival")).to_contain_text("served by local/small")
    page.get_by_label("Workspace", exact=True).select_option("")
    expect(page.locator("pre")).not_to_contain_text("/w/")


def test_a_client_that_cannot_come(office, tab_of):
    """A client whose requests leave from elsewhere says so, and is not waited for."""
    page = tab_of(office).sign_in("connect/cursor")
    expect(page.get_by_role("region", name="Cursor")).to_contain_text("Its requests do not leave from this machine")
    expect(page.locator(".arrival")).to_have_count(0)


def test_who_may_ask(own_mux, tab_of):
    """Token, origins and hosts are shown and changed here; what cannot be is told at its field."""
    tab = tab_of(own_mux)
    page = tab.sign_in("connect/codex")
    access = page.get_by_role("region", name="Who may ask")
    expect(access).to_contain_text("Any, or none")
    page.get_by_role("button", name="Change who may ask").click()
    dialog = page.get_by_role("dialog", name="Who may ask")
    dialog.get_by_label("Want the token").check()
    dialog.get_by_label("Web pages that may ask").fill("https://chat.example.com/page")
    dialog.get_by_label("Host names besides localhost").fill("host.docker.internal")
    assert tab.violations() == []
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("Web pages that may ask")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Web pages that may ask").fill("https://chat.example.com")
    dialog.get_by_role("button", name="Save").click()
    expect(access).to_contain_text("The token is wanted")
    expect(access).to_contain_text("https://chat.example.com")
    expect(access).to_contain_text("localhost, and host.docker.internal")
    expect(page.locator("pre")).to_contain_text('experimental_bearer_token = "MUX_TOKEN"')
    becomes(lambda: own_mux.rpc("mux/settings/get")["requireKey"], True)


@pytest.mark.parametrize("width", [360, 1280])
def test_widths(office, tab_of, width):
    """Nothing is cut off at any width."""
    tab = tab_of(office)
    tab.page.set_viewport_size({"width": width, "height": 740})
    page = tab.sign_in("connect/zed")
    page.locator("pre").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
