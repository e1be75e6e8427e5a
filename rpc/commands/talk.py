"""What a command can do: call methods, ask the user for what is missing, and say how it went."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    from rpc.service import Window
    from sidecar.values import Model, Provider, Rule, Workspace

T = TypeVar("T")

Tone = Literal["info", "warning", "error"]
Call = Callable[..., Awaitable[Any]]

#: Answers offered at a time: editors show them as buttons or in a small list.
PAGE = 12
MORE = "More…"
ANOTHER = "Another model…"
NO_PROVIDER = "There is no provider yet; add one with the command mux.addProvider."


class Front(Protocol):
    """What an editor can do for a command."""

    @property
    def can_ask(self) -> bool:
        """Whether it can put a question."""

    async def ask(self, sentence: str, choices: Sequence[str]) -> str | None:
        """What the user chooses; None where they choose nothing."""

    async def show(self, url: str) -> bool:
        """Whether it has opened the page."""


class Cancelled(Exception):
    """The user chose nothing: nothing is done, and nothing needs to be said."""


class NotGiven(Exception):
    """Something is missing that could not be asked for; the message says what, and what to do."""


@dataclass(frozen=True)
class Outcome:
    """A command's result, and the sentence that tells the user of it."""

    value: Any
    sentence: str
    tone: Tone = "info"


@dataclass(frozen=True)
class Talk:
    """One command's conversation. `call(method, **params)` gives a method's result, or raises RpcError."""

    front: Front
    window: Window
    call: Call

    async def choose(self, sentence: str, options: Mapping[str, T], missing: str) -> T:
        """The value of what the user chooses by its label; `missing` is the value to give where nobody can be asked.

        Raises:
            NotGiven: the editor cannot ask.
            Cancelled: nothing was chosen.
        """
        if not self.front.can_ask:
            raise NotGiven(f"The command needs `{missing}`, and this editor cannot ask for it: give it as an argument.")
        labels = list(options)
        start = 0
        while True:
            last = len(labels) - start <= PAGE
            shown = labels[start:] if last else [*labels[start : start + PAGE - 1], MORE]
            chosen = await self.front.ask(sentence, shown)
            if chosen is None:
                raise Cancelled
            if chosen != MORE or last:
                return options[chosen]
            start += PAGE - 1

    async def confirm(self, sentence: str, verb: str) -> None:
        """Has the user say so.

        Raises:
            Cancelled: they do not.
        """
        if await self.front.ask(sentence, (verb, "Cancel")) != verb:
            raise Cancelled

    async def workspace(self, sentence: str, missing: str, fits: Callable[[Workspace], bool], none: str) -> str:
        """The name of a workspace that fits. Raises NotGiven with `none` where there is none."""
        found = [each for each in await self.call("mux/workspace/list") if fits(each)]
        if not found:
            raise NotGiven(none)
        return await self.choose(sentence, {_described(each): each.name for each in found}, missing)

    async def provider(self, sentence: str, missing: str) -> str:
        """The name of a provider."""
        found: tuple[Provider, ...] = await self.call("mux/provider/list")
        if not found:
            raise NotGiven(NO_PROVIDER)
        return await self.choose(
            sentence, {f"{each.name} ({counted(each.models)})": each.name for each in found}, missing
        )

    async def model(self, sentence: str, provider: str | None) -> tuple[str, str]:
        """A provider and its model: those that rules name already are offered first, then all, provider by provider."""
        if provider is None:
            options: dict[str, tuple[str, str] | None] = dict(await self._in_use())
            if options:
                chosen = await self.choose(sentence, {**options, ANOTHER: None}, "model")
                if chosen is not None:
                    return chosen
            provider = await self.provider("A model of which provider?", "provider")
        found: tuple[Model, ...] = await self.call("mux/model/list", provider=provider)
        names = {each.name: (each.provider, each.name) for each in found if not each.gone}
        if not names:
            raise NotGiven(f"The provider {provider} lists no models; fetch them with the command mux.refreshModels.")
        return await self.choose(sentence, names, "model")

    async def _in_use(self) -> dict[str, tuple[str, str]]:
        """The models that rules name, by what they are called."""
        rules: list[Rule] = []
        for workspace in await self.call("mux/workspace/list"):
            rules += await self.call("mux/rule/list", workspace=workspace.name)
        return {f"{rule.provider}/{rule.model}": (rule.provider, rule.model) for rule in rules if not rule.broken}


def _described(workspace: Workspace) -> str:
    active = ", active" if workspace.active else ""
    return f"{workspace.name} ({workspace.default or 'no model for everything'}{active})"


def counted(number: int, noun: str = "model") -> str:
    """So many of them, in words."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
