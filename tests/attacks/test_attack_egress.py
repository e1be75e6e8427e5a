"""What a request, a file or a provider can make the mux do to others: fetch, connect, send headers."""

import json

import pytest
from mux import Mux
from said import ask, claude, completion
from upstream import reply


@pytest.mark.parametrize("place", ["up", "claude"])
@pytest.mark.parametrize("rest", ["/chat/completions", "/messages", "/responses"])
def test_no_address_of_a_client_is_fetched(stage, other_upstream, place, rest):
    """Pictures and files by URL go to the provider as URLs, or are refused: the mux asks nobody for them."""
    url = f"{other_upstream.url}/picture.png"
    parts = {
        "/chat/completions": [
            {"type": "image_url", "image_url": {"url": url}},
            {"type": "image_url", "image_url": url},
        ],
        "/messages": [
            {"type": "image", "source": {"type": "url", "url": url}},
            {"type": "document", "source": {"type": "url", "url": url}},
        ],
        "/responses": [{"type": "input_image", "image_url": url}, {"type": "input_file", "file_url": url}],
    }[rest]
    path = stage.path(place, rest)
    for part in parts:
        message = {"role": "user", "content": [part]}
        body = {"input": [message]} if rest == "/responses" else {"messages": [message], "max_tokens": 5}
        stage.upstream.script(reply(claude("ok") if place == "claude" else completion()))
        assert stage.mux.post(path, body).status in (200, 400, 404, 502)
    assert other_upstream.connections == 0


BLOCKED = [
    "http://169.254.169.254/latest/meta-data",
    "http://[fe80::1]/v1",
    "http://[fd00:ec2::254]/v1",
    "http://[::ffff:169.254.169.254]/v1",
    "http://0xa9fea9fe/v1",
    "http://2852039166/v1",
    "file:///etc/passwd",
    "gopher://127.0.0.1:70/",
    "http://user:password@127.0.0.1:1/v1",
]


@pytest.mark.parametrize("endpoint", BLOCKED)
def test_no_provider_is_where_none_can_be(bare, endpoint):
    """Link-local and metadata addresses, however spelt, other schemes and user information are refused."""
    refusal = added(bare, endpoint=endpoint)
    if refusal is None:  # a name that is an address only to the system: refused when it is connected to
        bare.rpc("mux/rule/add", filter="", provider="x", model="m1")
        assert bare.post("/chat/completions", ask()).error["code"] in ("blocked_address", "dns")
        bare.rpc("mux/provider/remove", name="x", force=True)
        return
    assert refusal["data"]["field"] == "endpoint"
    assert "user:password" not in refusal["message"]
    assert bare.rpc("mux/provider/list") == []


def added(mux, **more):
    """The error of adding a provider, None if it was added."""
    params = {"name": "x", "type": "openai", "auth": "none", "models": ["m1"], "offline": True, **more}
    call = {"jsonrpc": "2.0", "id": 1, "method": "mux/provider/add", "params": params}
    answer = mux.request("POST", "/rpc", call, {"authorization": f"Bearer {mux.token()}"})
    return answer.json().get("error")


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A mux without a provider."""
    mux = Mux(tmp_path_factory.mktemp("bare") / "home")
    yield mux.start()
    mux.stop()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "b\r\nX-Evil: 1"),
        ("X-A", "b\nX-Evil: 1"),
        ("X-A", "b\rX-Evil: 1"),
        ("X-A", "\0"),
        ("X-A\r\nX-Evil", "1"),
        ("X A", "b"),
        ("", "b"),
        ("Host", "evil.example"),
    ],
)
def test_no_header_holds_another(bare, name, value):
    """A configured header with a line break, or a name that cannot be, is refused."""
    assert added(bare, endpoint="http://127.0.0.1:1/v1", headers={name: value})["data"]["field"] == "headers"
    assert bare.rpc("mux/provider/list") == []


def test_a_model_s_name_holds_no_header(fresh_mux, other_upstream):
    """A provider that lists a model with a line break in its name adds no header to our answers or requests."""
    name = "m\r\nX-Evil: 1\u202e"
    other_upstream.models = [name]
    mux = fresh_mux()
    mux.cli("provider", "add", "up", "--type", "openai", "--endpoint", f"{other_upstream.url}/v1", "--auth", "none")
    mux.start()
    listed = [model["name"] for model in mux.json("provider", "models", "up")]
    if name not in listed:
        return
    mux.rpc("mux/rule/add", filter="", provider="up", model=name)
    other_upstream.script(reply(completion()))
    answer = mux.post("/chat/completions", ask())
    assert answer.status == 200
    assert "x-evil" not in answer.headers
    assert other_upstream.last.header("x-evil") is None


@pytest.mark.parametrize("value", ["a\rX-Evil: 1", "caf\u00e9", "a\x00b", "x" * 60_000])
def test_a_provider_s_header_is_passed_whole_or_not(stage, value):
    """What a provider puts in a header that is passed on neither breaks our answer nor adds to it."""
    answer = stage.post("up", ask(), reply({"error": {"message": "no"}}, status=429, headers={"x-request-id": value}))
    assert answer.status in (429, 502)
    assert answer.error["message"]
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize(
    "name", ["set-cookie", "access-control-allow-origin", "connection", "x-evil", "location", "server"]
)
def test_a_provider_s_other_headers_stay_behind(stage, name):
    """Cookies, cross-origin leave and whatever else is not for the client do not reach it, with an error neither."""
    for status in (200, 400):
        answer = stage.post("up", ask(), reply(completion(), status=status, headers={name: "evil"}))
        assert "evil" not in str(answer.headers)


def test_an_imported_workspace_brings_no_provider(bare, tmp_path):
    """A document from a repository adds rules by name, and neither provider nor address nor key."""
    rule = {"filter": "", "kind": "any", "provider": "evil", "providerType": "openai", "model": "m1"}
    more = {"endpoint": "http://evil.example/v1", "apiKey": "sk-evil", "headers": {"X": "y"}}
    document = {
        "mux": 1,
        "name": "evil",
        "scope": "turn",
        "rules": [rule | {"type": "openai"} | more],
        "providers": [{"name": "evil", "type": "openai", **more}],
    }
    (tmp_path / "evil.json").write_text(json.dumps(document), "utf-8")
    bare.cli("workspace", "import", str(tmp_path / "evil.json"), check=False)
    assert bare.json("provider", "list") == []
    assert "evil.example" not in json.dumps(bare.json("workspace", "list"))
