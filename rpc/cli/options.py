"""What `provider add` and `provider edit` both take, and how a key is read without standing on the command line."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from rpc.cli.session import perform
from sidecar.errors import KeyMissing

if TYPE_CHECKING:
    from collections.abc import Callable

    from sidecar.control.drafts import ProviderChanges, ProviderDraft
    from sidecar.values import Timeouts

F = TypeVar("F", bound="Callable[..., Any]")

SECONDS = click.FloatRange(min=0, min_open=True)


def _header(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Each `NAME=VALUE` as a pair."""
    pairs = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{text!r} is no NAME=VALUE.", context, option)
        pairs.append((name, value))
    return tuple(pairs)


def _never_here(context: click.Context, option: click.Parameter, given: str | None) -> None:
    """Refuse a key on the command line, where every program of this machine can read it."""
    if given is not None:
        raise click.BadParameter(
            "a key on the command line can be read by others; use --api-key-env VAR or --api-key-stdin.",
            context,
            option,
        )


OPTIONS = (
    click.option("--endpoint", metavar="URL", help="Where it is; each type has a default."),
    click.option("--description", metavar="TEXT", help="For yourself."),
    click.option(
        "--auth", type=click.Choice(("none", "api_key")), help="Whether it wants a key; each type has a default."
    ),
    click.option(
        "--api-key-env", metavar="VAR", help="The key is in this environment variable; only its name is kept."
    ),
    click.option(
        "--api-key-stdin", is_flag=True, help="Read the key from standard input; a terminal asks for it, unseen."
    ),
    click.option("--api-key", hidden=True, is_flag=False, flag_value="", expose_value=False, callback=_never_here),
    click.option("--model", "models", multiple=True, metavar="NAME", help="A model that it does not list; repeatable."),
    click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_header,
        help="Repeatable; VALUE may be env:VAR.",
    ),
    click.option("--connect-timeout", type=SECONDS, metavar="SECONDS", help="To connect (default: 10)."),
    click.option("--first-byte-timeout", type=SECONDS, metavar="SECONDS", help="To the first byte (300; local: 600)."),
    click.option("--idle-timeout", type=SECONDS, metavar="SECONDS", help="Of silence within a stream (120)."),
    click.option("--offline", is_flag=True, help="Fetch no models now."),
)

# What names a parameter of JSON-RPC here.
PARAMETERS = {
    "apiKey": "--api-key-stdin",
    "apiKeyEnv": "--api-key-env VARIABLE",
    "models": "--model NAME",
    "offline": "--offline",
}


def provider_options(command: F) -> F:
    """The options that make a `ProviderOptions`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, kw_only=True)
class ProviderOptions:
    """The options as click read them; None, False or empty where one was not given."""

    endpoint: str | None
    description: str | None
    auth: Literal["none", "api_key"] | None
    api_key_env: str | None
    api_key_stdin: bool
    models: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    connect_timeout: float | None
    first_byte_timeout: float | None
    idle_timeout: float | None
    offline: bool

    def __post_init__(self) -> None:
        if self.api_key_env and self.api_key_stdin:
            raise click.UsageError("--api-key-env and --api-key-stdin exclude each other.")

    def draft(self, name: str, type_: str) -> ProviderDraft:
        """The provider to add; its key is read now, from standard input or by asking whoever sits there."""
        from sidecar.control.drafts import ProviderDraft  # noqa: PLC0415 - start-up
        from sidecar.values import Timeouts  # noqa: PLC0415 - start-up

        return ProviderDraft(
            name=name,
            type=type_,
            endpoint=self.endpoint,
            description=self.description or "",
            auth=self.auth,
            api_key=self._key(name) or self._asked(name, type_),
            api_key_env=self.api_key_env,
            models=self.models,
            headers=self.headers,
            timeouts=self._timeouts() or Timeouts(),
            offline=self.offline,
        )

    def changes(self, name: str, new_name: str | None) -> ProviderChanges:
        """What to change of the provider of that name: None for what was not given."""
        from sidecar.control.drafts import ProviderChanges  # noqa: PLC0415 - start-up

        return ProviderChanges(
            new_name=new_name,
            endpoint=self.endpoint,
            description=self.description,
            auth=self.auth,
            api_key=self._key(name),
            api_key_env=self.api_key_env,
            models=self.models or None,
            headers=self.headers or None,
            timeouts=self._timeouts(),
            offline=self.offline,
        )

    def _key(self, name: str) -> str | None:
        """The first line of standard input, where the key was said to be there; on a terminal it is asked for.

        Raises:
            KeyMissing: it is empty.
        """
        if not self.api_key_stdin:
            return None
        key = _typed(f"API key of {name}") if sys.stdin.isatty() else sys.stdin.readline().strip()
        if not key:
            raise KeyMissing(
                "No key came on standard input; write it there, as in: mux-sidecar … --api-key-stdin < FILE"
            )
        return key

    def _asked(self, name: str, type_: str) -> str | None:
        """The key that a user types unseen, where one is wanted, none was named, and a terminal is there to ask on."""
        if self.api_key_env or self.auth == "none" or not sys.stdin.isatty():
            return None
        types = perform(lambda control: control.providers.types())
        if self.auth is None and not any(row.type == type_ and row.auth == "api_key" for row in types):
            return None
        return _typed(f"API key of {name} (Enter for none)") or None

    def _timeouts(self) -> Timeouts | None:
        from sidecar.values import Timeouts  # noqa: PLC0415 - start-up

        given = (self.connect_timeout, self.first_byte_timeout, self.idle_timeout)
        if given == (None, None, None):
            return None
        return Timeouts(connect=given[0], first_byte=given[1], idle=given[2])


def _typed(question: str) -> str:
    """What is typed on the terminal, unseen."""
    return str(click.prompt(question, default="", show_default=False, hide_input=True, err=True)).strip()
