"""Arguments that a shell can complete from what is configured, and the script that teaches a shell to."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Literal, NamedTuple

import click
from click.shell_completion import CompletionItem

from sidecar.errors import MuxError
from sidecar.settings import read_place

if TYPE_CHECKING:
    from collections.abc import Iterable

HINTS = {
    "bash": 'To have it in every shell, add to ~/.bashrc:  eval "$(mux-sidecar completion bash)"',
    "zsh": 'To have it in every shell, add to ~/.zshrc after compinit:  eval "$(mux-sidecar completion zsh)"',
    "fish": "To keep it:  mkdir -p ~/.config/fish/completions && "
    "mux-sidecar completion fish > ~/.config/fish/completions/mux-sidecar.fish",
}


class ModelReference(NamedTuple):
    """`PROVIDER/MODEL`, split at the first slash."""

    provider: str
    model: str


class WorkspaceName(click.ParamType[str]):
    """A workspace's name; that it exists is for the control to say."""

    name = "workspace"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """The workspaces that begin so."""
        return beginning(incomplete, known("workspaces"))


class ProviderName(click.ParamType[str]):
    """A provider's name; that it exists is for the control to say."""

    name = "provider"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """The providers that begin so."""
        return beginning(incomplete, known("providers"))


class TypeName(click.ParamType[str]):
    """A provider's type; another word is wrong usage."""

    name = "type"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The type, as it is spelt."""
        from sidecar.providers.types import row  # noqa: PLC0415 - start-up, as everywhere in the command line

        try:
            return row(str(value)).type
        except MuxError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """The types that begin so."""
        from sidecar.providers.types import TYPES  # noqa: PLC0415 - only a Tab needs it

        return beginning(incomplete, TYPES)


class ModelName(click.ParamType[ModelReference]):
    """A model as `PROVIDER/MODEL`."""

    name = "provider/model"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> ModelReference:
        """The two halves; a value without a slash is wrong usage."""
        if isinstance(value, ModelReference):
            return value
        provider, _, model = str(value).partition("/")
        if not provider or not model:
            self.fail(
                f"{value!r} is no PROVIDER/MODEL, such as ollama/qwen3:8b ('mux-sidecar provider models' lists them).",
                param,
                ctx,
            )
        return ModelReference(provider, model)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """The models that begin so."""
        return beginning(incomplete, known("models"))


class ClientName(click.ParamType[str]):
    """A client's id; that it exists is for the command to say."""

    name = "client"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """The clients that begin so."""
        from sidecar.clients.table import names  # noqa: PLC0415 - only a Tab needs it

        return beginning(incomplete, names())


class EditorName(click.ParamType[str]):
    """An editor's id; that it exists is for the command to say."""

    name = "name"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """The editors that begin so."""
        from sidecar.editors.table import rows  # noqa: PLC0415 - only a Tab needs it

        return beginning(incomplete, rows())


def known(what: Literal["workspaces", "providers", "models"]) -> tuple[str, ...]:
    """What is configured; nothing where it cannot be read, for a Tab tells no errors."""
    from sidecar.store import names  # noqa: PLC0415 - only a Tab needs it

    try:
        return names.read(read_place().config_db, what)
    except (MuxError, sqlite3.Error, OSError):
        return ()


def beginning(incomplete: str, candidates: Iterable[str]) -> list[CompletionItem]:
    """Those that begin so, without regard to case, as names are compared."""
    return [CompletionItem(name) for name in candidates if name.lower().startswith(incomplete.lower())]


@click.command()
@click.argument("shell", type=click.Choice(tuple(HINTS)))
def completion(shell: str) -> None:
    """Print the completion script of SHELL (its hint, on standard error, says where it goes)."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - beside its only use

    from rpc.cli.main import COMPLETE, PROGRAM, cli  # noqa: PLC0415 - the group names this module in its table

    script = get_completion_class(shell)
    assert script is not None
    click.echo(script(cli, {}, PROGRAM, COMPLETE).source())
    click.echo(HINTS[shell], err=True)
