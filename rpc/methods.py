"""The methods: name → parameters, result, and what is done. Standard input, HTTP and WebSocket all serve this table."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rpc import params as given
from rpc.method import Method
from rpc.params import Params
from rpc.results import DashboardUrl, ShownRequest
from rpc.service import Service
from rpc.status import Status
from sidecar.clients.client import Client
from sidecar.control.drafts import ProviderChanges, ProviderDraft, RuleChanges, SettingsChanges
from sidecar.values import (
    Check,
    Explanation,
    Model,
    Provider,
    ProviderType,
    Request,
    Rule,
    RuleDraft,
    Selection,
    Settings,
    Usage,
    Workspace,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


async def _status(service: Service, asked: given.StatusOf) -> Status:
    """The Status; with a document's `uri`, of the model that a chat about it would be answered by."""
    return await service.status(asked.uri, asked.workspace)


async def _workspaces(service: Service, _: Params) -> tuple[Workspace, ...]:
    """All workspaces, `default` first."""
    return await service.control.workspaces.list()


async def _workspace_add(service: Service, asked: given.WorkspaceAdd) -> Workspace:
    """A new workspace, empty or with another's rules and scope."""
    return await service.control.workspaces.add(asked.name, asked.copy_from)


async def _switch(service: Service, asked: given.WorkspaceNamed) -> Status:
    """Makes a workspace the active one, for the next request of every process."""
    await service.control.workspaces.switch(asked.name)
    return await service.status()


async def _workspace_update(service: Service, asked: given.WorkspaceUpdate) -> Workspace:
    """Renames a workspace, or changes whose files its rules look at."""
    return await service.control.workspaces.update(asked.name, new_name=asked.new_name, scope=asked.scope)


async def _workspace_remove(service: Service, asked: given.WorkspaceNamed) -> None:
    """Removes a workspace with its rules; `default` becomes active if it was."""
    await service.control.workspaces.remove(asked.name)


async def _export(service: Service, asked: given.WorkspaceNamed) -> given.JSON:
    """A workspace as a document to share: it names providers and models, and holds no key or endpoint."""
    return await service.control.workspaces.export(asked.name)


async def _import(service: Service, asked: given.WorkspaceImport) -> Workspace:
    """A workspace from an exported one, called as it says or `name`.

    One of that name that has rules is refused, unless `replace` is given: its rules and scope are replaced then.
    """
    return await service.control.workspaces.import_(asked.document, asked.name, replace=bool(asked.replace))


async def _rules(service: Service, asked: given.RuleList) -> tuple[Rule, ...]:
    """The rules of a workspace, in order."""
    return await service.control.rules.list(asked.workspace)


async def _rule_add(service: Service, asked: given.RuleAdd) -> tuple[Rule, ...]:
    """Adds a rule: before the catch-alls unless `position` says where. A catch-all replaces its like."""
    return await service.control.rules.add(_draft(asked), position=asked.position, workspace=asked.workspace)


async def _rule_update(service: Service, asked: given.RuleUpdate) -> tuple[Rule, ...]:
    """Changes a rule."""
    changes = RuleChanges(filter=asked.filter, kind=asked.kind, provider=asked.provider, model=asked.model)
    return await service.control.rules.update(asked.position, changes, asked.workspace)


async def _rule_move(service: Service, asked: given.RuleMove) -> tuple[Rule, ...]:
    """Moves a rule; past a catch-all is refused."""
    return await service.control.rules.move(asked.position, asked.to, asked.workspace)


async def _rule_remove(service: Service, asked: given.RuleAt) -> tuple[Rule, ...]:
    """Removes a rule."""
    return await service.control.rules.remove(asked.position, asked.workspace)


async def _rule_set(service: Service, asked: given.RuleSet) -> tuple[Rule, ...]:
    """Replaces all rules, or none. What `mux/rule/list` answers can be given."""
    return await service.control.rules.replace(map(_draft, asked.rules), asked.workspace)


def _draft(asked: given.RuleAdd | given.RuleStated) -> RuleDraft:
    return RuleDraft(filter=asked.filter, provider=asked.provider, model=asked.model, kind=asked.kind or "any")


