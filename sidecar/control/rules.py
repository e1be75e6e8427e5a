"""Rules: listed, added, changed, moved, removed, or all replaced at once."""

from __future__ import annotations

import difflib
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from sidecar.control import names, order, replacements
from sidecar.control.workbench import Workbench, provider_config, workspace_row
from sidecar.errors import InvalidParameter, NotFound
from sidecar.routing.rules import compile_filter
from sidecar.routing.unreached import unreached
from sidecar.store import models, providers
from sidecar.store import rules as stored
from sidecar.values import Kind, ModelInfo, ProviderConfig, Route, Rule, RuleDraft

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from sidecar.control.drafts import RuleChanges

KINDS: tuple[Kind, ...] = ("any", "chat", "fim", "embed")
_MOST_RULES = 1000


class Rules:
    """The rules of each workspace; for `workspace` None, of the active one. Every change returns all of them."""

    def __init__(self, bench: Workbench) -> None:
        self._config = bench.config

    async def list(self, workspace: str | None = None) -> tuple[Rule, ...]:
        """The rules in order.

        Raises:
            NotFound: no such workspace (so also below).
        """
        return await self._config.ask(lambda db: listed(db, workspace_row(db, workspace).id))

    async def add(
        self, draft: RuleDraft, *, position: int | None = None, workspace: str | None = None
    ) -> tuple[Rule, ...]:
        """With one more: before the catch-alls unless told where; a catch-all takes the place of its like.

        Raises:
            InvalidParameter: the filter, the kind or the position cannot be.
            NotFound: no such provider or model.
        """
        return await self._edit(workspace, lambda db, rules: order.inserted(rules, checked(db, draft), position))

    async def update(self, position: int, changes: RuleChanges, workspace: str | None = None) -> tuple[Rule, ...]:
        """With that rule changed.

        Raises:
            InvalidParameter: the filter or the kind cannot be.
            NotFound: no such rule, provider or model.
        """
        return await self._edit(workspace, partial(_changed, position=position, changes=changes))

    async def move(self, position: int, to: int, workspace: str | None = None) -> tuple[Rule, ...]:
        """With that rule at position `to`.

        Raises:
            InvalidParameter: `to` is past a catch-all.
            NotFound: no such rule.
        """
        return await self._edit(workspace, lambda _, rules: order.moved(rules, position, to))

    async def remove(self, position: int, workspace: str | None = None) -> tuple[Rule, ...]:
        """Without that rule. Raises NotFound."""
        return await self._edit(workspace, lambda _, rules: order.removed(rules, position))

    async def replace(self, drafts: Iterable[RuleDraft], workspace: str | None = None) -> tuple[Rule, ...]:
        """These rules instead of the former ones, all or none; catch-alls are put last.

        Raises:
            InvalidParameter: one of them cannot be.
            NotFound: no such provider or model, unless a former rule was broken the same way.
        """
        wanted = tuple(drafts)
        return await self._edit(
            workspace, lambda db, rules: order.arranged(tuple(checked(db, draft, known=rules) for draft in wanted))
        )

    async def _edit(
        self, workspace: str | None, edit: Callable[[sqlite3.Connection, order.Rules], order.Rules]
    ) -> tuple[Rule, ...]:
        def change(db: sqlite3.Connection) -> tuple[Rule, ...]:
            row = workspace_row(db, workspace)
            before = stored.of(db, row.id)
            after = edit(db, before)
            if len(after) > _MOST_RULES:
                raise InvalidParameter("rules", f"A workspace holds at most {_MOST_RULES} rules.")
            if after != before:
                stored.replace(db, row.id, after)
            return listed(db, row.id)

        return await self._config.edit(change)


def listed(db: sqlite3.Connection, workspace: int) -> tuple[Rule, ...]:
    """A workspace's rules as listed: marked broken where they cannot serve, taken where they are never reached."""
    rules = [shown(db, position, rule) for position, rule in enumerate(stored.of(db, workspace), start=1)]
    for rule, over in unreached(rules):
        rules[rule.position - 1] = msgspec.structs.replace(rule, taken_by=over.position)
    return replacements.offered(db, rules)


