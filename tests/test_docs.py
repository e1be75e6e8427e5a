"""The docs name what there is, and nothing that there is not."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import click
import pytest

from rpc.cli.main import cli
from rpc.cli.settings import READERS
from sidecar.providers.types import TYPES

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
SOURCES = sorted([*(ROOT / "sidecar").rglob("*.py"), *(ROOT / "rpc").rglob("*.py")])
VARIABLE = re.compile(r"MUX_SIDECAR_[A-Z_]+|[A-Z]+_(?:API_KEY|BASE_URL|CA_BUNDLE)|OLLAMA_HOST")
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


@cache
def text(name):
    """A page's text."""
    return (ROOT / name).read_text("utf-8")


@cache
def headings(page):
    """A page's headings, as they are written."""
    prose = FENCE.sub("", page.read_text("utf-8"))
    return tuple(re.findall(r"^#+ +(.+?) *$", prose, re.MULTILINE))


def anchor(heading):
    """The anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def commands(group, names=()):
    """Every command of the click tree with its full name."""
    context = click.Context(group, **cli.context_settings)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield " ".join((*names, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*names, name))


def strings(node):
    """The texts that a node is made of."""
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def codes_in(tree):
    """The error codes that a module names: by keyword, as a default, as `Code`, in the table of statuses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "error_code":
            yield from strings(node.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("NoRoute", "_Row")):
            yield from (one for arg in node.args[1:3] for one in strings(arg))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "Cause":
            yield from strings(node.args[0])
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("Code", "(row, code)"):
            yield from strings(node.value)
        elif isinstance(node, ast.FunctionDef):
            yield from (one for value in defaults(node, "error_code") for one in strings(value))


def defaults(function, name):
    """The default of a function's parameter, if it has one."""
    plain = function.args.args
    behind = plain[len(plain) - len(function.args.defaults) :]
    pairs = [
        *zip(behind, function.args.defaults, strict=True),
        *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True),
    ]
    return [value for parameter, value in pairs if parameter.arg == name and value is not None]


def error_codes():
    """Every code of the endpoint's errors, the types that stand beside them in a table left out."""
    found = {code for path in SOURCES for code in codes_in(ast.parse(path.read_text("utf-8")))}
    types = {code for code in found if code.endswith("_error") and code not in ("internal_error", "api_error")}
    return sorted(code for code in found - types if re.fullmatch(r"[a-z]+(_[a-z]+)*", code))


def shell_lines():
    """Every command line of ours in a shell block, with its page."""
    for page in PAGES:
        for kind, block in FENCE.findall(page.read_text("utf-8")):
            if kind not in ("sh", "console"):
                continue
            for line in map(str.strip, block.splitlines()):
                if kind == "console" and not line.startswith("$ "):
                    continue
                if found := re.search(r"(?:^|[\s/(])mux-sidecar\s+(.*)", line.removeprefix("$ ")):
                    yield page.name, re.split(r"\s+#|\s[<>|]|\)\"|&&", found[1])[0].strip()


def test_there_is_something_to_hold():
    """Pages, commands, codes and command lines are found."""
    assert len(PAGES) >= 9
    assert {"no_route", "tls", "upstream_truncated", "overloaded", "invalid_request"} <= set(error_codes())
    assert len(list(shell_lines())) > 40


@pytest.mark.parametrize("name", TYPES)
def test_each_provider_type_has_its_heading(name):
    """A type of provider has a heading, its default endpoint and a command in providers.md."""
    assert name in headings(ROOT / "docs/providers.md")
    assert f"--type {name}" in text("docs/providers.md")
    assert f"`{TYPES[name].default_endpoint}`" in text("docs/providers.md") or not TYPES[name].default_endpoint


@pytest.mark.parametrize("name", [name for name, _ in commands(cli)])
def test_each_command_has_its_heading(name):
    """A command has a heading and an example in command-line.md."""
    assert name in headings(ROOT / "docs/command-line.md")
    assert f"mux-sidecar {name}" in text("docs/command-line.md") or name in ("provider", "workspace", "rule")


@pytest.mark.parametrize("field", READERS)
def test_each_setting_is_told(field):
    """A setting has its row."""
    first, *rest = field.split("_")
    assert f"| `{first}{''.join(map(str.capitalize, rest))}` |" in text("docs/command-line.md")


