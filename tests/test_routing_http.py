"""Which provider a request gets, asked over HTTP: rules, kinds, workspaces, and changes from elsewhere."""

import pytest
from mux import Mux
from said import ask, chunk, chunks
from upstream import stream

TS = "Explain:\n```ts src/app.ts\nlet a = 1\n```\n"
MD = "Explain:\n```md docs/guide.md\n# Guide\n```\n"
BOTH = f"{TS}\n{MD}"


@pytest.fixture(scope="module")
def mux(tmp_path_factory):
    """A mux with echo providers of four names, and the rules of the tests."""
    mux = Mux(tmp_path_factory.mktemp("routing") / "home")
    for name in ("words", "code", "all", "fim"):
        mux.cli("provider", "add", name, "--type", "echo")
    mux.cli("rule", "add", "--filter", ".md", "--model", "words/echo")
    mux.cli("rule", "add", "--filter", ".ts", "--model", "code/echo")
    mux.cli("rule", "default", "all/echo")
    mux.cli("workspace", "add", "kinds")
    mux.cli("rule", "add", "--filter", ".ts", "--kind", "chat", "--model", "words/echo", "-w", "kinds")
    mux.cli("rule", "add", "--filter", ".ts", "--kind", "fim", "--model", "code/echo", "-w", "kinds")
    mux.cli("rule", "add", "--filter", "", "--kind", "fim", "--model", "fim/echo", "-w", "kinds")
    mux.cli("rule", "add", "--filter", "", "--kind", "embed", "--model", "all/echo", "-w", "kinds")
    yield mux.start()
    mux.stop()


def served(mux, text, path="/chat/completions"):
    """Which provider served it, by which rule."""
    answer = mux.post(path, ask(text))
    assert answer.status == 200, answer.body
    return answer.headers["x-mux-provider"], answer.headers["x-mux-rule"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MD, ("words", ".md")),
        (TS, ("code", ".ts")),
        (BOTH, ("words", ".md")),
        ("hi", ("all", "*")),
        ("What is node.js good for, e.g. in v1.2.3?", ("all", "*")),
        ("Explain src/APP.TSX please", ("code", ".ts")),
        ("```py my.ts/main.py\nx\n```", ("all", "*")),
    ],
)
def test_the_first_rule_that_matches_a_file_serves(mux, text, expected):
    """The first rule that matches any file of the prompt decides; the catch-all takes the rest."""
    assert served(mux, text) == expected


def test_the_echo_says_what_it_was_asked(mux):
    """The echo provider answers with what it was asked, streamed or not."""
    assert "marmalade" in mux.post("/chat/completions", ask("marmalade")).json()["choices"][0]["message"]["content"]
    streamed = mux.post("/chat/completions", ask("marmalade", stream=True))
    assert "marmalade" in streamed.text
    assert streamed.finish == ["stop"]


def test_the_turn_decides(mux):
    """The newest turn that names a file decides, not those before it."""
    messages = [
        {"role": "user", "content": TS},
        {"role": "assistant", "content": "done"},
        {"role": "user", "content": MD},
        {"role": "assistant", "content": "done"},
        {"role": "user", "content": "thanks, go on"},
    ]
    assert mux.post("/chat/completions", {"messages": messages}).headers["x-mux-provider"] == "words"


def test_a_conversation_may_decide(mux):
    """With the scope `conversation`, files of earlier turns count as well."""
    messages = [
        {"role": "user", "content": MD},
        {"role": "assistant", "content": "done"},
        {"role": "user", "content": TS},
    ]
    assert mux.post("/chat/completions", {"messages": messages}).headers["x-mux-provider"] == "code"
    mux.cli("workspace", "edit", "default", "--scope", "conversation")
    try:
        assert mux.post("/chat/completions", {"messages": messages}).headers["x-mux-provider"] == "words"
    finally:
        mux.cli("workspace", "edit", "default", "--scope", "turn")


def test_kinds_go_their_own_way(mux):
    """Chat, completion and embedding each take the rules of their kind."""
    prompt = {"prompt": "# app.ts\nlet a = ", "suffix": ";"}
    assert served(mux, TS, "/w/kinds/chat/completions") == ("words", ".ts")
    fim = mux.post("/w/kinds/completions", prompt)
    assert fim.headers["x-mux-provider"] in {"code", "fim"}
    bare = mux.post("/w/kinds/completions", {"prompt": "let a = ", "suffix": ";"})
    assert (bare.status, bare.headers["x-mux-provider"]) == (200, "fim")
    embedded = mux.post("/w/kinds/embeddings", {"input": TS})
    assert (embedded.headers["x-mux-provider"], embedded.headers["x-mux-rule"]) == ("all", "*")
    none = mux.post("/w/kinds/chat/completions", ask("hi"))
    assert (none.status, none.error["code"]) == (400, "no_route")


