"""Workspaces: listed, added, switched to, changed, removed, exported, imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from sidecar.control import names, order
from sidecar.control import rules as ruling
from sidecar.control.drafts import ProviderMention, RuleMention, WorkspaceDocument
from sidecar.control.workbench import Workbench, workspace_row
from sidecar.errors import AlreadyExists, InvalidParameter, NotAllowed
from sidecar.store import providers, rules
from sidecar.store import workspaces as stored
from sidecar.values import RuleDraft, Scope, Workspace

if TYPE_CHECKING:
    import sqlite3

    from sidecar.store.workspaces import WorkspaceRow
    from sidecar.values import ProviderConfig

JSON = dict[str, Any]

SCOPES: tuple[Scope, ...] = ("turn", "conversation")
_FORMAT = "mux-sidecar workspace"
_VERSION = 1
_MOST = 500
_LACKING = re.compile("Object missing required field (`.*`)")


class Workspaces:
    """The workspaces of the data folder. Methods raise NotFound for a name that there is not."""

    def __init__(self, bench: Workbench) -> None:
        self._config = bench.config

    async def list(self) -> tuple[Workspace, ...]:
        """All of them, `default` first."""
        return await self._config.ask(lambda db: tuple(shown(db, row) for row in stored.every(db)))

    async def add(self, name: str, copy_from: str | None = None) -> Workspace:
        """A new one, empty or with another's rules and scope.

        Raises:
            InvalidParameter: it cannot be called so.
            AlreadyExists: there is one of that name.
        """
        names.workspace(name)

        def change(db: sqlite3.Connection) -> Workspace:
            source = workspace_row(db, copy_from) if copy_from is not None else None
            added = _added(db, name, source.scope if source else "turn")
            if source:
                rules.replace(db, added.id, rules.of(db, source.id))
            return shown(db, added)

        return await self._config.edit(change)

    async def switch(self, name: str) -> Workspace:
        """Makes it the active one, for the next request of every process."""

        def change(db: sqlite3.Connection) -> Workspace:
            stored.activate(db, workspace_row(db, name))
            return shown(db, workspace_row(db, name))

        return await self._config.edit(change)

    async def update(self, name: str, *, new_name: str | None = None, scope: Scope | None = None) -> Workspace:
        """Renames it, or changes which files count.

        Raises:
            InvalidParameter: it cannot be called so, or there is no such scope.
            AlreadyExists: there is one of that name.
            NotAllowed: `default` is not renamed.
        """
        if new_name is not None:
            names.workspace(new_name, "newName")
        _check_scope(scope)

        def change(db: sqlite3.Connection) -> Workspace:
            row = workspace_row(db, name)
            renamed = _renamed(db, row, row.name if new_name is None else new_name)
            changed = renamed._replace(scope=scope or row.scope)
            if changed != row:
                stored.update(db, changed)
            return shown(db, changed)

        return await self._config.edit(change)

    async def remove(self, name: str) -> None:
        """Removes it with its rules; `default` becomes active if it was.

        Raises:
            NotAllowed: `default` stays.
        """

        def change(db: sqlite3.Connection) -> None:
            row = workspace_row(db, name)
            if _is_default(row):
                raise NotAllowed(
                    "The workspace default is always there and cannot be removed; remove its rules instead."
                )
            if row.active:
                stored.activate(db, workspace_row(db, stored.DEFAULT))
            stored.remove(db, row)

        await self._config.edit(change)

    async def export(self, name: str) -> JSON:
        """A document to share: it names providers by name and type, and models; no key, header or endpoint."""
        document = await self._config.ask(lambda db: _document(db, workspace_row(db, name)))
        exported: JSON = msgspec.json.decode(msgspec.json.encode(document))
        return exported

    async def import_(self, document: JSON, name: str | None = None, *, replace: bool = False) -> Workspace:
        """A workspace from an exported one, called as the document says, or otherwise.

        One of that name gets the rules and the scope instead, if it has no rules or with `replace`, and stays active or
        not, as it was. A provider that is not here by name is taken for the only one of its type, if there is one;
        rules that find neither are broken until such a provider is added.

        Raises:
            InvalidParameter: this is no such document, or the name cannot be.
            AlreadyExists: there is one of that name with rules, and `replace` is not given.
        """
        read = _read(document)
        wanted = names.workspace(read.name if name is None else name, "document" if name is None else "name")

        def change(db: sqlite3.Connection) -> Workspace:
            row = _importing(db, wanted, "conversation" if read.scope == "conversation" else "turn", replace=replace)
            rules.replace(db, row.id, _taken_over(read, providers.every(db)))
            return shown(db, row)

        return await self._config.edit(change)


def shown(db: sqlite3.Connection, row: WorkspaceRow) -> Workspace:
    """A workspace as listed."""
    held = rules.of(db, row.id)
    default = next((f"{rule.provider}/{rule.model}" for rule in held if not rule.filter and rule.kind == "any"), None)
    return Workspace(name=row.name, active=row.active, rules=len(held), default=default, scope=row.scope)


def _added(db: sqlite3.Connection, name: str, scope: Scope) -> WorkspaceRow:
    _check_free(db, name)
    if len(stored.every(db)) >= _MOST:
        raise NotAllowed(f"There are {_MOST} workspaces already; remove one first.")
    return stored.add(db, name, scope)


def _importing(db: sqlite3.Connection, name: str, scope: Scope, *, replace: bool) -> WorkspaceRow:
    """The workspace that takes the document's rules, with its scope."""
    found = stored.named(db, name)
    if found is None:
        return _added(db, name, scope)
    if not replace and rules.of(db, found.id):
        raise AlreadyExists(
            f"There is a workspace {found.name} already, with rules; import it under another `name`, "
            "or with `replace`, which puts its rules in the place of those."
        )
    row = found._replace(scope=scope)
    stored.update(db, row)
    return row


