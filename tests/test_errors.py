"""What goes wrong is told in the client's own error object, by the right status, and harms nothing after it."""

import contextlib
import gzip
import json
import os
import re
import socket
import zlib

import pytest
from said import ask, completion
from stage import FAR, KEYS, PLACES, certify
from upstream import Upstream, reply, stream
from waiting import AT_ONCE

MESSAGES = [{"role": "user", "content": "hi"}]

CHAT = b"POST /v1/mux/chat/completions HTTP/1.1\r\nHost: localhost\r\n"

UNREADABLE = {
    "nothing": b"",
    "no JSON": b"hello",
    "half": b'{"messages":[{"role":"user","content":"hi"}]',
    "more than one": b'{"messages":[]}{"messages":[]}',
    "single quotes": b"{'messages':[]}",
    "trailing comma": b'{"messages":[{"role":"user","content":"hi"}],}',
    "NaN": b'{"messages":[{"role":"user","content":"hi"}],"temperature":NaN}',
    "a list": b"[]",
    "a text": b'"messages"',
    "null": b"null",
    "a number": b"1",
    "not UTF-8": b'{"messages":[{"role":"user","content":"\xff\xfe"}]}',
    "UTF-16": json.dumps({"messages": MESSAGES}).encode("utf-16"),
    "a control character": b'{"messages":[{"role":"user","content":"a\x00b"}]}',
    "deep": b"[" * 10_000 + b"]" * 10_000,
    "deep and open": b'{"messages":' + b"[" * 10_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "deep messages": b'{"messages":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
}

WRONG = [
    {},
    {"messages": None},
    {"messages": "hi"},
    {"messages": {}},
    {"messages": 1},
    {"messages": [1]},
    {"messages": ["hi"]},
    {"messages": [None]},
    {"messages": [[]]},
    {"messages": [{"role": 1, "content": "hi"}]},
    {"messages": [{"role": "user", "content": 1}]},
    {"messages": MESSAGES, "stream": "yes"},
    {"prompt": "hi"},
]


def still_works(stage):
    """The next request is answered as if nothing had been."""
    return stage.post("up", ask(), reply(completion("fine"))).json()["choices"][0]["message"]["content"] == "fine"


def assert_own(answer, status, code):
    """An error of our own: status, code, all keys, nothing of our inside, and no provider was asked."""
    assert (answer.status, answer.error["code"]) == (status, code), answer.body
    assert answer.headers["content-type"].startswith("application/json")
    assert "Traceback" not in answer.body.decode()
    assert ".py" not in answer.error["message"]


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("place", ["up", "claude"])
def test_what_cannot_be_read_is_400(stage, place, name):
    """A body that is no JSON object is a 400 `invalid_request`, and the provider is not asked."""
    assert_own(stage.post(place, UNREADABLE[name], reply(completion())), 400, "invalid_request")
    assert stage.upstream.received == []
    assert still_works(stage)


@pytest.mark.parametrize("body", WRONG, ids=json.dumps)
@pytest.mark.parametrize("place", ["up", "claude"])
def test_wrong_types_are_400(stage, place, body):
    """Missing or wrongly typed messages are a 400 `invalid_request` that names the field."""
    answer = stage.post(place, body, reply(completion()))
    assert_own(answer, 400, "invalid_request")
    assert ("stream" if "stream" in body else "messages") in answer.error["message"] + str(answer.error["param"])
    assert stage.upstream.received == []


def test_depth_elsewhere_harms_nothing(stage):
    """Ten thousand brackets in an unknown field are passed on or refused, but crash nothing."""
    deep = b'{"messages":[{"role":"user","content":"hi"}],"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}"
    assert stage.post("up", deep, reply(completion())).status in {200, 400}
    assert stage.post("claude", deep, reply(completion())).status in {200, 400, 502}
    assert still_works(stage)


