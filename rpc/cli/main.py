"""The command `mux-sidecar`: its subcommands as a table, and where a failure becomes one line and a status."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from sidecar import __version__
from sidecar.errors import MuxError
from sidecar.settings import is_debug, variable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

PROGRAM = "mux-sidecar"
COMPLETE = "_MUX_SIDECAR_COMPLETE"  # what a shell's completion sets, as click's scripts do
NO_COLOUR = "NO_COLOR"  # https://no-color.org; rich heeds it by itself, click does not
MORE = "MUX_SIDECAR_LOG_LEVEL=debug shows where"

# name → (module, attribute, what `--help` says). The help stands here so that `--help` imports none of them.
COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "serve": ("rpc.cli.serve", "serve", "Serve the endpoint without an editor, until interrupted."),
    "demo": ("rpc.demo", "demo", "See the main job in ten seconds: offline, in a throw-away home."),
    "status": ("rpc.cli.status", "status", "Tell which workspace and model answer, and what is wrong."),
    "provider": ("rpc.cli.provider", "provider", "Accounts and servers: add, list, edit, refresh, models, remove."),
    "workspace": ("rpc.cli.workspace", "workspace", "Named lists of rules: list, add, use, rename, edit, remove, …"),
    "rule": ("rpc.cli.rule", "rule", "Which model answers for which files: list, add, default, move, …"),
    "explain": ("rpc.cli.rule", "explain", "Tell which rule takes these files, and why."),
    "log": ("rpc.cli.request", "log", "Show the requests, each with its rule, provider and model."),
    "usage": ("rpc.cli.request", "usage", "Add up requests, tokens and cost."),
    "settings": ("rpc.cli.settings", "settings", "Show or change the settings."),
    "connect": ("rpc.cli.connect", "connect", "Tell how to point an AI client here, and see its request arrive."),
    "editor": ("rpc.cli.editor", "editor", "Bind an editor: print its files, or write them where it looks."),
    "dashboard": ("rpc.cli.dashboard", "dashboard", "Open the dashboard in the browser, signed in."),
    "token": ("rpc.cli.token", "token", "Print the token that guards /rpc."),
    "doctor": ("rpc.cli.doctor", "doctor", "Tell what is wrong and how to mend it."),
    "completion": ("rpc.cli.complete", "completion", "Print the completion script of a shell."),
}

# What other programs call commands that are something else here.
ELSEWHERE = {"help": "--help", "version": "--version", "models": "provider models", "start": "serve"}


class TableGroup(click.Group):
    """A group whose commands are imported when they are called, completed within, or asked for help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order in which a user needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of the first argument; where there is none, the error names what is meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            meant = _meant(args[0])
            if meant is None:
                raise
            raise click.UsageError(f"{error.message} Did you mean {meant!r}?", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        """The commands' section of `--help`, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


def _meant(name: str) -> str | None:
    """What is likely meant by a command that there is not."""
    from difflib import get_close_matches  # noqa: PLC0415 - only who mistypes pays for it

    return ELSEWHERE.get(name) or next(iter(get_close_matches(name, COMMANDS, n=1)), None)


@click.group(
    cls=TableGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="First steps: mux-sidecar demo, then mux-sidecar provider add. Each command has its own --help.",
)
@click.option("--stdio", is_flag=True, expose_value=False, help="Serve an editor on standard input and output.")
@click.version_option(__version__, prog_name=PROGRAM)
def cli() -> None:
    """Configure your AI assistant once; switch which model answers from the editor.

    The sidecar takes OpenAI-style requests at http://localhost:8989/v1/mux, looks at the files in
    the prompt, and sends each to the model of the active workspace's first rule that matches.
    """


def run(arguments: Sequence[str]) -> int:
    """The exit status of one command line: 0; 1 for a failure, told in one line; 2 for wrong usage; 130 interrupted."""
    sys.excepthook = tell_unexpected
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show ✓ or a model's name gets a question mark, not a traceback.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        return _invoke(arguments)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        return _interrupted(error)
    except MuxError as error:
        return fail(str(error))
    except OSError as error:
        return _system_refused(error)


def _open_closed() -> None:
    """Nothing for each standard stream that the process was started without (`>&-`): what is opened next has its place.

    A database would be it otherwise, and be written to by whoever takes the descriptor for the stream.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - it stays


def _invoke(arguments: Sequence[str]) -> int:
    """What click's own `main` does, which ends a process whose reader left with 1."""
    asked = variable(COMPLETE)
    if asked:
        from click.shell_completion import shell_complete  # noqa: PLC0415 - only a Tab needs it

        return shell_complete(cli, {}, PROGRAM, COMPLETE, asked)
    status = 0
    colour = False if variable(NO_COLOUR) else None  # None: on a terminal
    try:
        with cli.make_context(PROGRAM, list(arguments), color=colour) as context:
            cli.invoke(context)
    except click.exceptions.Exit as end:
        status = end.exit_code
    sys.stdout.flush()
    return status


def fail(sentence: str) -> int:
    """1, after the sentence was told in one line on standard error."""
    click.echo(f"{PROGRAM}: {' '.join(sentence.split())}", err=True)
    return 1


def tell_unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell a defect in one line; with the log level `debug` its traceback comes first."""
    if is_debug():
        sys.__excepthook__(kind, error, trace)
    fail(f"unexpected {kind.__name__}: {error} ({MORE}; please report it with that).")


def _interrupted(error: BaseException) -> int:
    """130 for Ctrl-C; 1 for a question that was answered with no, or not at all."""
    if isinstance(error, KeyboardInterrupt) or isinstance(error.__context__, KeyboardInterrupt):
        return 130
    return fail("stopped; nothing was changed.")


def _system_refused(error: OSError) -> int:
    """1 with what the system said; 0 and silence where the reader of our output left, as `head` does."""
    # Windows says EINVAL where others say EPIPE; either names no file.
    if isinstance(error, BrokenPipeError) or (error.errno == errno.EINVAL and error.filename is None):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    where = f"{error.filename}: " if error.filename is not None else ""
    return fail(f"{where}{error.strerror or error}.")
