"""Where the focus goes when what had it is gone or is disabled: never to nowhere."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect


def press(page, what):
    """Press what has that name by the keyboard."""
    page.get_by_role("button", name=what, exact=True).focus()
    page.keyboard.press("Enter")


def confirm(page, what):
    """Say yes in the dialog by the keyboard."""
    page.get_by_role("dialog").get_by_role("button", name=what, exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_moving_to_the_end(own_mux, tab_of):
    """The arrow that moved a rule keeps the focus, also where it goes no further, and says so."""
    page = tab_of(own_mux).sign_in("workspaces/default")
    press(page, "Move up rule 2, .ts")
    arrow = page.get_by_role("button", name="Move up rule 1, .ts")
    expect(arrow).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text(".ts is the first already.")).to_be_attached()
    expect(arrow).to_be_focused()


def test_undoing(own_mux, tab_of):
    """The rule that came back has the focus, a catch-all too."""
    page = tab_of(own_mux).sign_in("workspaces/default")
    for name, field in (
        ("rule 2, .ts", "Files of rule 2"),
        ("rule 3, everything else", "Model of rule 3, everything else"),
    ):
        press(page, f"Remove {name}")
        expect(page.get_by_role("button", name="Undo")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Undo")).to_have_count(0)
        expect(page.get_by_label(field, exact=True)).to_be_focused()


def test_another_model_instead(own_mux, tab_of):
    """After the offered model was taken, the rule's model has the focus."""
    own_mux.rpc("mux/provider/add", name="leaving", type="echo", models=["qwen3:14b"])
    own_mux.rpc("mux/rule/update", position=2, provider="leaving", model="qwen3:14b")
    own_mux.rpc("mux/provider/remove", name="leaving", force=True)
    page = tab_of(own_mux).sign_in("workspaces/default")
    press(page, "Use local/qwen3:8b instead")
    expect(page.get_by_role("button", name="instead")).to_have_count(0)
    expect(page.get_by_label("Model of rule 2, .ts", exact=True)).to_be_focused()


def test_removing_workspaces(own_mux, tab_of):
    """In the list the next workspace has the focus; from its own page, which is gone, the list has it."""
    for name in ("other", "zebra"):
        own_mux.rpc("mux/workspace/add", name=name)
    page = tab_of(own_mux).sign_in("workspaces")
    press(page, "More for client-project")
    page.get_by_role("button", name="Remove …").click()
    confirm(page, "Remove")
    expect(page.get_by_role("link", name="client-project")).to_have_count(0)
    expect(page.get_by_role("link", name="other", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="other", level=1).wait_for()
    press(page, "More for other")
    page.get_by_role("button", name="Remove …").click()
    confirm(page, "Remove")
    page.get_by_role("heading", name="Workspaces", level=1).wait_for()
    expect(page.get_by_role("link", name="other", exact=True)).to_have_count(0)
    expect(page.locator("main")).to_be_focused()


def test_making_active(own_mux, tab_of):
    """The button that has done its work hands the focus to the next one."""
    page = tab_of(own_mux).sign_in("workspaces")
    press(page, "Make client-project active")
    expect(page.get_by_role("button", name="Make client-project active")).to_be_disabled()
    expect(page.get_by_role("button", name="More for client-project")).to_be_focused()


def test_deleting_a_request(own_mux, tab_of):
    """The request that takes the place of the deleted one has the focus."""
    page = tab_of(own_mux).sign_in("requests")
    rows = page.locator(".rows .body [role=row]")
    rows.filter(has_text="Shorten").get_by_role("link").click()
    press(page, "Delete …")
    confirm(page, "Delete")
    expect(page.locator(".panel")).to_have_count(0)
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="Explain").get_by_role("link")).to_be_focused()


def test_a_refresh_that_fails(own_mux, tab_of, closed_port):
    """The button keeps the focus while the provider is asked and when it does not answer."""
    own_mux.rpc(
        "mux/provider/add",
        name="desk",
        type="vllm",
        endpoint=f"http://localhost:{closed_port}",
        models=["m"],
        offline=True,
    )
    page = tab_of(own_mux).sign_in("providers")
    press(page, "Refresh desk")
    expect(page.get_by_role("listitem", name="desk").get_by_role("alert")).to_contain_text("refused the connection")
    expect(page.get_by_role("button", name="Refresh desk")).to_be_focused()


def test_a_choice_in_a_dialog(own_mux, tab_of):
    """A dialog that begins with a choice begins at what is chosen."""
    own_mux.rpc("mux/settings/set", keep="everything")
    page = tab_of(own_mux).sign_in("requests")
    press(page, "Kept: everything, 30 days")
    expect(page.get_by_role("dialog").get_by_label("Everything")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Kept: summary, 30 days")).to_be_focused()


def test_a_click_beside_everything(own_mux, tab_of):
    """Who clicks beside everything leaves the focus there, whatever goes meanwhile."""
    page = tab_of(own_mux).sign_in("workspaces")
    page.get_by_role("link", name="client-project", exact=True).focus()
    page.locator("h1").click()
    page.wait_for_function("document.activeElement === document.body || document.activeElement.id === 'main'")
    own_mux.rpc("mux/workspace/remove", name="client-project")
    expect(page.get_by_role("link", name="client-project")).to_have_count(0)
    assert page.evaluate("document.activeElement.tagName") in ("BODY", "MAIN")


@pytest.mark.parametrize("moves", ["whole", "anew"])
def test_moving_elsewhere(own_mux, tab_of, moves):
    """A rule that is moved elsewhere keeps the focus, also in browsers where what moves loses it for a moment."""
    tab = tab_of(own_mux)
    if moves == "anew":
        tab.page.add_init_script("for (const kind of [Element, Document]) delete kind.prototype.moveBefore")
    page = tab.sign_in("workspaces/default")
    own_mux.rpc("mux/rule/add", filter=".rs", provider="local", model="small")
    for name in (".md", ".ts", ".rs"):
        at = [each["filter"] for each in own_mux.rpc("mux/rule/list")].index(name) + 1
        expect(page.get_by_label(f"Files of rule {at}", exact=True)).to_have_value(name)
        page.get_by_label(f"Files of rule {at}", exact=True).press("End")
        for to in (3, 1, 2, 1, 3):
            own_mux.rpc("mux/rule/move", position=at, to=to)
            at = to
            field = page.get_by_label(f"Files of rule {at}", exact=True)
            expect(field).to_have_value(name)
            expect(field).to_be_focused()