def test_a_hundred_thousand_keys(stage):
    """A body of many keys is no different from another."""
    body = {**ask(), "metadata": {f"k{at}": at for at in range(100_000)}}
    assert stage.post("up", body, reply(completion())).status == 200
    assert stage.sent()["metadata"] == body["metadata"]


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
def test_a_huge_body_is_refused_at_once(stage, expect):
    """A body announced beyond 64 MB is a 413 before it is sent."""
    head = b"POST /v1/mux/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    got = stage.mux.raw(head + expect + b"Content-Length: 70000000\r\n\r\n{", timeout=30)
    assert got.startswith(b"HTTP/1.1 413 ")
    error = json.loads(got.split(b"\r\n\r\n", 1)[1])["error"]
    assert {"message", "type", "param", "code"} <= set(error)
    assert "64" in error["message"]
    assert still_works(stage)


def test_a_huge_body_in_pieces_is_refused(stage):
    """A body that says no length is a 413 once it is beyond 64 MB, without waiting for its end."""
    with socket.create_connection(("127.0.0.1", stage.mux.port), 20) as sock:
        sock.sendall(CHAT + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"%x\r\n%s\r\n" % (1 << 20, b" " * (1 << 20))
        with contextlib.suppress(ConnectionError):  # it may be closed upon what still comes
            for _ in range(66):
                sock.sendall(piece)
        sock.settimeout(30)
        assert sock.recv(1000).startswith(b"HTTP/1.1 413 ")
    assert still_works(stage)


def test_a_large_body_passes(stage):
    """A body of 20 MB, as pictures make it, arrives whole."""
    body = ask("x" * 20_000_000)
    assert stage.post("up", body, reply(completion())).status == 200
    assert stage.sent()["messages"] == body["messages"]


def deflated(data):
    """As `deflate` is written by those who took it by its word."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress), ("deflate", deflated)],
)
def test_packed_bodies_are_unpacked(stage, encoding, pack):
    """A gzip or deflate body reaches the provider unpacked and without the header."""
    body = json.dumps({**ask("packed"), "model": "m1"}).encode()
    assert stage.post("up", pack(body), reply(completion()), Content_Encoding=encoding).status == 200
    assert stage.upstream.last.body == body
    assert stage.upstream.last.header("content-encoding") is None


@pytest.mark.parametrize(
    "bad", [b"not gzip", gzip.compress(json.dumps(ask()).encode())[:-9], b""], ids=["other", "cut", "empty"]
)
def test_badly_packed_bodies_are_400(stage, bad):
    """What is no whole gzip is a 400."""
    assert_own(stage.post("up", bad, reply(completion()), Content_Encoding="gzip"), 400, "invalid_request")


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "nonsense"])
def test_other_encodings_are_415(stage, encoding):
    """An encoding that is not understood is a 415."""
    answer = stage.post("up", ask(), reply(completion()), Content_Encoding=encoding)
    assert answer.status == 415
    assert answer.error["message"]
    assert stage.upstream.received == []


def test_bombs_are_413(stage):
    """A small body that unpacks beyond 64 MB is a 413, and never unpacked whole."""
    packer = zlib.compressobj(9, wbits=31)
    zeros = b"\0" * (1 << 20)
    bomb = b"".join([*(packer.compress(zeros) for _ in range(300)), packer.flush()])
    answer = stage.post("up", bomb, reply(completion()), Content_Encoding="gzip")
    assert answer.status == 413
    assert answer.error["message"]
    assert still_works(stage)


@pytest.mark.parametrize(
    "path", ["/nope", "/chat", "/chat/completions/x", "/w/up/nope", "/v1/v2/chat/completions", "/v1/other"]
)
def test_unknown_paths_are_404(stage, path):
    """An unknown path is a 404 that names it."""
    answer = stage.mux.post(path if path != "/v1/other" else "/v1/other/x", ask())
    assert answer.status == 404
    assert answer.error["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/chat/completions", "POST"),
        ("PUT", "/chat/completions", "POST"),
        ("DELETE", "/v1/mux/v1/completions", "POST"),
        ("GET", "/w/up/embeddings", "POST"),
        ("POST", "/models", "GET"),
        ("PATCH", "/health", "GET"),
    ],
)
def test_wrong_methods_are_405(stage, method, path, allowed):
    """A known path asked by the wrong method is a 405 that tells the right one."""
    answer = stage.mux.request(method, path, ask() if method != "GET" else None)
    assert answer.status == 405
    assert allowed in re.split(r",\s*", answer.headers["allow"])
    assert answer.error["message"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", "json"]
)
def test_other_content_types_are_415(stage, kind):
    """What a web page's form can send is a 415."""
    answer = stage.post("up", ask(), reply(completion()), Content_Type=kind)
    assert answer.status == 415
    assert stage.row(answer)["status"] == 415  # a client that arrived, though it asked wrongly
    assert answer.error["message"]
    assert stage.upstream.received == []


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.api+json"])
def test_json_types_pass(stage, kind):
    """Any JSON content type is read."""
    assert stage.post("up", ask(), reply(completion()), Content_Type=kind).status == 200


@pytest.mark.parametrize("more", [{"n": 2}, {"logprobs": True}])
def test_what_would_make_the_answer_a_lie_is_refused(stage, more):
    """What Anthropic cannot do is a 400 `unsupported_parameter` there, and no matter elsewhere."""
    answer = stage.post("claude", ask(**more), reply(completion()))
    assert_own(answer, 400, "unsupported_parameter")
    assert next(iter(more)) in answer.error["message"]
    assert stage.upstream.received == []
    assert stage.post("up", ask(**more), reply(completion())).status == 200


def test_no_rule_is_no_route(stage):
    """Without a rule that matches, the answer names the workspace and the command that adds one."""
    answer = stage.mux.post("/w/bare/chat/completions", ask())
    assert_own(answer, 400, "no_route")
    assert "bare" in answer.error["message"]
    assert "mux-sidecar rule" in answer.error["message"]


def test_a_missing_key_is_told(stage):
    """Without its key a provider is not asked: the answer names it and the variable."""
    answer = stage.post("nokey", ask(), reply(completion()))
    assert_own(answer, 400, "provider_key_missing")
    assert "nokey" in answer.error["message"]
    assert "NOWHERE_KEY" in answer.error["message"]
    assert stage.upstream.received == []


def test_a_key_that_was_never_given_is_told(stage):
    """A provider that wants a key and has none is not asked either, unless a header holds it."""
    where = ["--type", "openai", "--endpoint", f"{stage.upstream.url}/v1", "--offline", "--auth", "api_key"]
    for name, more in (("unkeyed", []), ("by-header", ["--header", "Authorization=env:UP_KEY"])):
        stage.mux.cli("provider", "add", name, *where, "--model", "m1", *more)
        stage.mux.cli("workspace", "add", name)
        stage.mux.cli("rule", "default", f"{name}/m1", "-w", name)
    stage.upstream.script(reply(completion()))
    answer = stage.mux.post("/w/unkeyed/chat/completions", ask())
    assert_own(answer, 400, "provider_key_missing")
    assert "mux-sidecar provider edit unkeyed --api-key-stdin" in answer.error["message"]
    assert stage.upstream.received == []
    assert stage.mux.post("/w/by-header/chat/completions", ask()).status == 200


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_provider_that_is_down(stage, closed_port, kind, streamed):
    """A refused connection is a 502 `connect_refused` within a second, which names the provider."""
    name = f"down-{kind}-{streamed}"
    endpoint = f"http://127.0.0.1:{closed_port}"
    stage.mux.cli("provider", "add", name, "--type", kind, "--endpoint", endpoint, "--offline", "--model", "m1")
    stage.mux.cli("workspace", "add", name)
    stage.mux.cli("rule", "default", f"{name}/m1", "-w", name)
    stage.upstream.script()
    answer = stage.mux.post(f"/w/{name}/chat/completions", ask(stream=streamed))
    if kind == "anthropic" and answer.status == 400:
        assert answer.error["code"] == "provider_key_missing"  # its type wants a key: nothing to ask without
        return
    assert_own(answer, 502, "connect_refused")
    assert answer.error["type"] == "upstream_connection_error"
    assert name in answer.error["message"]
    assert answer.seconds < AT_ONCE
    assert stage.row(answer)["outcome"] == "error"


def test_a_host_that_nobody_knows(stage):
    """A name that does not resolve is a 502 `dns`, which names the provider."""
    endpoint = "https://no-such-host.invalid/v1"
    stage.mux.cli("provider", "add", "lost", "--type", "openai", "--endpoint", endpoint, "--offline", "--model", "m1")
    stage.mux.cli("workspace", "add", "lost")
    stage.mux.cli("rule", "default", "lost/m1", "-w", "lost")
    answer = stage.mux.post("/w/lost/chat/completions", ask())
    assert_own(answer, 502, "dns")
    assert "lost" in answer.error["message"]


def test_a_certificate_that_nobody_vouches_for(fresh_mux, other_upstream, tmp_path):
    """A host whose certificate is not trusted is a 502 `tls`, and gets no byte of the request."""
    other_upstream.tls = certify(tmp_path)[1]
    mux = fresh_mux(HTTPS_PROXY=other_upstream.url, https_proxy=other_upstream.url)
    where = ["--type", "openai", "--endpoint", f"https://{FAR}/v1", "--api-key-env", "UP_KEY"]
    mux.cli("provider", "add", "far", *where, "--offline", "--model", "m1")
    mux.cli("rule", "default", "far/m1")
    other_upstream.script(reply(completion()))
    answer = mux.start().post("/chat/completions", ask())
    assert_own(answer, 502, "tls")
    assert "far" in answer.error["message"]
    assert other_upstream.received == []


OPENAI_ERRORS = {
    400: {"message": "bad", "type": "invalid_request_error", "param": "messages", "code": None},
    401: {
        "message": f"Incorrect API key provided: {KEYS['UP_KEY']}.",
        "type": "x",
        "param": None,
        "code": "invalid_api_key",
    },
    402: {"message": "no credit", "code": 402},
    403: {"message": "not yours"},
    404: {"message": "no such model", "type": "invalid_request_error", "param": None, "code": "model_not_found"},
    409: {"message": "conflict"},
    413: {"message": "too much"},
    422: {"message": "hm", "type": "own_type", "own": {"a": 1}},
    429: {"message": "slowly", "type": "requests", "param": None, "code": "rate_limit_exceeded"},
    500: {"message": "oops"},
    503: {"message": "busy"},
    529: {"message": "overloaded"},
}


@pytest.mark.parametrize("status", OPENAI_ERRORS)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_provider_s_error_is_kept_on_its_wire(stage, status, streamed):
    """On the same wire status and error object stay as they are, completed, and without our key."""
    own = OPENAI_ERRORS[status]
    headers = {"retry-after": "7", "x-ratelimit-remaining-requests": "3"}
    answer = stage.post("up", ask(stream=streamed), reply({"error": own}, status=status, headers=headers))
    assert answer.status == status
    kept = {key: value for key, value in own.items() if status != 401 or key != "message"}
    assert {key: answer.error[key] for key in kept} == kept
    assert KEYS["UP_KEY"] not in answer.body.decode()
    assert (answer.headers["retry-after"], answer.headers["x-ratelimit-remaining-requests"]) == ("7", "3")
    assert len(stage.upstream.received) == 1
    assert stage.row(answer)["outcome"] == "error"
    assert KEYS["UP_KEY"] not in json.dumps(stage.row(answer))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"error": "Unauthorized"}', "Unauthorized"),
        (b'{"object":"error","message":"boom","type":"BadRequestError","param":null,"code":400}', "boom"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"message": "boom"}', "boom"),
        (b"upstream connect error", "upstream connect error"),
        (b"<html><body>Bad Gateway</body></html>", ""),
        (b"", ""),
        (b'{"error": null}', ""),
        (b"[]", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_any_error_body_becomes_an_error_object(stage, body, says):
    """Whatever a provider says with its status, the client gets the status, an error object, and its words."""
    answer = stage.post("up", ask(), reply(body, status=503, headers={"content-type": "text/plain"}))
    assert answer.status == 503
    assert says in answer.error["message"]


@pytest.mark.parametrize("place", ["up", "claude"])
def test_an_error_in_a_200_is_an_error(stage, place):
    """A 200 that carries an error instead of an answer is not passed off as one."""
    answer = stage.post(
        place, ask(), reply({"error": {"message": "boom", "code": 502, "type": "api_error"}, "type": "error"})
    )
    assert answer.status >= 400
    assert "boom" in answer.error["message"]


CLAUDE_ERRORS = [
    (400, "invalid_request_error", "hm", (400, "invalid_request_error", None)),
    (
        400,
        "invalid_request_error",
        "prompt is too long: 9 > 8",
        (400, "invalid_request_error", "context_length_exceeded"),
    ),
    (
        400,
        "invalid_request_error",
        "input length and `max_tokens` exceed context limit: 9 + 9 > 8",
        (400, "invalid_request_error", "context_length_exceeded"),
    ),
    (401, "authentication_error", "invalid x-api-key", (401, "authentication_error", "invalid_api_key")),
    (402, "billing_error", "pay", (402, None, "insufficient_quota")),
    (403, "permission_error", "no", (403, "permission_error", None)),
    (404, "not_found_error", "model: x", (404, "invalid_request_error", "model_not_found")),
    (408, "timeout_error", "slow", (504, "timeout_error", "upstream_timeout")),
    (504, "timeout_error", "slow", (504, "timeout_error", "upstream_timeout")),
    (413, "request_too_large", "big", (413, None, "request_too_large")),
    (429, "rate_limit_error", "slowly", (429, "rate_limit_error", "rate_limit_exceeded")),
    (500, "api_error", "oops", (502, "api_error", None)),
    (529, "overloaded_error", "Overloaded", (503, "overloaded_error", None)),
]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("status", "kind", "message", "told"), CLAUDE_ERRORS, ids=lambda value: str(value)[:20])
def test_anthropic_s_errors_are_translated(stage, status, kind, message, told, streamed):
    """An Anthropic error reaches an OpenAI client by the status, type and code that its SDK understands."""
    error = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    answer = stage.post("claude", ask(stream=streamed), reply(error, status=status))
    own_status, own_type, code = told
    assert answer.status == own_status
    assert message in answer.error["message"]
    assert own_type in {None, answer.error["type"]}
    assert code in {None, answer.error["code"]}
    if status in {400, 401, 402, 403, 404, 408, 413, 504}:
        assert answer.headers["x-should-retry"] == "false"
    if status == 529:
        assert "529" in answer.error["message"]
    if status in {401, 403}:
        assert "claude" in answer.error["message"]
        assert "key" in answer.error["message"]
    assert len(stage.upstream.received) == 1


@pytest.mark.parametrize("place", ["up", "claude"])
@pytest.mark.parametrize(
    ("said", "told"),
    [("7", {"7"}), ("0", {"0"}), ("nonsense", {None}), ("-5", {None, "0"}), ("nan", {None}), ("7\t", {"7"})],
)
def test_retry_after_is_copied_where_it_makes_sense(stage, place, said, told):
    """`retry-after` is copied, and left out where it is nonsense."""
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": "slowly"}}
    answer = stage.post(place, ask(), reply(error, status=429, headers={"retry-after": said}))
    assert answer.headers["retry-after"] in told


@pytest.mark.parametrize("place", ["up", "claude"])
def test_retry_after_is_capped(stage, place):
    """A provider cannot send a client to sleep for thirty years."""
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": "slowly"}}
    answer = stage.post(place, ask(), reply(error, status=429, headers={"retry-after": "1000000000"}))
    assert float(answer.headers["retry-after"] or 0) <= 86_400


def test_rate_limits_are_translated(stage):
    """Anthropic's rate limits reach an OpenAI client under OpenAI's names, the reset as a duration."""
    limits = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "3",
        "anthropic-ratelimit-tokens-remaining": "900",
        "anthropic-ratelimit-requests-reset": "2020-01-01T00:00:00Z",
        "retry-after-ms": "1500",
    }
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": "slowly"}}
    headers = stage.post("claude", ask(), reply(error, status=429, headers=limits)).headers
    assert (headers["x-ratelimit-limit-requests"], headers["x-ratelimit-remaining-requests"]) == ("50", "3")
    assert headers["x-ratelimit-remaining-tokens"] == "900"
    assert re.fullmatch(r"(\d+(\.\d+)?(ms|h|m|s))+", headers["x-ratelimit-reset-requests"])
    assert headers["retry-after-ms"] == "1500"


