"""The binding for Neovim in the real editor, started as its user's configuration does: with the block of the docs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blocks import block
from mux import Mux
from neovim import Neovim, find
from upstream import Upstream
from waiting import until

ROOT = Path(__file__).parent.parent.parent
BINDING = ROOT / "editors/nvim"
PACK = "nvim/site/pack/mux-sidecar/start/mux-sidecar"
ITEM = "vim.api.nvim_eval_statusline(vim.o.statusline, { highlights = true })"
TEXT = "require('mux_sidecar').text()"
#: Answers every picker with the item that the text is in, and remembers the question with its items as they are shown.
PICK = """
local wanted = ...
vim.ui.select = function(items, options, done)
  asked = { options.prompt, vim.tbl_map(options.format_item or tostring, items) }
  for i, item in ipairs(items) do
    if asked[2][i]:find(wanted, 1, true) then
      return done(item)
    end
  end
  done(nil)
end
"""
SAID = """
said = {}
vim.notify = function(sentence) table.insert(said, sentence) end
"""

Open = Callable[..., Neovim]


@pytest.fixture(params=["nvim", "nvim-0.10"])
def open_(request: pytest.FixtureRequest, tmp_path: Path, project: Path) -> Iterator[Open]:
    """Starts Neovim (`open_(mux, *arguments)`) with the docs' block, and the binding where users have it."""
    program = find(request.param)
    if program is None:
        pytest.skip(f"{request.param} is not installed")
    folders = {f"XDG_{name.upper()}_HOME": str(tmp_path / name) for name in ("config", "data", "state", "cache")}
    shutil.copytree(BINDING, tmp_path / "data" / PACK)
    (tmp_path / "config/nvim").mkdir(parents=True)
    (tmp_path / "config/nvim/init.lua").write_text(block("docs/editors/neovim.md", "lua"), "utf-8")
    opened: list[Neovim] = []

    def start(mux: Mux, *arguments: str) -> Neovim:
        opened.append(Neovim(program, mux.env | folders, project, *arguments))
        return opened[-1]

    yield start
    for neovim in opened:
        neovim.close()


def shown(neovim: Neovim, text: str) -> None:
    """Wait until the status line says so."""
    neovim.until(f"{ITEM}.str", fits=lambda line: f"{text} " in line)


def test_it_starts_by_itself(open_, home):
    """The sidecar starts with Neovim, without a buffer, and the status line says what serves; nothing is printed."""
    neovim = open_(home)
    shown(neovim, "default · local/big")
    assert neovim.lua("return #vim.lsp.get_clients()") == 1
    sidecar = neovim.lua("return vim.api.nvim_get_proc_children(vim.fn.getpid())[1]")
    assert neovim.leave() == ""
    until(lambda: not Path(f"/proc/{sidecar}").exists())


def test_the_status_line_follows_the_document(open_, home):
    """Another document, another model, each in its own window; one client serves all buffers."""
    neovim = open_(home, "app.ts")
    shown(neovim, "default · local/small")
    neovim.command("vsplit app.py")
    shown(neovim, "default · local/big")
    other = "vim.api.nvim_eval_statusline(vim.o.statusline, { winid = vim.fn.win_getid(vim.fn.winnr('#')) }).str"
    assert "default · local/small " in neovim.lua(f"return {other}")
    neovim.command("wincmd p")
    shown(neovim, "default · local/small")
    assert neovim.lua("return #vim.lsp.get_clients()") == 1
    assert neovim.lua("return vim.tbl_count(vim.lsp.get_clients()[1].attached_buffers)") == 2


def test_a_list_or_terminal_changes_nothing(open_, home):
    """What is no document leaves the status line as it was, and commands are about the document before."""
    neovim = open_(home, "app.ts")
    shown(neovim, "default · local/small")
    neovim.command("botright new")
    neovim.command("setlocal buftype=nofile")
    neovim.command("Mux explain")
    lines = neovim.until("vim.api.nvim_buf_get_lines(0, 0, -1, false)", fits=lambda found: len(found) == 2)
    assert "● 1" in re.sub(r" +", " ", lines[0])
    assert "default · local/small " in neovim.lua(f"return {ITEM}.str")


