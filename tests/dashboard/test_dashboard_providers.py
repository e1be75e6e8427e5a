"""The page Providers: added, managed, asked for their models, removed."""

from __future__ import annotations

import re
import threading

import pytest
from browser import becomes
from playwright.sync_api import expect
from upstream import Upstream

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def upstream():
    """A provider's server that answers about its models."""
    server = Upstream()
    yield server
    server.close()


def card(page, name):
    """The part of the page about a provider."""
    return page.get_by_role("listitem", name=name, exact=True)


def add(page, **fields):
    """Fill in the dialog for a new provider, but do not send it."""
    page.get_by_role("button", name="Add a provider").click()
    dialog = page.get_by_role("dialog", name="Add a provider")
    dialog.get_by_label("Type").select_option(fields.pop("type"))
    for label, text in fields.items():
        dialog.get_by_label(label, exact=True).fill(text)
    return dialog


def told(mux, name):
    """What the sidecar says of a provider."""
    return next(each for each in mux.rpc("mux/provider/list") if each["name"] == name)


def test_providers(office, tab_of):
    """Each provider shows with its type, health, the workspaces that use it, and its models behind a click."""
    tab = tab_of(office)
    page = tab.sign_in("providers")
    local = card(page, "local")
    for text in ("Echo (built in)", "Answered", "Used by", "3 models"):
        expect(local).to_contain_text(text)
    expect(local.get_by_role("link", name="client-project")).to_have_attribute("href", "#/workspaces/client-project")
    local.get_by_text("3 models").click()
    expect(local.get_by_role("list", name="Models of local").get_by_role("listitem")).to_have_count(3)
    assert tab.violations() == []


def test_a_description(fresh_mux, tab_of):
    """What somebody wrote about a provider is labelled, and stands on a line of its own below its address."""
    mux = fresh_mux().start()
    written = {"description": "Under the desk", "models": ["small"]}
    mux.rpc("mux/provider/add", name="local", type="ollama", offline=True, **written)
    tab = tab_of(mux)
    about = card(tab.sign_in("providers"), "local")
    written = about.get_by_text("Description: Under the desk", exact=True)
    address = about.get_by_text("http://localhost:11434").bounding_box()
    assert written.bounding_box()["y"] >= address["y"] + address["height"]
    assert tab.violations() == []


def test_no_providers(tab_of, fresh_mux):
    """An empty page says what a provider is, and there is nothing to refresh."""
    tab = tab_of(fresh_mux().start())
    page = tab.sign_in("providers")
    expect(page.get_by_text("No provider yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Refresh all")).to_be_disabled()
    assert tab.violations() == []


def test_a_type_fills_in_what_it_brings(own_mux, tab_of):
    """Choosing a type fills in a free name, its endpoint and its authentication; the dialog is usable as it stands."""
    tab = tab_of(own_mux)
    page = tab.sign_in("providers")
    dialog = add(page, type="anthropic")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("anthropic")
    expect(dialog.get_by_label("Endpoint")).to_have_value("https://api.anthropic.com")
    expect(dialog.get_by_label("Key", exact=True)).to_have_attribute("type", "password")
    assert tab.violations() == []
    dialog.get_by_label("Type").select_option("vllm")
    expect(dialog.get_by_label("Endpoint")).to_have_value("http://localhost:8000")
    expect(dialog.get_by_label("Key", exact=True)).to_have_count(0)
    dialog.get_by_label("Name", exact=True).fill("parrot")
    dialog.get_by_label("Type").select_option("echo")
    expect(dialog.get_by_label("Endpoint")).to_have_count(0)
    dialog.get_by_label("Name", exact=True).press("Enter")
    expect(card(page, "parrot")).to_contain_text("1 model")


def test_the_keyboard_is_enough(own_mux, tab_of):
    """A provider is added without a mouse; what is left by Escape gives the focus back."""
    page = tab_of(own_mux).sign_in("providers")
    button = page.get_by_role("button", name="Add a provider")
    button.focus()
    page.keyboard.press("Enter")
    choice = page.get_by_role("dialog").get_by_label("Type")
    expect(choice).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(choice).to_be_focused()
    page.keyboard.type("E")  # no more: letters that come a second later begin another name
    expect(choice).to_have_value("echo")
    page.keyboard.press("Tab")
    page.keyboard.type("parrot")
    page.keyboard.press("Enter")
    expect(card(page, "parrot")).to_contain_text("1 model")
    expect(button).to_be_focused()