async def _types(service: Service, _: Params) -> tuple[ProviderType, ...]:
    """The types that a provider can have; `freeName` is there where a provider has the type's own."""
    return await service.control.providers.types()


async def _providers(service: Service, _: Params) -> tuple[Provider, ...]:
    """All providers, by name."""
    return await service.control.providers.list()


async def _provider_add(service: Service, asked: given.ProviderAdd) -> Provider:
    """Adds a provider and fetches its models, unless `offline`; nothing is stored if they cannot be fetched."""
    draft = ProviderDraft(
        name=asked.name,
        type=asked.type,
        endpoint=asked.endpoint,
        description=asked.description or "",
        auth=asked.auth,
        api_key=asked.api_key,
        api_key_env=asked.api_key_env,
        models=asked.models or (),
        headers=tuple((asked.headers or {}).items()),
        timeouts=None if asked.timeouts is None else asked.timeouts.value(),
        offline=bool(asked.offline),
    )
    return await service.control.providers.add(draft)


async def _provider_update(service: Service, asked: given.ProviderUpdate) -> Provider:
    """Changes a provider and fetches its models anew.

    A missing or empty `apiKey` keeps the stored one, which never goes to another host unasked.
    """
    changes = ProviderChanges(
        new_name=asked.new_name,
        type=asked.type,
        endpoint=asked.endpoint,
        description=asked.description,
        auth=asked.auth,
        api_key=asked.api_key,
        api_key_env=asked.api_key_env,
        models=asked.models,
        headers=None if asked.headers is None else tuple(asked.headers.items()),
        timeouts=None if asked.timeouts is None else asked.timeouts.value(),
        offline=bool(asked.offline),
    )
    return await service.control.providers.update(asked.name, changes)


async def _refresh(service: Service, asked: given.ProviderNamed) -> Provider:
    """Fetches a provider's models anew."""
    return await service.control.providers.refresh(asked.name)


async def _provider_remove(service: Service, asked: given.ProviderRemove) -> tuple[Rule, ...]:
    """Removes a provider with its key; the answer is the rules that used it.

    There may be such with `force` alone, and they are broken then.
    """
    return await service.control.providers.remove(asked.name, force=bool(asked.force))


async def _models(service: Service, asked: given.ModelList) -> tuple[Model, ...]:
    """The models of one provider, or of all."""
    return await service.control.models.list(asked.provider)


async def _explain(service: Service, asked: given.RouteExplain) -> Explanation:
    """Which rule takes a request with these files in context, or with this prompt, and why."""
    return await service.control.routes.explain(asked.files or (), asked.kind, asked.workspace, asked.prompt)


async def _requests(service: Service, asked: given.RequestList) -> tuple[Request, ...]:
    """The requests, newest first; `limit` is 50 unless given, `before` a request's id or a time (RFC 3339).

    `text` is sought in titles, files, names and errors.
    """
    limit = 50 if asked.limit is None else asked.limit
    selection = Selection(workspace=asked.workspace, provider=asked.provider, outcome=asked.outcome, text=asked.text)
    return await service.control.requests.list(limit, asked.before, selection)


async def _request(service: Service, asked: given.RequestNamed) -> ShownRequest:
    """One request with the `file` that its rule took it for, and what is kept of its conversation (setting `keep`)."""
    return ShownRequest.of(*await service.control.requests.show(asked.id))


async def _request_remove(service: Service, asked: given.RequestRemove) -> int:
    """Removes one request's record, or all; the answer is how many."""
    return await service.control.requests.remove(asked.id)


async def _usage(service: Service, asked: given.UsageOf) -> tuple[Usage, ...]:
    """Sums of requests, tokens and cost, from the local date `since` on, by `model` unless given."""
    return await service.control.requests.usage(asked.since, asked.by or "model")


async def _settings(service: Service, _: Params) -> Settings:
    """The settings."""
    return await service.control.settings.get()


async def _settings_set(service: Service, asked: given.SettingsSet) -> Settings:
    """Changes settings; the answer is all of them."""
    changes = SettingsChanges(
        keep=asked.keep,
        keep_days=asked.keep_days,
        origins=asked.origins,
        hosts=asked.hosts,
        require_key=asked.require_key,
    )
    return await service.control.settings.set(changes)


