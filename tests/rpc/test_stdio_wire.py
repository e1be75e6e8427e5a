"""What no client library would send: the sidecar answers every request, and goes on."""

from __future__ import annotations

import json

import pytest
from editor import frame
from waiting import until

STATUS = {"jsonrpc": "2.0", "id": "a", "method": "mux/status"}


def test_a_frame_in_pieces(shared):
    """A message may come byte by byte."""
    for byte in frame(STATUS):
        shared.raw(bytes([byte]))
    assert shared.answer("a")["result"]["workspace"] == "default"


def test_frames_in_one_write(shared):
    """Several messages may come at once."""
    shared.raw(b"".join(frame(STATUS | {"id": f"many{number}"}) for number in range(5)))
    assert all("result" in shared.answer(f"many{number}") for number in range(5))


@pytest.mark.parametrize("head", ["content-length:%d", "Content-Length:   %d  ", "CONTENT-LENGTH: %d"])
def test_a_header_in_another_spelling(shared, head):
    """The header's name is compared without regard to case, with any blanks, beside other headers."""
    body = json.dumps(STATUS).encode()
    shared.raw(f"X-Other: 1\r\n{head % len(body)}\r\nContent-Type: x; charset=utf-8\r\n\r\n".encode() + body)
    assert "result" in shared.answer("a")


@pytest.mark.parametrize("error", [-1, -30, 1, 5])
def test_a_wrong_length(shared, error):
    """A length that is some bytes off costs that message an error at most; the one after the next is served."""
    body = json.dumps(STATUS | {"id": "off"}).encode()
    shared.raw(b"Content-Length: %d\r\n\r\n%b" % (len(body) + error, body))
    shared.send(STATUS | {"id": "next"})
    shared.send(STATUS | {"id": "after"})
    assert "result" in shared.answer("after")


@pytest.mark.parametrize(
    "head", [b"Content-Length: x\r\n\r\n", b"Content-Length: 999999999999\r\n\r\n", b"junk\n\n\r\n"]
)
def test_a_header_that_cannot_be(shared, head):
    """A header without a length that can be is passed over."""
    shared.raw(head)
    shared.send(STATUS)
    assert "result" in shared.answer("a")


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"nonsense", b"[" * 100_000])
def test_a_body_that_is_no_json(shared, body):
    """What is no JSON is answered as such, without an id, as it has none."""
    shared.send(body)
    assert shared.answer(None)["error"]["code"] == -32700


@pytest.mark.parametrize(
    ("message", "number"),
    [
        (1, None),
        ("x", None),
        ({}, None),
        ({"id": 4, "method": "mux/status"}, 4),
        ({"jsonrpc": "1.0", "id": 5, "method": "mux/status"}, 5),
        ({"jsonrpc": "2.0", "id": 6}, 6),
        ({"jsonrpc": "2.0", "id": 7, "method": 3}, 7),
        ({"jsonrpc": "2.0", "id": None, "method": "mux/status"}, None),
        ({"jsonrpc": "2.0", "id": {"a": 1}, "method": "mux/status"}, None),
        ({"jsonrpc": "2.0", "id": 1.5, "method": "mux/status"}, None),
    ],
)
def test_a_message_that_is_no_request(shared, message, number):
    """What is no JSON-RPC 2.0 is refused by the id that it has."""
    shared.send(message)
    assert shared.answer(number)["error"]["code"] == -32600


def test_a_batch(shared):
    """Each request of a batch is refused, since the protocol has none, and an empty one is too."""
    shared.send([STATUS | {"id": "b1"}, STATUS | {"id": "b2"}, {"jsonrpc": "2.0", "method": "x"}])
    assert {shared.answer(number)["error"]["code"] for number in ("b1", "b2")} == {-32600}
    shared.send([])
    assert shared.answer(None)["error"]["code"] == -32600


@pytest.mark.parametrize("method", ["mux/nonsense", "textDocument/hover", "x", "", "mux/\ud800", "$/unknown"])
def test_an_unknown_method(shared, method):
    """A request of a method that there is not is answered with −32601, a notification not at all."""
    shared.notify(method, {"a": 1})
    assert shared.fail(method, {})["code"] == -32601


@pytest.mark.parametrize("params", [3, "x", True, [], [1], {"commands": 1}, None])
def test_standard_methods_with_other_parameters(shared, params):
    """A request of the standard's whose parameters do not fit is answered too."""
    assert shared.fail("workspace/executeCommand", params)["code"] == -32602
    shared.notify("workspace/didChangeConfiguration", params)
    shared.notify("$/cancelRequest", params)
    shared.notify("$/setTrace", params)


def test_answers_that_nobody_waits_for(shared):
    """An answer to a request that was never made is passed over."""
    shared.send({"jsonrpc": "2.0", "id": 99, "result": {}})
    shared.send({"jsonrpc": "2.0", "id": "x", "error": {"code": 1, "message": "m"}})
    assert shared.call("mux/status")


