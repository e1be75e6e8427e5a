"""The current turn, tool calls, kinds and titles, the memory, and requests of any shape."""

import msgspec
import pytest
from conversations import SYSTEM, assistant, call, context, fields, files, result, user
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.dialects.incoming import read
from sidecar.routing.files import LARGE, Finder, files_in
from sidecar.routing.looking import Costly, Look


def test_only_the_current_turn_counts():
    """What earlier turns and the assistant named is not in context."""
    assert files(user("fix a.py"), assistant("see b.py"), user("now c.py")) == ["c.py"]


def test_a_turn_without_names_takes_the_newest_that_has_any():
    """A follow-up is about what was spoken of before."""
    found = files(
        user("fix a.py"), assistant("ok"), user("b.py"), call("read", path="c.py"), assistant("d.py"), user("go on")
    )
    assert found == ["b.py", "c.py"]


def test_the_turn_grows_with_the_tools():
    """Files that tools read, edit or write join the turn; listings, searches and results do not."""
    found = files(
        user("find the bug"),
        call("glob", pattern="**/*.py", path="src/x.d"),
        result("a.py"),
        call("grep_search", query="b.py", includePattern="*.py"),
        result("c.py"),
        call("read_file", filePath="/w/d.py"),
        call("multi_edit", files=[{"path": "e.py", "edits": [{"old": "f.py"}]}]),
        call("bash", command="cd /w && cat g.py | head > h.txt; ls i.py"),
        call("bash", command="cat > j.py <<'EOF'\nopen('k.py')\nEOF"),
        call("run_commands", commands=["ls -la", "sed -i 's/l.py/m.py/' n.py"]),
    )
    assert found == ["/w/d.py", "e.py", "g.py", "h.txt", "j.py", "n.py"]


def test_the_whole_conversation_can_count():
    """A workspace may choose all files that travel to the model."""
    messages = [SYSTEM, user("fix a.py"), call("read", path="b.py"), result("x"), user("now c.py")]
    assert context({"messages": messages}, scope="conversation").files == ("a.py", "b.py", "c.py")


@pytest.mark.parametrize("arguments", ['{"path": "a.p', "", "[]", "null", '{"path": 3}', '{"path": ["', 7, None, []])
def test_broken_arguments_name_nothing(arguments):
    """Arguments that are no object, or no JSON, are passed over."""
    broken = {"role": "assistant", "tool_calls": [{"function": {"name": "read", "arguments": arguments}}]}
    assert files(user("fix b.py"), broken) == ["b.py"]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("<fim_prefix># Path: b.py\n# import c.py\n# src/a.py\ndef f(<fim_suffix>)<fim_middle>", ["src/a.py"]),
        ("<|fim_prefix|>// src/a.rs\n// TODO: see b.rs\nfn <|fim_suffix|><|fim_middle|>", ["src/a.rs"]),
        (
            "<|repo_name|>x\n<|file_sep|>b.go\ny\n<|file_sep|>a.go\n<|fim_prefix|>z<|fim_suffix|><|fim_middle|>",
            ["a.go"],
        ),
        ("[SUFFIX]\n[PREFIX]+++++ b.java \nx\n\n+++++ A.java\nclass ", ["A.java"]),
        ("<PRE> # File uri: file:///w/a.py (python) \ndef f( <SUF>) <MID>", ["/w/a.py"]),
        ("<fim_prefix><!-- web/a.html -->\n<b><fim_suffix><fim_middle>", ["web/a.html"]),
        ("<|fim_prefix|># language: python\ndef f(<|fim_suffix|>)<|fim_middle|>", []),
        ("<|fim_prefix|>open('b.py')<|fim_suffix|><|fim_middle|>", []),
        ("Explain src/a.py", ["src/a.py"]),
    ],
)
def test_completion_prompts(prompt, expected):
    """The file being completed counts, other snippets and the code do not."""
    found = context({"prompt": prompt}, "completions")
    assert (list(found.files), found.kind) == (expected, "fim")


def test_kinds():
    """Embeddings are embed, completions and hole fillers in chat are fim, the rest is chat."""
    hole = "You are a HOLE FILLER.\n<QUERY>\nx\n</QUERY>\n<QUERY>\n# src/a.py\ndef f({{FILL_HERE}})\n</QUERY>"
    assert context({"input": "see a.py"}, "embeddings").kind == "embed"
    found = context({"messages": [user(hole)]})
    assert (found.kind, found.files) == ("fim", ("src/a.py",))
    assert context({"messages": [user("hello")]}).kind == "chat"


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("fix it\nplease", "fix it"),
        ("<environment_details>\nx\n</environment_details>\n<task>\nmake it fast\n</task>", "make it fast"),
        ("```py a.py\nx\n```\nwhy is it slow?", "why is it slow?"),
        ("w" * 200, "w" * 79 + "…"),
    ],
)
def test_titles(message, title):
    """The title is the first line of the user's own words, at most 80 characters."""
    assert context({"messages": [user(message)]}).title == title