def test_the_picker_switches(open_, home):
    """`:Mux switch` shows each workspace with its model and which is active; the choice shows in the status line."""
    neovim = open_(home)
    shown(neovim, "default · local/big")
    neovim.lua(PICK, "work")
    neovim.lua("vim.api.nvim_feedkeys(vim.keycode('<leader>m'), 'xt', false)")  # the key of the docs' block
    shown(neovim, "work · local/echo")
    assert neovim.lua("return asked[2]") == ["● default  (local/big)", "  work  (local/echo)"]
    assert home.json("status")["workspace"] == "work"


def test_a_switch_elsewhere_shows_by_itself(open_, home):
    """A switch on the command line appears, and `User MuxStatus` tells of it."""
    neovim = open_(home)
    shown(neovim, "default · local/big")
    neovim.lua("""vim.api.nvim_create_autocmd('User', { pattern = 'MuxStatus', callback = function(event)
      heard = event.data
    end })""")
    home.cli("workspace", "use", "work")
    shown(neovim, "work · local/echo")
    assert neovim.lua("return heard.workspace") == "work"


def test_a_rule_for_files_like_this(open_, home):
    """`:Mux rule add` asks for a model, which answers for files of this type from then on."""
    neovim = open_(home, "app.py")
    shown(neovim, "default · local/big")
    neovim.lua(PICK, "local/echo")
    neovim.command("Mux rule add")
    shown(neovim, "default · local/echo")
    assert [(rule["filter"], rule["model"]) for rule in home.json("rule", "list")][1] == (".py", "echo")
    neovim.command(r"Mux rule default local/small")
    neovim.command("enew")
    shown(neovim, "default · local/small")


def test_paths_are_those_of_the_project(open_, home):
    """A rule for a folder takes its files, and no others when the current folder changes."""
    home.cli("rule", "add", "--filter", "project/", "--model", "local/echo")
    neovim = open_(home, "app.py")
    shown(neovim, "default · local/big")  # `app.py`, as a client would name it
    neovim.command("cd ..")
    shown(neovim, "default · local/echo")


def test_completion(open_, home):
    """Subcommands, workspaces and models are completed, without asking the sidecar first."""
    neovim = open_(home)
    neovim.until("#require('mux_sidecar.client').lists.models")
    neovim.until("#require('mux_sidecar.client').lists.workspaces")
    complete = "return vim.fn.getcompletion('Mux ' .. ..., 'cmdline')"
    assert {"switch", "rule", "provider", "doctor"} <= set(neovim.lua(complete, ""))
    assert neovim.lua(complete, "rule ") == ["add", "default", "list", "remove"]
    assert neovim.lua(complete, "switch W") == ["work"]
    assert neovim.lua(complete, "rule add local/s") == ["local/small"]
    assert neovim.lua(complete, "nothing ") == []
    home.cli("workspace", "add", "later")
    neovim.until("vim.fn.getcompletion('Mux switch l', 'cmdline')[1]", fits=lambda found: found == "later")


def test_a_provider_is_added(open_, home, other_upstream: Upstream):
    """`:Mux provider add` asks for type, name, endpoint and key; the key is typed unseen, and models are fetched."""
    other_upstream.models = ["m1"]
    home.cli("provider", "add", "openai", "--type", "openai", "--offline")
    neovim = open_(home)
    shown(neovim, "default · local/big")
    neovim.lua(
        """local url = ...
        local choices, texts = { 'OpenAI and', 'Type it' }, { 'mine', url }
        vim.ui.select = function(items, options, done)
          local wanted = table.remove(choices, 1)
          for _, item in ipairs(items) do
            if (options.format_item or tostring)(item):find(wanted, 1, true) then
              return done(item)
            end
          end
        end
        vim.ui.input = function(options, done)
          offered = offered or options.default
          done(table.remove(texts, 1))
        end""",
        f"{other_upstream.url}/v1",
    )
    neovim.lua("vim.api.nvim_input(':Mux provider add<CR>')")
    neovim.until("vim.api.nvim_get_mode().mode", fits=lambda mode: mode == "c")
    neovim.lua("vim.api.nvim_input('sk-typed-unseen<CR>')")
    neovim.until("#require('mux_sidecar.client').lists.providers", fits=lambda count: count == 3)
    assert neovim.lua("return offered") == "openai-2"  # a name that is free
    assert "sk-typed" not in neovim.command("messages")
    assert other_upstream.asked_for_models[-1].header("authorization") == "Bearer sk-typed-unseen"
    assert [each["name"] for each in home.json("provider", "models", "mine")] == ["m1"]


