"""A workspace's rules in the browser: added, changed, moved, mended and tried out, while others change them too."""

from __future__ import annotations

import itertools
import re

import pytest
from browser import becomes, deafen, hold
from playwright.sync_api import expect

HOSTILE = "<img src=x onerror=\"document.title='owned'\">.ts"


def filters(mux, workspace="default"):
    """The filters in order."""
    return [each["filter"] for each in mux.rpc("mux/rule/list", workspace=workspace)]


def many(mux):
    """Five rules and the catch-all."""
    for text in (".py", ".rs", ".go"):
        mux.rpc("mux/rule/add", filter=text, provider="local", model="small")


def opened(tab, workspace="default"):
    """The page of a workspace, its rules there."""
    page = tab.sign_in(f"workspaces/{workspace}")
    page.get_by_label("Files of rule 1", exact=True).wait_for()
    return page


def expect_filters(page, *wanted):
    """Wait until the page shows these, in order."""
    expect(page.get_by_label("Files of rule")).to_have_count(len(wanted))
    for position, text in enumerate(wanted, start=1):
        expect(page.get_by_label(f"Files of rule {position}", exact=True)).to_have_value(text)


def pick(page, label, text):
    """Choose a model by typing a part of its name."""
    field = page.get_by_label(label, exact=True)
    field.click()
    field.fill(text)
    page.get_by_role("listbox").get_by_role("option").first.wait_for()
    page.keyboard.press("Enter")


def test_the_rules(office, tab_of):
    """The table has each rule with its files, kind and model, the catch-all last, and what a filter also takes."""
    tab = tab_of(office)
    page = opened(tab)
    expect_filters(page, ".md", ".ts")
    expect(page.get_by_label("Model of rule 2, .ts", exact=True)).to_have_value("cloud/anthropic/claude-sonnet-4.5")
    expect(page.get_by_label("Requests of rule 2, .ts", exact=True)).to_have_value("any")
    rows = page.get_by_role("table", name="Rules").get_by_role("row")
    expect(rows.nth(2)).to_contain_text("also takes view.tsx")
    expect(rows.last).to_contain_text("Everything else")
    expect(rows.last.get_by_role("combobox")).to_have_value("local/qwen3:8b")
    expect(rows.last.get_by_role("button", name=re.compile("^Move"))).to_have_count(0)
    assert tab.violations() == []


def test_adding_by_keyboard(own_mux, tab_of):
    """A rule is added by keys alone, before the catch-all; what cannot be is refused in place."""
    tab = tab_of(own_mux)
    page = opened(tab)
    page.get_by_label("Files of a new rule").focus()
    page.keyboard.type("*")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("claude")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_text(["anthropic/claude-sonnet-4.5"])
    assert tab.violations() == []
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".new").get_by_role("alert")).to_contain_text("*")
    page.get_by_label("Files of a new rule").fill(HOSTILE)
    page.keyboard.press("Enter")
    expect_filters(page, ".md", ".ts", HOSTILE)
    expect(page.get_by_label("Files of a new rule")).to_have_value("")
    expect(page.get_by_label("Files of a new rule")).to_be_focused()
    becomes(lambda: filters(own_mux), [".md", ".ts", HOSTILE, ""])
    page.get_by_label("Prompt").fill(f"Look at `{HOSTILE}`")
    page.get_by_role("table", name="Every rule, and why").wait_for()
    assert page.locator("main img").count() == 0
    expect(page).to_have_title("default · Workspaces · mux-sidecar")


def test_changing(own_mux, tab_of):
    """Filter, kind and model are changed where they stand; Escape takes back what was typed; errors stand beside it."""
    tab = tab_of(own_mux)
    page = opened(tab)
    field = page.get_by_label("Files of rule 1", exact=True)
    field.fill("**.md**")
    page.keyboard.press("Escape")
    expect(field).to_have_value(".md")
    field.fill("")
    expect(page.get_by_role("alert").filter(has_text="A filter cannot be empty")).to_be_visible()
    field.fill("x" * 300)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="256")).to_be_visible()
    expect(field).to_have_value("x" * 300)
    assert tab.violations() == []
    field.fill("docs/")
    page.get_by_role("heading", name="Try it").click()
    page.get_by_label("Requests of rule 1, docs/", exact=True).select_option("chat")
    pick(page, "Model of rule 1, docs/", "claude")
    expect(page.get_by_label("Model of rule 1, docs/", exact=True)).to_have_value("cloud/anthropic/claude-sonnet-4.5")
    pick(page, "Model of rule 3, everything else", "local small")
    expect(page.get_by_label("Model of rule 3, everything else", exact=True)).to_have_value("local/small")
    becomes(lambda: own_mux.rpc("mux/rule/list")[2]["model"], "small")
    first, _, last = own_mux.rpc("mux/rule/list")
    assert (first["filter"], first["kind"], first["provider"]) == ("docs/", "chat", "cloud")
    assert last["provider"] == "local"