async def _doctor(service: Service, _: Params) -> tuple[Check, ...]:
    """What is wrong, and how to mend it. What is `ok` and has a `mend` is a warning."""
    return await service.control.doctor.run(service.board.port)


async def _dashboard(service: Service, _: Params) -> DashboardUrl:
    """The dashboard's URL, with a code in its fragment that signs in once within a minute."""
    await service.board.reachable()
    code = await service.control.codes.make()
    return DashboardUrl(url=f"{service.board.origin}/#code={code}")


async def _clients(service: Service, asked: given.ClientList) -> tuple[Client, ...]:
    """The AI clients, each with what to paste where so that its requests come here.

    They are led to `workspace`, else to the window's own, else to whichever is active. Where the setting `requireKey`
    is on, MUX_TOKEN stands for what `mux-sidecar token` prints.
    """
    return await service.control.clients.list(service.board.origin, asked.workspace or service.window.workspace)


FETCHING = "Fetching models"

_ROWS = (
    Method("mux/status", given.StatusOf, Status, _status),
    Method("mux/workspace/list", Params, tuple[Workspace, ...], _workspaces),
    Method("mux/workspace/add", given.WorkspaceAdd, Workspace, _workspace_add),
    Method("mux/workspace/switch", given.WorkspaceNamed, Status, _switch),
    Method("mux/workspace/update", given.WorkspaceUpdate, Workspace, _workspace_update),
    Method("mux/workspace/remove", given.WorkspaceNamed, None, _workspace_remove),
    Method("mux/workspace/export", given.WorkspaceNamed, given.JSON, _export),
    Method("mux/workspace/import", given.WorkspaceImport, Workspace, _import),
    Method("mux/rule/list", given.RuleList, tuple[Rule, ...], _rules),
    Method("mux/rule/add", given.RuleAdd, tuple[Rule, ...], _rule_add),
    Method("mux/rule/update", given.RuleUpdate, tuple[Rule, ...], _rule_update),
    Method("mux/rule/move", given.RuleMove, tuple[Rule, ...], _rule_move),
    Method("mux/rule/remove", given.RuleAt, tuple[Rule, ...], _rule_remove),
    Method("mux/rule/set", given.RuleSet, tuple[Rule, ...], _rule_set),
    Method("mux/provider/types", Params, tuple[ProviderType, ...], _types),
    Method("mux/provider/list", Params, tuple[Provider, ...], _providers),
    Method("mux/provider/add", given.ProviderAdd, Provider, _provider_add, in_turn=False, waiting=FETCHING),
    Method("mux/provider/update", given.ProviderUpdate, Provider, _provider_update, in_turn=False, waiting=FETCHING),
    Method("mux/provider/refresh", given.ProviderNamed, Provider, _refresh, in_turn=False, waiting=FETCHING),
    Method("mux/provider/remove", given.ProviderRemove, tuple[Rule, ...], _provider_remove, in_turn=False),
    Method("mux/model/list", given.ModelList, tuple[Model, ...], _models),
    Method("mux/route/explain", given.RouteExplain, Explanation, _explain),
    Method("mux/request/list", given.RequestList, tuple[Request, ...], _requests, in_turn=False),
    Method("mux/request/show", given.RequestNamed, ShownRequest, _request, in_turn=False),
    Method("mux/request/remove", given.RequestRemove, int, _request_remove, in_turn=False),
    Method("mux/usage", given.UsageOf, tuple[Usage, ...], _usage, in_turn=False),
    Method("mux/settings/get", Params, Settings, _settings),
    Method("mux/settings/set", given.SettingsSet, Settings, _settings_set),
    Method("mux/doctor", Params, tuple[Check, ...], _doctor, in_turn=False, waiting="Looking for what is wrong"),
    Method("mux/dashboard/url", Params, DashboardUrl, _dashboard, in_turn=False),
    Method("mux/client/list", given.ClientList, tuple[Client, ...], _clients),
)
METHODS: Mapping[str, Method] = MappingProxyType({row.name: row for row in _ROWS})