def test_adding(own_mux, tab_of, upstream):
    """A provider is asked with the key, headers and timeouts that were typed, and shows in every tab."""
    one, other = tab_of(own_mux), tab_of(own_mux)
    page, beside = one.sign_in("providers"), other.sign_in("providers")
    upstream.models = ["m1", HOSTILE]
    dialog = add(page, type="openai", Name="desk", Endpoint=upstream.url + "/v1", Key=KEY)
    dialog.get_by_text("Models by hand, headers, timeouts").click()
    dialog.get_by_label("Models by hand").fill("hidden\n\nsecret")
    dialog.get_by_role("button", name="Add a header").click()
    dialog.get_by_label("Name of header 1").fill("X-Title")
    dialog.get_by_label("Value of header 1").fill("mux")
    dialog.get_by_label("Connect").fill("2.5")
    assert one.violations() == []
    dialog.get_by_role("button", name="Add and get models").click()
    for each in (page, beside):
        expect(card(each, "desk")).to_contain_text("4 models")
    asked = upstream.asked_for_models[-1]
    assert asked.header("authorization") == f"Bearer {KEY}"
    assert asked.header("x-title") == "mux"
    becomes(lambda: told(own_mux, "desk")["timeouts"], {"connect": 2.5})
    card(page, "desk").get_by_text("4 models").click()
    expect(card(page, "desk").get_by_text(HOSTILE)).to_be_visible()
    expect(card(page, "desk").locator("li").filter(has_text="hidden")).to_contain_text("by hand")
    assert page.locator("main img").count() == 0


def test_what_cannot_be_added(own_mux, tab_of, closed_port):
    """What is wrong is told in the dialog, at its field if there is one; all that was typed stays."""
    page = tab_of(own_mux).sign_in("providers")
    dialog = add(page, type="vllm", Name="local", Endpoint=f"localhost:{closed_port}")
    send = dialog.get_by_role("button", name="Add and get models")
    send.click()
    expect(dialog.get_by_role("alert")).to_contain_text("There is a provider local already")
    dialog.get_by_label("Name", exact=True).fill("-")
    send.click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Name", exact=True).fill("desk")
    dialog.get_by_text("Models by hand, headers, timeouts").click()
    dialog.get_by_role("button", name="Add a header").click()
    dialog.get_by_label("Name of header 1").fill("Host")
    send.click()
    expect(dialog.get_by_role("alert")).to_contain_text("The header Host belongs to the connection")
    dialog.get_by_role("button", name="Remove header 1").click()
    send.click()
    expect(dialog.get_by_role("alert")).to_contain_text("refused the connection")
    expect(dialog.get_by_label("Endpoint")).to_have_value(f"localhost:{closed_port}")
    dialog.get_by_label("Save without asking").check()
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(card(page, "desk")).to_contain_text("Not asked for its models yet.")


def test_managing(own_mux, tab_of, upstream):
    """A blank key and blank headers keep what is stored; what was changed is; a timeout can be the default again."""
    own_mux.rpc(
        "mux/provider/add",
        name="desk",
        type="openai",
        endpoint=upstream.url + "/v1",
        apiKey=KEY,
        headers={"X-Title": "mux"},
        models=["by-hand"],
        timeouts={"connect": 5, "idle": 60},
    )
    page = tab_of(own_mux).sign_in("providers")
    card(page, "desk").get_by_role("link", name="Manage desk").click()
    dialog = page.get_by_role("dialog", name="Manage desk")
    expect(card(page, "desk")).to_contain_text("key in a file that only you can read")
    expect(dialog.get_by_label("Key", exact=True)).to_have_value("")
    dialog.get_by_label("Name", exact=True).fill("bench")
    dialog.get_by_text("Models by hand, headers, timeouts").click()
    expect(dialog.get_by_label("Models by hand")).to_have_value("by-hand")
    expect(dialog.get_by_label("Value of header 1")).to_have_value("")
    dialog.get_by_label("Models by hand").fill("other")
    dialog.get_by_label("Connect").fill("")
    dialog.get_by_label("Description").fill("Under the desk")
    dialog.get_by_role("button", name="Save and get models").click()
    expect(card(page, "bench")).to_contain_text("Under the desk")
    asked = upstream.asked_for_models[-1]
    assert asked.header("authorization") == f"Bearer {KEY}"
    assert asked.header("x-title") == "mux"
    becomes(lambda: told(own_mux, "bench")["timeouts"], {"idle": 60.0})
    by_hand = [each["name"] for each in own_mux.rpc("mux/model/list", provider="bench") if each.get("byHand")]
    assert by_hand == ["other"]


