"""Runs a command: its arguments read, what is missing asked for, the outcome told and answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from rpc.commands import names, providers, rules, views, workspaces
from rpc.commands import params as given
from rpc.commands.talk import Cancelled, Front, NotGiven, Outcome, Talk, Tone
from rpc.dispatch import INVALID_PARAMS, RpcError, read
from rpc.params import ModelList, Params, StatusOf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rpc.dispatch import Dispatcher, Progress
    from rpc.service import Window

_LONGEST_NAME = 100
_ARGUMENTS = {"field": "arguments"}


class Editor(Front, Protocol):
    """The editor, with its place for messages."""

    window: Window

    def say(self, sentence: str, tone: Tone) -> None:
        """Show the user a sentence."""

    def progress_for(self, token: Any) -> Progress:
        """Shows progress, under the client's own token if it sent one."""


@dataclass(frozen=True)
class Command:
    """A command: what it takes, and what it does."""

    name: str
    params: type[Params]
    run: Callable[[Talk, Any], Awaitable[Outcome]]

    @property
    def help(self) -> str:
        """What it does, for the documentation."""
        return " ".join((self.run.__doc__ or "").split())


_ROWS = (
    Command(names.SWITCH_WORKSPACE, given.Named, workspaces.switch),
    Command(names.ADD_WORKSPACE, given.WorkspaceAdd, workspaces.add),
    Command(names.RENAME_WORKSPACE, given.WorkspaceRename, workspaces.rename),
    Command(names.REMOVE_WORKSPACE, given.Named, workspaces.remove),
    Command(names.ADD_RULE, given.RuleAdd, rules.add),
    Command(names.REMOVE_RULE, given.RuleAt, rules.remove),
    Command(names.LIST_MODELS, ModelList, providers.models),
    Command(names.ADD_PROVIDER, given.ProviderAdd, providers.add),
    Command(names.REMOVE_PROVIDER, given.ProviderRemove, providers.remove),
    Command(names.REFRESH_MODELS, given.Named, providers.refresh),
    Command(names.EXPLAIN_FILE, given.Explain, rules.explain),
    Command(names.SHOW_STATUS, StatusOf, views.status),
    Command(names.SHOW_REQUESTS, given.Requests, views.requests),
    Command(names.OPEN_DASHBOARD, Params, views.dashboard),
    Command(names.RUN_DOCTOR, Params, views.doctor),
)
COMMANDS: Mapping[str, Command] = MappingProxyType({row.name: row for row in _ROWS})


async def execute(editor: Editor, dispatcher: Dispatcher, params: Any) -> Any:
    """A command's result, as `workspace/executeCommand` asks for it; None where the user cancelled it.

    Raises:
        RpcError: it failed; the user has been told so too.
    """
    try:
        command, asked = _read(params)
        progress = editor.progress_for(params.get("workDoneToken"))
        outcome = await command.run(Talk(editor, editor.window, _calling(dispatcher, progress)), asked)
    except Cancelled:
        return None
    except NotGiven as missing:
        editor.say(str(missing), "warning")
        return None
    except RpcError as error:
        editor.say(error.error.message, "error")
        raise
    editor.say(outcome.sentence, outcome.tone)
    return outcome.value


def _read(params: Any) -> tuple[Command, Params]:
    name = params.get("command") if isinstance(params, dict) else None
    command = COMMANDS.get(name) if isinstance(name, str) else None
    if command is None:
        raise RpcError(INVALID_PARAMS, f"There is no command {str(name)[:_LONGEST_NAME]!r}.", {"field": "command"})
    arguments = params.get("arguments") or []
    if not isinstance(arguments, list):
        raise RpcError(INVALID_PARAMS, "`arguments` is a list: one object, or the values in order.", _ARGUMENTS)
    try:
        return command, read(command.params, given.named(command.params, arguments))
    except ValueError as error:
        raise RpcError(INVALID_PARAMS, str(error), _ARGUMENTS) from error


def _calling(dispatcher: Dispatcher, progress: Progress) -> Callable[..., Awaitable[Any]]:
    """Methods by name, with camelCase parameters; what is None is left to the method."""

    async def call(method: str, **params: Any) -> Any:
        wanted = {name: value for name, value in params.items() if value is not None}
        return await dispatcher.call(method, wanted, progress)

    return call