def test_lists(open_, home):
    """Models by provider, rules, requests, checks and the status are shown to be read, in one window, closed by q."""
    neovim = open_(home, "app.ts")
    shown(neovim, "default · local/small")
    neovim.until("require('mux_sidecar').status().endpoint.state", fits=lambda state: state == "serving")
    home.post("/chat/completions", {"messages": [{"role": "user", "content": "Look at lib/cart.ts"}]})
    assert home.log()  # which waits until it is in the record
    for name, expected in {
        "models": ["local", "  big", "  echo", "  small"],
        "rule list": "1  .ts              any  local/small",
        "requests": "lib/cart.ts",
        "doctor": "✓  port",
        "status": "This document  local/small",
        "explain": "●  1",
    }.items():
        neovim.command(f"Mux {name}")
        neovim.until(
            "vim.api.nvim_buf_get_lines(0, 0, -1, false)",
            fits=lambda found, expected=expected: found == expected or str(expected) in "\n".join(found),
        )
        assert neovim.lua("return #vim.api.nvim_list_wins()") == 2
    neovim.command("normal q")
    assert neovim.lua("return #vim.api.nvim_list_wins()") == 1


def test_the_dashboard_opens(open_, home):
    """`:Mux dashboard` opens the browser, signed in; where that fails it says where the dashboard is."""
    neovim = open_(home)
    shown(neovim, "default · local/big")
    neovim.lua("vim.ui.open = function(url) opened = url return {} end")
    neovim.command("Mux dashboard")
    assert neovim.until("opened").startswith(f"http://localhost:{home.port}/#code=")
    neovim.lua(SAID)
    neovim.lua("vim.ui.open = function() return nil, 'There is no browser.' end")
    neovim.command("Mux dashboard")
    assert f"http://localhost:{home.port}/#code=" in neovim.until("said[1]")


def test_a_killed_sidecar_starts_again(open_, home):
    """A sidecar that dies is started again; meanwhile the status line says that it is stopped."""
    neovim = open_(home, "app.ts")
    shown(neovim, "default · local/small")
    neovim.lua("""texts = {}
    vim.api.nvim_create_autocmd('User', { pattern = 'MuxStatus', callback = function()
      table.insert(texts, require('mux_sidecar').text())
    end })""")
    first = neovim.lua("return vim.api.nvim_get_proc_children(vim.fn.getpid())[1]")
    os.kill(first, signal.SIGKILL)
    neovim.until("texts", fits=lambda texts: "mux-sidecar: stopped" in texts)
    shown(neovim, "default · local/small")
    assert neovim.lua("return vim.api.nvim_get_proc_children(vim.fn.getpid())[1]") != first


def test_restart(open_, home):
    """`:Mux restart`, also twice at once, leaves one sidecar, which serves the same buffers."""
    neovim = open_(home, "app.ts")
    shown(neovim, "default · local/small")
    first = neovim.lua("return vim.api.nvim_get_proc_children(vim.fn.getpid())[1]")
    neovim.command("Mux restart")
    neovim.command("Mux restart")
    neovim.until(
        "vim.api.nvim_get_proc_children(vim.fn.getpid())", fits=lambda found: len(found) == 1 and found != [first]
    )
    neovim.until("#vim.lsp.get_clients({ bufnr = 0 })", fits=lambda count: count == 1)
    home.cli("workspace", "use", "work")
    shown(neovim, "work · local/echo")


def test_not_installed(open_, home):
    """Where the sidecar is not installed, that is said once, with the command that installs it."""
    home.env["PATH"] = "/nowhere"
    neovim = open_(home, "app.ts")
    neovim.until(TEXT, fits=lambda text: text == "mux-sidecar: not installed")
    neovim.command("edit app.py")
    messages = neovim.command("messages")
    assert messages.count("mux-sidecar is not installed") == 1
    ways = ("pipx install mux-sidecar", "pipx install PATH", "vim.g.mux_sidecar.cmd")
    assert [way for way in ways if way not in messages] == []
    neovim.command("checkhealth mux_sidecar")
    health = "\n".join(neovim.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)"))
    assert [way for way in ways if way not in health] == []


