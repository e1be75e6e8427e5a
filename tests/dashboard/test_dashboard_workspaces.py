"""Workspaces in the browser: listed, added, copied, renamed, removed, switched, exported and imported."""

from __future__ import annotations

import json
import re

import pytest
from browser import becomes
from playwright.sync_api import expect

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


def row(page, name):
    """The row of a workspace."""
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def choose(page, name, what):
    """Choose from the menu of a workspace."""
    page.get_by_role("button", name=f"More for {name}", exact=True).click()
    page.get_by_role("button", name=f"{what} …", exact=True).click()
    return page.get_by_role("dialog")


def names(mux):
    """The workspaces there are."""
    return [each["name"] for each in mux.rpc("mux/workspace/list")]


def test_the_list(office, tab_of):
    """Each workspace shows whether it is active, its catch-all, its rules and today's requests."""
    tab = tab_of(office)
    page = tab.sign_in("workspaces")
    default = row(page, "default")
    expect(default.locator(".tag")).to_have_text("active")
    expect(default).to_contain_text("local/qwen3:8b")
    expect(default.get_by_role("cell").nth(1)).to_have_text("3")
    expect(default.get_by_role("cell").nth(2)).to_have_text("3")
    expect(row(page, "client-project").get_by_role("cell").nth(2)).to_have_text("0")
    expect(row(page, "client-project").locator(".tag")).to_have_count(0)
    assert page.title() == "Workspaces · mux-sidecar"
    assert tab.violations() == []


def test_the_only_workspace(fresh_mux, tab_of):
    """Where there is only the one, the page says what others are for, and where a model is chosen."""
    tab = tab_of(fresh_mux().start())
    page = tab.sign_in("workspaces")
    expect(page.get_by_text("A workspace is a list of rules.")).to_be_visible()
    page.get_by_role("link", name="choose a model").click()
    expect(page.get_by_role("heading", name="default", level=1)).to_be_visible()
    expect(page.locator("main")).to_be_focused()
    expect(page).to_have_title("default · Workspaces · mux-sidecar")
    assert tab.violations() == []


def test_adding(own_mux, tab_of):
    """A name that cannot be is refused at its field, in the sidecar's words; one that can opens the new workspace."""
    tab = tab_of(own_mux)
    page = tab.sign_in("workspaces")
    page.get_by_role("button", name="Add a workspace").click()
    dialog = page.get_by_role("dialog", name="Add a workspace")
    name = dialog.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    page.keyboard.type("two words")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert").first).to_contain_text("cannot be a workspace's name")
    expect(name).to_have_attribute("aria-invalid", "true")
    assert tab.violations() == []
    name.fill("Client-Project")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("There is a workspace client-project already")
    name.fill("other")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="other", level=1)).to_be_visible()
    assert page.url.endswith("#/workspaces/other")
    becomes(lambda: "other" in names(own_mux), True)


def test_a_dialog_that_is_left(own_mux, tab_of):
    """Escape leaves a dialog, nothing is done, and the focus is where it was."""
    page = tab_of(own_mux).sign_in("workspaces")
    button = page.get_by_role("button", name="Add a workspace")
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("nothing")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
    dialog = choose(page, "client-project", "Remove")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="More for client-project")).to_be_focused()
    becomes(lambda: names(own_mux), ["default", "client-project"])


def test_copying_renaming_and_removing(own_mux, tab_of):
    """A copy has the rules of the other; a new name and a removal show in the list."""
    page = tab_of(own_mux).sign_in("workspaces")
    dialog = choose(page, "default", "Copy")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("default-copy")
    dialog.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("heading", name="default-copy", level=1)).to_be_visible()
    expect(page.get_by_role("table", name="Rules").get_by_label("Files of rule 1")).to_have_value(".md")
    dialog = choose(page, "default-copy", "Rename")
    dialog.get_by_label("Name", exact=True).fill("Mine")
    dialog.get_by_role("button", name="Rename", exact=True).click()
    expect(page.get_by_role("heading", name="Mine", level=1)).to_be_visible()
    assert page.url.endswith("#/workspaces/Mine")
    dialog = choose(page, "Mine", "Remove")
    expect(dialog).to_contain_text("Its 3 rules go with it.")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("heading", name="Workspaces", level=1)).to_be_visible()
    expect(row(page, "Mine")).to_have_count(0)
    dialog = choose(page, "client-project", "Remove")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(row(page, "client-project")).to_have_count(0)
    becomes(lambda: names(own_mux), ["default"])


def test_what_is_always_there(own_mux, tab_of):
    """The workspace default can be neither renamed nor removed, and neither is offered, in the list and on its page."""
    page = tab_of(own_mux).sign_in("workspaces")
    for opened in (False, True):
        if opened:
            page.get_by_role("link", name="default", exact=True).click()
            page.get_by_role("heading", name="default", level=1).wait_for()
        page.get_by_role("button", name="More for default", exact=True).click()
        expect(page.locator("[popover]:popover-open button")).to_have_text(["Copy …", "Export …"])
        page.keyboard.press("Escape")


