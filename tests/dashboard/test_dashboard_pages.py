"""What holds for every page: left alone it asks nothing, in a narrow window nothing is cut off, and it comes back."""

from __future__ import annotations

import pytest
from browser import brightness
from office import ask
from playwright.sync_api import expect

#: Page → what is there once it has been read.
PAGES = {
    "home": ".latest li",
    "workspaces": ".all tbody tr",
    "workspaces/default": ".rules tbody tr",
    "providers": "ul.providers > li",
    "requests": ".rows .body [role=row]",
    "connect": ".guide pre",
}


def test_idle_pages_ask_nothing(office, tab_of):
    """What is shown is told by the sidecar: a page that is left alone sends nothing, and nothing is sent to it."""
    tabs = {name: tab_of(office) for name in PAGES}
    frames = {name: [] for name in PAGES}
    for name, tab in tabs.items():

        def watch(socket, told=frames[name]):
            socket.on("framesent", lambda data: told.append(("sent", data)))
            socket.on("framereceived", lambda data: told.append(("received", data)))

        tab.page.on("websocket", watch)
        page = tab.sign_in(name)
        page.locator(PAGES[name]).first.wait_for()
    assert not any(tab.page.evaluate("document.hidden") for tab in tabs.values())  # which asks nothing anyway
    assert all(any(kind == "sent" for kind, _ in told) for told in frames.values())
    assert tab.falls_silent(*frames.values()), {name: told[-3:] for name, told in frames.items()}


@pytest.mark.parametrize("name", PAGES)
def test_a_narrow_window(office, tab_of, name):
    """At 360 pixels nothing is cut off, and the page is accessible in light and dark."""
    tab = tab_of(office)
    tab.page.set_viewport_size({"width": 360, "height": 740})
    page = tab.sign_in(name)
    page.locator(PAGES[name]).first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.violations() == []


@pytest.mark.parametrize("name", PAGES)
def test_light_and_dark(office, tab_of, tmp_path, name):
    """Each page is seen as the system wants it: bright or dark nearly everywhere, and not empty."""
    tab = tab_of(office)
    page = tab.sign_in(name)
    page.locator(PAGES[name]).first.wait_for()
    seen = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        picture = page.screenshot(path=tmp_path / f"{scheme}.png", full_page=True)
        seen[scheme] = brightness(page.context, picture)
    assert seen["light"].bright > 0.85
    assert seen["dark"].dark > 0.85
    assert min(seen["light"].dark, seen["dark"].bright) > 0.001


def styles(page, selector, name):
    """The different values of a style among some elements."""
    found = page.locator(selector)
    found.first.wait_for()
    return set(found.evaluate_all("(all, name) => all.map((each) => getComputedStyle(each)[name])", name))


def test_colours_of_the_system(office, tab_of):
    """With high contrast, what is chosen still differs from what is not, and the parts of the time from each other."""
    tab = tab_of(office)
    tab.page.emulate_media(forced_colors="active")
    page = tab.sign_in("requests")
    page.locator(".rows a").first.click()
    pages = "nav[aria-label=Pages] a"
    chosen, others = "[aria-current]", ":not([aria-current])"
    assert styles(page, pages + chosen, "borderBottomColor").isdisjoint(
        styles(page, pages + others, "borderBottomColor")
    )
    assert styles(page, ".rows .opened", "outlineStyle") == {"solid"}
    assert len(styles(page, ".timing span", "backgroundColor")) == page.locator(".timing span").count() > 1
    tab.go("connect")
    clients = ".guide nav a"
    assert styles(page, clients + chosen, "textDecorationLine").isdisjoint(
        styles(page, clients + others, "textDecorationLine")
    )


def test_a_middling_window(office, tab_of):
    """At 800 pixels a rule's files have room to be read."""
    tab = tab_of(office)
    tab.page.set_viewport_size({"width": 800, "height": 740})
    page = tab.sign_in("workspaces/default")
    field = page.get_by_label("Files of rule 1", exact=True)
    assert field.evaluate("field => field.clientWidth") >= 120
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.violations() == []


@pytest.mark.parametrize("width", [360, 800, 1440])
def test_nothing_lies_over_the_lines_to_copy(office, tab_of, width):
    """The button that copies lines covers none of them."""
    tab = tab_of(office)
    tab.page.set_viewport_size({"width": width, "height": 740})
    page = tab.sign_in("connect/aider")
    page.locator(".guide pre").first.wait_for()
    assert page.evaluate("""[...document.querySelectorAll(".lines")].every((lines) => {
      const button = lines.querySelector("button").getBoundingClientRect();
      const text = document.createRange();
      text.selectNodeContents(lines.querySelector("pre"));
      return [...text.getClientRects()].every((line) => line.bottom <= button.top || line.top >= button.bottom
        || line.right <= button.left);
    })""")


def test_pages_come_back(own_mux, tab_of):
    """A sidecar that restarts leaves every page as it was, and what changed meanwhile shows."""
    tab = tab_of(own_mux)
    page = tab.sign_in("requests")
    page.get_by_label("Text", exact=True).fill("md")
    expect(page.locator(PAGES["requests"])).to_have_count(1)
    tab.is_away_fine = True
    own_mux.stop()
    expect(page.get_by_role("status").first).to_contain_text("The sidecar is away")
    own_mux.cli("provider", "add", "late", "--type", "echo")
    own_mux.start()
    expect(page.get_by_role("status").first).to_contain_text("default")
    ask(own_mux, "Shorten `NEWS.md`")
    expect(page.locator(PAGES["requests"])).to_have_count(2)
    expect(page.get_by_label("Text", exact=True)).to_have_value("md")
    expect(page.get_by_label("Provider", exact=True).locator("option")).to_have_text(
        ["All providers", "cloud", "late", "local"]
    )
