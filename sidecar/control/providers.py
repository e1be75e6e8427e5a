"""Providers: added, changed, refreshed, removed. What needs the network is done first, then one transaction writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from sidecar import keys
from sidecar.control import forms, replacements
from sidecar.control import rules as ruling
from sidecar.control.fetching import fetch
from sidecar.control.workbench import Workbench, provider_config
from sidecar.errors import AlreadyExists, InUse, KeyMissing, KeyRefused, MuxError, NotAllowed, ProviderUnreachable
from sidecar.moments import moment
from sidecar.providers.choices import provider_types
from sidecar.store import models, rules
from sidecar.store import providers as stored
from sidecar.values import Provider, ProviderConfig, ProviderType, Rule

if TYPE_CHECKING:
    import sqlite3

    from sidecar.control.drafts import ProviderChanges, ProviderDraft
    from sidecar.control.forms import Form
    from sidecar.providers.cards import Listing

Write = Callable[["sqlite3.Connection", ProviderConfig], Provider]

# What a provider's models depend on; the rest can be changed while it does not answer.
_REACH = ("type", "endpoint", "auth", "key", "headers")
_NOT_STORED = "Nothing was stored; `offline` with `models` adds it without asking."


class Providers:
    """The providers of the data folder. Methods raise NotFound for a name that there is not."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._config = bench.config
        self._keys = bench.keys

    async def types(self) -> tuple[ProviderType, ...]:
        """The types that a provider can have, with a free name where a provider has the type's own."""
        held = await self._config.ask(stored.every)
        return provider_types({config.name.casefold() for config in held})

    async def list(self) -> tuple[Provider, ...]:
        """All of them, by name."""

        def read(db: sqlite3.Connection) -> tuple[Provider, ...]:
            counts, users = models.counts(db), rules.users(db)
            return tuple(_shown(config, counts, users) for config in stored.every(db))

        return await self._config.ask(read)

    async def add(self, draft: ProviderDraft) -> Provider:
        """A new one, its models fetched unless `offline`; nothing is stored if they cannot be.

        Raises:
            InvalidParameter: one of the values cannot be.
            AlreadyExists: there is one of that name.
            KeyMissing, KeyRefused, ProviderUnreachable: see `fetch`.
        """
        form = forms.of_draft(draft, self._bench.place.port)
        await self._config.ask(lambda db: _check_free(db, form.config))
        listing = None if form.offline else await self._first(form)

        def change(db: sqlite3.Connection, config: ProviderConfig) -> Provider:
            _check_free(db, config)
            added = stored.add(db, _fetched(config, listing))
            return _written(db, added, form, listing)

        return await self._write(form, change)

    async def update(self, name: str, changes: ProviderChanges) -> Provider:
        """Changed, and its models fetched anew unless `offline`; rules follow a new name.

        While it does not answer, what has nothing to do with reaching it can be changed all the same: the answer's
        `error` tells of it.

        Raises:
            InvalidParameter: one of the values cannot be.
            AlreadyExists: there is one of the new name.
            NotAllowed: its key would go to another host.
            KeyMissing, KeyRefused, ProviderUnreachable: see `fetch`.
        """
        old = await self._config.ask(lambda db: provider_config(db, name))
        form = forms.of_changes(old, changes, self._bench.place.port)
        await self._config.ask(lambda db: _check_free(db, form.config))
        listing, failure = await self._try(old, form)

        def change(db: sqlite3.Connection, config: ProviderConfig) -> Provider:
            _check_same(db, old)
            _check_free(db, config)
            changed = _fetched(config, listing)
            if failure is not None:
                changed = msgspec.structs.replace(changed, error=_lasting(failure, old))
            stored.update(db, changed)
            if changed.name != old.name:
                rules.rename_provider(db, old.name, changed.name)
            return _written(db, changed, form, listing)

        answer = await self._write(form, change)
        if old.key is not None and (form.secret or form.config.key != old.key):
            await self._keys.remove(old.key)
        return answer if failure is None else msgspec.structs.replace(answer, error=str(failure))

    async def refresh(self, name: str) -> Provider:
        """Its models fetched anew; the former list stays if they cannot be.

        Raises:
            KeyMissing, KeyRefused, ProviderUnreachable: see `fetch`; remembered as the provider's `error`, unless it is
                a variable that this process lacks and another may have.
        """
        old = await self._config.ask(lambda db: provider_config(db, name))
        self._keys.forget(old.key)
        try:
            listing = await fetch(self._bench, old)
        except (KeyMissing, KeyRefused, ProviderUnreachable) as failure:
            sentence = _lasting(failure, old)
            await self._config.edit(lambda db: stored.note_error(db, old.id, sentence))
            raise

        def change(db: sqlite3.Connection) -> Provider:
            _check_same(db, old)
            fresh = _fetched(old, listing)
            stored.update(db, fresh)
            models.merge(db, fresh.id, listing.models)
            return _told(db, fresh, listing)

        return await self._config.edit(change)

    async def remove(self, name: str, *, force: bool = False) -> tuple[Rule, ...]:
        """Removes it with its key and its models; returns the rules that used it, which stay, broken.

        Raises:
            InUse: a workspace uses it, and `force` is not given.
        """

        def change(db: sqlite3.Connection) -> tuple[str | None, tuple[Rule, ...]]:
            config = provider_config(db, name)
            users = rules.users(db).get(config.name.casefold(), ())
            if users and not force:
                raise InUse(_in_use(config.name, users), users)
            stored.remove(db, config.id)
            using = rules.using(db, config.name)
            return config.key, replacements.offered(db, (ruling.shown(db, position, rule) for position, rule in using))

        ref, broken = await self._config.edit(change)
        await self._keys.remove(ref)
        return broken

    async def _first(self, form: Form) -> Listing:
        """The listing of a provider that is not stored yet: there is nothing to edit where it cannot be had."""
        try:
            return await fetch(self._bench, form.config, form.secret)
        except KeyMissing as failure:
            if failure.variable is None:
                raise
            raise KeyMissing(_unset(form.config, failure.variable)) from failure
        except ProviderUnreachable as failure:
            raise ProviderUnreachable(f"{failure} {_NOT_STORED}", failure.cause) from failure

    async def _try(self, old: ProviderConfig, form: Form) -> tuple[Listing | None, MuxError | None]:
        """The new listing; or why there is none, where the changes do not depend on it."""
        if form.offline:
            return None, None
        try:
            return await fetch(self._bench, form.config, form.secret), None
        except (KeyMissing, KeyRefused, ProviderUnreachable) as failure:
            reach_changed = any(getattr(form.config, each) != getattr(old, each) for each in _REACH)
            nothing_changed = form.config == old and form.by_hand is None
            if form.secret or reach_changed or nothing_changed:
                raise
            return None, failure

    async def _write(self, form: Form, change: Write) -> Provider:
        """Stores a new key, then what refers to it; a key that nothing came to refer to is removed again."""
        if form.secret is None:
            return await self._config.edit(lambda db: change(db, form.config))
        ref = await self._keys.put(form.secret)
        config = msgspec.structs.replace(form.config, key=ref)
        try:
            return await self._config.edit(lambda db: change(db, config))
        except MuxError:
            await self._keys.remove(ref)
            raise