def test_the_picker(office, tab_of):
    """The picker groups models by provider, searches in both names, follows the arrows, and Escape keeps the old."""
    tab = tab_of(office)
    page = opened(tab)
    field = page.get_by_label("Model of rule 1, .md", exact=True)
    field.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("listbox").get_by_role("group")).to_have_count(2)
    expect(page.get_by_role("listbox").get_by_role("option", name="small")).to_have_attribute("aria-selected", "true")
    assert tab.violations() == []
    expect(field).to_have_attribute("aria-expanded", "true")
    expect_at(page, "Model of rule 1, .md", "small")
    page.keyboard.press("ArrowUp")
    expect_at(page, "Model of rule 1, .md", "qwen3:8b")
    page.keyboard.type("no such model")
    expect(page.get_by_text("No model is called so.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(field).to_have_value("local/small")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(field).to_have_value("local/small")
    expect(field).to_be_focused()


def expect_at(page, label, name):
    """Wait until the keyboard is at the model of that name in the open list; None for none of them."""
    at = "field => document.getElementById(field.getAttribute('aria-activedescendant'))?.textContent ?? null"
    becomes(lambda: page.get_by_label(label, exact=True).evaluate(at), name)
    expect(options(page).and_(page.locator(".at"))).to_have_text([name] if name else [])


def options(page):
    """The models in the open list."""
    return page.get_by_role("listbox").get_by_role("option")


@pytest.mark.parametrize("label", ["Model of a new rule", "Model of rule 1, .md"])
def test_enter_takes_no_guess(own_mux, tab_of, label):
    """Of several models that fit Enter takes none until an arrow leads to one, and says so; a single one it takes."""
    own_mux.rpc("mux/provider/update", name="local", models=["a-small", "qwen3:8b", "small-2", "small"])
    tab = tab_of(own_mux)
    page = opened(tab)
    field = page.get_by_label(label, exact=True)
    field.fill("sma")
    expect(options(page)).to_have_text(["a-small", "small", "small-2"])
    expect_at(page, label, None)
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 models fit: choose one with ↓, or type on.")).to_be_visible()
    expect(field).to_have_value("sma")
    expect(field).to_have_attribute("aria-expanded", "true")
    assert tab.violations() == []
    assert own_mux.rpc("mux/rule/list")[0]["model"] == "small"
    page.keyboard.press("ArrowUp")
    expect_at(page, label, "small-2")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("PageUp")
    expect_at(page, label, "a-small")
    page.keyboard.press("Enter")
    expect(field).to_have_attribute("title", "local/a-small")
    for typed, taken in (("small", "local/small"), ("claude", "cloud/anthropic/claude-sonnet-4.5")):
        field.fill(typed)
        expect_at(page, label, taken.partition("/")[2])
        page.keyboard.press("Enter")
        expect(field).to_have_attribute("title", taken)


def test_a_picker_without_a_model(office, tab_of):
    """A press on the empty field leads to no model, and Enter takes none; an arrow that opens it leads to an end."""
    page = opened(tab_of(office))
    label = "Model of a new rule"
    field = page.get_by_label(label, exact=True)
    field.click()
    expect(options(page)).to_have_count(5)
    expect_at(page, label, None)
    page.keyboard.press("Enter")
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(field).to_have_value("")
    for key, name in (("ArrowDown", "anthropic/claude-sonnet-4.5"), ("ArrowUp", "small")):
        page.keyboard.press(key)
        expect_at(page, label, name)
        page.keyboard.press("Escape")
        expect(field).to_have_value("")


@pytest.mark.parametrize(
    ("label", "text", "name"),
    [
        ("Model of rule 1, .md", "", "small"),
        ("Model of a new rule", "", "anthropic/claude-sonnet-4.5"),
        ("Model of a new rule", "local", None),
    ],
)
def test_a_list_that_comes_late(office, tab_of, label, text, name):
    """Where models come after a list was opened, the keyboard is led as it is else; not where something was typed."""
    tab = tab_of(office)
    let_go = hold(tab.page, "mux/model/list")
    page = opened(tab)
    page.get_by_label(label, exact=True).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.type(text)
    expect(page.get_by_text("Reading the models")).to_be_visible()
    let_go()
    expect(options(page)).to_have_count(3 if text else 5)
    expect_at(page, label, name)


def test_a_list_that_changes_while_it_is_open(own_mux, tab_of):
    """What the keyboard is at stays so when other models come, and Enter takes that one."""
    page = opened(tab_of(own_mux))
    label = "Model of rule 2, .ts"
    field = page.get_by_label(label, exact=True)
    field.fill("local")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect_at(page, label, "qwen3:8b")
    own_mux.rpc("mux/provider/update", name="local", models=["a-new", "b-new", "qwen3:8b", "small"])
    expect(options(page).filter(has_text="a-new")).to_be_visible()
    expect_at(page, label, "qwen3:8b")
    page.keyboard.press("Enter")
    expect(field).to_have_value("local/qwen3:8b")


def expect_refused(page, label, typed, why):
    """Wait until a model that was typed is still there, and marked as one that there is not."""
    field = page.get_by_label(label, exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(why)))
    expect(field).to_have_value(typed)
    expect(page.get_by_role("alert").filter(has_text=why)).to_have_count(1)


@pytest.mark.parametrize("key", ["Enter", "Tab"])
@pytest.mark.parametrize("earlier", [None, "small"])
def test_adding_with_a_model_that_is_not_there(own_mux, tab_of, earlier, key):
    """A rule to a model that there is not is not added, whatever was chosen before; the field says so and keeps it."""
    tab = tab_of(own_mux)
    page = opened(tab)
    page.get_by_label("Files of a new rule").fill("q3.y")
    if earlier:
        pick(page, "Model of a new rule", earlier)
        expect(page.get_by_label("Model of a new rule")).to_have_value(f"local/{earlier}")
    page.get_by_label("Model of a new rule").fill("zzz")
    page.keyboard.press(key)
    expect_refused(page, "Model of a new rule", "zzz", "There is no model zzz.")
    page.get_by_role("button", name="Add rule").click()
    expect_refused(page, "Model of a new rule", "zzz", "There is no model zzz.")
    assert tab.violations() == []
    page.get_by_label("Model of a new rule").fill("local/smal")
    page.get_by_role("button", name="Add rule").click()
    expect_refused(page, "Model of a new rule", "local/smal", "local has no model smal. Did you mean small?")
    expect(page.get_by_text("mux-sidecar provider models")).to_have_count(0)
    expect(page.get_by_label("Files of a new rule")).to_have_value("q3.y")
    becomes(lambda: filters(own_mux), [".md", ".ts", ""])


def test_adding_one_rule_after_another(own_mux, tab_of):
    """A full name that is typed is taken as it is, not another one that holds it; then the row is empty again."""
    own_mux.rpc("mux/provider/update", name="local", models=["a-small", "qwen3:8b", "small-2", "small"])
    page = opened(tab_of(own_mux))
    page.get_by_label("Model of a new rule").fill("local/small")
    page.get_by_label("Files of a new rule").fill(".one")
    page.get_by_label("Requests of a new rule").select_option("fim")
    page.get_by_role("button", name="Add rule").click()
    expect(page.get_by_text("A rule for .one is added: local/small.")).to_be_attached()
    expect(page.get_by_label("Model of a new rule")).to_have_value("")
    expect(page.get_by_label("Files of a new rule")).to_have_value("")
    expect(page.get_by_label("Requests of a new rule")).to_have_value("any")
    page.get_by_label("Model of a new rule").fill("LOCAL/small")
    page.keyboard.press("Enter")
    page.get_by_label("Files of a new rule").fill(".two")
    page.keyboard.press("Enter")
    expect_filters(page, ".md", ".ts", ".one", ".two")
    becomes(lambda: [each["model"] for each in own_mux.rpc("mux/rule/list")[2:4]], ["small", "small"])


def test_enter_again_adds_the_rule(own_mux, tab_of):
    """Where the model of a new rule is chosen and its list is closed, Enter adds the rule, as in its other fields."""
    page = opened(tab_of(own_mux))
    page.get_by_label("Files of a new rule").fill(".py")
    pick(page, "Model of a new rule", "local small")
    expect(page.get_by_role("listbox")).to_have_count(0)
    page.keyboard.press("Enter")
    expect_filters(page, ".md", ".ts", ".py")
    becomes(lambda: filters(own_mux), [".md", ".ts", ".py", ""])


@pytest.mark.parametrize("key", ["Enter", "Tab"])
def test_changing_to_a_model_that_is_not_there(own_mux, tab_of, key):
    """What there is not stays beside its rule, which serves as before; Escape takes it back, a full name is taken."""
    tab = tab_of(own_mux)
    page = opened(tab)
    label = "Model of rule 1, .md"
    field = page.get_by_label(label, exact=True)
    before = own_mux.rpc("mux/rule/list")
    said = {
        "zzz": "There is no model zzz.",
        "local/qwen3:8": "local has no model qwen3:8. Did you mean qwen3:8b?",
        "nobody/small": "There is no provider 'nobody'",
    }
    for typed, why in said.items():
        field.fill(typed)
        page.keyboard.press("Tab" if typed == "local/qwen3:8" else key)  # where Enter chooses the one that fits
        expect_refused(page, label, typed, why)
    assert tab.violations() == []
    assert own_mux.rpc("mux/rule/list") == before
    field.press("Escape")
    expect(field).to_have_value("local/small")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    field.fill("local/qwen3:8b")
    page.keyboard.press(key)
    expect(field).to_have_attribute("title", "local/qwen3:8b")
    expect(page.get_by_text("Enter to keep")).to_have_count(0)
    becomes(lambda: own_mux.rpc("mux/rule/list")[0]["model"], "qwen3:8b")


def test_a_model_that_is_not_there_for_what_is_left(own_mux, tab_of):
    """The catch-all, that of one kind, and a broken rule take no model that there is not, and say so in place."""
    own_mux.rpc("mux/provider/add", name="leaving", type="echo", models=["qwen3:14b"])
    own_mux.rpc("mux/rule/add", filter=".py", provider="leaving", model="qwen3:14b")
    own_mux.rpc("mux/provider/remove", name="leaving", force=True)
    tab = tab_of(own_mux)
    page = opened(tab)
    page.get_by_role("button", name="Remove rule 4, everything else").click()
    for label in ("Model for everything else", "Model of rule 3, .py"):
        page.get_by_label(label, exact=True).fill("zzz")
        page.keyboard.press("Tab")
        expect_refused(page, label, "zzz", "There is no model zzz.")
        page.get_by_label(label, exact=True).press("Escape")
    page.get_by_label("Model of rule 3, .py", exact=True).fill("zzz")
    page.get_by_role("button", name="instead").click()
    expect(page.get_by_label("Model of rule 3, .py", exact=True)).to_have_value("local/qwen3:8b")
    page.get_by_role("button", name="Another model for one kind").click()
    dialog = page.get_by_role("dialog")
    page.get_by_label("Model", exact=True).fill("local/smal")
    page.keyboard.press("Tab")  # the list lies over the button
    dialog.get_by_role("button", name="Add").click()
    expect_refused(page, "Model", "local/smal", "local has no model smal. Did you mean small?")
    expect(dialog.get_by_role("alert")).to_have_count(1)
    assert tab.violations() == []
    becomes(lambda: filters(own_mux), [".md", ".ts", ".py"])
    page.get_by_label("Model", exact=True).fill("local/small")
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog).to_have_count(0)
    becomes(lambda: filters(own_mux), [".md", ".ts", ".py", ""])


