"""Signing in, staying so while sidecars come and go, and Home."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime

import msgspec
from browser import becomes, deafen, link
from office import ask
from playwright.sync_api import expect
from records import record

from sidecar.store import requests
from sidecar.store.database import REQUESTS, Database

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def test_a_tab_that_is_not_signed_in(office, tab_of):
    """Whoever types the address is told how to sign in, and nothing is asked."""
    tab = tab_of(office)
    tab.page.goto(tab.origin)
    expect(tab.page.get_by_text("mux-sidecar dashboard")).to_be_visible()
    expect(tab.page.get_by_role("alert")).to_have_text("This tab is not signed in.")
    assert tab.violations() == []


def test_a_link_signs_in_once(office, tab_of):
    """The code leaves the address at once; a second use of the link is refused with a way out; reloading stays in."""
    first, second = tab_of(office), tab_of(office)
    url = link(office)
    first.page.goto(url)
    first.page.get_by_role("heading", name="Home").wait_for()
    assert "code" not in first.page.url
    first.page.reload()
    expect(first.page.get_by_role("heading", name="Home")).to_be_visible()
    second.is_refusal_fine = True
    second.page.goto(url)
    expect(second.page.get_by_role("alert")).to_have_text("This link was used already, or is too old.")
    expect(second.page.get_by_text("mux-sidecar dashboard", exact=True)).to_be_visible()


def test_a_link_in_a_tab_that_is_open(office, tab_of):
    """A link that is pasted into an open tab signs that tab in."""
    tab = tab_of(office)
    tab.page.goto(tab.origin)
    tab.page.get_by_role("alert").wait_for()
    tab.page.goto(link(office))
    expect(tab.page.get_by_role("heading", name="Home")).to_be_visible()


def test_home(office, tab_of):
    """Home tells the active workspace, which model serves what, the latest requests, and today's use."""
    tab = tab_of(office)
    page = tab.sign_in()
    expect(page.get_by_label("Active workspace")).to_have_value("default")
    expect(page.get_by_role("status")).to_have_text("default · local/qwen3:8b")
    rows = page.get_by_role("table", name="Which model serves what").get_by_role("row")
    expect(rows.nth(2)).to_contain_text(".ts")
    expect(rows.nth(2)).to_contain_text("cloud/anthropic/claude-sonnet-4.5")
    expect(rows.nth(3)).to_contain_text("everything else")
    expect(page.locator(".latest li").first).to_contain_text("What is a monad?")
    use = page.get_by_role("table", name="Requests, tokens and cost today, by model")
    expect(use.get_by_role("row")).to_have_count(4)
    expect(page.locator(".chart canvas")).to_be_visible()
    page.get_by_label("Tokens", exact=True).check()
    expect(page.locator(".chart canvas")).to_be_visible()
    assert tab.violations() == []
    page.evaluate("location.hash = '#/constructor'")  # no page, though every object has something of that name
    expect(page.get_by_role("link", name="Home")).to_have_attribute("aria-current", "page")


