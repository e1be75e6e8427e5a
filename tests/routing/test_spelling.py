"""Rules told without looking for files: never another rule than the files would give."""

import json

import pytest
from conversations import assistant, call, context, fields, user
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.routing.files import KINDS, Finder
from sidecar.routing.filetypes import EXTENSIONLESS
from sidecar.routing.looking import Look
from sidecar.routing.naming import most_names
from sidecar.routing.prose import names_in_line
from sidecar.routing.rules import CompiledRule, compile_filter, first_match, sift

FILTERS = (
    ".md", ".ts", "src/api/", "*.test.py", "=Makefile", "[id]/", "my file", "größe", "src\\api", "a.b", "wo/", "",
)  # fmt: skip
WORDS = (
    "src/api/a.ts", "src\\api\\x.md", "SRC/API/B.TS", "Makefile", "lib/x.test.py", "my\\ file.md", '"docs/my file.md"',
    "file:///w/a%2Ets", "file:///w/src%2Fapi/b.md", "100%", "größe.py", "Größe.py", "GRO\u0308SSE.ts", "\u212aeep.ts",
    "app/[id]/page.tsx", "please", "explain", "e.g.", "the file", "\n", "```ts\nx\n```", "cat a.b | head", "'q'.ts",
    "/wo/src/api/a.ts", "~/wo/Makefile", "C:\\wo\\lib\\x.test.py",
)  # fmt: skip
# What clients write around words, and what people paste between them.
LINES = (
    "<task>", "</task>", '<file_content path="src/api/a.ts">', "</file_content>", "<environment_details>",
    "a.md:3: error", "</environment_details>", "# VSCode Visible Files", "```ts src/api/a.ts (1-6)", "```",
    "Content of src/api/b.md:", "I have *added these files to the chat* so you can edit them.", "lib/x.test.py",
    "diff --git a/x.ts b/src/api/x.ts", "--- a/x.ts", "## My request for Codex:", "const a = 'b.ts';",
    "    if (a == b.ts) {", "}", "", "foo(", "├── a.ts", 'File "lib/x.test.py", line 3', "see Makefile and a.b",
    "don't touch src/api/a.ts, it's fine.", "what is wrong",
)  # fmt: skip


def rules(*drafts):
    """Rules of (filter, kind) in order."""
    return [
        CompiledRule(position, text, kind, "here", "tiny", compile_filter(text))
        for position, (text, kind) in enumerate(drafts, 1)
    ]


def body_of(messages, *, ascii_only):
    """A request's bytes, as clients of either habit write them."""
    return json.dumps({"model": "mux", "messages": messages}, ensure_ascii=ascii_only).encode()


words = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
texts = words | st.lists(st.sampled_from(LINES) | words, max_size=20).map("\n".join)
messages = st.lists(
    st.one_of(
        texts.map(user),
        texts.map(assistant),
        texts.map(lambda text: call("read_file", path=text)),
        texts.map(lambda text: call("bash", command=f"cat {text}")),
    ),
    min_size=1,
    max_size=4,
)
some_rules = st.lists(
    st.tuples(st.sampled_from(FILTERS), st.sampled_from(("any", "chat", "fim", "embed"))), max_size=5
).map(lambda drafts: rules(*drafts, ("", "any")))


@given(some_rules, messages, st.booleans(), st.sampled_from(("turn", "conversation")))
@example(rules((".ts", "any"), ("", "any")), [user("Look at file:///w/a%2Ets")], True, "turn")
@example(rules(("src/api/", "any"), ("", "any")), [call("read_file", path="src\\api\\x.md")], False, "turn")
@example(rules((".ts", "fim"), ("", "any")), [user("<|fim_prefix|># a.ts\n<|fim_suffix|>")], False, "turn")
@example(rules((".ts", "any"), ("", "any")), [user("a.py"), assistant("b"), user("c.md\nfoo.tsx-like")], False, "turn")
@example(rules((".ts", "any"), ("", "any")), [user("x.ts"), assistant("b"), user("a.py\n.ts files")], False, "turn")
@example(
    rules((".ts", "any"), ("", "any")),
    [user("x.ts"), assistant("b"), user("a.py\n.ts files"), assistant("c"), user("go on")],
    False,
    "turn",
)
@example(rules(("wo/", "any"), ("", "any")), [user("/wo/src/a.ts\nsrc/a.ts")], False, "turn")
@example(rules(("wo/", "any"), ("", "any")), [user('"/wo/my src/my a.ts"\nmy\\ src/my\\ a.ts')], False, "turn")
@example(rules(("wo/", "any"), ("", "any")), [user("src/a.ts\nwo/"), call("read", path="/wo/src/a.ts")], False, "turn")
def test_what_the_bytes_tell_is_what_the_files_give(some, said, ascii_only, scope):
    """A rule told without the files, or from the deciding lines alone, is that of all files, whatever is escaped."""
    body = body_of(said, ascii_only=ascii_only)
    sure, lines = sift(some, KINDS["chat"], body)
    raw = fields(json.loads(body))
    found = Finder().context("chat", raw, scope)
    expected = first_match(some, found.kind, found.files)
    assert sure is None or sure == expected
    partly = Finder().context("chat", raw, scope, Look(lines))
    assert first_match(some, partly.kind, partly.files) == expected
    assert partly.partly or partly == found