def test_moving_by_keyboard(own_mux, tab_of):
    """Alt and an arrow, the grip with an arrow, and the buttons move a rule; the focus goes with it, and it is said."""
    tab = tab_of(own_mux)
    page = opened(tab)
    page.get_by_label("Files of rule 1", exact=True).focus()
    page.keyboard.press("Alt+ArrowDown")
    expect_filters(page, ".ts", ".md")
    expect(page.get_by_label("Files of rule 2", exact=True)).to_be_focused()
    expect(page.get_by_text(".md is rule 2 of 3 now.")).to_be_attached()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.get_by_text(".md is the last already.")).to_be_attached()
    grip(page, 2).focus()
    page.keyboard.press("ArrowUp")
    expect_filters(page, ".md", ".ts")
    expect(grip(page, 1)).to_be_focused()
    page.get_by_role("button", name="Move down rule 1, .md").click()
    expect_filters(page, ".ts", ".md")
    expect(page.get_by_role("button", name="Move down rule 2, .md")).to_be_disabled()
    becomes(lambda: filters(own_mux), [".ts", ".md", ""])


def test_a_rule_that_is_never_reached(own_mux, tab_of):
    """A rule below one that takes all that it takes says which, here and on Home, until it is moved up."""
    own_mux.rpc("mux/rule/add", filter="*.ts", provider="local", model="small")
    tab = tab_of(own_mux)
    page = tab.sign_in()
    expect(page.get_by_role("row", name="*.ts")).to_contain_text("never reached")
    expect(page.get_by_text("never reached")).to_have_count(1)
    tab.go("workspaces/default")
    field = page.get_by_label("Files of rule 3", exact=True)
    expect(field).to_have_accessible_description(
        "Never reached: rule 2, .ts, takes all that it takes. Move it up, or remove it."
    )
    assert tab.violations() == []
    field.press("Alt+ArrowUp")
    expect_filters(page, ".md", "*.ts", ".ts")
    expect(page.get_by_text("Never reached")).to_have_count(0)


