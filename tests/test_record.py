"""What is kept of a request: one row, with what it cost and how it ended, and no more than the settings allow."""

import asyncio
import http.client
import os
import socket
import sqlite3
import time
from datetime import UTC, datetime, timedelta

import pytest
from mux import Mux
from said import ask, chunks, claude, completion, usage_chunk
from stage import FAR, certify
from upstream import Upstream, reply, silence, stream
from waiting import PATIENCE, until

from sidecar.control.opening import open_control
from sidecar.settings import Place
from sidecar.store.database import BUSY_SECONDS

ALWAYS = {
    "id", "startedAt", "client", "dialect", "kind", "workspace", "filter", "position", "provider", "providerType",
    "model", "files", "outcome", "status", "streamed", "title", "totalMs", "overheadMs",
}  # fmt: skip


def test_one_row_tells_it_all(stage):
    """A request has one row, with the contract's fields."""
    answer = stage.post("up", ask("Read `src/app.ts` please"), reply(completion()), User_Agent="aider/1.2 test")
    row = stage.row(answer)
    assert set(row) >= ALWAYS
    expected = {
        "dialect": "chat", "kind": "chat", "workspace": "up", "filter": "", "position": 1, "provider": "up",
        "providerType": "openai", "model": "m1", "files": ["src/app.ts"], "outcome": "ok", "status": 200,
        "streamed": False, "inputTokens": 11, "outputTokens": 7, "cachedTokens": 3,
    }  # fmt: skip
    assert {key: row[key] for key in expected} == expected
    assert "aider" in row["client"]
    assert "src/app.ts" in row["title"]
    assert 0 <= row["overheadMs"] <= row["totalMs"] < 1000 * PATIENCE
    started = datetime.fromisoformat(row["startedAt"])
    assert started.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - started) < timedelta(minutes=1)
    assert "error" not in row


def test_a_row_tells_the_files_that_the_route_did_not_need(stage):
    """Kind, files and title are recorded even where a catch-all alone is there, which takes whatever comes."""
    row = stage.row(stage.post("up", ask("<|fim_prefix|># app/main.py\nx = <|fim_suffix|>"), reply(completion())))
    assert (row["kind"], row["files"], row["position"]) == ("fim", ["app/main.py"], 1)


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ({"User-Agent": "RooCode/3.36.2", "X-Title": "Roo Code"}, "RooCode/3.36.2"),
        ({"User-Agent": "OpenAI/Python 2.20.0", "X-Title": "aider"}, "aider"),
        ({"User-Agent": "OpenAI/Python 2.20.0"}, "OpenAI/Python"),
        ({"User-Agent": "ai-sdk/openai/3.0 (bun/1.2; x) runtime/bun/1.3 crush/0.4"}, "crush/0.4"),
        ({"User-Agent": "claude-cli/2.1.197 (external, sdk-cli)"}, "claude-cli/2.1.197"),
        ({"User-Agent": "x" * 200}, "x" * 80),
        ({"User-Agent": ""}, ""),
    ],
)
def test_a_row_names_the_client(stage, headers, client):
    """The client is the program, by its User-Agent, or by the name that it gives itself where that is a library's."""
    stage.upstream.script(reply(completion()))
    answer = stage.mux.post(stage.path("up"), ask(), headers)
    assert stage.row(answer)["client"] == client


def test_a_stream_s_row(stage):
    """A streamed request's row tells when its first byte came."""
    answer = stage.post("up", ask(stream=True), stream(0.2, *chunks("a"), usage_chunk(), "[DONE]"))
    row = stage.row(answer)
    assert (row["streamed"], row["outcome"], row["inputTokens"]) == (True, "ok", 11)
    assert 150 < row["firstByteMs"] <= row["totalMs"]
    assert row["overheadMs"] <= row["totalMs"] - 150


def test_an_error_s_row(stage):
    """A failed request's row tells status and message."""
    row = stage.row(stage.post("up", ask(), reply({"error": {"message": "boom"}}, status=503)))
    assert (row["outcome"], row["status"], row["provider"]) == ("error", 503, "up")
    assert row["error"] == "up says: boom"
    assert "inputTokens" not in row


