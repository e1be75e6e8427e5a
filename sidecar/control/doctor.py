"""The doctor: looks at everything that a request needs, and says how to mend what is wrong."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from sidecar import private, systems
from sidecar.control import rules as ruling
from sidecar.control.fetching import fetch
from sidecar.errors import InvalidParameter, KeyMissing, KeyRefused, MuxError, ProviderUnreachable, StoreUnusable
from sidecar.health import ask
from sidecar.keyrings import KeyringError
from sidecar.sharing import cards, standing
from sidecar.store import damage, providers, rules, workspaces
from sidecar.store.trouble import translated
from sidecar.values import Check, Rule

if TYPE_CHECKING:
    import sqlite3

    from sidecar.control.workbench import Workbench
    from sidecar.sharing.cards import Card
    from sidecar.store.database import Database
    from sidecar.values import ProviderConfig

_HEALTH_SECONDS = 2.0


class Doctor:
    """Asks once, changes nothing."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    async def run(self, port: int | None = None) -> tuple[Check, ...]:
        """All checks: the folder, the databases, the keyring, the port, each provider, each workspace's rules.

        `port` is the one that a window was moved to.
        """
        bench = self._bench
        port = bench.place.port if port is None else port
        files = await asyncio.gather(
            asyncio.to_thread(_database, "configuration", bench.config),
            asyncio.to_thread(_database, "records", bench.requests),
            asyncio.to_thread(self._keyring),
            self._port(port),
        )
        local = (await asyncio.to_thread(self._folder), *files)  # the databases make it where it can be made
        try:
            configs, held = await bench.config.ask(_read)
        except MuxError:
            return local  # the configuration's check says so
        serving = await asyncio.to_thread(cards.serving, bench.place, port)
        asked = await asyncio.gather(*(self._served(config, serving) for config in configs))
        return (*local, *(asked or (_NO_PROVIDER,)), *(check for each in held for check in _rules(*each)))

    async def lost(self) -> str | None:
        """Where a damaged configuration was put, in a sentence, while it is there and no rule was made since."""
        told = await asyncio.to_thread(damage.kept, self._bench.config.path)
        return None if told is None or await self._bench.config.ask(_has_rules) else told

    def _folder(self) -> Check:
        home = self._bench.place.home
        system = systems.this()
        try:
            status = home.stat()
        except OSError as error:
            mend = "Put it back, or make its place writable, or set MUX_SIDECAR_HOME to another folder."
            return Check(check="folder", ok=False, detail=f"{home}: {error.strerror}", mend=mend)
        if system.is_open_to_others(status):
            return Check(check="folder", ok=False, detail=f"{home} can be read by others.", mend=f"chmod 700 '{home}'")
        return Check(check="folder", ok=True, detail=str(home))

    def _keyring(self) -> Check:
        where = self._bench.place.home / "keys.json"
        try:
            private.read(where)
        except StoreUnusable as error:
            detail, command = private.told(error)
            return Check(check="keyring", ok=False, detail=detail, mend=command or "See what the sentence says.")
        except OSError as error:
            return Check(check="keyring", ok=False, detail=f"{where}: {error.strerror}", mend="Make it readable.")
        try:
            return Check(check="keyring", ok=True, detail=f"Keys are kept in: {self._bench.keys.probe()}.")
        except KeyringError as error:
            detail = f"No keyring ({error}); keys are kept in {where}, which only you can read."
            return Check(check="keyring", ok=True, detail=detail)

    async def _port(self, port: int) -> Check:
        place = self._bench.place
        health = await asyncio.to_thread(ask, port, _HEALTH_SECONDS)
        if health is None:
            return Check(
                check="port",
                ok=True,
                detail=f"Nothing listens on {port}; an editor's sidecar will, or: mux-sidecar serve",
            )
        if isinstance(health, str):
            return Check(
                check="port",
                ok=False,
                detail=f"Another program listens on {port} ({health}).",
                mend="Stop it, or set MUX_SIDECAR_PORT to another port here and in the clients.",
            )
        if health.home != place.home_hash:
            return Check(
                check="port",
                ok=False,
                detail=f"A sidecar of another data folder (process {health.pid}) listens on {port}.",
                mend="Stop it, or set MUX_SIDECAR_PORT to another port here and in the clients.",
            )
        return Check(
            check="port",
            ok=True,
            detail=f"mux-sidecar {health.version} (process {health.pid}) serves http://localhost:{port}/v1/mux",
        )

    async def _served(self, config: ProviderConfig, serving: tuple[Card, ...]) -> Check:
        """The provider as those that serve could ask it: their variables count, not this process's."""
        check = f"provider {config.name}"
        if os.getpid() in {card.pid for card in serving}:
            return await self._provider(config)
        if lacking := standing.missing(config, serving):
            return Check(check=check, ok=False, detail=lacking.detail, mend=lacking.mend)
        absent = self._bench.keys.absent(config)
        having = [card.pid for card in serving if absent and absent.variable in card.variables]
        if not absent or not having:
            return await self._provider(config)
        detail = (
            f"It was not asked: this process does not have the variable {absent.variable}, and the sidecar that serves "
            f"(process {having[0]}) has it."
        )
        return Check(check=check, ok=True, detail=detail)

    async def _provider(self, config: ProviderConfig) -> Check:
        check = f"provider {config.name}"
        try:
            listing = await fetch(self._bench, config)
        except ProviderUnreachable as error:
            what = "Correct the name in its endpoint" if error.cause == "dns" else "Start it, or correct its endpoint"
            mend = f'{what}: mux-sidecar provider edit "{config.name}" --endpoint URL'
            return Check(check=check, ok=False, detail=str(error), mend=mend)
        except KeyMissing as error:
            return Check(check=check, ok=False, detail=error.detail, mend=error.mend)
        except KeyRefused as error:
            mend = f'mux-sidecar provider edit "{config.name}" --api-key-stdin'
            return Check(check=check, ok=False, detail=str(error), mend=mend)
        except InvalidParameter as error:
            return Check(check=check, ok=False, detail=str(error), mend=f'mux-sidecar provider edit "{config.name}" …')
        if listing.lack and listing.lack == config.error:
            mend = f'mux-sidecar provider edit "{config.name}" --endpoint URL, or --model NAME'
            return Check(check=check, ok=False, detail=listing.lack, mend=mend)
        return Check(check=check, ok=True, detail=f"It answers and lists {_counted(len(listing.models), 'model')}.")


