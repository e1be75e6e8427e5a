"""Planted secrets: whatever fails, they stand in no answer, no log at any level, no database, no crash dump."""

import base64
import json
import os
import signal
from urllib.parse import quote

import pytest
from said import ask, chunks, completion
from upstream import reply, stream
from waiting import PATIENCE, until

STORED = "sk-canary-stored/+=0123456789abcdef"
HEADER = "canary-header-0123456789abcdef"
CLIENT = "sk-canary-client-0123456789abcdef"
COOKIE = "canary-cookie-0123456789abcdef"
OWN = {"authorization": f"Bearer {CLIENT}", "x-api-key": CLIENT, "cookie": f"s={COOKIE}"}

SPELLED = {
    "as it is": STORED,
    "in a URL": quote(STORED, safe=""),
    "in JSON": STORED.replace("/", "\\/"),
    "in base64": base64.b64encode(b"Bearer " + STORED.encode()).decode(),
}


def spellings():
    """The secrets, however something may spell them."""
    secrets = (STORED, HEADER, CLIENT, COOKIE)
    told = [text for secret in secrets for text in (secret, quote(secret, safe=""), secret.replace("/", "\\/"))]
    return [*told, SPELLED["in base64"][12:-8]]  # without what its neighbours share


def assert_clean(place, data):
    """No secret stands in these bytes."""
    found = [spelled for spelled in spellings() if spelled.encode() in data]
    assert not found, f"{found} in {place}"


@pytest.fixture
def mux(fresh_mux, other_upstream):
    """A mux that logs all it can and keeps everything, whose provider has a stored key and a secret header."""
    mux = fresh_mux(MUX_SIDECAR_LOG_LEVEL="debug", PYTHONFAULTHANDLER="1", CANARY=HEADER)
    root = f"{other_upstream.url}/v1"
    secret = ("--api-key-stdin", "--header", "X-Secret=env:CANARY")
    other_upstream.script(reply({}))
    mux.cli("provider", "add", "up", "--type", "openai", "--endpoint", root, *secret, typed=STORED)
    mux.cli("rule", "default", "up/m1")
    mux.cli("settings", "keep", "everything")
    return mux.start()


def failures():
    """Answers of a provider that repeats our secrets, and goes wrong in each way."""
    for manner, spelled in SPELLED.items():
        told = {"error": {"message": f"{manner}: Incorrect API key {spelled}; {HEADER}", "type": "x"}}
        yield reply(told, status=401)
        yield reply(told)
        yield stream(*chunks("half", finish=None), told)
        yield reply(f"<html>{spelled} {HEADER}</html>".encode(), status=500)
        yield reply(f"{spelled} {HEADER}".encode())
        yield stream(f"{spelled} {HEADER}")
        echoing = {"x-request-id": f"{spelled} {HEADER}", "openai-organization": spelled, "set-cookie": HEADER}
        yield reply(told, status=429, headers=echoing)
    yield stream(*chunks("half", finish=None), end="reset")
    yield reply(b"", status=307, headers={"location": f"http://evil.example/?key={STORED}"})


def test_no_secret_is_told(mux, other_upstream):
    """Answers, the records, every listing, the log, the database and what a crash leaves are free of them."""
    for answer in failures():
        for streamed in (False, True):
            other_upstream.script(answer)
            got = mux.post("/chat/completions", ask(f"my key is {CLIENT}", stream=streamed), OWN)
            assert_clean("an answer", got.body.replace(CLIENT.encode(), b""))
            assert_clean("the head of an answer", str(got.headers).encode())
            sent = other_upstream.last
            assert sent.header("authorization") == f"Bearer {STORED}"
            assert sent.header("x-secret") == HEADER
            assert not sent.header("cookie")
            assert CLIENT not in str(sent.headers)
    other_upstream.script(reply(completion("fine")))
    assert mux.post("/chat/completions", ask(), OWN).status == 200
    for line in (["log", "-n", "500"], ["status"], ["provider", "list"], ["usage"], ["doctor"], ["settings"]):
        told = mux.cli(*line, "--json", check=False)
        assert_clean(line, (told.stdout + told.stderr).encode())
    shown = [mux.rpc("mux/request/show", id=row["id"]) for row in mux.log(500)]
    assert_clean("a conversation that was kept", json.dumps(shown).encode())
    dump(mux)
    assert_clean("standard error", mux.stderr.encode())
    for file in sorted(mux.home.rglob("*")):
        if file.is_file() and file.name != "keys.json":
            assert_clean(file.name, file.read_bytes())
    assert STORED in (mux.home / "keys.json").read_text("utf-8").replace("\\/", "/")


def dump(mux):
    """End the process as a crash of the interpreter does, with every thread's stack on standard error."""
    if os.name == "nt":
        mux.stop()
        return
    process, mux.process = mux.process, None
    process.send_signal(signal.SIGABRT)
    assert process.wait(PATIENCE) != 0
    until(lambda: mux.stderr, lambda said: "Fatal Python error: Aborted" in said)


def test_a_failed_command_repeats_no_key(fresh_mux, closed_port):
    """A key given on standard input stands in no error, at whatever level."""
    mux = fresh_mux(MUX_SIDECAR_LOG_LEVEL="debug")
    where = ("--type", "openai", "--endpoint", f"http://127.0.0.1:{closed_port}/v1?key={STORED}")
    told = mux.cli("provider", "add", "up", *where, "--api-key-stdin", typed=STORED, check=False)
    assert told.returncode == 1
    assert_clean("an error", (told.stdout + told.stderr).encode())
    for file in mux.home.rglob("*"):
        if file.is_file():
            assert_clean(file.name, file.read_bytes())
