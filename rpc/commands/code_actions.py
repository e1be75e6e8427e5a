"""Code actions, by which editors that have no place for commands reach them."""

from __future__ import annotations

from typing import Any

from rpc.commands import names
from rpc.commands.names import KIND
from rpc.commands.rules import ending
from rpc.dispatch import INVALID_PARAMS, RpcError
from rpc.documents import file_of
from sidecar.values import Value

AUTOMATIC = 2  # CodeActionTriggerKind


class Command(Value, frozen=True, kw_only=True):
    """A command with its arguments (LSP 3.17, Command)."""

    title: str
    command: str
    arguments: tuple[dict[str, Any], ...] = ()


class CodeAction(Value, frozen=True, kw_only=True):
    """An action without an edit (LSP 3.17, CodeAction)."""

    title: str
    kind: str
    command: Command


def code_actions(params: Any) -> tuple[CodeAction, ...]:
    """What to offer: nothing where the editor asks by itself, so that no light bulb shines on every line.

    Editors that never say how they ask (Eglot, Zed) are answered: they have no other way to these.

    Raises:
        RpcError: the parameters do not fit the standard.
    """
    try:
        uri, context = params["textDocument"]["uri"], params["context"]
        only, trigger = context.get("only"), context.get("triggerKind")
        path = file_of(uri, ())
    except (TypeError, KeyError, AttributeError, ValueError):
        raise RpcError(
            INVALID_PARAMS, "textDocument/codeAction takes a `textDocument` with its `uri` and a `context`."
        ) from None
    if trigger == AUTOMATIC or not _asked_for(only):
        return ()
    found = [_action("Switch workspace…", names.SWITCH_WORKSPACE)]
    if path and not uri.startswith("untitled:") and (files := ending(path)):
        found.append(_action(f"Use another model for {files} files…", names.ADD_RULE, {"uri": uri}))
    return tuple(found)


def _asked_for(only: Any) -> bool:
    """Whether `only`, a list of kinds, leaves ours: a kind stands for all below it."""
    if only is None:
        return True
    return isinstance(only, list) and any(kind == "" or f"{KIND}.".startswith(f"{kind}.") for kind in only)


def _action(title: str, command: str, *arguments: dict[str, Any]) -> CodeAction:
    return CodeAction(title=title, kind=KIND, command=Command(title=title, command=command, arguments=arguments))