def test_moving_by_quick_keys(own_mux, tab_of):
    """Keys that are pressed before the sidecar has answered count, each of them."""
    many(own_mux)
    page = opened(tab_of(own_mux))
    page.get_by_label("Files of rule 1", exact=True).focus()
    page.evaluate("""() => {
      const press = () => new KeyboardEvent("keydown", { key: "ArrowDown", altKey: true, bubbles: true });
      for (let times = 0; times < 3; times++) document.activeElement.dispatchEvent(press());
    }""")
    expect_filters(page, ".ts", ".py", ".rs", ".md", ".go")
    expect(page.get_by_label("Files of rule 4", exact=True)).to_be_focused()
    becomes(lambda: filters(own_mux), [".ts", ".py", ".rs", ".md", ".go", ""])


def grip(page, position):
    """The grip of a rule."""
    return page.get_by_role("button", name=re.compile(rf"^Move rule {position},"))


def center(page, position):
    """The middle of a rule's grip."""
    box = grip(page, position).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_moving_by_mouse(own_mux, tab_of):
    """A rule is dragged down and up; Escape leaves it where it was, and none goes past the catch-all."""
    many(own_mux)
    tab = tab_of(own_mux)
    page = opened(tab)
    mouse = page.mouse

    def drag(position, to, *, by=8):
        mouse.move(*center(page, position))
        mouse.down()
        mouse.move(center(page, position)[0], to + (by if to > center(page, position)[1] else -by), steps=6)

    drag(1, center(page, 3)[1])
    expect(page.locator("[data-dragged]")).to_have_count(1)
    mouse.up()
    expect_filters(page, ".ts", ".py", ".md", ".rs", ".go")
    drag(5, center(page, 2)[1])
    mouse.up()
    expect_filters(page, ".ts", ".go", ".py", ".md", ".rs")
    drag(1, 790)
    mouse.up()
    expect_filters(page, ".go", ".py", ".md", ".rs", ".ts")
    drag(1, center(page, 3)[1])
    page.keyboard.press("Escape")
    mouse.up()
    expect(page.locator("[data-dragged]")).to_have_count(0)
    expect_filters(page, ".go", ".py", ".md", ".rs", ".ts")
    becomes(lambda: filters(own_mux), [".go", ".py", ".md", ".rs", ".ts", ""])
    assert page.evaluate("[...document.querySelectorAll('.rules tr')].every(row => !row.style.transform)")