@pytest.mark.parametrize(
    ("drafts", "text", "expected"),
    [
        ([("", "any")], "größe.py and a.ts", 1),
        ([(".ts", "any"), ("", "any")], "explain this", 2),
        ([(".ts", "any"), ("", "any")], "explain a.ts", None),
        ([(".ts", "any"), ("", "any")], "explain a.b.tsx", None),
        ([(".ts", "any"), ("", "any")], "explain its. ts", 2),
        ([(".", "any"), ("", "any")], "explain a. b", None),
        ([(".ts", "embed"), ("", "any")], "explain a.ts", 2),
        ([(".ts", "any"), ("", "any")], "größe", None),
        ([("", "chat"), ("", "any")], "explain", None),
        ([(".ts", "any")], "explain", None),
        ([("src/api/", "any"), ("", "any")], "src/web and apis", None),
        ([("src/api/", "any"), ("", "any")], "src/web", 2),
    ],
)
def test_only_what_is_sure_is_told(drafts, text, expected):
    """A catch-all is sure if no filter before it can be spelled in the request, for all that the request may be."""
    sure, _ = sift(rules(*drafts), KINDS["chat"], body_of([user(text)], ascii_only=False))
    assert (sure.position if sure else None) == expected


def test_long_requests_are_left_to_their_files():
    """Many filters in a large text cost more than the files themselves, unless there is nothing to look for."""
    body = body_of([user("word " * 20_000)], ascii_only=False)
    assert sift(rules((".ts", "any"), ("", "any")), KINDS["chat"], body) == (None, None)
    sure, _ = sift(rules(("", "any")), KINDS["chat"], body)
    assert sure.position == 1


def partly(text, finder=None):
    """The context as far as it decides a rule for `.ts`."""
    said = [user(text)]
    _, lines = sift(rules((".ts", "any"), ("", "any")), KINDS["chat"], body_of(said, ascii_only=False))
    return (finder or Finder()).context("chat", fields({"messages": said}), "turn", Look(lines))


def test_only_the_deciding_lines_are_read():
    """Names in other lines are left out, and the message is not remembered so."""
    finder, text = Finder(), "look at a.py\nand b.ts\nand c.md"
    found = partly(text, finder)
    assert (found.files, found.partly) == (("b.ts",), True)
    assert finder.context("chat", fields({"messages": [user(text)]})).files == ("a.py", "b.ts", "c.md")
    assert partly(text, finder).files == ("a.py", "b.ts", "c.md")


def test_other_lines_are_left_out_though_the_deciding_ones_name_no_file():
    """Files of which no rule takes any are sought only where an earlier turn's would count without them."""
    found = partly("look at a.py\nand all .ts files")
    assert (found.files, found.partly) == ((), True)


def test_of_very_many_names_the_same_count():
    """Beyond the names that a message may have, a name that is left out of all decides nothing."""
    text = "\n".join(f"see a{number}.py" for number in range(300)) + "\nand b.ts"
    assert partly(text) == context({"messages": [user(text)]})
    assert "b.ts" not in partly(text).files


@given(st.lists(st.sampled_from((*WORDS, *LINES, *EXTENSIONLESS, "\n", ",", "(", "|")), max_size=30))
def test_no_text_holds_more_names_than_it_may(pieces):
    """How many names a text holds at most is told without looking for them."""
    text = "".join(pieces)
    assert sum(len(list(names_in_line(line))) for line in text.split("\n")) <= most_names(text)


@pytest.mark.parametrize("name", sorted(EXTENSIONLESS))
def test_each_name_without_extension_counts_as_one(name):
    """A name that no dot and no folder tells is one that the text may hold."""
    assert list(names_in_line(name)) == [name]
    assert most_names(name) > 0