def test_a_request_without_a_route_has_a_row(stage):
    """What could not be routed is recorded with what is known."""
    row = stage.row(stage.mux.post("/w/bare/chat/completions", ask()))
    assert (row["outcome"], row["status"], row["workspace"]) == ("error", 400, "bare")
    assert (row["provider"], row["model"], row["filter"], row["position"]) == (None, None, None, None)


def test_a_broken_stream_s_row(stage):
    """A stream that broke off is recorded as truncated, with the words why."""
    row = stage.row(stage.post("up", ask(stream=True), stream(*chunks("half", finish=None), end="reset")))
    assert (row["outcome"], row["status"]) == ("truncated", 200)
    assert row["error"]


def test_a_request_that_was_left_has_a_row(stage):
    """A request whose client left is recorded as cancelled."""
    with stage.open("up", ask(stream=True), stream(*chunks("half", finish=None), end="stall")) as got:
        got.read()
        got.leave()
    row = stage.row(got)
    assert row["outcome"] == "cancelled"


def test_exactly_one_row(stage):
    """Each request, however it ends, makes one row."""
    before = {row["id"] for row in stage.mux.log(500)}
    script = [reply(completion()), reply({}, status=500), stream(*chunks("a", finish=None)), reply(b"x")]
    for answer in script:
        stage.post("up", ask(stream=True), answer)
    rows = [row for row in stage.mux.log(500) if row["id"] not in before]
    assert len(rows) == len(script)
    assert [row["startedAt"] for row in rows] == sorted((row["startedAt"] for row in rows), reverse=True)


def test_translation_is_recorded(stage):
    """The row of a translated request counts what was read from and written to the cache as input."""
    row = stage.row(stage.post("claude", ask(seed=1), reply(claude("Hi"))))
    assert (row["providerType"], row["dialect"]) == ("anthropic", "chat")
    assert (row["inputTokens"], row["cachedTokens"], row["outputTokens"]) == (60, 30, 5)
    assert row["ignored"] == ["seed"]


def test_only_models_of_this_machine_are_free(stage):
    """A model that runs here costs 0; what stands behind a compatible server is not known, and has no cost."""
    assert stage.row(stage.post("ollama", ask(), reply(completion())))["cost"] == 0
    assert "cost" not in stage.row(stage.post("up", ask(), reply(completion())))


def test_the_listed_price_counts(stage, other_upstream, fresh_mux):
    """A provider's listed price per token is reckoned with, the cached ones at their own."""
    prices = {"prompt": "0.001", "completion": "0.01", "input_cache_read": "0.0001"}
    other_upstream.models = [{"id": "m1", "pricing": prices, "context_length": 9000}]
    mux = fresh_mux()
    where = ["--type", "openrouter", "--endpoint", f"{other_upstream.url}/api/v1", "--api-key-env", "UP_KEY"]
    mux.cli("provider", "add", "listed", *where)
    mux.cli("rule", "default", "listed/m1")
    other_upstream.script(reply(completion()))
    mux.start().post("/chat/completions", ask())
    assert mux.recorded(1)[0]["cost"] == pytest.approx(8 * 0.001 + 3 * 0.0001 + 7 * 0.01)


def test_the_provider_s_own_price_counts(stage):
    """A provider that tells the cost of a request is believed."""
    usage = {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10, "cost": 0.0125}
    answer = stage.post("openrouter", ask(), reply({**completion(), "usage": usage}))
    assert stage.row(answer)["cost"] == pytest.approx(0.0125)
    answer = stage.post("openrouter", ask(stream=True), stream(*chunks("a"), usage_chunk(usage), "[DONE]"))
    assert stage.row(answer)["cost"] == pytest.approx(0.0125)


@pytest.mark.parametrize(
    ("told", "streamed", "cost"),
    [
        ("0.00042", False, 0.00042),
        ("0.0", False, 0.0),
        ("0.0", True, None),
        ("0.01", True, 0.01),
        ("None", False, None),
    ],
)
def test_a_proxy_s_own_figure_counts(stage, told, streamed, cost):
    """LiteLLM tells the cost with the head of its answer; of a stream, nought is what was not known yet."""
    head = {"x-litellm-response-cost": told}
    made = stream(*chunks("a"), "[DONE]", headers=head) if streamed else reply(completion(), headers=head)
    assert stage.row(stage.post("up", ask(stream=streamed), made)).get("cost") == cost