@pytest.mark.parametrize("code", error_codes())
def test_each_error_code_is_told(code):
    """A code of the endpoint's errors has its row in http.md."""
    assert f"| `{code}` |" in text("docs/http.md")


def test_no_error_code_is_made_up():
    """A row of the table of codes is a code that there is."""
    told = re.findall(r"^\| `([a-z_]+)` \| \d{3} \|", text("docs/http.md"), re.MULTILINE)
    assert set(told) <= set(error_codes())


def test_each_environment_variable_is_told():
    """A variable that the code names is in command-line.md."""
    named = {name for path in SOURCES for name in VARIABLE.findall(path.read_text("utf-8")) if not name.endswith("_")}
    named.discard("MUX_SIDECAR_COMPLETE")  # set by the completion script itself
    assert "MUX_SIDECAR_HOME" in named
    assert {name for name in named if f"`{name}`" not in text("docs/command-line.md")} == set()


def dependencies():
    """The names of the run-time and development dependencies."""
    project = tomllib.loads(text("pyproject.toml"))["project"]
    given = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return [re.split(r"[<>=;\s\[]", one)[0] for one in given]


@pytest.mark.parametrize("name", dependencies())
def test_each_dependency_has_its_reason(name):
    """A dependency is named in architecture.md's tables."""
    assert re.search(rf"^\|[^|]*\b{re.escape(name)}\b[^|]*\|", text("docs/architecture.md"), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """A link within the docs names a file that there is, and an anchor that it has."""
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if "://" in target:
            continue
        name, _, fragment = target.partition("#")
        file = (page.parent / name) if name else page
        assert file.exists(), target
        if fragment:
            assert fragment in {anchor(heading) for heading in headings(file)}, target


@pytest.mark.parametrize(("page", "line"), sorted(set(shell_lines())))
def test_command_lines_can_be_typed(page, line, tmp_path, monkeypatch):
    """A command line in a shell block names a command and options that there are."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.json").touch()
    words = shlex.split(line)
    # A command keeps the first help option that it is asked for, so each context is its parent's child, as in a run.
    command, context = cli, click.Context(cli, **cli.context_settings)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        command = command.get_command(context, words.pop(0))
        assert command is not None, page
        context = click.Context(command, parent=context)
    if not isinstance(command, click.Group):
        with context:  # closes a file that an argument names
            command.parse_args(context, words)
    else:
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert words, f"{page}: {line}"
        assert set(words) <= known


def named_tests():
    """Every test that a page names, as file and function; `::name` alone is of the file named before it."""
    for page in PAGES:
        file = ""
        for found in re.finditer(r"`(tests/[\w/]+\.py)?::(\w+)`", page.read_text("utf-8")):
            file = found[1] or file
            yield page.name, file, found[2]


def test_each_test_that_a_page_names_is_there():
    """What a promise of the docs names as its proof is a test."""
    missing = [
        (page, file, name)
        for page, file, name in named_tests()
        if not (ROOT / file).is_file() or not re.search(rf"^(async )?def {name}\(", text(file), re.MULTILINE)
    ]
    assert missing == []


def test_each_fault_has_its_row():
    """The faults are numbered without a gap, and each row names a test."""
    rows = re.findall(r"^\| F(\d+) \|.*`::\w+`|^\| F(\d+) \|.*\.py::", text("docs/reliability.md"), re.MULTILINE)
    assert sorted(int(one or other) for one, other in rows) == list(range(1, 35))


def test_the_readme_has_its_two_commands():
    """The README has the command that shows it, and the one that tests it."""
    blocks = [block.strip() for _, block in FENCE.findall(text("README.md"))]
    fresh = "python3 -m venv .venv && .venv/bin/pip install -q"
    assert f"{fresh} . && .venv/bin/mux-sidecar demo" in blocks
    assert f"{fresh} -e '.[dev]' && .venv/bin/python -m pytest -n auto" in blocks


def test_no_file_names_a_machine_or_what_is_not_here():
    """No committed file names a path of the machine it was made on, or a document that is not part of it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    strange = re.compile(r"(?<![\w.])/(?:work|root|tmp)/[a-z]|\.\./shared|\b(?:wire|faults|contract)\.md\b")
    wrong = []
    for name in listed.stdout.decode().split("\0"):
        path = ROOT / name
        if not path.is_file() or name.startswith(".ci/") or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), start=1):
            if strange.search(line):
                wrong.append(f"{name}:{number}: {line.strip()[:100]}")
    assert wrong == []