def test_a_file_after_nonsense(own_mux, tab_of, tmp_path):
    """What was said of a pasted text is taken back when a file is chosen instead."""
    file = tmp_path / "work.json"
    file.write_text(json.dumps(own_mux.rpc("mux/workspace/export", name="client-project")), encoding="utf-8")
    page = tab_of(own_mux).sign_in("workspaces")
    page.get_by_role("button", name="Import …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Or paste its text").fill("nonsense")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_text("This is not an exported workspace")).to_be_visible()
    dialog.get_by_label("File").set_input_files(file)
    expect(dialog.get_by_label("Or paste its text")).to_have_value(re.compile("rules"))
    expect(dialog.get_by_text("This is not an exported workspace")).to_have_count(0)


def test_switching(own_mux, tab_of):
    """A workspace is made the active one from the list and from its page, here and in the other tab."""
    one, other = tab_of(own_mux), tab_of(own_mux)
    pages = [one.sign_in("workspaces"), other.sign_in("workspaces/default")]
    pages[0].get_by_role("button", name="Make client-project active").click()
    expect(row(pages[0], "client-project").locator(".tag")).to_have_text("active")
    expect(pages[0].get_by_role("button", name="Make client-project active")).to_be_disabled()
    expect(pages[1].get_by_role("button", name="Make active")).to_be_enabled()
    pages[1].get_by_role("button", name="Make active").click()
    expect(pages[0].get_by_role("button", name="Make default active")).to_be_disabled()
    becomes(lambda: own_mux.rpc("mux/status")["workspace"], "default")


def test_exporting_and_importing(own_mux, tab_of, tmp_path):
    """An export is a file that can be imported again, here from the file and there as text."""
    tab = tab_of(own_mux)
    page = tab.sign_in("workspaces")
    dialog = choose(page, "client-project", "Export")
    with page.expect_download() as downloading:
        dialog.get_by_role("button", name="Download").click()
    assert downloading.value.suggested_filename == "client-project.json"
    saved = tmp_path / "saved.json"
    downloading.value.save_as(saved)
    document = json.loads(saved.read_text("utf-8"))
    assert document == own_mux.rpc("mux/workspace/export", name="client-project")

    page.get_by_role("button", name="Import …").click()
    dialog = page.get_by_role("dialog", name="Import a workspace")
    dialog.get_by_label("File", exact=True).set_input_files(saved)
    expect(dialog.get_by_label("Or paste its text")).to_have_value(saved.read_text("utf-8"))
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("There is a workspace client-project already")
    assert tab.violations() == []
    dialog.get_by_label("Name", exact=True).fill("again")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="again", level=1)).to_be_visible()
    assert own_mux.rpc("mux/rule/list", workspace="again") == own_mux.rpc("mux/rule/list", workspace="client-project")

    tab.go("workspaces")
    page.get_by_role("button", name="Import …").click()
    text = dialog.get_by_label("Or paste its text")
    text.fill("rules, please")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_role("alert").first).to_contain_text("it is no JSON object")
    text.fill(json.dumps(document | {"version": 7}))
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_role("alert").first).to_contain_text("This is no workspace that this version can read")
    text.fill(json.dumps(document | {"name": "third"}))
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="third", level=1)).to_be_visible()


def refused(page, document):
    """The dialog after a document was to be imported whose name is taken."""
    page.get_by_role("button", name="Import …").click()
    dialog = page.get_by_role("dialog", name="Import a workspace")
    dialog.get_by_label("Or paste its text").fill(json.dumps(document))
    dialog.get_by_role("button", name="Import", exact=True).click()
    dialog.get_by_role("group", name="Replace it, or import under another name").wait_for()
    return dialog