def test_moving_by_finger(own_mux, chromium, tab_of):
    """A rule is dragged by touch on a narrow screen."""
    many(own_mux)
    tab = tab_of(own_mux)
    tab.page.set_viewport_size({"width": 360, "height": 800})
    page = opened(tab)
    grip(page, 1).scroll_into_view_if_needed()
    touch = page.context.new_cdp_session(page)
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def finger(kind, *at):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in at]})

    (x, start), (_, end) = center(page, 1), center(page, 2)
    finger("touchStart", (x, start))
    for part in range(1, 6):
        finger("touchMove", (x, start + (end - start + 10) * part / 5))
    finger("touchEnd")
    expect_filters(page, ".ts", ".md", ".py", ".rs", ".go")
    becomes(lambda: filters(own_mux)[:2], [".ts", ".md"])


def test_removing(own_mux, tab_of):
    """A rule is removed at once, and comes back where it was by Undo, which has the focus."""
    tab = tab_of(own_mux)
    page = opened(tab)
    page.get_by_role("button", name="Remove rule 1, .md").click()
    expect_filters(page, ".ts")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    becomes(lambda: filters(own_mux), [".ts", ""])
    assert tab.violations() == []
    page.keyboard.press("Enter")
    expect_filters(page, ".md", ".ts")
    expect(undo).to_have_count(0)
    becomes(lambda: filters(own_mux), [".md", ".ts", ""])