def test_any_serves_chat_and_fim(mux):
    """A rule of kind `any` takes chat and completions, and no embeddings."""
    assert mux.post("/completions", {"prompt": "a", "suffix": "b"}).headers["x-mux-provider"] == "all"
    answer = mux.post("/embeddings", {"input": "a"})
    assert (answer.status, answer.error["code"]) == (400, "no_route")


def test_a_switch_holds_for_the_next_request(mux):
    """The next request after a switch of the workspace, made by another process, is the new workspace's."""
    mux.cli("workspace", "add", "second")
    mux.cli("rule", "default", "fim/echo", "-w", "second")
    for _ in range(2):
        mux.cli("workspace", "use", "second")
        assert served(mux, MD) == ("fim", "*")
        assert mux.get("/health").json()["workspace"] == "second"
        assert [model["id"] for model in mux.get("/models").json()["data"]] == ["mux", "fim/echo"]
        mux.cli("workspace", "use", "default")
        assert served(mux, MD) == ("words", ".md")
    mux.cli("workspace", "remove", "second")
    assert mux.post("/w/second/chat/completions", ask()).error["code"] == "workspace_unknown"


def test_rules_of_another_process_hold_at_once(mux):
    """A rule added, moved or removed by another process holds for the next request."""
    assert served(mux, "see main.go") == ("all", "*")
    mux.cli("rule", "add", "--filter", ".go", "--model", "code/echo")
    position = next(rule["position"] for rule in mux.json("rule", "list") if rule["filter"] == ".go")
    try:
        assert served(mux, "see main.go") == ("code", ".go")
        assert served(mux, f"{MD} and main.go") == ("words", ".md")
        mux.cli("rule", "move", str(position), "1")
        assert served(mux, f"{MD} and main.go") == ("code", ".go")
        position = 1
    finally:
        mux.cli("rule", "remove", str(position))
    assert served(mux, "see main.go") == ("all", "*")


def test_explain_and_endpoint_agree(mux):
    """`explain` tells the same route as the endpoint takes."""
    for file in ("docs/guide.md", "src/app.ts", "main.go"):
        route = mux.json("explain", file)["route"]
        assert (route["provider"], route["filter"] or "*") == served(mux, f"```x {file}\ny\n```")


def test_a_provider_removed_by_force_serves_nothing(mux):
    """A rule whose provider was removed by force is an error that names it, never another rule's provider."""
    mux.cli("provider", "add", "brief", "--type", "echo")
    mux.cli("workspace", "add", "broken")
    mux.cli("rule", "add", "--filter", ".md", "--model", "brief/echo", "-w", "broken")
    mux.cli("rule", "default", "all/echo", "-w", "broken")
    refused = mux.cli("provider", "remove", "brief", check=False)
    assert refused.returncode == 1
    assert "broken" in refused.stderr
    assert served(mux, MD, "/w/broken/chat/completions") == ("brief", ".md")
    mux.cli("provider", "remove", "brief", "--force")
    answer = mux.post("/w/broken/chat/completions", ask(MD))
    assert answer.status == 400
    assert answer.error["code"] in {"model_gone", "no_route"}
    assert "brief" in answer.error["message"]
    assert mux.json("rule", "list", "-w", "broken")[0]["broken"]
    assert served(mux, "hi", "/w/broken/chat/completions") == ("all", "*")


def test_a_renamed_workspace_goes_by_its_new_name(mux):
    """A renamed workspace is found by its new name, and by the old one no more."""
    mux.cli("workspace", "add", "before")
    mux.cli("rule", "default", "all/echo", "-w", "before")
    mux.cli("workspace", "rename", "before", "after")
    assert served(mux, "hi", "/w/after/chat/completions") == ("all", "*")
    assert mux.post("/w/before/chat/completions", ask()).error["code"] == "workspace_unknown"


def test_a_stream_ends_on_the_rules_it_began_with(stage):
    """A rule changed during a stream holds from the next request on; the stream goes on."""
    told = [chunk(role="assistant", content=""), 1.5, *chunks("whole"), "[DONE]"]
    stage.mux.cli("workspace", "add", "changing")
    stage.mux.cli("rule", "default", f"{stage.at('up')}/m1", "-w", "changing")
    stage.upstream.script(stream(*told))
    with stage.mux.open("POST", "/w/changing/chat/completions", ask(stream=True)) as got:
        stage.mux.cli("rule", "remove", "1", "-w", "changing")
        assert stage.mux.post("/w/changing/chat/completions", ask()).error["code"] == "no_route"
        rest = got.answer.read()
    assert b"whole" in rest
    assert rest.endswith(b"data: [DONE]\n\n")