_NO_PROVIDER = Check(
    check="providers", ok=False, detail="There is no provider yet.", mend="mux-sidecar provider add NAME --type TYPE"
)


def _database(name: str, database: Database) -> Check:
    try:
        database.prepare()
        with translated(database.path):
            wrong = damage.check(database.path)
    except MuxError as error:
        return Check(check=name, ok=False, detail=str(error), mend="See what the sentence says.")
    if wrong:
        mend = "Any change puts it aside and begins a new one; what is lost must be set up again."
        return Check(check=name, ok=False, detail=f"{database.path} is damaged: {wrong}", mend=mend)
    if asides := damage.asides(database.path):
        detail = f"A damaged file was put aside as {asides[-1]}."
        return Check(check=name, ok=False, detail=detail, mend="Restore what is needed from a copy, then remove it.")
    return Check(check=name, ok=True, detail=str(database.path))


def _has_rules(db: sqlite3.Connection) -> bool:
    return any(rules.of(db, row.id) for row in workspaces.every(db))


def _read(db: sqlite3.Connection) -> tuple[tuple[ProviderConfig, ...], tuple[tuple[str, bool, tuple[Rule, ...]], ...]]:
    held = tuple((row.name, row.active, ruling.listed(db, row.id)) for row in workspaces.every(db))
    return providers.every(db), held


def _rules(workspace: str, active: bool, rules: tuple[Rule, ...]) -> tuple[Check, ...]:  # noqa: FBT001 - a row's column
    check = f"workspace {workspace}"
    broken = tuple(
        Check(
            check=f"{check}, rule {rule.position}",
            ok=False,
            detail=rule.broken,
            mend=f"mux-sidecar rule edit {rule.position} -w {workspace} --model PROVIDER/MODEL, "
            f"or mux-sidecar rule remove {rule.position} -w {workspace}",
        )
        for rule in rules
        if rule.broken
    )
    never = tuple(
        Check(
            check=f"{check}, rule {rule.position}",
            ok=True,  # requests are served, by the rule before it
            detail=f"It is never reached: rule {over} ({rules[over - 1].filter or '*'}) takes all that it takes.",
            mend=f"mux-sidecar rule move {rule.position} {over} -w {workspace}, "
            f"or mux-sidecar rule remove {rule.position} -w {workspace}",
        )
        for rule in rules
        if not rule.broken and (over := rule.taken_by)
    )
    if broken:
        return (*broken, *never)
    if active and not any(not rule.filter and rule.kind in ("any", "chat") for rule in rules):
        detail = "It has no catch-all: requests without a file that a rule takes go nowhere."
        return (*never, Check(check=check, ok=False, detail=detail, mend="mux-sidecar rule default PROVIDER/MODEL"))
    return never or (Check(check=check, ok=True, detail=_counted(len(rules), "rule")),)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