def test_a_broken_rule(own_mux, tab_of):
    """A rule whose model or provider is gone says so, and takes the offered replacement."""
    own_mux.rpc("mux/provider/add", name="leaving", type="echo", models=["qwen3:14b", "claude-opus-4.5"])
    own_mux.rpc("mux/rule/add", filter=".py", provider="leaving", model="qwen3:14b")
    own_mux.rpc("mux/rule/add", filter=".rs", provider="leaving", model="claude-opus-4.5")
    own_mux.rpc("mux/provider/update", name="leaving", models=["qwen3:14b", "other"])
    tab = tab_of(own_mux)
    page = opened(tab)
    rows = page.get_by_role("table", name="Rules").get_by_role("row")
    expect(rows.nth(4)).to_contain_text("claude-opus-4.5; choose another")
    expect(rows.nth(3).get_by_role("button", name="Use")).to_have_count(0)
    own_mux.rpc("mux/provider/remove", name="leaving", force=True)
    expect(rows.nth(3)).to_contain_text("There is no provider leaving; add it")
    expect(page.get_by_label("Model of rule 3, .py", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Prompt").fill("Look at `a.py`")
    expect(page.get_by_text("It cannot serve: There is no provider leaving")).to_be_visible()
    assert tab.violations() == []
    rows.nth(3).get_by_role("button", name="Use local/qwen3:8b instead").click()
    expect(page.get_by_label("Model of rule 3, .py", exact=True)).to_have_value("local/qwen3:8b")
    expect(page.get_by_label("Model of rule 3, .py", exact=True)).to_be_focused()
    rows.nth(4).get_by_role("button", name="Use cloud/anthropic/claude-sonnet-4.5 instead").click()
    expect(page.get_by_role("button", name="instead")).to_have_count(0)
    becomes(lambda: any("broken" in each for each in own_mux.rpc("mux/rule/list")), False)


def test_catch_alls(own_mux, tab_of):
    """Without a catch-all one is asked for; those of one kind are added in a dialog, and each kind once."""
    tab = tab_of(own_mux)
    page = opened(tab)
    page.get_by_role("button", name="Remove rule 3, everything else").click()
    expect(page.get_by_text("Without one, a request that no rule takes is refused.")).to_be_visible()
    pick(page, "Model for everything else", "small")
    expect(page.get_by_label("Model of rule 3, everything else", exact=True)).to_have_value("local/small")
    page.get_by_role("button", name="Another model for one kind").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Requests").select_option("embed")
    dialog.get_by_label("Model", exact=True).click()
    assert tab.violations() == []
    page.keyboard.press("Escape")
    expect(dialog.get_by_role("listbox")).to_have_count(0)
    expect(dialog).to_be_visible()
    pick(dialog.page, "Model", "qwen")
    dialog.get_by_role("button", name="Add").click()
    rows = page.get_by_role("table", name="Rules").locator("tbody.last").get_by_role("row")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("embeddings")
    expect(rows.last).to_contain_text("chat and completion")
    page.get_by_role("button", name="Another model for one kind").click()
    expect(dialog.get_by_label("Requests").get_by_role("option")).to_have_text(["completion", "chat"])


@pytest.mark.parametrize("browser", ["that moves elements", "that takes them out and in"])
def test_changes_elsewhere_leave_what_is_typed(own_mux, tab_of, browser):
    """While somebody types, rules move, change and come by other hands: text and focus stay with their rule."""
    many(own_mux)
    tab = tab_of(own_mux)
    if browser == "that takes them out and in":
        tab.page.add_init_script("delete Element.prototype.moveBefore")
    page = opened(tab)
    page.get_by_label("Files of a new rule").fill(".half")
    page.get_by_label("Files of rule 2", exact=True).press("End")
    page.keyboard.type("x")
    assert page.evaluate("'moveBefore' in document.body") == (browser == "that moves elements")
    for position, to in ((2, 5), (5, 1), (1, 3)):
        own_mux.rpc("mux/rule/move", position=position, to=to)
        expect(page.get_by_label(f"Files of rule {to}", exact=True)).to_have_value(".tsx")
        expect(page.get_by_label(f"Files of rule {to}", exact=True)).to_be_focused()
    own_mux.rpc("mux/rule/update", position=3, provider="local", model="small")
    expect(page.get_by_label("Model of rule 3,")).to_have_value("local/small")
    own_mux.cli("rule", "add", "--filter", ".c", "--model", "local/small", "--at", "1")
    expect_filters(page, ".c", ".md", ".py", ".tsx", ".rs", ".go")
    becomes(lambda: filters(own_mux), [".c", ".md", ".py", ".ts", ".rs", ".go", ""])
    page.keyboard.type("y")
    page.keyboard.press("Enter")
    expect_filters(page, ".c", ".md", ".py", ".tsxy", ".rs", ".go")
    expect(page.get_by_text("Enter to keep")).to_have_count(0)
    expect(page.get_by_label("Files of a new rule")).to_have_value(".half")
    becomes(lambda: filters(own_mux)[3], ".tsxy")


def test_two_tabs(own_mux, tab_of):
    """What one tab changes shows in the other; who is late is told in place."""
    one, other = tab_of(own_mux), tab_of(own_mux)
    pages = [opened(one, "client-project"), opened(other, "client-project")]
    pages[0].get_by_label("Files of rule 1", exact=True).fill("docs/")
    pages[0].keyboard.press("Enter")
    expect(pages[1].get_by_label("Files of rule 1", exact=True)).to_have_value("docs/")
    pages[1].get_by_label("Files of rule 1", exact=True).fill(".late")
    pages[0].get_by_role("button", name="Remove rule 1, docs/").click()
    expect_filters(pages[1], ".ts")
    pages[1].get_by_label("Files of a new rule").fill(".py")
    pick(pages[1], "Model of a new rule", "small")
    own_mux.rpc("mux/workspace/remove", name="client-project")
    expect(pages[1].get_by_text("There is no workspace client-project any more")).to_be_visible()


def test_a_rule_that_moved_meanwhile(own_mux, tab_of):
    """A change to a rule that stands elsewhere by now finds it there."""
    tab = tab_of(own_mux)
    deafen(tab.page)
    page = opened(tab)
    own_mux.rpc("mux/rule/move", position=1, to=2)
    page.get_by_label("Files of rule 1", exact=True).fill("docs/")
    page.keyboard.press("Enter")
    expect_filters(page, ".ts", "docs/")
    becomes(lambda: filters(own_mux), [".ts", "docs/", ""])


@pytest.mark.parametrize("change", ["filter", "kind", "model", "move", "remove"])
def test_a_rule_that_is_gone_meanwhile(own_mux, tab_of, change):
    """A change to a rule that is gone changes no other one, and says so beside it."""
    tab = tab_of(own_mux)
    deafen(tab.page)
    page = opened(tab)
    own_mux.rpc("mux/rule/remove", position=1)
    if change == "filter":
        page.get_by_label("Files of rule 1", exact=True).fill("docs/")
        page.keyboard.press("Enter")
    elif change == "kind":
        page.get_by_label("Requests of rule 1, .md", exact=True).select_option("fim")
    elif change == "model":
        pick(page, "Model of rule 1, .md", "claude")
    elif change == "move":
        page.get_by_role("button", name="Move down rule 1, .md").click()
    else:
        page.get_by_role("button", name="Remove rule 1, .md").click()
    expect(page.get_by_role("alert").filter(has_text="removed elsewhere")).to_be_visible()
    assert tab.violations() == []
    becomes(
        lambda: [(each["filter"], each["kind"]) for each in own_mux.rpc("mux/rule/list")], [(".ts", "any"), ("", "any")]
    )


def test_a_sidecar_that_restarts(own_mux, tab_of):
    """While the sidecar is away a change is refused in place; what was typed is still there when it is back."""
    tab = tab_of(own_mux)
    page = opened(tab)
    tab.is_away_fine = True
    page.get_by_label("Prompt").fill("Look at `README.md`")
    field = page.get_by_label("Files of rule 1", exact=True)
    own_mux.stop()
    expect(page.get_by_role("status")).to_contain_text("The sidecar is away")
    field.fill("docs/")
    page.keyboard.press("Enter")
    alert = page.get_by_role("table", name="Rules").get_by_role("alert")
    expect(alert).to_have_text("The sidecar is away; trying again …")
    own_mux.start()
    expect(page.get_by_role("status")).to_contain_text("default")
    expect(field).to_have_value("docs/")
    expect(page.get_by_label("Prompt")).to_have_value("Look at `README.md`")
    field.press("Enter")
    expect(alert).to_have_count(0)
    expect(page.locator(".verdict")).to_contain_text("everything else, takes it")
    becomes(lambda: filters(own_mux), ["docs/", ".ts", ""])


def test_trying_it(own_mux, tab_of):
    """A prompt or names of files tell which rule takes them and why, of every rule, with what is surprising."""
    own_mux.rpc("mux/rule/add", filter=".js", provider="local", model="small")
    tab = tab_of(own_mux)
    page = opened(tab)
    expect(page.get_by_text("Paste a prompt or name files")).to_be_visible()
    page.get_by_label("Prompt").fill("Why does `src/cart.ts` not compile?")
    verdict = page.locator(".verdict")
    expect(verdict).to_have_text("Rule 2, .ts, takes it: cloud/anthropic/claude-sonnet-4.5")
    expect(page.locator(".found")).to_contain_text("src/cart.ts")
    rows = page.get_by_role("table", name="Every rule, and why").get_by_role("row")
    expect(rows).to_have_count(5)
    expect(rows.nth(1)).to_contain_text("no file has .md in its name")
    expect(rows.nth(2)).to_contain_text(".ts is in cart.ts")
    expect(rows.nth(2)).to_have_css("border-left-width", "0px")
    expect(rows.nth(3)).to_contain_text("not reached: rule 2 took it")
    expect(rows.nth(3)).to_contain_text("it also takes package.json")
    assert tab.violations() == []
    page.get_by_label("Prompt").fill("")
    page.get_by_label("Files, one on a line").fill("web/package.json")
    expect(verdict).to_have_text("Rule 3, .js, takes it: local/small")
    own_mux.rpc("mux/rule/update", position=3, filter="*.js")
    expect(verdict).to_have_text("Rule 4, everything else, takes it: local/qwen3:8b")
    page.get_by_label("Kind of request").select_option("embed")
    expect(verdict).to_have_text("No rule takes it: the request would be refused.")


def test_which_files_count(own_mux, tab_of):
    """The scope is chosen on the page, and shows what the command line chooses."""
    page = opened(tab_of(own_mux))
    page.get_by_label("Those of the whole conversation").check()
    expect(page.get_by_label("Those of the whole conversation")).to_be_checked()
    own_mux.cli("workspace", "edit", "default", "--scope", "turn")
    expect(page.get_by_label("Those of the current turn")).to_be_checked()


def test_a_change_that_is_undone_at_once(own_mux, tab_of):
    """A change that somebody undoes before anybody was told of it does not stay on the page."""
    page = opened(tab_of(own_mux))
    page.get_by_label("Files of rule 1", exact=True).fill(".txt")
    page.keyboard.press("Enter")
    page.get_by_label("Requests of rule 1, .txt", exact=True).wait_for()
    own_mux.rpc("mux/rule/update", position=1, filter=".md")
    expect(page.get_by_label("Files of rule 1", exact=True)).to_have_value(".md")


def test_hostile_text(own_mux, tab_of):
    """Filters and models are text, whatever they say: in the table, the picker, and what is told of them."""
    own_mux.rpc("mux/provider/add", name="foul", type="echo", models=[HOSTILE])
    own_mux.rpc("mux/rule/add", filter=HOSTILE, provider="foul", model=HOSTILE, position=1)
    tab = tab_of(own_mux)
    page = opened(tab)
    field = page.get_by_label(f"Model of rule 1, {HOSTILE}", exact=True)
    expect(field).to_have_value(f"foul/{HOSTILE}")
    field.click()
    expect(page.get_by_role("listbox").get_by_role("option", name=HOSTILE)).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Files, one on a line").fill(HOSTILE)
    expect(page.locator(".verdict")).to_contain_text(f"foul/{HOSTILE}")
    own_mux.rpc("mux/provider/update", name="foul", models=[f"{HOSTILE}2"])
    page.get_by_role("button", name="instead").click()
    expect(field).to_have_value(f"foul/{HOSTILE}2")
    page.get_by_role("button", name="Remove rule 1,").click()
    expect(page.get_by_role("group", name="Removed")).to_contain_text(HOSTILE)
    tab.go("home")
    page.evaluate("text => { location.hash = `#/workspaces/${encodeURIComponent(text)}` }", HOSTILE)
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    assert page.locator("main img").count() == 0
    expect(page).to_have_title(f"{HOSTILE} · Workspaces · mux-sidecar")


def test_a_drop_that_is_refused(own_mux, tab_of):
    """A rule that is dropped after it was removed elsewhere changes nothing, and the page says why."""
    tab = tab_of(own_mux)
    deafen(tab.page)
    page = opened(tab)
    own_mux.rpc("mux/rule/remove", position=1)
    page.mouse.move(*center(page, 1))
    page.mouse.down()
    page.mouse.move(center(page, 2)[0], center(page, 2)[1] + 10, steps=4)
    page.mouse.up()
    expect(page.get_by_role("alert").filter(has_text="removed elsewhere")).to_be_visible()
    becomes(lambda: filters(own_mux), [".ts", ""])


@pytest.mark.parametrize("count", [120])
def test_many_rules(fresh_mux, tab_of, count):
    """Many rules and models stay usable: the picker shows a part, and says that there are more."""
    mux = fresh_mux().start()
    models = [f"vendor/model-{number}" for number in range(400)]
    mux.rpc("mux/provider/add", name="many", type="echo", models=models)
    rules = [{"filter": f".x{number}", "provider": "many", "model": models[number]} for number in range(count)]
    mux.rpc("mux/rule/set", rules=rules)
    page = opened(tab_of(mux))
    expect(page.get_by_label("Files of rule")).to_have_count(count)
    page.get_by_label(f"Files of rule {count}", exact=True).press("Alt+ArrowUp")
    expect(page.get_by_label(f"Files of rule {count - 1}", exact=True)).to_have_value(f".x{count - 1}")
    page.get_by_label("Model of a new rule").click()
    expect(page.get_by_text("more models: type on to find them.")).to_be_visible()
    page.keyboard.type("model-399")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)


@pytest.mark.parametrize("width", [600, 768, 1000])
def test_models_can_be_read(office, tab_of, width):
    """From a small window on a rule shows its whole model, and nothing lies over anything else."""
    tab = tab_of(office)
    tab.page.set_viewport_size({"width": width, "height": 800})
    page = opened(tab)
    field = page.get_by_label("Model of rule 2, .ts", exact=True)
    assert field.evaluate("field => field.scrollWidth <= field.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cells = page.locator("[aria-label=Rules] tbody tr").first.get_by_role("cell").all()
    boxes = [cell.bounding_box() for cell in cells]
    for one, other in itertools.combinations(boxes, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        above = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or above
    number, files = cells[0].locator("span").bounding_box(), cells[1].get_by_role("textbox").bounding_box()
    assert abs((number["y"] + number["height"] / 2) - (files["y"] + files["height"] / 2)) < 4
    assert tab.violations() == []


def test_what_is_left_in_a_narrow_window(fresh_mux, tab_of):
    """Where everything else has no model yet, its words and fields begin at the same edge."""
    tab = tab_of(fresh_mux().start())
    tab.page.set_viewport_size({"width": 360, "height": 740})
    page = tab.sign_in("workspaces/default")
    page.get_by_label("Model for everything else").wait_for()
    words = page.locator(".last tr .rest").all()
    assert len({word.bounding_box()["x"] for word in words}) == 1
    assert len(words) == 2


def test_a_change_while_nobody_serves(own_mux, tab_of):
    """What could not be done since the sidecar was away says so for as long as it is, and can be sent again."""
    tab = tab_of(own_mux)
    page = opened(tab)
    tab.is_away_fine = True
    own_mux.stop()
    expect(page.get_by_role("status").first).to_contain_text("The sidecar is away")
    field = page.get_by_label("Files of rule 1", exact=True)
    field.fill(".txt")
    page.keyboard.press("Enter")
    said = page.locator("main").get_by_text("The sidecar is away")
    expect(said).to_be_visible()
    own_mux.start()
    expect(said).to_have_count(0)
    expect(field).to_have_value(".txt")
    field.press("Enter")
    expect(page.get_by_text("Enter to keep")).to_have_count(0)
    becomes(lambda: filters(own_mux)[0], ".txt")
