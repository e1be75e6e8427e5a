"""What windows are told, whoever changes something."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from said import completion
from upstream import reply
from waiting import until

HI = {"messages": [{"role": "user", "content": "hi"}]}


def changed(what):
    """Whether a change is of that."""
    return lambda change: change == {"what": what}


@pytest.mark.parametrize(
    ("line", "whats"),
    [
        (["workspace", "add", "new"], ["workspaces", "rules"]),
        (["rule", "add", "--filter", ".py", "--model", "echo/echo"], ["rules", "workspaces"]),
        (["provider", "add", "more", "--type", "echo"], ["providers", "models"]),
        (["provider", "edit", "echo", "--model", "by-hand"], ["models"]),
        (["settings", "keep-days", "7"], ["settings"]),
        (["provider", "remove", "echo", "--force"], ["providers", "rules"]),  # which are broken now
    ],
)
def test_the_command_line(window, line, whats):
    """A change by the command line is told in every window, by what has changed."""
    window.forget()
    window.mux.cli(*line)
    for what in whats:
        assert window.told("mux/didChange", changed(what))


def test_a_change_that_is_taken_back(window):
    """What is changed and changed back at once is told: whoever read it in between holds what is not so."""
    window.forget()
    for method, params in (
        ("mux/workspace/add", {"name": "brief"}),
        ("mux/workspace/remove", {"name": "brief"}),
        ("mux/rule/add", {"filter": ".py", "provider": "echo", "model": "echo"}),
        ("mux/rule/remove", {"position": 1}),
    ):
        window.begin(method, params)
    for what in ("workspaces", "rules"):
        assert window.told("mux/didChange", changed(what))


def test_another_window(home, launch):
    """A switch in one window is told in the other, and holds for the other's requests."""
    home.cli("workspace", "add", "other")
    windows = [launch(home), launch(home)]
    for each in windows:
        each.initialize()
    windows[0].call("mux/workspace/switch", name="other")
    for each in windows:
        assert (
            each.told("mux/didChangeStatus", lambda status: status["workspace"] == "other")["text"]
            == "other · no model"
        )


def test_nothing_is_told_when_nothing_changes(window):
    """A window in which nothing happens is told nothing, and a change that changes nothing is none."""
    window.told("mux/didChangeStatus", lambda status: status["endpoint"]["state"] == "serving")
    window.call("mux/workspace/switch", name="default")
    window.call("mux/dashboard/url")
    window.forget()
    time.sleep(1.0)  # as long as three looks and more
    window.call("mux/workspace/list")
    assert window.notifications == []


def test_requests_are_told_seldom(window):
    """Many requests are told in few notifications, the last of which tells of the last request."""
    window.serving()
    window.forget()
    began = time.monotonic()
    for _ in range(30):
        last = window.mux.post("/chat/completions", HI).headers["x-mux-request-id"]
    told = window.told("mux/didChangeStatus", lambda status: status.get("lastRequest", {}).get("id") == last)
    assert told["spentToday"] == 0
    assert window.told("mux/didChange", changed("requests"))
    most = 3 * (time.monotonic() - began) + 5  # one for the record, and two for being busy and no longer, each second
    assert len([each for each in window.notifications if each["method"] == "mux/didChangeStatus"]) < most