def test_a_key_never_travels(own_mux, tab_of, upstream):
    """Another host is refused while the key for it is not typed, and the dialog says so."""
    own_mux.rpc("mux/provider/add", name="desk", type="openai", endpoint=upstream.url + "/v1", apiKey=KEY)
    page = tab_of(own_mux).sign_in("providers/desk")
    dialog = page.get_by_role("dialog", name="Manage desk")
    key = dialog.get_by_label("Key", exact=True)
    expect(key).to_have_accessible_description("Blank keeps the stored one.")
    dialog.get_by_label("Endpoint").fill("http://localhost:9/v1")
    expect(key).to_have_accessible_description("Type it again: the stored one does not go to another host.")
    dialog.get_by_role("button", name="Save and get models").click()
    expect(dialog.get_by_role("alert")).to_have_text(re.compile("a key never goes there unasked.$"))
    expect(key).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("link", name="Manage desk")).to_be_visible()
    assert KEY not in page.content()


def test_a_slow_provider(own_mux, tab_of, upstream):
    """While a provider takes its time, that shows, the page stays usable, and the models come in the end."""
    own_mux.rpc("mux/provider/add", name="desk", type="vllm", endpoint=upstream.url)
    page = tab_of(own_mux).sign_in("providers")
    upstream.models, upstream.models_after = ["m1", "m2"], (released := threading.Event())
    page.get_by_role("button", name="Refresh desk").click()
    expect(card(page, "desk").get_by_role("status")).to_have_text("Getting models of desk …")
    expect(page.get_by_role("button", name="Refresh desk")).to_be_disabled()
    card(page, "local").get_by_text("3 models").click()
    expect(card(page, "local").get_by_text("qwen3:8b")).to_be_visible()
    expect(card(page, "desk").get_by_text("2 s")).to_be_visible()
    released.set()
    expect(card(page, "desk")).to_contain_text("2 models")
    expect(card(page, "desk")).to_contain_text("Answered")


def test_stopping(own_mux, tab_of, upstream):
    """Getting models can be stopped, in the list and in the dialog, which keeps what was typed."""
    own_mux.rpc("mux/provider/add", name="desk", type="vllm", endpoint=upstream.url)
    page = tab_of(own_mux).sign_in("providers")
    upstream.is_silent = True
    page.get_by_role("button", name="Refresh desk").click()
    page.get_by_role("button", name="Stop getting the models of desk").click()
    expect(card(page, "desk")).to_contain_text("Answered")
    assert upstream.asked_for_models[-1].left.wait(30)
    dialog = add(page, type="vllm", Name="other", Endpoint=upstream.url)
    dialog.get_by_role("button", name="Add and get models").click()
    dialog.get_by_role("button", name="Stop getting the models of other").click()
    expect(dialog.get_by_role("status")).to_have_count(0)
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("other")
    assert upstream.asked_for_models[-1].left.wait(30)
    upstream.is_silent = False
    dialog.get_by_role("button", name="Add and get models").click()
    expect(card(page, "other")).to_contain_text("1 model")


def test_refreshing_all(own_mux, tab_of, upstream):
    """All are asked at once; one that fails says so in its place, until it answers again."""
    own_mux.rpc("mux/provider/add", name="desk", type="vllm", endpoint=upstream.url)
    port = upstream.port
    page = tab_of(own_mux).sign_in("providers")
    upstream.close()
    page.get_by_role("button", name="Refresh all").click()
    expect(card(page, "desk").get_by_role("alert")).to_contain_text("refused the connection")
    expect(card(page, "local")).to_contain_text("Answered")
    again = Upstream(port)
    try:
        page.get_by_role("button", name="Refresh desk").click()
        expect(card(page, "desk")).to_contain_text("Answered")
    finally:
        again.close()


def test_removing(own_mux, tab_of):
    """What nobody uses is removed after one question; what is used after another, which names the workspaces."""
    own_mux.rpc("mux/provider/add", name="spare", type="echo")
    tab = tab_of(own_mux)
    page = tab.sign_in("providers")
    for name, is_used in (("spare", False), ("local", True)):
        page.get_by_role("button", name=f"More for {name}").click()
        page.get_by_role("button", name="Remove …").click()
        page.get_by_role("dialog", name=f"Remove {name}?").get_by_role("button", name="Remove", exact=True).click()
        if is_used:
            dialog = page.get_by_role("dialog", name="local is in use")
            expect(dialog.get_by_role("listitem")).to_have_text(["client-project", "default"])
            assert tab.violations() == []
            dialog.get_by_role("button", name="Remove all the same").click()
        expect(card(page, name)).to_have_count(0)
    rules = own_mux.rpc("mux/rule/list")
    assert [("broken" in rule, rule["provider"]) for rule in rules] == [
        (True, "local"),
        (False, "cloud"),
        (True, "local"),
    ]


def test_the_narrowest_window(office, tab_of):
    """At 360 pixels nothing is cut off."""
    tab = tab_of(office)
    tab.page.set_viewport_size({"width": 360, "height": 740})
    page = tab.sign_in("providers")
    card(page, "local").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Manage local").click()
    assert page.get_by_role("dialog").evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
