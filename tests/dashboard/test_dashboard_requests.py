"""The page Requests: live, filtered, thousands of them, and one of them in full."""

from __future__ import annotations

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import pytest
from browser import becomes
from office import ask
from playwright.sync_api import expect
from records import record, seed
from upstream import late, reply

from sidecar.store import requests
from sidecar.store.database import REQUESTS, Database

ANSWER = {"choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}]}
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
MANY = 10_000
ROW = 56


@pytest.fixture(scope="module")
def archive(tmp_path_factory, mux_of):
    """A mux with ten thousand records, which no test adds to."""
    mux = mux_of(tmp_path_factory.mktemp("archive") / "home")
    seed(mux, MANY)
    return mux


def rows(page):
    """The rows that are elements, the header left out."""
    return page.locator(".rows .body [role=row]")


def row(page, text):
    """The row that says this."""
    return rows(page).filter(has_text=re.compile(re.escape(text) + r"(?!\d)"))


def scroll(page, top):
    """Scroll the list to so many pixels, which more rows may have to be read for, and wait until that is painted."""
    reached = "([rows, top]) => { rows.scrollTop = top; return rows.scrollTop >= top; }"
    page.wait_for_function(reached, arg=[page.locator(".rows").element_handle(), top])
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_requests(office, tab_of):
    """Each request shows with its model, rule, workspace, outcome, tokens, cost and time, newest first."""
    tab = tab_of(office)
    page = tab.sign_in("requests")
    expect(rows(page).nth(0)).to_contain_text("What is a monad?")
    newest = rows(page).nth(1)
    for text in ("local/small", "Shorten `README.md`", ".md", "default", "ok", "$0"):
        expect(newest).to_contain_text(text)
    expect(page.get_by_text("These are all that are kept.")).to_be_visible()
    assert tab.violations() == []


def test_no_requests(tab_of, fresh_mux):
    """An empty list names the next step, and there is nothing to delete."""
    tab = tab_of(fresh_mux().start())
    page = tab.sign_in("requests")
    expect(page.locator("main").get_by_role("link", name="Connect a client")).to_be_visible()
    expect(page.get_by_role("button", name="Delete all")).to_be_disabled()
    assert tab.violations() == []


def test_requests_show_as_they_happen(own_mux, tab_of):
    """At the top new requests show at once; further down nothing moves, and a button counts them and leads to them."""
    seed(own_mux, 200)
    page = tab_of(own_mux).sign_in("requests")
    ask(own_mux, "First of all")
    expect(rows(page).first).to_contain_text("First of all")
    scroll(page, 40 * ROW)
    read = row(page, "Question number 40")
    before = read.bounding_box()
    for number in range(3):
        ask(own_mux, f"Meanwhile {number}")
    expect(page.get_by_role("button", name="3 new requests", exact=True)).to_be_visible()
    assert read.bounding_box() == before
    page.get_by_role("button", name="3 new requests", exact=True).click()
    expect(rows(page).first).to_contain_text("Meanwhile 2")
    expect(page.get_by_role("button", name="new", exact=False)).to_have_count(0)


LISTS = {"home": ".latest li", "requests": ".rows .body [role=row]"}
SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    const moved = list.getEntries().flatMap(({ sources }) => sources.map(({ node }) => node?.parentElement));
    shifts.push(...moved.filter((each) => each && !each.closest(".newer")).map((each) => each.outerHTML));
  }).observe({ type: "layout-shift" });
}"""


@pytest.mark.parametrize("width", [1100, 360])
@pytest.mark.parametrize("view", LISTS)
def test_nothing_moves_under_the_pointer(own_mux, tab_of, view, width):
    """While the pointer is over the list its rows stay, and a button counts the new ones; when it leaves they show."""
    tab = tab_of(own_mux)
    tab.page.set_viewport_size({"width": width, "height": 800})
    page = tab.sign_in(view)
    listed = page.locator(LISTS[view])
    read = listed.filter(has_text="What is a monad?")
    read.scroll_into_view_if_needed()
    read.hover()
    page.evaluate(SHIFTS)
    before = read.bounding_box()
    for number, told in enumerate(("1 new request", "2 new requests"), start=1):
        ask(own_mux, f"Meanwhile {number}")
        expect(page.get_by_role("button", name=told, exact=True)).to_be_in_viewport()
    assert read.bounding_box() == before
    assert page.evaluate("shifts") == []
    assert tab.violations() == []
    page.get_by_role("button", name="2 new requests").click()
    expect(listed.first).to_contain_text("Meanwhile 2")
    expect(listed).to_have_count(5)
    read.hover()
    ask(own_mux, "And one more")
    expect(page.get_by_role("button", name="1 new request", exact=True)).to_be_visible()
    page.mouse.move(5, 5)
    expect(listed.first).to_contain_text("And one more")
    expect(page.get_by_role("button", name="new request")).to_have_count(0)


@pytest.mark.parametrize("width", [1100, 360])
def test_what_is_being_answered(own_mux, tab_of, other_upstream, width):
    """A request shows while it is answered, with its model, rule and time, and moves nothing; opened, it is awaited."""
    own_mux.rpc("mux/provider/add", name="slow", type="vllm", endpoint=other_upstream.url)
    own_mux.rpc("mux/rule/add", filter=".rs", provider="slow", model="m1")
    other_upstream.script(late(go_on := threading.Event(), reply(ANSWER)))
    tab = tab_of(own_mux)
    tab.page.set_viewport_size({"width": width, "height": 800})
    page = tab.sign_in("requests")
    running = page.get_by_role("region", name="Being answered")
    expect(running).to_contain_text("Nothing.")
    expect(rows(page)).to_have_count(3)
    page.evaluate(SHIFTS)
    with ThreadPoolExecutor() as pool:
        asking = pool.submit(ask, own_mux, "Explain `main.rs`")
        expect(running).to_contain_text(re.compile(r"slow/m1 [1-9]\d* s by \.rs, for "))
        assert page.evaluate("shifts") == []
        assert tab.violations() == []
        running.get_by_role("link", name="slow/m1").click()
        expect(page.locator(".panel").get_by_role("status")).to_contain_text("It is being answered")
        go_on.set()
        asking.result()
    expect(page.get_by_role("heading", name="Explain `main.rs`")).to_be_visible()
    page.get_by_role("button", name="Close the request").click()
    expect(running).to_contain_text("Nothing.")
    expect(rows(page)).to_have_count(4)


@pytest.mark.parametrize("view", LISTS)
def test_nothing_moves_under_the_keyboard(own_mux, tab_of, view):
    """While the keyboard is in the list its rows stay; the button leads to the newest, and leaving lets them come."""
    page = tab_of(own_mux).sign_in(view)
    listed = page.locator(LISTS[view])
    expect(listed).to_have_count(3)
    page.keyboard.press("Tab")
    listed.first.get_by_role("link").focus()
    ask(own_mux, "Meanwhile")
    button = page.get_by_role("button", name="1 new request", exact=True)
    expect(button).to_be_visible()
    expect(listed.first).to_contain_text("What is a monad?")
    button.focus()
    page.keyboard.press("Enter")
    expect(listed.first).to_contain_text("Meanwhile")
    expect(listed.first.get_by_role("link")).to_be_focused()
    ask(own_mux, "And one more")
    expect(button).to_be_visible()
    page.get_by_role("link", name="Skip to the page").focus()
    expect(listed.first).to_contain_text("And one more")
    expect(button).to_have_count(0)


@pytest.mark.parametrize("view", LISTS)
def test_a_list_that_was_clicked_goes_on(own_mux, tab_of, view):
    """The focus that a click leaves in the list is nobody who reads: once the pointer is away new requests show."""
    tab = tab_of(own_mux)
    page = tab.sign_in(view)
    listed = page.locator(LISTS[view])
    listed.first.get_by_role("link").click()
    page.locator(".panel").wait_for()
    page.get_by_role("button", name="Close the request").click()
    tab.go(view)
    page.mouse.move(5, 5)
    ask(own_mux, "Meanwhile")
    expect(listed.first).to_contain_text("Meanwhile")


def test_deleting_while_somebody_reads(own_mux, tab_of):
    """What is deleted elsewhere leaves a list under the pointer when all of it is gone, and new ones show."""
    page = tab_of(own_mux).sign_in("requests")
    rows(page).first.hover()
    own_mux.rpc("mux/request/remove")
    expect(page.get_by_text("No requests yet.")).to_be_visible()
    ask(own_mux, "The first again")
    expect(rows(page)).to_have_count(1)


def test_filters(own_mux, tab_of):
    """Workspace, provider, outcome and text narrow the list, each in the sidecar, and can be let go of at once."""
    seed(own_mux, 60)
    page = tab_of(own_mux).sign_in("requests")
    expect(rows(page).first).to_contain_text("What is a monad?")
    scroll(page, 30 * ROW)
    page.get_by_label("Provider", exact=True).select_option("cloud")
    expect(row(page, "local/small")).to_have_count(0)
    expect(row(page, "Explain `src/cart.ts`")).to_be_in_viewport()
    page.get_by_label("Outcome", exact=True).select_option("truncated")
    expect(rows(page)).to_have_count(10)
    page.get_by_label("Text", exact=True).fill("number 59")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Workspace", exact=True).select_option("client-project")
    expect(page.get_by_text("No request is like that.")).to_be_visible()
    page.locator(".empty").get_by_role("button", name="Show all").click()
    expect(row(page, "What is a monad?")).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_have_value("")


def test_filters_are_remembered(office, tab_of):
    """What was looked for is still there after a look at another page."""
    tab = tab_of(office)
    page = tab.sign_in("requests")
    page.get_by_label("Text", exact=True).fill("monad ")
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_label("Text", exact=True)).to_have_value("monad ")  # a word may follow
    tab.go("home")
    tab.go("requests")
    expect(page.get_by_label("Text", exact=True)).to_have_value("monad")
    expect(rows(page)).to_have_count(1)


def test_ten_thousand(archive, tab_of):
    """All of ten thousand requests are reached by scrolling: each is right where it belongs, and few are elements."""
    page = tab_of(archive).sign_in("requests")
    rows(page).first.wait_for()
    page.evaluate(FRAMES)
    most = 0
    for reached in range(90, MANY - 20, 90):
        scroll(page, reached * ROW)
        expect(row(page, f"Question number {reached}")).to_be_visible()
        most = max(most, rows(page).count())
    page.locator(".rows").press("End")
    expect(page.get_by_text("These are all that are kept.")).to_be_visible()
    expect(row(page, f"Question number {MANY - 1}")).to_be_visible()
    frames = page.evaluate("frames.sort((one, other) => one - other)")
    median, longest = frames[len(frames) // 2], frames[-1]
    print(f"{most} rows at most; {len(frames)} frames, median {median:.0f} ms, longest {longest:.0f} ms")
    assert most < 60
    assert median < 250  # a page that draws them all takes seconds
    scroll(page, 5_000 * ROW)
    expect(row(page, "Question number 5000")).to_be_visible()
    expect(row(page, "Question number 5000")).to_have_attribute("aria-rowindex", "5005")  # behind a header and three


FRAMES = """() => {
  window.frames = [];
  let before = performance.now();
  const next = (now) => {
    frames.push(now - before);
    before = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}"""


def test_the_keyboard_is_enough(archive, tab_of):
    """One stop of Tab is the list; arrows move, Enter opens, Escape closes and gives the focus back."""
    page = tab_of(archive).sign_in("requests")
    rows(page).first.wait_for()
    page.locator(".filters select").last.focus()
    page.keyboard.press("Tab")
    link = rows(page).first.get_by_role("link")
    expect(link).to_be_focused()
    for _ in range(33):
        page.keyboard.press("ArrowDown")
    expect(row(page, "Question number 30").get_by_role("link")).to_be_focused()
    expect(row(page, "Question number 30")).to_be_in_viewport()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    expect(link).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    panel = page.get_by_role("region", name="Shorten `README.md`")
    expect(panel).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(row(page, "Shorten `README.md`").get_by_role("link")).to_be_focused()


@pytest.mark.parametrize("width", [1280, 360])
def test_one_request(archive, tab_of, width):
    """What is opened tells the model, the rule and the file that chose it, tokens, cost, times, and the error."""
    tab = tab_of(archive)
    tab.page.set_viewport_size({"width": width, "height": 800})
    page = tab.sign_in("requests")
    row(page, "Question number 3").get_by_role("link").click()
    panel = page.get_by_role("region", name="Question number 3")
    for text in (
        "cloud/anthropic/claude-sonnet-4.5",
        "Provider cloud, of the type echo",
        "Rule 2, .ts, for src/cart.ts",
        "aider/0.86",
        "Chat Completions, chat, streamed",
        "1,203 in, 1,000 of them cached · 300 out",
        "$0.0123",
        "0.8 ms mux-sidecar itself",
        "399 ms until the first byte",
        "1.10 s until the last byte",
        "refused the connection; is it running?",
    ):
        expect(panel).to_contain_text(text)
    expect(panel.get_by_role("link", name="Look at the provider cloud")).to_have_attribute("href", "#/providers/cloud")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.violations() == []
    page.get_by_role("button", name="Close the request").click()
    expect(panel).to_have_count(0)
    expect(row(page, "Question number 3")).to_be_visible()


def test_a_request_that_is_not_there(office, tab_of):
    """An address of a request that is gone says so."""
    page = tab_of(office).sign_in('requests/req_gone"]')
    expect(page.locator(".panel").get_by_role("alert")).to_contain_text('There is no request req_gone"]: ')
    page.get_by_role("button", name="Close the request").click()
    expect(page.locator(".panel")).to_have_count(0)


def test_a_request_that_is_not_there_yet(own_mux, tab_of):
    """An address that was opened before the record was written shows it as soon as it is."""
    page = tab_of(own_mux).sign_in(f"requests/req_{0:024d}")
    panel = page.locator(".panel")
    expect(panel.get_by_role("alert")).to_contain_text("not written yet")
    seed(own_mux, 1)
    ask(own_mux, "Another one")
    expect(panel).to_contain_text("Question number 0")
    expect(panel.get_by_role("alert")).to_have_count(0)


def test_a_request_without_a_route(tab_of, fresh_mux):
    """One that no rule took says so without commands, leads to the rules, and speaks of no provider."""
    mux = fresh_mux().start()
    mux.rpc("mux/settings/set", keep="everything")
    assert mux.post("/chat/completions", {"messages": [{"role": "user", "content": "Hello"}]}).status == 400
    tab = tab_of(mux)
    page = tab.sign_in("requests")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("no model")
    expect(rows(page)).to_contain_text("no rule")
    rows(page).get_by_role("link").click()
    panel = page.locator(".panel")
    expect(panel).to_contain_text("there is no provider yet.")
    expect(panel).not_to_contain_text("mux-sidecar provider")
    expect(panel.get_by_role("heading", name="Hello")).to_be_visible()
    expect(panel).to_contain_text("It went to no model, so of what was said only the first line is kept, as the title.")
    expect(panel.locator(".legend li")).to_have_count(1)
    way = panel.get_by_role("link", name="Look at the rules of default")
    expect(way).to_have_attribute("href", "#/workspaces/default")
    assert tab.violations() == []


def test_hostile_text(own_mux, tab_of):
    """What a prompt says is text, in the list, in what is opened and in what was kept."""
    own_mux.rpc("mux/settings/set", keep="everything")
    ask(own_mux, HOSTILE)
    page = tab_of(own_mux).sign_in("requests")
    row(page, "<img src=x onerror").get_by_role("link").click()
    expect(page.locator(".panel h2")).to_contain_text("<img src=x onerror")
    expect(page.locator(".turns li").first).to_contain_text(HOSTILE)
    page.get_by_text("Request as it came", exact=True).click()
    expect(page.get_by_label("Request as it came", exact=True)).to_contain_text(json.dumps(HOSTILE)[1:-1])
    assert page.title() == "Requests · mux-sidecar"
    assert page.locator("main img, main script").count() == 0


def test_what_is_kept(own_mux, tab_of):
    """What is kept, and for how long, is shown and changed here; what cannot be is told at its field."""
    tab = tab_of(own_mux)
    page = tab.sign_in("requests")
    page.get_by_role("button", name="Kept: summary, 30 days").click()
    dialog = page.get_by_role("dialog", name="What is kept of requests")
    dialog.get_by_label("Everything").check()
    days = dialog.get_by_label("For how many days")
    days.fill("7")
    assert tab.violations() == []
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Kept: everything, 7 days")).to_be_focused()
    becomes(lambda: own_mux.rpc("mux/settings/get")["keepDays"], 7)
    ask(own_mux, "Keep `this.md`")
    row(page, "Keep `this.md`").get_by_role("link").click()
    page.get_by_text("Answer as it went", exact=True).click()
    expect(page.get_by_label("Answer as it went", exact=True)).to_contain_text("chat.completion")


USER = [{"role": "user", "content": "Say `this.md`"}]
TOOLS = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "assistant",
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "ls", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "this.md"}]},
    *USER,
]


#: Answers that no specification knows: calls that are a number, content within content.
ODD = [
    '{"choices": [{"message": {"content": "It is odd.", "tool_calls": 5}}]}',
    f'{{"choices": [{{"message": {{"content": ["It is odd.", {"[" * 20_000}"deep"{"]" * 20_000}]}}}}]}}',
]


def test_what_was_said(own_mux, tab_of):
    """Where everything is kept, the turns of a conversation show in order, in whatever dialect, streamed or not.

    Of what a provider answered oddly, what can be read does.
    """
    own_mux.rpc("mux/settings/set", keep="everything")
    said = ["userSay `this.md`", "assistantSay `this.md`"]
    asked = [
        ("/chat/completions", {"messages": USER}, said),
        ("/chat/completions", {"messages": USER, "stream": True}, said),
        ("/messages", {"messages": USER, "max_tokens": 9, "stream": True}, said),
        ("/messages", {"messages": USER, "max_tokens": 9, "system": "Be brief."}, ["systemBe brief.", *said]),
        ("/responses", {"input": USER, "stream": True}, said),
        ("/responses", {"input": "Say `this.md`", "instructions": "Be brief."}, ["systemBe brief.", *said]),
        ("/completions", {"prompt": "Say `this.md`"}, said),
        ("/chat/completions", {"messages": TOOLS}, ["systemBe brief.", "assistantls({})", "toolthis.md", *said]),
    ]
    tab = tab_of(own_mux)
    page = tab.sign_in("requests")
    for path, body, turns in asked:
        reply = own_mux.post(path, {"model": "mux", **body})
        assert reply.status == 200
        own_mux.log(1)  # which waits for the record
        tab.go(f"requests/{reply.headers['x-mux-request-id']}")
        expect(page.get_by_role("list", name="What was said").get_by_role("listitem")).to_have_text(turns)
    assert tab.violations() == []
    database = Database(own_mux.home / "requests.db", REQUESTS)
    for number, answer in enumerate(ODD):
        odd = record(number, datetime.now(UTC))
        kept = json.dumps({"request": "", "answer": answer}).encode()
        database.run(partial(requests.append, records=[(odd, kept)]))
        tab.go(f"requests/{odd.id}")
        expect(page.get_by_role("list", name="What was said")).to_have_text("assistantIt is odd.")


def test_deleting(own_mux, tab_of):
    """One record goes, then all, each after a question; another tab sees it."""
    one, other = tab_of(own_mux), tab_of(own_mux)
    page, beside = one.sign_in("requests"), other.sign_in("requests")
    row(page, "monad").get_by_role("link").click()
    page.locator(".panel").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator(".panel")).to_be_visible()
    page.locator(".panel").get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".panel")).to_have_count(0)
    for each in (page, beside):
        expect(rows(each)).to_have_count(2)
    page.get_by_role("button", name="Delete all").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete all").click()
    for each in (page, beside):
        expect(each.get_by_text("No requests yet.")).to_be_visible()
    becomes(lambda: own_mux.rpc("mux/request/list"), [])