def test_busy(window, other_upstream):
    """A window is busy while its own process answers a request."""
    window.serving()
    window.call("mux/provider/add", name="up", type="vllm", endpoint=f"{other_upstream.url}/v1")
    window.call("mux/rule/add", filter="", provider="up", model="m1")
    go_on = threading.Event()

    async def slowly(request, wire):
        await asyncio.to_thread(go_on.wait, 60)
        await reply({"choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}]})(request, wire)

    other_upstream.script(slowly)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(window.mux.post, "/chat/completions", HI)
        assert window.told("mux/didChangeStatus", lambda status: status["busy"])
        assert window.mux.json("status")["busy"] is False
        other_upstream.wait()
        (running,) = window.call("mux/status")["running"]
        route = {"workspace": "default", "filter": "", "position": 1, "provider": "up", "model": "m1"}
        assert running.items() >= route.items()
        assert running["elapsedMs"] >= 0
        go_on.set()
        assert answer.result().status == 200
    told = window.told("mux/didChangeStatus", lambda status: not status["busy"] and "lastRequest" in status)
    assert told["lastRequest"]["id"] == running["id"]
    assert "running" not in window.call("mux/status")
    assert not any("running" in each["params"] for each in window.notifications if "params" in each)


def test_what_was_spent_at_least(window, other_upstream):
    """Where the cost of a request is not known, the sum of those that are is told as the least that was spent."""
    window.serving()
    window.mux.post("/chat/completions", HI)
    until(lambda: window.call("mux/status")["tooltip"], lambda told: "Spent today    $0.0000" in told)
    window.call("mux/provider/add", name="up", type="openai", endpoint=f"{other_upstream.url}/v1")
    window.call("mux/rule/add", filter="", provider="up", model="m1")
    other_upstream.script(reply(completion("x")))
    window.mux.post("/chat/completions", HI)
    until(lambda: window.call("mux/status")["tooltip"], lambda told: "Spent today    ≥ $0.0000" in told)


def test_busy_with_many(window, other_upstream):
    """Requests that follow each other tell that the window is busy, or no longer, twice a second at most."""
    window.serving()
    window.call("mux/provider/add", name="up", type="vllm", endpoint=f"{other_upstream.url}/v1")
    window.call("mux/rule/add", filter="", provider="up", model="m1")

    async def slowly(request, wire):
        await asyncio.sleep(0.25)  # so long that a look finds it
        await reply({"choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}]})(request, wire)

    def told():
        """Whether it was told to be busy, each time that a Status was told, after twelve requests more."""
        for _ in range(12):
            other_upstream.script(slowly)
            assert window.mux.post("/chat/completions", HI).status == 200
            time.sleep(0.25)  # and so is the pause
        window.call("mux/workspace/list")
        return [each["params"]["busy"] for each in window.notifications if each["method"] == "mux/didChangeStatus"]

    window.forget()
    began = time.monotonic()
    seen = until(told, any)
    most = 2 * (time.monotonic() - began) + 2
    assert sum(before != after for before, after in pairwise([False, *seen])) <= most


def test_a_removed_record(window):
    """Records that are removed are no longer in the Status."""
    window.serving()
    window.mux.post("/chat/completions", HI)
    assert window.told("mux/didChangeStatus", lambda status: "lastRequest" in status)
    assert window.call("mux/request/remove") == 1
    assert window.told("mux/didChangeStatus", lambda status: "lastRequest" not in status)


def test_a_provider_that_goes_and_comes(window, other_upstream):
    """Status tells since when a provider is down and why, for all rules that need it, until it answers again."""
    endpoint = f"{other_upstream.url}/v1"
    window.serving()
    window.call("mux/provider/add", name="up", type="vllm", endpoint=endpoint)
    window.call("mux/rule/add", filter="", provider="up", model="m1")
    other_upstream.script(reply({"error": {"message": "bad gateway"}}, status=502))
    assert window.mux.post("/chat/completions", HI).status == 502
    told = window.told("mux/didChangeStatus", lambda status: status["kind"] == "error")
    (problem,) = told["problems"]
    assert problem.startswith("The provider up is down since ")
    assert "bad gateway" in problem
    assert window.mux.json("status")["problems"] == [problem]
    window.call("mux/provider/refresh", name="up")
    assert window.told("mux/didChangeStatus", lambda status: status["kind"] == "warning")["problems"][0].startswith(
        "The last request failed (up/m1, "
    )
    other_upstream.script(reply({"choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}]}))
    assert window.mux.post("/chat/completions", HI).status == 200
    assert window.told("mux/didChangeStatus", lambda status: status["kind"] == "normal")["problems"] == []


def test_a_store_that_cannot_be_read(window):
    """A data folder that is gone is told, and so is its return; calls meanwhile are answered with what to do."""
    window.serving()
    config = window.mux.home / "config.db"
    config.rename(config.with_suffix(".away"))
    told = window.told("mux/didChangeStatus", lambda status: status["problems"])
    assert "config.db" in told["problems"][0]
    assert window.fail("mux/workspace/list")["code"] == 1007
    assert window.call("mux/status")["kind"] == "warning"
    config.with_suffix(".away").rename(config)
    assert window.told("mux/didChangeStatus", lambda status: not status["problems"])["kind"] == "normal"


def test_changes_in_the_midst_of_many(window):
    """Changes from two sides at once are all told."""
    window.serving()
    names = [f"w{number}" for number in range(5)]
    thread = threading.Thread(target=lambda: [window.mux.cli("workspace", "add", name) for name in names])
    thread.start()
    for number in range(20):
        window.call("mux/rule/set", rules=[{"filter": f".x{number}", "provider": "echo", "model": "echo"}])
    thread.join()
    assert window.told("mux/didChange", changed("rules"))
    window.call("mux/workspace/switch", name="w4")
    assert window.told("mux/didChangeStatus", lambda status: status["workspace"] == "w4")


def test_a_rule_that_leads_elsewhere(window):
    """A rule for some files alone changes no Status but theirs; that theirs is to be asked for anew is told."""
    window.serving()
    window.call("mux/provider/add", name="second", type="echo", models=["big"])
    window.call("mux/rule/add", filter=".ts", provider="second", model="big")
    uri = "file:///p/cart.ts"
    assert window.call("mux/status", uri=uri)["text"] == "default · second/big"
    window.forget()
    window.mux.cli("rule", "edit", "1", "--model", "echo/echo")
    assert window.told("mux/didChangeStatus")["text"] == "default · echo/echo"
    assert window.call("mux/status", uri=uri)["text"] == "default · echo/echo"