def shown(db: sqlite3.Connection, position: int, rule: RuleDraft) -> Rule:
    """A rule as listed."""
    return Rule(
        position=position,
        filter=rule.filter,
        kind=rule.kind,
        provider=rule.provider,
        model=rule.model,
        broken=broken(db, rule),
    )


def checked(db: sqlite3.Connection, draft: RuleDraft, known: order.Rules = ()) -> RuleDraft:
    """The rule as it is stored, its provider in the provider's own spelling.

    Raises:
        InvalidParameter: the filter or the kind cannot be.
        NotFound: no such provider or model, and none of the `known` rules, which may be broken, names them either.
    """
    draft = plain(draft)
    provider = providers.named(db, draft.provider)
    model = provider and models.named(db, provider.id, draft.model)
    if provider and model and not model.gone:
        return msgspec.structs.replace(draft, provider=provider.name)
    if any((rule.provider.casefold(), rule.model) == (draft.provider.casefold(), draft.model) for rule in known):
        return draft
    provider = provider_config(db, draft.provider)
    raise NotFound(_no_model(db, provider.id, provider.name, draft.model))


def plain(draft: RuleDraft) -> RuleDraft:
    """The rule without blanks around its filter, looked at by itself. Raises InvalidParameter."""
    if draft.kind not in KINDS:
        raise InvalidParameter("kind", f"{draft.kind!r} is no kind of rule; use one of {', '.join(KINDS)}.")
    text = names.line(draft.filter, "filter", 500)
    if draft.filter and not text:
        raise InvalidParameter("filter", "The filter is blank; leave it empty for a catch-all.")
    if text:
        compile_filter(text)
    return RuleDraft(
        filter=text,
        provider=names.provider(draft.provider, "provider"),
        model=names.model(draft.model),
        kind=draft.kind,
    )


def _changed(db: sqlite3.Connection, rules: order.Rules, *, position: int, changes: RuleChanges) -> order.Rules:
    old = order.at(rules, position)
    wanted = RuleDraft(
        filter=old.filter if changes.filter is None else changes.filter,
        provider=old.provider if changes.provider is None else changes.provider,
        model=old.model if changes.model is None else changes.model,
        kind=old.kind if changes.kind is None else changes.kind,
    )
    # A broken rule may get another filter and stay as broken as it is.
    return order.changed(rules, position, checked(db, wanted, known=(old,)))


def broken(db: sqlite3.Connection, rule: RuleDraft | Route) -> str | None:
    """Why a rule cannot serve; None if it can."""
    provider = providers.named(db, rule.provider)
    model = models.named(db, provider.id, rule.model) if provider else None
    return why_broken(rule.provider, rule.model, provider, model)


def why_broken(provider: str, model: str, found: ProviderConfig | None, listed: ModelInfo | None) -> str | None:
    """Why a rule with these names cannot serve, given what there is by them; None if it can."""
    if found is None:
        return f"There is no provider {provider}; add it, or choose another model."
    if listed is None:
        return f"{found.name} has no model {model}; choose another one."
    if listed.gone:
        return f"{found.name} no longer lists {model}; choose another model."
    return None


def _no_model(db: sqlite3.Connection, provider: int, name: str, model: str) -> str:
    listing = [each.name for each in models.of(db, provider) if not each.gone]
    if not listing:
        return (
            f"{name} lists no models; name one by hand with: "
            f'mux-sidecar provider edit "{name}" --model "{model}" --offline'
        )
    near = difflib.get_close_matches(model, listing, n=1)
    guess = f" Did you mean {near[0]}?" if near else ""
    return f'{name} has no model {model}.{guess} To see those it has: mux-sidecar provider models "{name}"'