@pytest.fixture(scope="module")
def hosted(tmp_path_factory):
    """A mux whose provider is on the internet, reached through a proxy: the scripted upstream, with its certificate."""
    folder = tmp_path_factory.mktemp("hosted")
    cert, context = certify(folder)
    upstream = Upstream()
    upstream.tls = context
    upstream.models = ["gpt-4o", "nobody-knows-me"]
    mux = Mux(
        folder / "home", HTTPS_PROXY=upstream.url, https_proxy=upstream.url, SSL_CERT_FILE=str(cert), A_KEY="sk-1"
    )
    where = ["--type", "openai", "--endpoint", f"https://{FAR}/v1"]
    mux.cli("provider", "add", "far", *where, "--api-key-env", "A_KEY")
    mux.cli("rule", "default", "far/gpt-4o")
    mux.cli("rule", "add", "--filter", ".go", "--model", "far/nobody-knows-me")
    yield mux.start(), upstream
    mux.stop()
    upstream.close()


def priced(mux, answer):
    """The record of an answer, once it has a cost."""
    return until(lambda: mux.row(answer), lambda row: "cost" in row)


def test_known_models_have_a_price(hosted):
    """A model of the price table costs what the table says, cached tokens less; an unknown one has no cost at all."""
    mux, upstream = hosted
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 100_000, "total_tokens": 1_100_000}
    upstream.script(reply({**completion(), "model": "gpt-4o", "usage": usage}))
    answer = mux.post("/chat/completions", ask())
    assert answer.status == 200
    assert (upstream.last.path, upstream.last.header("host")) == ("/v1/chat/completions", FAR)
    assert upstream.last.header("authorization") == "Bearer sk-1"
    assert priced(mux, answer)["cost"] == pytest.approx(2.5 + 1)
    cached = {**usage, "prompt_tokens_details": {"cached_tokens": 500_000}}
    upstream.script(reply({**completion(), "model": "gpt-4o", "usage": cached}))
    assert priced(mux, mux.post("/chat/completions", ask()))["cost"] == pytest.approx(1.25 + 0.625 + 1)
    upstream.script(reply({**completion(), "model": "nobody-knows-me", "usage": usage}))
    row = mux.row(mux.post("/chat/completions", ask("see main.go")))
    assert (row["model"], row["inputTokens"]) == ("nobody-knows-me", 1_000_000)
    assert "cost" not in row


