"""The commands for providers and their models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from rpc.commands.talk import NO_PROVIDER, Cancelled, NotGiven, Outcome, counted
from rpc.dispatch import RpcError
from sidecar import keys
from sidecar.errors import InUse

if TYPE_CHECKING:
    from rpc.commands import params as given
    from rpc.commands.talk import Talk
    from rpc.params import ModelList
    from sidecar.values import Model, Provider, ProviderType, Rule

_KEY = "_API_KEY"
_NAMED = 20  # models that a sentence names
IN_DASHBOARD = "Type the key in the dashboard"
ALL = "All of them"


async def add(talk: Talk, asked: given.ProviderAdd) -> Outcome:
    """Adds a provider with the defaults of its type; a key is taken from a variable, or typed in the dashboard."""
    types: tuple[ProviderType, ...] = await talk.call("mux/provider/types")
    named = asked.type
    if not named:
        named = await talk.choose("Add which provider?", {each.label: each.type for each in types}, "type")
    wanted = {name: value for name, value in msgspec.to_builtins(asked).items() if value is not None}
    wanted["type"] = named
    known = next((each for each in types if each.type == named), None)
    wanted.setdefault("name", (known and known.free_name) or named)
    if known is not None and known.auth == "api_key" and asked.auth is None and not asked.api_key and not asked.offline:
        wanted.setdefault("apiKeyEnv", await _variable(talk, known))
    added: Provider = await talk.call("mux/provider/add", **wanted)
    return Outcome(added, f"Added the provider {added.name} with {counted(added.models)}.")


async def remove(talk: Talk, asked: given.ProviderRemove) -> Outcome:
    """Removes a provider; one that workspaces use after asking once more, if that can be asked."""
    name = asked.name or await talk.provider("Remove which provider?", "name")
    if not asked.name:
        await talk.confirm(f"Remove the provider {name} with its key?", "Remove")
    try:
        broken = await talk.call("mux/provider/remove", name=name, force=asked.force)
    except RpcError as error:
        if error.error.code != InUse.code or not talk.front.can_ask:
            raise
        users = ", ".join((error.error.data or {}).get("users", ()))
        await talk.confirm(f"{name} is used by the rules of {users}, which will be broken.", "Remove all the same")
        broken = await talk.call("mux/provider/remove", name=name, force=True)
    return Outcome(broken, f"Removed the provider {name}{_left_broken(broken)}.")


async def refresh(talk: Talk, asked: given.Named) -> Outcome:
    """Fetches the models of a provider anew, or of all."""
    if asked.name:
        return await _refreshed(talk, asked.name)
    names = [each.name for each in await talk.call("mux/provider/list")]
    if not names:
        raise NotGiven(NO_PROVIDER)
    if len(names) > 1 and talk.front.can_ask:
        chosen = await talk.choose("Fetch the models of which provider?", {ALL: None, **{n: n for n in names}}, "name")
        names = [chosen] if chosen else names
    if len(names) == 1:
        return await _refreshed(talk, names[0])
    return await _all_refreshed(talk, names)


async def models(talk: Talk, asked: ModelList) -> Outcome:
    """Lists models."""
    found: tuple[Model, ...] = await talk.call("mux/model/list", provider=asked.provider)
    if not found:
        return Outcome(found, "There are no models; add a provider with the command mux.addProvider.", "warning")
    by_provider: dict[str, list[str]] = {}
    for model in found:
        by_provider.setdefault(model.provider, []).append(f"{model.name} (gone)" if model.gone else model.name)
    return Outcome(found, "\n".join(f"{name}: {_some(names)}" for name, names in by_provider.items()))


async def _refreshed(talk: Talk, name: str) -> Outcome:
    fetched: Provider = await talk.call("mux/provider/refresh", name=name)
    return Outcome(fetched, f"{fetched.name} has {counted(fetched.models)}.")


async def _all_refreshed(talk: Talk, names: list[str]) -> Outcome:
    """Each of them, one after the other; one that fails keeps the others from nothing."""
    lines, failed = [], False
    for name in names:
        try:
            lines.append((await _refreshed(talk, name)).sentence)
        except RpcError as error:
            failed = True
            lines.append(error.error.message)
    listed: tuple[Any, ...] = await talk.call("mux/provider/list")
    return Outcome(listed, "\n".join(lines), "warning" if failed else "info")


async def _variable(talk: Talk, type_: ProviderType) -> str:
    """The variable that holds the key."""
    names = [name for name, value in keys.environment().items() if name.endswith(_KEY) and value]
    found = sorted(names, key=lambda name: (not name.startswith(type_.type.upper()), name))  # its own one first
    options: dict[str, str | None] = {f"Use the variable {name}": name for name in found}
    sentence = f"{type_.label} wants a key. Where is it?"
    chosen = await talk.choose(sentence, {**options, IN_DASHBOARD: None}, "apiKeyEnv")
    if chosen is not None:
        return chosen
    url = (await talk.call("mux/dashboard/url")).url
    if not await talk.front.show(url):
        raise NotGiven(f"Open {url} and add the provider there.")
    raise Cancelled


def _some(names: list[str]) -> str:
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + rest


def _left_broken(rules: tuple[Rule, ...]) -> str:
    return f"; {counted(len(rules), 'rule')} cannot serve any more" if rules else ""
