"""The commands for rules, and the one that explains which of them takes a file."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from rpc.commands.talk import NotGiven, Outcome
from rpc.documents import file_of

if TYPE_CHECKING:
    from rpc.commands import params as given
    from rpc.commands.talk import Talk
    from sidecar.values import Explanation, Request, Rule

EVERYTHING = "Everything else"
LOOKED_AT = 200  # requests whose files are offered
OFFERED = 10
_SEPARATOR = re.compile(r"[\\/]")


async def add(talk: Talk, asked: given.RuleAdd) -> Outcome:
    """Adds a rule; for a document's ending, so that it takes effect: a rule for that ending is changed instead."""
    where = _where(talk, asked.workspace)
    filter_ = asked.filter
    if filter_ is None:
        filter_ = ending(file_of(asked.uri, ())) if asked.uri else await _filter(talk)
    named = f"{filter_} files" if filter_ else "everything else"
    provider, model = _split(asked.provider, asked.model)
    if not (provider and model):
        provider, model = await talk.model(f"Which model is to answer for {named}?", provider)
    wanted: dict[str, Any] = {"provider": provider, "model": model, **where}
    same = await _same(talk, asked, filter_, where)
    if same is not None:
        rules = await talk.call("mux/rule/update", position=same.position, **wanted)
    else:
        place = asked.position or await _ahead(talk, asked, where)
        rules = await talk.call("mux/rule/add", filter=filter_, kind=asked.kind, position=place, **wanted)
    return Outcome(rules, f"{provider}/{model} answers for {named} now.")


async def remove(talk: Talk, asked: given.RuleAt) -> Outcome:
    """Removes a rule."""
    where = _where(talk, asked.workspace)
    position = asked.position
    if position is None:
        rules: tuple[Rule, ...] = await talk.call("mux/rule/list", **where)
        if not rules:
            raise NotGiven("The workspace has no rules.")
        position = await talk.choose(
            "Remove which rule?", {_described(rule): rule.position for rule in rules}, "position"
        )
    left = await talk.call("mux/rule/remove", position=position, **where)
    return Outcome(left, f"Removed rule {position}; {len(left)} left.")


async def explain(talk: Talk, asked: given.Explain) -> Outcome:
    """Tells which rule takes a file."""
    files = asked.files
    if files is None:
        files = (file_of(_uri(asked.uri), talk.window.folders) if asked.uri else await _file(talk),)
    where = _where(talk, asked.workspace)
    explained: Explanation = await talk.call("mux/route/explain", files=files, kind=asked.kind, **where)
    named, route = ", ".join(files) or "No file", explained.route
    if route is None:
        return Outcome(explained, f"{named}: no rule takes it; name a model for everything else.", "warning")
    rule = f"rule {route.position} ({route.filter or 'everything else'}) of {route.workspace}"
    told = f"{named}: {route.provider}/{route.model}, by {rule}."
    return Outcome(explained, f"{told} {explained.broken}", "warning") if explained.broken else Outcome(explained, told)


def ending(path: str) -> str:
    """The filter for files like this one: its ending, or its name where it has none."""
    name = _SEPARATOR.split(path)[-1]
    stem, dot, last = name.rpartition(".")
    return f".{last}" if dot and stem and last else name


def _where(talk: Talk, workspace: str | None) -> dict[str, str]:
    """Which workspace: the one named, else the window's; a method without one takes the active one."""
    name = workspace or talk.window.workspace
    return {"workspace": name} if name else {}


def _split(provider: str | None, model: str | None) -> tuple[str | None, str | None]:
    """A provider and its model, which may be written as one."""
    if model and not provider and "/" in model:
        provider, _, model = model.partition("/")
    return provider, model


async def _same(talk: Talk, asked: given.RuleAdd, filter_: str, where: dict[str, str]) -> Rule | None:
    """The rule for just these files: one behind it would never get a request. None where the new one has its place."""
    if asked.position is not None:
        return None
    kind = asked.kind or "any"
    rules: tuple[Rule, ...] = await talk.call("mux/rule/list", **where)
    return next((rule for rule in rules if (rule.filter.lower(), rule.kind) == (filter_.lower(), kind)), None)


async def _ahead(talk: Talk, asked: given.RuleAdd, where: dict[str, str]) -> int | None:
    """The position of the rule that takes the document so far, if it is no catch-all: the new one goes before it."""
    if not asked.uri:
        return None
    files = (file_of(asked.uri, talk.window.folders),)
    explained: Explanation = await talk.call("mux/route/explain", files=files, **where)
    return explained.route.position if explained.route and explained.route.filter else None


async def _filter(talk: Talk) -> str:
    """A filter: the endings of files that were asked about lately are offered, the most frequent first."""
    endings = Counter(ending(file) for file in await _lately(talk))
    options = {text: text for text, _ in endings.most_common(OFFERED)}
    return await talk.choose("A rule for which files?", {**options, EVERYTHING: ""}, "filter")


async def _file(talk: Talk) -> str:
    files = list(dict.fromkeys(await _lately(talk)))[:OFFERED]
    if not files:
        raise NotGiven('Give the file as an argument, such as {"files": ["src/app.py"]}.')
    return await talk.choose("Explain which file?", {file: file for file in files}, "files")


async def _lately(talk: Talk) -> list[str]:
    """The files of the newest requests."""
    requests: tuple[Request, ...] = await talk.call("mux/request/list", limit=LOOKED_AT)
    return [file for request in requests for file in request.files]


def _uri(text: str) -> str:
    """A URI, also where a path was given."""
    return (
        text if "://" in text else text.replace("\\", "/").replace("%", "%25").replace("#", "%23").replace("?", "%3F")
    )


def _described(rule: Rule) -> str:
    kind = "" if rule.kind == "any" else f" ({rule.kind})"
    return f"{rule.position}. {rule.filter or EVERYTHING}{kind}: {rule.provider}/{rule.model}"