def test_a_taken_port_is_shown(open_, home):
    """Where another program has the port, the status line is coloured, and a click on it finds out what is wrong."""
    with socket.create_server(("127.0.0.1", home.port)):
        neovim = open_(home)
        neovim.until("require('mux_sidecar').status()", fits=lambda status: status and status["kind"] == "error")
        groups = [each["group"] for each in neovim.lua(f"return {ITEM}.highlights")]
        assert "DiagnosticError" in groups
        neovim.lua("vim.o.mouse, vim.o.laststatus = 'a', 3 vim.cmd.redraw()")
        column = neovim.lua(f"return vim.fn.strdisplaywidth({ITEM}.str:match('^(.*)default'))")
        neovim.lua(
            """local column = ...
        for _, action in ipairs({ 'press', 'release' }) do
          vim.api.nvim_input_mouse('left', action, '', 0, vim.o.lines - 2, column)
        end""",
            column,
        )
        taken = f"another program listens on {home.port}"
        neovim.until(
            "table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), ' ')", fits=lambda text: taken in text.lower()
        )


def test_checkhealth(open_, home):
    """`:checkhealth mux_sidecar` tells command, endpoint and what the doctor says."""
    neovim = open_(home)
    shown(neovim, "default · local/big")
    neovim.until("require('mux_sidecar').status().endpoint.state", fits=lambda state: state == "serving")
    neovim.command("checkhealth mux_sidecar")
    report = "\n".join(neovim.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)"))
    assert "OK mux-sidecar, version" in report
    assert f"OK http://localhost:{home.port}/v1/mux: serving." in report
    assert "OK workspace work: 1 rule" in report
    assert "ERROR" not in report
    assert "WARNING workspace" not in report
    neovim.command("bwipeout")
    for text in ("app.ts", "*app.ts"):
        home.cli("rule", "add", "-w", "work", "--filter", text, "--model", "local/echo")
    neovim.command("checkhealth mux_sidecar")
    report = "\n".join(neovim.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)"))
    assert "WARNING workspace work, rule 2: It is never reached" in report


def test_help(open_, home, tmp_path):
    """`:help` finds the binding and each subcommand, by tags that are up to date."""
    neovim = open_(home)
    for topic in ("mux_sidecar", ":Mux", "MuxStatus", "g:mux_sidecar"):
        neovim.lua("pcall(vim.cmd.help, ...)", topic)  # it needs a parser that an unpacked Neovim may not have
        assert neovim.lua("return vim.fn.expand('%:t')") == "mux_sidecar.txt"
    shutil.copytree(BINDING / "doc", tmp_path / "doc")
    neovim.command(f"helptags {tmp_path}/doc")
    assert (tmp_path / "doc/tags").read_text("utf-8") == (BINDING / "doc/tags").read_text("utf-8")
    told = (BINDING / "doc/mux_sidecar.txt").read_text("utf-8")
    words = neovim.lua("return vim.fn.getcompletion('Mux ', 'cmdline')")
    for word in words:
        inner = neovim.lua("return vim.fn.getcompletion('Mux ' .. ... .. ' ', 'cmdline')", word)
        inner = [each for each in inner if word in ("rule", "provider", "workspace")] or [""]
        assert all(f":Mux {word} {each}".rstrip() in told for each in inner)


def test_what_cannot_be_is_told(open_, home):
    """An unknown subcommand or workspace is told in a sentence, and nothing else happens."""
    neovim = open_(home)
    shown(neovim, "default · local/big")
    neovim.lua(SAID)
    neovim.command("Mux nothing")
    assert "There is no :Mux nothing" in neovim.until("said[1]")
    neovim.command("Mux switch nowhere")
    assert "nowhere" in neovim.until("said[2]")
    neovim.lua("vim.ui.select = function(_, _, done) done(nil) end")
    neovim.command("Mux switch")
    neovim.command("Mux")
    assert neovim.lua("return #said") == 2


def test_lualine(open_, home):
    """The component for lualine gives the text, its colour and the click."""
    neovim = open_(home)
    shown(neovim, "default · local/big")
    neovim.lua("""local class = {} -- what lualine's own class does, as far as a component needs it
    function class:extend()
      local made = setmetatable({ super = self }, { __index = self })
      return made
    end
    function class:init(options)
      self.options = options
    end
    package.loaded['lualine.component'] = class
    component = setmetatable({}, { __index = require('lualine.components.mux_sidecar') })
    component:init({})""")
    assert neovim.lua("return component:update_status()") == "default · local/big"
    assert neovim.lua("return component.options.color()") is None
    neovim.lua(PICK, "work")
    neovim.lua("component.options.on_click()")
    neovim.until("component:update_status()", fits=lambda text: text == "work · local/echo")