def test_home_of_nobody(tmp_path, tab_of, fresh_mux):
    """Empty places name the next step."""
    tab = tab_of(fresh_mux().start())
    page = tab.sign_in()
    expect(page.get_by_role("link", name="Add a provider")).to_be_visible()
    expect(page.get_by_role("link", name="Connect a client")).to_be_visible()
    expect(page.get_by_text("Nothing was asked today.")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("no model")
    assert tab.violations() == []


def test_requests_show_as_they_happen(own_mux, tab_of):
    """A request is in every open tab without a reload, and its text is text, whatever it says."""
    one, other = tab_of(own_mux), tab_of(own_mux)
    pages = [one.sign_in(), other.sign_in()]
    ask(own_mux, HOSTILE)
    for page in pages:
        expect(page.locator(".latest li").first).to_contain_text("<img src=x onerror")
        assert page.title() == "Home · mux-sidecar"
        assert page.locator("main img, main script").count() == 0


def test_switching(own_mux, tab_of):
    """A switch in one tab holds for the next request, and shows in the other tab."""
    one, other = tab_of(own_mux), tab_of(own_mux)
    pages = [one.sign_in(), other.sign_in()]
    pages[0].get_by_label("Active workspace").select_option("client-project")
    expect(pages[1].get_by_label("Active workspace")).to_have_value("client-project")
    for page in pages:
        expect(page.get_by_role("status")).to_contain_text("client-project")
    becomes(lambda: own_mux.rpc("mux/status")["workspace"], "client-project")


def test_a_switch_shows_at_once(own_mux, tab_of):
    """What was chosen shows, whether or not the sidecar has told of it yet."""
    tab = tab_of(own_mux)
    deafen(tab.page)
    page = tab.sign_in()
    page.evaluate("""() => {
      const list = document.querySelector("main select");
      window.frames30 = new Promise((done) => list.addEventListener("change", () => {
        const seen = [];
        const look = () => (seen.push(list.value) < 30 ? requestAnimationFrame(look) : done(seen));
        look();
      }));
    }""")
    page.get_by_label("Active workspace").select_option("client-project")
    assert set(page.evaluate("window.frames30")) == {"client-project"}


def test_trouble(own_mux, tab_of):
    """What is to be mended stands on Home for as long as it is, and the rule that cannot serve is marked."""
    tab = tab_of(own_mux)
    page = tab.sign_in()
    trouble = page.get_by_role("region", name="To be mended")
    expect(trouble).to_have_count(0)
    own_mux.rpc("mux/provider/remove", name="cloud", force=True)
    expect(trouble).to_contain_text("cloud")
    expect(page.get_by_role("row", name=".ts")).to_contain_text("cannot serve")
    own_mux.rpc("mux/provider/add", name="paid", type="openai", models=["m"], offline=True, auth="api_key")
    own_mux.rpc("mux/provider/add", name="dear", type="openai", models=["m"], offline=True, auth="api_key")
    page.get_by_role("button", name="Show all 3").press("Enter")
    expect(page.get_by_role("button", name="Show all")).to_have_count(0)
    expect(trouble.get_by_role("link", name="Rules of default")).to_be_focused()
    expect(trouble.get_by_role("link", name="Manage paid")).to_be_in_viewport()
    assert tab.violations() == []
    for name in ("paid", "dear"):
        own_mux.rpc("mux/provider/remove", name=name)
    page.get_by_role("link", name="Change its rules").click()
    page.get_by_role("button", name="instead").click()
    tab.go("home")
    expect(trouble).to_have_count(0)


def test_trouble_is_told_once_and_leads_on(own_mux, tab_of):
    """Rules that are broken for one reason are one line, which leads to them; no line speaks of commands."""
    own_mux.rpc("mux/rule/add", filter="", provider="cloud", model="anthropic/claude-sonnet-4.5")
    own_mux.rpc("mux/provider/remove", name="cloud", force=True)
    tab = tab_of(own_mux)
    page = tab.sign_in()
    lines = page.get_by_role("region", name="To be mended").get_by_role("listitem")
    expect(lines).to_have_count(1)
    expect(lines).to_have_text(re.compile("^Rules 2 and 3 cannot serve. There is no provider cloud; add it"))
    lines.get_by_role("link", name="Rules of default").click()
    expect(page.get_by_role("heading", name="default", level=1)).to_be_visible()
    own_mux.rpc("mux/provider/remove", name="local", force=True)
    tab.go("home")
    assert own_mux.post("/chat/completions", {"messages": [{"role": "user", "content": "Hello"}]}).status == 400
    expect(lines).to_have_count(4)
    expect(lines.first).to_have_text("No provider yet; add one. Providers")
    assert "mux-sidecar" not in page.get_by_role("region", name="To be mended").inner_text()
    lines.last.get_by_role("link", name="Show the request").click()
    expect(page.get_by_role("heading", name="Hello")).to_be_visible()


def test_a_provider_that_is_down_is_told_of_once(own_mux, tab_of, closed_port):
    """A provider that neither answers nor lists its models is one fault, which leads to the providers."""
    endpoint = f"http://localhost:{closed_port}"
    own_mux.rpc("mux/provider/add", name="desk", type="vllm", endpoint=endpoint, models=["m"], offline=True)
    own_mux.rpc("mux/rule/add", filter="", provider="desk", model="m")
    page = tab_of(own_mux).sign_in()
    own_mux.cli("provider", "refresh", "desk", check=False)
    lines = page.get_by_role("region", name="To be mended").get_by_role("listitem")
    expect(lines).to_have_text(re.compile("^desk at .*refused the connection.* Providers$"))
    assert own_mux.post("/chat/completions", {"messages": [{"role": "user", "content": "Hello"}]}).status == 502
    expect(lines).to_have_text(re.compile("^The provider desk is down since .* Providers$"))
    lines.get_by_role("link", name="Providers").click()
    expect(page.get_by_role("heading", name="Providers")).to_be_visible()


def test_a_key_that_is_missing_leads_to_its_field(own_mux, tab_of):
    """A provider without its key leads to where it is given one."""
    own_mux.rpc("mux/provider/add", name="paid", type="openai", models=["m"], offline=True, auth="api_key")
    page = tab_of(own_mux).sign_in()
    lines = page.get_by_role("region", name="To be mended").get_by_role("listitem")
    expect(lines).to_have_text("paid has no key yet; give it one. Manage paid")
    lines.get_by_role("link", name="Manage paid").click()
    expect(page.get_by_role("dialog").get_by_label("Name", exact=True)).to_have_value("paid")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listitem", name="paid")).to_contain_text("paid has no key yet.")
    expect(page.get_by_role("listitem", name="paid")).not_to_contain_text("mux-sidecar")


LABELS = """(() => {
  const draw = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
    const { actualBoundingBoxLeft: left, actualBoundingBoxRight: right } = this.measureText(text);
    (window.labels ??= []).push({ text, y, from: x - left, to: x + right });
    return draw.call(this, text, x, y, ...rest);
  };
})()"""


def test_costs_that_are_unknown(own_mux, tab_of):
    """On a narrow screen nothing leaves the page and no label meets another; a chart without costs says why."""
    now = datetime.now(UTC)
    unknown = [
        msgspec.structs.replace(
            record(number % 8, now), id=f"req_{number}", cost=None, model=f"model-number-{number % 8}"
        )
        for number in range(187 * 8)
    ]
    own_mux.log(1)  # which waits for the records
    own_mux.rpc("mux/request/remove")
    database = Database(own_mux.home / "requests.db", REQUESTS)
    database.run(lambda db: requests.append(db, [(each, None) for each in unknown]))
    tab = tab_of(own_mux)
    tab.page.set_viewport_size({"width": 360, "height": 740})
    tab.page.add_init_script(LABELS)
    page = tab.sign_in()
    page.locator(".chart canvas").wait_for()
    expect(page.get_by_text("+ 187 unknown").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    labels = sorted((each for each in page.evaluate("labels") if "del" in each["text"]), key=lambda each: each["from"])
    assert len(labels) >= 3
    assert all(one["to"] < other["from"] for one, other in itertools.pairwise(labels))
    page.get_by_label("Cost", exact=True).check()
    expect(page.get_by_text("What these requests cost is not known")).to_be_visible()
    expect(page.locator(".chart canvas")).to_have_count(0)


def test_a_single_request(fresh_mux, tab_of):
    """One request takes the room of one: the list of the latest is no empty box."""
    mux = fresh_mux().start()
    mux.rpc("mux/provider/add", name="local", type="echo", models=["small"])
    mux.rpc("mux/rule/add", filter="", provider="local", model="small")
    ask(mux, "What is a monad?")
    page = tab_of(mux).sign_in()
    section = page.get_by_role("region", name="Latest requests")
    expect(section.get_by_role("listitem")).to_have_count(1)
    boxes = section.bounding_box(), section.get_by_role("listitem").bounding_box()
    assert boxes[0]["height"] - boxes[1]["height"] < 120


def test_many_rules(own_mux, tab_of):
    """Of many rules Home shows the first and those for everything else, and leads to the others."""
    model = {"provider": "local", "model": "small"}
    filters = [f".x{number}" for number in range(15)]
    own_mux.rpc("mux/rule/set", rules=[{"filter": text, **model} for text in [*filters, ""]])
    tab = tab_of(own_mux)
    page = tab.sign_in()
    files = page.get_by_role("table", name="Which model serves what").locator("tbody td:first-child")
    expect(files).to_have_text([*filters[:10], "5 more rules", "everything else"])
    own_mux.rpc("mux/rule/set", rules=[{"filter": text, **model} for text in [*filters[:10], ""]])
    expect(files).to_have_text([*filters[:10], "everything else"])
    own_mux.rpc("mux/rule/set", rules=[{"filter": text, **model} for text in [*filters, ""]])
    assert tab.violations() == []
    page.get_by_role("link", name="5 more rules").click()
    expect(page.get_by_label("Files of rule")).to_have_count(15)


CUT = "element => element.scrollWidth > element.clientWidth"


def test_a_provider_with_a_long_name(own_mux, tab_of):
    """Where a model does not fit beside its provider, the provider is cut off, and all of it is told otherwise."""
    name = "the-team-of-the-client-project-in-the-other-town"
    own_mux.rpc("mux/provider/add", name=name, type="echo", models=["qwen3:8b"])
    own_mux.rpc("mux/rule/add", filter="", provider=name, model="qwen3:8b")
    ask(own_mux, "Which model is this?")
    tab = tab_of(own_mux)
    tab.page.set_viewport_size({"width": 360, "height": 740})
    tab.sign_in()
    for view in ("home", "requests"):
        model = tab.go(view).locator(f"main.{view} .model[title='{name}/qwen3:8b']")
        expect(model).to_have_text(f"{name}/qwen3:8b")
        provider, own = model.locator("span").all()
        assert [provider.evaluate(CUT), own.evaluate(CUT)] == [True, False]
        assert tab.violations() == []


def test_nothing_jumps(own_mux, tab_of):
    """While the page, requests and trouble come, nothing is pushed about but the list that the requests come into."""
    tab = tab_of(own_mux)
    tab.page.add_init_script("""new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries()) {
        const places = sources.map(({ node }) => node?.parentElement);
        const moved = places.filter((each) => each && !each.closest(".latest, .top"));
        if (moved.length && value > 0.002) (window.shifts ??= []).push([value, ...moved.map((each) => each.outerHTML)]);
      }
    }).observe({ type: "layout-shift", buffered: true })""")
    for view in ("home", "workspaces", "workspaces/default"):
        page = tab.sign_in(view)
        page.reload()
        page.get_by_role("table").first.wait_for()
        for text in ("Explain `a.md`", "Explain `b.md`"):
            ask(own_mux, text)
        if view == "home":
            expect(page.locator(".latest li").first).to_contain_text("b.md")
            own_mux.rpc("mux/provider/remove", name="cloud", force=True)
            expect(page.get_by_role("region", name="To be mended")).to_contain_text("cloud")
            expect(page.get_by_role("row", name=".ts")).to_contain_text("cannot serve")
        assert page.evaluate("window.shifts ?? []") == []


def test_a_sidecar_that_restarts(own_mux, tab_of):
    """While nobody serves the page says so; afterwards it comes back by itself, with what changed meanwhile."""
    tab = tab_of(own_mux)
    page = tab.sign_in()
    tab.is_away_fine = True
    own_mux.stop()
    expect(page.get_by_role("status")).to_contain_text("The sidecar is away")
    own_mux.cli("workspace", "use", "client-project")
    own_mux.start()
    expect(page.get_by_role("status")).to_contain_text("client-project")
    expect(page.get_by_label("Active workspace")).to_have_value("client-project")
    ask(own_mux, "Are you back?")
    expect(page.locator(".latest li").first).to_contain_text("Are you back?")


def test_a_session_that_is_gone(own_mux, tab_of):
    """A tab whose session the sidecar does not know any more says how to sign in again."""
    tab = tab_of(own_mux)
    page = tab.sign_in()
    tab.is_refusal_fine = True
    page.evaluate("sessionStorage.setItem('mux-sidecar-session', 'gone')")
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("not signed in any more")
    expect(page.get_by_text("mux-sidecar dashboard", exact=True)).to_be_visible()


def test_the_keyboard_is_enough(office, tab_of):
    """The first stop skips to the page; the pages are reached by Tab and Enter, and take the focus."""
    page = tab_of(office).sign_in()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Workspaces")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main.workspaces")).to_be_focused()


def test_the_first_paint_is_soon(office, tab_of):
    """The page is painted within 300 ms, from few small files of its own."""
    tab = tab_of(office)
    page = tab.sign_in()
    paints = []
    for _ in range(3):
        page.reload()
        page.get_by_role("heading", name="Today").wait_for()
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    files = page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    print(f"first paint after {', '.join(f'{paint:.0f}' for paint in paints)} ms, {len(files)} files")
    assert 0 < min(paints) <= 300
    assert all(name.startswith(tab.origin) for name in files)