DIFF = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b"


@pytest.mark.parametrize(
    ("pasted", "title"),
    [
        (DIFF, "diff --git a/x.py b/x.py"),
        (f"```diff\n{DIFF}\n```", "diff --git a/x.py b/x.py"),
        ('<file path="x.py">\n\nx = 1\n</file>', "x = 1"),
        ("```\n```", ""),
    ],
)
def test_what_is_only_pasted_has_a_title_too(pasted, title):
    """Where nobody says a word, the first line of what was pasted tells the request from others."""
    assert context({"messages": [user(pasted)]}).title == title
    assert context({"messages": [user(pasted), user("Why?")]}).title == "Why?"


def test_a_text_seen_before_is_not_read_again():
    """What was found in a message is remembered by its bytes, and only what is new is read."""
    finder = Finder()
    history = [SYSTEM, user("fix a.py"), call("read", path="b.py"), result("x")]
    context({"messages": history}, finder=finder)
    seen = len(finder.memory)
    assert context({"messages": history}, finder=finder).files == ("a.py", "b.py")
    assert len(finder.memory) == seen
    assert context({"messages": [*history, user("c.py")]}, finder=finder).files == ("c.py",)
    assert len(finder.memory) == seen + 1


def test_messages_at_hand_are_not_read_again():
    """Whoever has the messages already gives them along, and the files are the same; results are not remembered."""
    body = {"messages": [user("fix a.py"), call("read", path="b.py"), result("see c.py\n" * 9_000), assistant("ok")]}
    incoming = read("chat", msgspec.json.encode(body))
    finder = Finder()
    found = finder.context("chat", {}, look=Look(most=LARGE), messages=incoming.messages)
    assert found == context(body)
    assert found.files == ("a.py", "b.py")
    assert len(finder.memory) == 3


def test_the_memory_is_bounded():
    """The longest unused message is forgotten first."""
    finder = Finder()
    finder.memory.size = 4
    for number in range(20):
        context({"messages": [user(f"fix a{number}.py")]}, finder=finder)
    assert len(finder.memory) == 4


def is_costly(finder, dialect, members):
    """Whether a thread is to find the files."""
    try:
        finder.context(dialect, members, look=Look(most=LARGE))
    except Costly:
        return True
    return False


def test_a_large_unseen_text_is_costly_once():
    """Whoever asks is told to use a thread for a large new text, and not for one seen before, or before the turn."""
    finder = Finder()
    large = fields({"messages": [user("x " * LARGE)]})
    assert is_costly(finder, "chat", large)
    finder.context("chat", large)
    assert not is_costly(finder, "chat", large)
    before = [user("y " * LARGE), assistant("ok")]
    assert not is_costly(finder, "chat", fields({"messages": [*before, user("and b.py?")]}))
    assert is_costly(finder, "chat", fields({"messages": [*before, user("and?")]}))  # the earlier one counts
    assert is_costly(finder, "completions", fields({"prompt": "x" * LARGE}))
    assert not is_costly(finder, "chat", {})


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from(["user", "text", "tool_use", "a.py"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "type", "text", "tool_calls", "function", "arguments", "input", "name", "path"]
            ),
            inner,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(json_values, st.sampled_from(["chat", "messages", "responses", "completions", "embeddings"]))
def test_any_shape_is_read(value, dialect):
    """No request of whatever shape raises; at worst it names no file."""
    body = dict.fromkeys(("messages", "input", "prompt", "system", "instructions"), value)
    members = fields(body)
    found = Finder().context(dialect, members)
    assert all(isinstance(name, str) for name in found.files)
    is_costly(Finder(), dialect, members)
    Finder().context(dialect, {key: msgspec.Raw(b"{broken") for key in body}, "conversation")


PIECES = [
    "a",
    "/",
    ".",
    "`",
    "```\n",
    "<",
    "<file>",
    '<file path="x">\n',
    "(",
    '"',
    "“",
    ":",
    "@",
    "=",
    "中",
    "é",
    "File: ",
    "\\ ",
]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from([*PIECES, "a.py", " ", "\n", "</file>", "[x] Result:", "diff --git a/x b/y\n"]), max_size=60
    )
)
def test_any_text_is_read(pieces):
    """No mixture of marks raises, and no name is empty or a folder."""
    text = "".join(pieces)
    body = {"messages": [user(text), call("bash", command=text, code=text, path=text), assistant(text)]}
    for name in files_in(body, "chat"):
        assert name
        assert not name.endswith("/")
    files_in({"prompt": text}, "completions")


@pytest.mark.parametrize("piece", [*PIECES, "<<EOF\n", "--- a\n+++ b\n@@\n", "'a' "])
def test_repeated_characters_end(piece):
    """64 KB of any repeated mark are read without backtracking: the test ends."""
    text = piece * (65536 // len(piece))
    files_in({"messages": [user(text), call("bash", command=text, patch=text)]}, "chat")
    files_in({"prompt": text}, "completions")