def test_an_id_that_is_in_use(shared):
    """Ids are told apart by their type, and one that is still being answered cannot be used again."""
    shared.raw(frame(STATUS | {"id": 1_000_001}) + frame(STATUS | {"id": "1000001"}))
    assert "result" in shared.answer(1_000_001)
    assert "result" in shared.answer("1000001")


def test_large_parameters(shared):
    """Parameters of 10 MB are read, and answered as quickly as they can be."""
    files = [f"src/{'x' * 1000}{number}.py" for number in range(10_000)]
    assert shared.call("mux/route/explain", files=files)["route"]["model"] == "echo"
    assert shared.fail("mux/workspace/add", {"name": "x" * 10_000_000})["data"] == {"field": "name"}


def test_a_thousand_requests_in_flight(shared):
    """A thousand requests that were sent before the first answer was read are all answered."""
    numbers = [f"flight{number}" for number in range(1000)]
    shared.raw(b"".join(frame(STATUS | {"id": number}) for number in numbers))
    assert all("result" in shared.answer(number) for number in numbers)


def test_changes_keep_their_order(window):
    """What is asked for after a change shows it, though nobody waited for the change's answer."""
    numbers = []
    for name in ("a", "b", "c"):
        window.begin("mux/workspace/add", {"name": name})
        numbers.append(window.begin("mux/workspace/list"))
    counts = [len(window.answer(number)["result"]) for number in numbers]
    assert counts == [2, 3, 4]


def test_a_cancelled_request(window, other_upstream):
    """A request that is cancelled while it waits for a provider is answered with −32800, one that is done as usual."""
    other_upstream.is_silent = True
    number = window.begin("mux/provider/add", {"name": "slow", "type": "vllm", "endpoint": f"{other_upstream.url}/v1"})
    until(lambda: other_upstream.asked_for_models)
    window.notify("$/cancelRequest", {"id": number})
    assert window.answer(number)["error"]["code"] == -32800
    window.notify("$/cancelRequest", {"id": number})
    assert [provider["name"] for provider in window.call("mux/provider/list")] == ["echo"]


def test_requests_that_are_cancelled_at_once(window):
    """A request and its cancellation in one write: it is answered, with its result or with −32800."""
    methods = ("mux/status", "mux/rule/list", "mux/doctor", "mux/usage") * 5
    numbers = [f"cancelled-{number}" for number in range(len(methods))]
    for number, method in zip(numbers, methods, strict=True):
        asked = {"jsonrpc": "2.0", "id": number, "method": method}
        cancelled = {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": number}}
        window.raw(frame(asked) + frame(cancelled))
    for number in numbers:
        answer = window.answer(number)
        assert "result" in answer or answer["error"]["code"] == -32800


HALF = "\ud83d"


def test_halves_of_characters(window):
    """A text that was cut within an emoji is read with U+FFFD in its place, wherever it stands."""
    explained = window.call("mux/route/explain", prompt=f"src/a.py {HALF} cut")
    assert explained["files"] == ["src/a.py"]
    assert "result" in window.ask("mux/status", {"uri": HALF})
    assert window.fail("mux/workspace/add", {HALF: 1})["code"] == -32602
    assert window.fail("mux/rule/move", {"position": 1, "to": HALF})["data"] == {"field": "to"}
    for method, name in (("mux/workspace/switch", "name"), ("mux/request/show", "id")):
        assert window.fail(method, {name: HALF})["code"] == 1001
    assert window.stderr == ""


def test_before_initialize_and_after_shutdown(home, launch):
    """Requests at the wrong time are refused, notifications passed over; `exit` after `shutdown` ends with 0."""
    editor = launch(home)
    editor.notify("mux/whatever", {})
    assert editor.fail("mux/status")["code"] == -32002
    assert editor.fail("shutdown")["code"] == -32002
    editor.initialize()
    assert editor.fail("initialize", {"capabilities": {}})["code"] == -32600
    assert editor.ask("shutdown")["result"] is None
    assert editor.fail("mux/status")["code"] == -32600
    assert editor.fail("shutdown")["code"] == -32600
    editor.notify("exit")
    assert editor.wait() == 0


@pytest.mark.parametrize("params", [None, [], {"capabilities": {"textDocument": 7}}, {"processId": "x"}])
def test_initialize_with_odd_parameters(home, launch, params):
    """`initialize` is answered whatever comes with it, and odd capabilities keep no editor from starting."""
    editor = launch(home)
    answer = editor.ask("initialize", params)
    fits = isinstance(params, dict) and "capabilities" in params
    assert ("result" in answer) == fits
    if not fits:
        assert answer["error"]["code"] == -32602
        assert "result" in editor.initialize()
