"""The editors' pages: what they have to paste is what the bindings' files have, or what the tests run."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from blocks import blocks
from neovim import find

from rpc.commands.execute import COMMANDS

ROOT = Path(__file__).parent.parent.parent
EDITORS = ROOT / "editors"
KAKOUNE = find("kak")
PAGES = sorted(path.stem for path in (ROOT / "docs/editors").glob("*.md"))
TESTS = Path(__file__).parent
#: The files that name commands of the sidecar's.
NAMING = [
    path
    for folder in ("emacs", "helix", "kakoune", "nvim", "sublime", "vim")
    for path in sorted((EDITORS / folder).rglob("*"))
    if path.is_file() and "mux." in path.read_text("utf-8")
]
UNRUN = {"jetbrains", "kakoune", "sublime", "zed"}  # their pages are held against their files


def read(name: str):
    """A configuration file of an editor's."""
    text = (EDITORS / name).read_text("utf-8")
    return tomllib.loads(text) if name.endswith(".toml") else json.loads(text)


@pytest.mark.parametrize("page", PAGES)
def test_what_is_pasted_is_what_is_run(page):
    """A page's blocks are pasted by the tests of its editor, or held against its files."""
    assert page in UNRUN or f'"docs/editors/{page}.md"' in (TESTS / f"test_{page}.py").read_text("utf-8")


def test_jetbrains():
    """The template is as LSP4IJ reads it (UserDefinedLanguageServerTemplate.md), and its command the page's."""
    template = read("jetbrains/template.json")
    assert json.loads(blocks("docs/editors/jetbrains.md", "json")[0]) == template["programArgs"]
    for mapping in template["fileTypeMappings"]:
        assert all(re.fullmatch(r"\*\.\w+", pattern) for pattern in mapping["fileType"]["patterns"])
    assert read("jetbrains/initializationOptions.json") == {}


def test_sublime():
    """The page's settings are the file's; the palette's entries are for its server, each value in its place."""
    settings = read("sublime/LSP.sublime-settings")
    assert json.loads(blocks("docs/editors/sublime.md", "json")[0]) == settings
    entries = read("sublime/mux-sidecar.sublime-commands")
    assert {entry["command"] for entry in entries} == {"lsp_execute"}
    for given in (entry["args"] for entry in entries):
        assert given["session_name"] in settings["clients"]
        places = COMMANDS[given["command_name"]].params.__struct_fields__
        values = dict(zip(places, given.get("command_args", []), strict=False))
        assert len(values) == len(given.get("command_args", []))
        assert "$file_uri" not in values.values() or values["uri"] == "$file_uri"


def test_zed():
    """The extension names its server, which the page's settings are for, and is built as one."""
    (server,) = read("zed/extension.toml")["language_servers"]
    assert read("zed/extension.toml")["language_servers"][server]["languages"]
    assert list(json.loads(blocks("docs/editors/zed.md", "json")[0])["lsp"]) == [server]
    assert read("zed/Cargo.toml")["lib"]["crate-type"] == ["cdylib"]
    assert read("zed/Cargo.toml")["package"]["version"] == read("zed/extension.toml")["version"]


def test_kakoune():
    """The page sources the file, whose braces match and whose lists of servers are TOML with the sidecar in each."""
    file = EDITORS / "kakoune/mux-sidecar.kak"
    text = file.read_text("utf-8")
    assert file.name in blocks("docs/editors/kakoune.md", "kak")[0]
    assert text.count("{") == text.count("}")
    lists = re.findall(r"lsp_servers %\{\n(.*?)\n    \}", text, re.DOTALL)
    assert len(lists) == text.count("lsp_servers")
    assert all(tomllib.loads(each)["mux-sidecar"]["args"] == ["--stdio"] for each in lists)


def test_kakoune_reads_it(tmp_path):
    """Kakoune itself reads the file, where kakoune-lsp's commands and options are, and a filetype gets the sidecar."""
    if KAKOUNE is None:
        pytest.skip("Kakoune is not installed")
    said = tmp_path / "said"
    lines = f"""
    declare-option str lsp_servers
    define-command lsp-enable-window nop
    try %{{
        source {EDITORS}/kakoune/mux-sidecar.kak
        edit -scratch
        set-option buffer filetype markdown
        echo -to-file {said} %opt{{lsp_servers}}
    }} catch %{{ echo -to-file {said} %val{{error}} }}
    quit!
    """
    subprocess.run([KAKOUNE, "-n", "-ui", "dummy", "-e", lines], timeout=30, check=True, stdin=subprocess.DEVNULL)
    assert list(tomllib.loads(said.read_text("utf-8"))) == ["mux-sidecar"]


@pytest.mark.parametrize("path", NAMING, ids=lambda path: path.name)
def test_commands_are_the_sidecars(path):
    """A command that a binding names is one of the sidecar's."""
    quoted = re.findall(r"[\"' ](mux\.[a-z]\w+)(?=[\"' ])", path.read_text("utf-8"))
    assert set(quoted) <= set(COMMANDS)
