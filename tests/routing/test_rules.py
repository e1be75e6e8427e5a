"""Filters and rules: which names a filter takes, which rule a request gets, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import InvalidParameter
from sidecar.routing.filters import Names
from sidecar.routing.rules import CompiledRule, compile_filter, explain, first_match


def rules(*drafts):
    """Rules of (filter, kind) in order."""
    return [
        CompiledRule(position, text, kind, "here", "tiny", compile_filter(text))
        for position, (text, kind) in enumerate(drafts, 1)
    ]


def takes(text, name):
    """Whether the filter takes the file."""
    return first_match(rules((text, "any")), "chat", [name]) is not None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (".js", "app.jsx"),
        (".JS", "web/package.json"),
        ("makefile", "src/Makefile"),
        ("src/api/", "/home/me/src/api/x.ts"),
        ("/src/", "src/x.ts"),
        ("src\\api", "src/api/x.ts"),
        ("src/api", "SRC\\API\\x.ts"),
        ("*.test.ts", "/a/b/x.test.ts"),
        ("src/**/*.py", "src/a.py"),
        ("src/**/*.py", "/w/src/b/c/a.py"),
        ("src/**", "src/b/c/a.py"),
        ("?akefile", "Makefile"),
        ("[id]/page.tsx", "app/[id]/page.tsx"),
        ("[id]/*.tsx", "app/[id]/page.tsx"),
        ("=Makefile", "sub/makefile"),
        ("größe", "src/GRÖSSE.py"),
        ("é.py", "e\u0301.py"),
    ],
)
def test_a_filter_takes(text, name):
    """A filter is sought in the base name, with a slash in the path, as a glob from the right, after = exactly."""
    assert takes(text, name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (".ts", "my.ts/readme.md"),
        ("src/*.py", "src/b/a.py"),
        ("a?c.py", "a/c.py"),
        ("c*.ts", "abc.ts"),
        ("*.py", "a.pyc"),
        ("=Make", "Makefile"),
        ("src/api/", "src/apis/x.ts"),
    ],
)
def test_a_filter_leaves(text, name):
    """A folder's name never fits a plain filter, a star stops at a slash, and an exact name is exact."""
    assert not takes(text, name)


@pytest.mark.parametrize("text", ["*", "**", "a\nb", "a\tb", "\x7f", "x" * 257, "  ", "=", "=a/b"])
def test_what_cannot_be_a_filter_is_refused(text):
    """A filter that says nothing, or is not one line of at most 256 characters, is refused by its field's name."""
    with pytest.raises(InvalidParameter) as caught:
        compile_filter(text)
    assert caught.value.field == "filter"


def test_the_first_rule_that_takes_a_file_wins():
    """Rules are tried top to bottom, any file is enough, and an empty filter takes all, also no file."""
    some = rules((".py", "any"), (".md", "any"), ("", "any"))
    assert first_match(some, "chat", ["a.md", "b.py"]).position == 1
    assert first_match(some, "chat", ["a.md"]).position == 2
    assert first_match(some, "chat", []).position == 3
    assert first_match(some[:2], "chat", ["a.c"]) is None


@pytest.mark.parametrize(("kind", "position"), [("chat", 2), ("fim", 1), ("embed", 3)])
def test_the_kind_must_match(kind, position):
    """A rule of kind any is for chat and completion, never for embeddings."""
    some = rules(("", "fim"), ("", "any"), ("", "embed"))
    assert first_match(some, kind, ["a.py"]).position == position


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (".js", ("package.json", "app.jsx", "tsconfig.json")),
        (".ts", ("view.tsx",)),
        (".MD", ("page.mdx",)),
        (".c", ("main.cpp", "app.css", "data.csv")),
        (".tsx", ()),
        ("*.js", ()),
        ("=package.json", ()),
        ("src/", ()),
        ("test", ()),
        ("", ()),
    ],
)
def test_surprises_of_a_filter(text, names):
    """Common names that an ending is found in are told beforehand; a glob, a path or a word is taken as meant."""
    (told,) = explain(rules((text, "any")), "chat", [])
    assert told.also_takes == names


def test_explain_says_why_of_each_rule():
    """Each rule has one sentence, surprises are visible, and what stands behind the winner was not reached."""
    some = rules((".md", "any"), (".py", "fim"), (".js", "any"), ("", "any"))
    told = explain(some, "chat", ["web/package.json", "a.js"])
    assert [(row.matched, row.why) for row in told] == [
        (False, "no file has `.md` in its name"),
        (False, "only for fim requests"),
        (True, "`.js` is in `package.json`, and 1 more"),
        (False, "not reached: rule 3 took it"),
    ]
    assert explain(some, "chat", [])[3].why == "catch-all"
    assert explain(some, "embed", [])[0].why == "not for embed requests"


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("=a.py", "`x/a.py` is named exactly `a.py`", "no file is named exactly `a.py`"),
        ("*.py", "`x/a.py` fits `*.py`", "no file fits `*.py`"),
        ("x/", "`x/` is in `x/a.py`", "no file has `x/` in its path"),
    ],
)
def test_explain_knows_each_form(text, yes, no):
    """Exact names, globs and paths have sentences of their own."""
    assert explain(rules((text, "any")), "chat", ["x/a.py"])[0].why == yes
    assert explain(rules((text, "any")), "chat", ["b.c"])[0].why == no


@given(st.text("ab/*?.", max_size=40), st.lists(st.text("ab/.", max_size=60), max_size=4))
def test_absolute_and_relative_names_fare_alike(text, names):
    """Whatever the filter, a leading slash of the names makes no difference, and no pattern raises."""
    try:
        compiled = compile_filter(text)
    except InvalidParameter:
        return
    absolute = [f"/{name.lstrip('/')}" for name in names]
    relative = [name.lstrip("/") for name in names]
    if compiled.form != "all":
        assert compiled.find(Names(absolute)) == compiled.find(Names(relative))


@given(st.text("ab/", min_size=1, max_size=30))
def test_a_name_is_taken_by_itself_and_by_stars(name):
    """A path's own text takes it, and so do stars around its parts."""
    path = f"x/{name.strip('/') or 'a'}"
    assert takes(path, path)
    assert takes("**/" + path.rpartition("/")[2] + "*", path)


def test_a_hostile_glob_ends():
    """Eighty stars against a long name are done by the linear matcher; a backtracking one would never end."""
    assert not takes("*a*" * 80 + "b", "a" * 4000)