@pytest.mark.parametrize("width", [1100, 360])
def test_importing_in_place_of_rules(own_mux, tab_of, tmp_path, width):
    """A name that is taken is told with what replacing would lose, which can be exported first; then it is replaced."""
    document = own_mux.rpc("mux/workspace/export", name="client-project")
    for number in range(5):
        own_mux.rpc("mux/rule/add", workspace="client-project", filter=f".x{number}", provider="cloud", model="echo")
    own_mux.rpc("mux/workspace/update", name="client-project", scope="conversation")
    own_mux.rpc("mux/workspace/switch", name="client-project")
    before = own_mux.rpc("mux/rule/list", workspace="client-project")
    tab = tab_of(own_mux)
    tab.page.set_viewport_size({"width": width, "height": 640})
    page = tab.sign_in("workspaces")
    dialog = refused(page, document | {"name": "Client-Project"})
    offer = dialog.get_by_role("group", name="Replace it, or import under another name")
    expect(dialog.get_by_role("alert")).to_have_text("There is a workspace Client-Project already.")
    expect(offer).to_contain_text("Replacing loses its 8 rules, and which files count:")
    expect(offer.get_by_role("listitem")).to_have_text(
        [
            ".md → local/small",
            ".ts → cloud/anthropic/claude-sonnet-4.5",
            *(f".x{number} → cloud/echo" for number in range(3)),
            "3 more",
            "files of the whole conversation",
        ]
    )
    expect(offer).to_contain_text("It is active: the next request goes by the new rules.")
    expect(offer.get_by_role("button", name="Replace its 8 rules")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.violations() == []
    own_mux.rpc("mux/rule/remove", workspace="client-project", position=1)
    expect(offer).to_contain_text("Replacing loses its 7 rules")
    with page.expect_download() as downloading:
        offer.get_by_role("button", name="Export it first").click()
    assert downloading.value.suggested_filename == "client-project.json"
    downloading.value.save_as(tmp_path / "saved.json")
    assert len(json.loads((tmp_path / "saved.json").read_text("utf-8"))["rules"]) == len(before) - 1
    offer.get_by_role("button", name="Replace its 7 rules").click()
    expect(page.get_by_role("heading", name="client-project", level=1)).to_be_visible()
    expect(page.get_by_label("Files of rule")).to_have_count(2)
    rules = own_mux.rpc("mux/rule/list", workspace="client-project")
    assert [rule["filter"] for rule in rules] == [".md", ".ts", ""]
    replaced = next(each for each in own_mux.rpc("mux/workspace/list") if each["name"] == "client-project")
    assert (replaced["active"], replaced["scope"]) == (True, "turn")


def test_importing_beside_what_is_there(own_mux, tab_of):
    """A name that is taken can be left as it is: the next one that is free is offered, and Enter never replaces."""
    document = own_mux.rpc("mux/workspace/export", name="default")
    own_mux.rpc("mux/workspace/add", name="Default-2")
    own_mux.rpc("mux/rule/remove", position=1)
    page = tab_of(own_mux).sign_in("workspaces")
    dialog = refused(page, document)
    offer = dialog.get_by_role("group", name="Replace it, or import under another name")
    expect(offer).not_to_contain_text("which files count")
    name = dialog.get_by_label("Name", exact=True)
    name.fill("CLIENT-project")
    expect(offer).to_have_count(0)
    expect(dialog.get_by_role("alert")).to_have_count(0)
    for _ in range(2):
        name.press("Enter")
        expect(offer).to_contain_text("Replacing loses its 3 rules:")
    name.fill("")
    name.press("Enter")
    offer.get_by_role("button", name="Import as default-3").click()
    expect(page.get_by_role("heading", name="default-3", level=1)).to_be_visible()
    kept = {name: len(own_mux.rpc("mux/rule/list", workspace=name)) for name in names(own_mux)}
    assert kept == {"default": 2, "client-project": 3, "Default-2": 0, "default-3": 3}


def test_an_import_while_nobody_serves(own_mux, tab_of):
    """What could not be replaced since the sidecar was away says so, and can be sent again."""
    tab = tab_of(own_mux)
    page = tab.sign_in("workspaces")
    dialog = refused(page, own_mux.rpc("mux/workspace/export", name="client-project"))
    tab.is_away_fine = True
    own_mux.stop()
    expect(page.get_by_text("The sidecar is away").first).to_be_attached()
    dialog.get_by_role("button", name="Replace its 3 rules").click()
    expect(dialog.get_by_role("alert").filter(has_text="The sidecar is away")).to_be_visible()
    own_mux.start()
    expect(dialog.get_by_role("alert").filter(has_text="The sidecar is away")).to_have_count(0)
    dialog.get_by_role("button", name="Replace its 3 rules").click()
    expect(page.get_by_role("heading", name="client-project", level=1)).to_be_visible()


def test_changes_made_elsewhere(own_mux, tab_of):
    """What the command line adds and removes shows in the list without a reload; a page of what is gone says so."""
    one, other = tab_of(own_mux), tab_of(own_mux)
    page, opened = one.sign_in("workspaces"), other.sign_in("workspaces/client-project")
    own_mux.cli("workspace", "add", "by-hand")
    expect(row(page, "by-hand")).to_be_visible()
    own_mux.cli("workspace", "remove", "client-project")
    expect(row(page, "client-project")).to_have_count(0)
    expect(opened.get_by_text("There is no workspace client-project any more")).to_be_visible()
    assert other.violations() == []
    opened.get_by_role("link", name="See those there are").click()
    expect(row(opened, "by-hand")).to_be_visible()


def test_an_import_that_is_hostile(own_mux, tab_of):
    """What a file says is text, whatever it says, and one that cannot be imported adds nothing."""
    page = tab_of(own_mux).sign_in("workspaces")
    document = own_mux.rpc("mux/workspace/export", name="default") | {"name": HOSTILE}
    page.get_by_role("button", name="Import …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Or paste its text").fill(json.dumps(document))
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_role("alert").first).to_contain_text("<img src=x")
    assert page.locator("dialog img").count() == 0
    assert page.title() == "Workspaces · mux-sidecar"
    becomes(lambda: names(own_mux), ["default", "client-project"])


@pytest.mark.parametrize("width", [360, 1600])
@pytest.mark.parametrize("view", ["home", "workspaces", "workspaces/default"])
def test_any_width(office, tab_of, view, width):
    """Nothing stands beside the window, narrow or wide."""
    tab = tab_of(office)
    tab.page.set_viewport_size({"width": width, "height": 800})
    page = tab.sign_in(view)
    page.get_by_role("table").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.violations() == []