def test_usage_sums_up(hosted):
    """`usage` sums the rows by what it is asked for."""
    mux, upstream = hosted
    mux.cli("log", "--clear")
    upstream.script(reply({**completion(), "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}))
    for text in ("hi", "hi", "see main.go"):
        mux.post("/chat/completions", ask(text))
    mux.recorded(3)
    rows = {row["key"]: row for row in mux.json("usage", "--by", "model")}
    counted = {key: (row["requests"], row["inputTokens"], row["outputTokens"]) for key, row in rows.items()}
    assert counted == {"far/gpt-4o": (2, 6, 4), "far/nobody-knows-me": (1, 3, 2)}
    assert [row["requests"] for row in mux.json("usage", "--by", "workspace")] == [3]


def kept(mux, word):
    """Whether the word stands in any file of the data folder."""
    return any(word.encode() in path.read_bytes() for path in mux.home.rglob("*") if path.is_file())


@pytest.fixture
def echo(echoing):
    """A running mux with an echo provider."""
    return echoing.start()


def test_nothing_is_kept_on_demand(echo):
    """With `keep` set to `nothing` a row has no title, and no word of the prompt is on the disk."""
    echo.cli("settings", "keep", "nothing")
    assert echo.post("/chat/completions", ask("marmalade in `jam.txt`")).status == 200
    row = echo.recorded(1)[0]
    assert (row["title"], row["outcome"]) == ("", "ok")
    assert not kept(echo, "marmalade")


def test_a_summary_is_kept_by_default(echo):
    """By default the title is kept, and not the conversation."""
    messages = [
        {"role": "system", "content": "quince"},
        {"role": "user", "content": "marmalade " + "x" * 5000 + " damson"},
    ]
    echo.post("/chat/completions", {"messages": messages})
    assert "marmalade" in echo.recorded(1)[0]["title"]
    assert kept(echo, "marmalade")
    assert not kept(echo, "damson")
    assert not kept(echo, "quince")


async def shown(home, ident):
    """What the control shows of a request."""
    async with open_control(Place(home=home)) as control:
        return await control.requests.show(ident)


def test_a_client_that_leaves_while_it_asks(echo):
    """A client that goes away in the middle of its own request has cancelled it; that is no failure of the mux."""
    head = "POST /v1/mux/chat/completions HTTP/1.1\r\nHost: localhost\r\nUser-Agent: leaver/1\r\n"
    with socket.create_connection(("127.0.0.1", echo.port)) as connection:
        connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{{".encode())
        time.sleep(0.2)  # it is being read
    (row,) = echo.recorded(1)
    assert (row["client"], row["outcome"]) == ("leaver/1", "cancelled")


def test_everything_is_kept_on_demand(echo):
    """With `keep` set to `everything` the conversation can be shown again, until it is cleared."""
    echo.cli("settings", "keep", "everything")
    echo.post(
        "/chat/completions", {"messages": [{"role": "system", "content": "quince"}, *ask("marmalade")["messages"]]}
    )
    ident = echo.recorded(1)[0]["id"]
    assert "quince" in str(asyncio.run(shown(echo.home, ident)))
    echo.cli("log", "--clear")
    assert echo.log() == []
    assert not kept(echo, "quince")


@pytest.mark.skipif(os.name == "nt", reason="a service's end differs on Windows")
def test_the_last_row_survives_the_end(echo):
    """A request answered just before SIGTERM is in the log."""
    ident = echo.post("/chat/completions", ask()).headers["x-mux-request-id"]
    assert echo.stop() == 0
    assert [row["id"] for row in echo.log()] == [ident]


@pytest.mark.skipif(os.name == "nt", reason="a service's end differs on Windows")
def test_a_stream_is_finished_before_the_end(fresh_mux, other_upstream):
    """A stream under way at SIGTERM is told to its end, and recorded."""
    mux = fresh_mux()
    mux.cli("provider", "add", "up", "--type", "openai", "--endpoint", f"{other_upstream.url}/v1")
    mux.cli("rule", "default", "up/m1")
    other_upstream.script(stream(*chunks("a", finish=None), 1.0, *chunks("b"), "[DONE]"))
    with mux.start().open("POST", "/chat/completions", ask(stream=True)) as got:
        mux.process.terminate()
        told = got.answer.read()
    assert told.endswith(b"data: [DONE]\n\n")
    assert mux.process.wait(30) == 0
    assert [row["outcome"] for row in mux.log()] == ["ok"]


def test_log_shows_at_once(stage):
    """A request is soon in the log of any process."""
    assert stage.row(stage.post("up", ask(), reply(completion())))["outcome"] == "ok"


def test_records_never_stand_in_the_way(echo):
    """Requests flow while the records' file cannot be written."""
    echo.post("/chat/completions", ask())
    echo.log(1)
    held = sqlite3.connect(echo.home / "requests.db", isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    try:
        answers = [echo.post("/chat/completions", ask()) for _ in range(5)]
        assert {answer.status for answer in answers} == {200}
        assert max(answer.seconds for answer in answers) < BUSY_SECONDS
    finally:
        held.execute("ROLLBACK")
        held.close()


def test_a_request_left_unanswered_is_recorded_once(stage):
    """A client that leaves before any answer is one row, without a status of the provider."""
    before = {row["id"] for row in stage.mux.log(500)}
    stage.upstream.script(silence)
    connection = http.client.HTTPConnection("127.0.0.1", stage.mux.port)
    connection.request(
        "POST",
        f"/v1/mux{stage.path('up')}",
        b'{"messages":[{"role":"user","content":"hi"}]}',
        {"Content-Type": "application/json"},
    )
    stage.upstream.wait()
    connection.close()
    assert stage.upstream.last.left.wait(30)
    assert [row["outcome"] for row in stage.mux.log(500) if row["id"] not in before] == ["cancelled"]