def _renamed(db: sqlite3.Connection, row: WorkspaceRow, name: str) -> WorkspaceRow:
    if name == row.name:
        return row
    if _is_default(row):
        raise NotAllowed("The workspace default keeps its name; add another one with: mux-sidecar workspace add NAME")
    if name.casefold() != row.name.casefold():
        _check_free(db, name)
    return row._replace(name=name)


def _check_free(db: sqlite3.Connection, name: str) -> None:
    found = stored.named(db, name)
    if found is not None:
        raise AlreadyExists(f"There is a workspace {found.name} already; choose another name.")


def _check_scope(scope: str | None) -> None:
    if scope is not None and scope not in SCOPES:
        raise InvalidParameter("scope", f"{scope!r} is no scope; use {' or '.join(SCOPES)}.")


def _is_default(row: WorkspaceRow) -> bool:
    return row.name == stored.DEFAULT


def _document(db: sqlite3.Connection, row: WorkspaceRow) -> WorkspaceDocument:
    held = rules.of(db, row.id)
    types = {config.name.casefold(): config.type for config in providers.every(db)}
    mentioned = {rule.provider.casefold(): rule.provider for rule in held}
    return WorkspaceDocument(
        format=_FORMAT,
        version=_VERSION,
        name=row.name,
        scope=row.scope,
        providers=tuple(ProviderMention(name=name, type=types.get(key)) for key, name in mentioned.items()),
        rules=tuple(
            RuleMention(filter=rule.filter, kind=rule.kind, provider=rule.provider, model=rule.model) for rule in held
        ),
    )


def _read(document: JSON) -> WorkspaceDocument:
    try:
        read = msgspec.convert(document, WorkspaceDocument)
    except msgspec.ValidationError as error:
        raise InvalidParameter("document", f"This is no exported workspace: {_plainly(str(error))}.") from error
    if read.format != _FORMAT or read.version != _VERSION:
        raise InvalidParameter(
            "document",
            f"This is no workspace that this version can read; it wants format {_FORMAT!r}, version {_VERSION}.",
        )
    _check_scope(read.scope)
    return read


def _plainly(error: str) -> str:
    """What msgspec says of a document (`… required field `format` - at `$.rules[0]``), in the user's words."""
    what, _, where = error.partition(" - at `$")
    place = where.strip("`.")
    if lacking := _LACKING.fullmatch(what):
        return f"{lacking[1]} is missing" + (f" in {place}" if place else "")
    return f"{place or 'what it holds'} is not as an export has it"


def _taken_over(read: WorkspaceDocument, here: tuple[ProviderConfig, ...]) -> order.Rules:
    names_here = {config.name.casefold(): config.name for config in here}
    types = {mention.name.casefold(): mention.type for mention in read.providers}

    def local(name: str) -> str:
        alike = [config.name for config in here if config.type == types.get(name.casefold())]
        return names_here.get(name.casefold()) or (alike[0] if len(alike) == 1 else name)

    return order.arranged(
        tuple(
            ruling.plain(RuleDraft(filter=rule.filter, kind=rule.kind, provider=local(rule.provider), model=rule.model))
            for rule in read.rules
        )
    )