@pytest.mark.parametrize("place", ["up", "claude"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(stage, other_upstream, place, status):
    """A redirect is an error: our key goes nowhere but to the provider."""
    other_upstream.script(reply(completion()))
    answer = stage.post(place, ask(), reply(b"", status=status, headers={"location": f"{other_upstream.url}/v1/x"}))
    assert answer.status == 502
    assert place in answer.error["message"]
    assert other_upstream.received == []
    assert len(stage.upstream.received) == 1


@pytest.mark.parametrize("place", ["up", "claude"])
def test_the_key_never_stands_in_an_error(stage, place):
    """However a provider echoes our key, the client does not see it."""
    key = KEYS[PLACES[place][2]]
    for body in (
        f"bad key {key}",
        json.dumps({"error": f"Bearer {key}"}),
        json.dumps({"error": {"message": key, "own": key}}),
    ):
        answer = stage.post(place, ask(), reply(body.encode(), status=401))
        assert key not in answer.body.decode()
        assert key not in str(answer.headers)
    assert key not in stage.mux.stderr


def test_the_key_never_stands_in_a_broken_stream(stage):
    """An error in the midst of a stream does not show our key either."""
    told = json.dumps({"error": {"message": f"key {KEYS['UP_KEY']} expired"}})
    answer = stage.post("up", ask(stream=True), stream({"choices": [{"index": 0, "delta": {"content": "a"}}]}, told))
    assert KEYS["UP_KEY"] not in answer.body.decode()
    assert "error" in answer.chunks[-1]


SMUGGLED = [
    CHAT + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    CHAT + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    CHAT + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    CHAT + b"Content-Length: -1\r\n\r\n",
    b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent Length: 1\r\n\r\n",
    b"nonsense\r\n\r\n",
]


@pytest.mark.skipif(os.name == "nt", reason="Windows resets a connection whose data was not read")
@pytest.mark.parametrize("head", SMUGGLED)
def test_smuggled_requests_are_400(stage, head):
    """What two servers could read in two ways is a 400, and the connection ends."""
    stage.upstream.script(reply(completion()))
    got = stage.mux.raw(head)
    assert re.findall(rb"HTTP/1\.[01] (\d+)", got) == [b"400"]
    assert stage.upstream.received == []


@pytest.mark.parametrize(
    ("path", "headers", "status", "limit"),
    [
        ("/chat/completions", {"Authorization": "Bearer " + "x" * 100_000}, 431, "65,536"),
        ("/chat/completions", {f"X-Number-{number}": "1" for number in range(200)}, 431, "128"),
        (f"/chat/completions?q={'x' * 20_000}", {}, 414, "16,384"),
    ],
    ids=["field", "fields", "target"],
)
def test_a_head_beyond_the_limits_is_told(stage, path, headers, status, limit):
    """A head beyond what is read is an error that names the limit, not a closed connection."""
    answer = stage.mux.request("POST", path, ask(), headers)
    assert (answer.status, answer.error["code"]) == (status, "request_too_large")
    assert limit in answer.error["message"]
    assert "xxx" not in answer.error["message"]


def test_a_model_that_is_gone(stage, fresh_mux):
    """A model that its provider no longer lists is a 400 `model_gone` that names it, once the list is fetched anew."""
    own = Upstream()
    own.models = ["stays", "goes"]
    mux = fresh_mux()
    try:
        mux.cli("provider", "add", "moving", "--type", "openai", "--endpoint", f"{own.url}/v1")
        mux.cli("rule", "default", "moving/goes")
        mux.start()
        own.script(reply(completion()))
        assert mux.post("/chat/completions", ask()).status == 200
        own.models = ["stays"]
        mux.cli("provider", "refresh", "moving")
        answer = mux.post("/chat/completions", ask())
        assert_own(answer, 400, "model_gone")
        assert "goes" in answer.error["message"]
        assert "moving" in answer.error["message"]
        assert len(own.received) == 1
    finally:
        own.close()