def _written(db: sqlite3.Connection, config: ProviderConfig, form: Form, listing: Listing | None) -> Provider:
    if listing is not None:
        models.merge(db, config.id, listing.models)
    if form.by_hand is not None:
        models.name_by_hand(db, config.id, form.by_hand)
    return _told(db, config, listing)


def _fetched(config: ProviderConfig, listing: Listing | None) -> ProviderConfig:
    if listing is None:
        return config
    return msgspec.structs.replace(config, base=listing.base, refreshed_at=moment(), error=None)


def _lasting(failure: MuxError, config: ProviderConfig) -> str | None:
    """What is remembered of a listing that failed: a variable that this process lacks is no trouble of the provider."""
    return config.error if isinstance(failure, KeyMissing) and failure.variable else str(failure)


def _told(db: sqlite3.Connection, config: ProviderConfig, listing: Listing | None) -> Provider:
    """The provider as listed; one that has neither a list nor models by hand bears that as its error from now on."""
    counts = models.counts(db)
    if listing is not None and listing.lack and not counts.get(config.id):
        config = msgspec.structs.replace(config, error=listing.lack)
        stored.note_error(db, config.id, listing.lack)
    return _shown(config, counts, rules.users(db))


def _shown(config: ProviderConfig, counts: dict[int, int], users: dict[str, tuple[str, ...]]) -> Provider:
    return Provider(
        name=config.name,
        type=config.type,
        endpoint=config.endpoint,
        description=config.description,
        auth=config.auth,
        key_source=keys.source(config.key),
        models=counts.get(config.id, 0),
        refreshed_at=config.refreshed_at,
        workspaces=users.get(config.name.casefold(), ()),
        headers=tuple(name for name, _ in config.headers),
        timeouts=config.timeouts,
        error=config.error or _lack(config),
    )


def _lack(config: ProviderConfig) -> str | None:
    lacking = keys.never_given(config)
    return str(lacking) if lacking else None


def _unset(config: ProviderConfig, variable: str) -> str:
    stored = ", or store the key with `apiKey`" if config.key == f"{keys.ENV}{variable}" else ""
    return (
        f"{config.name} needs the variable {variable}, which this process does not have, and was not added; export "
        f"{variable} first{stored}, or add it without asking with `offline`."
    )


def _check_free(db: sqlite3.Connection, config: ProviderConfig) -> None:
    found = stored.named(db, config.name)
    if found is not None and found.id != config.id:
        raise AlreadyExists(
            f"There is a provider {found.name} already; choose another name, or change that one with "
            f"{keys.editing(found.name)}."
        )


def _check_same(db: sqlite3.Connection, old: ProviderConfig) -> None:
    """Another window may have changed it while its models were fetched; its key may be another by now."""
    present = provider_config(db, old.name)
    bare = {"refreshed_at": None, "error": None, "base": ""}
    if msgspec.structs.replace(present, **bare) != msgspec.structs.replace(old, **bare):
        raise NotAllowed(f"{old.name} was changed by another window at the same time; look at it and try again.")


def _in_use(name: str, users: tuple[str, ...]) -> str:
    return (
        f"{name} is used by the rules of {', '.join(users)}; change them first, or remove it with `force`, "
        "which leaves them broken."
    )
