"""Workspaces: one is always active, one is always there."""

from __future__ import annotations

import json

import pytest

from sidecar.control.drafts import ProviderDraft
from sidecar.errors import AlreadyExists, InvalidParameter, NotAllowed, NotFound
from sidecar.values import RuleDraft


async def names(control):
    """All names, the active one in brackets."""
    return [f"[{each.name}]" if each.active else each.name for each in await control.workspaces.list()]


async def test_default_is_there_and_active(control):
    """A new data folder has one workspace."""
    (only,) = await control.workspaces.list()
    assert (only.name, only.active, only.rules, only.default, only.scope) == ("default", True, 0, None, "turn")


async def test_a_copy_has_the_rules_and_the_scope(echo, rule):
    """`copyFrom` takes over rules and scope, and the two are apart from then on."""
    await echo.rules.add(rule(".py"))
    await echo.rules.add(rule(model="large"))
    await echo.workspaces.update("default", scope="conversation")
    copy = await echo.workspaces.add("Work", "DEFAULT")
    assert (copy.name, copy.rules, copy.default, copy.scope, copy.active) == (
        "Work",
        2,
        "Echo/large",
        "conversation",
        False,
    )
    await echo.rules.remove(1, "work")
    assert len(await echo.rules.list()) == 2


async def test_names_are_taken_without_regard_to_case(control):
    """A name that differs in case only is taken, also by renaming; a workspace may change its own case."""
    await control.workspaces.add("Work")
    await control.workspaces.add("home")
    with pytest.raises(AlreadyExists, match="Work"):
        await control.workspaces.add("work")
    with pytest.raises(AlreadyExists):
        await control.workspaces.update("home", new_name="WORK")
    with pytest.raises(AlreadyExists):
        await control.workspaces.add("Default")
    assert (await control.workspaces.update("WORK", new_name="wORK")).name == "wORK"


@pytest.mark.parametrize("name", ["", " ", ".x", "-x", "a b", "a/b", "ä", "x" * 65, "a\n", "a\0", "\ud800"])
async def test_a_name_that_cannot_be_is_a_bad_parameter(control, name):
    """Adding and renaming name the field that is wrong."""
    with pytest.raises(InvalidParameter) as caught:
        await control.workspaces.add(name)
    assert caught.value.field == "name"
    await control.workspaces.add("work")
    with pytest.raises(InvalidParameter) as caught:
        await control.workspaces.update("work", new_name=name)
    assert caught.value.field == "newName"


async def test_default_can_be_neither_removed_nor_renamed(control):
    """Both are refused in any case of letters, and its scope can be changed."""
    for name in ("default", "DEFAULT"):
        with pytest.raises(NotAllowed):
            await control.workspaces.remove(name)
        with pytest.raises(NotAllowed):
            await control.workspaces.update(name, new_name="other")
    assert (
        await control.workspaces.update("default", new_name="default", scope="conversation")
    ).scope == "conversation"


async def test_switching_and_removing_the_active_one(control):
    """The switch holds; when the active one is removed, default is active."""
    await control.workspaces.add("work")
    assert (await control.workspaces.switch("WORK")).active
    assert await names(control) == ["default", "[work]"]
    await control.workspaces.remove("work")
    assert await names(control) == ["[default]"]
    with pytest.raises(NotFound, match="there are: default"):
        await control.workspaces.switch("work")


async def test_a_scope_that_there_is_not(control):
    """It is a bad parameter."""
    with pytest.raises(InvalidParameter) as caught:
        await control.workspaces.update("default", scope="galaxy")
    assert caught.value.field == "scope"


async def test_an_export_holds_no_key_and_no_endpoint(control, server):
    """The document names provider, type and model, and nothing that is private."""
    server.key = "sk-secret-0123456789"
    await control.providers.add(
        ProviderDraft(
            name="Cloud", type="openai", endpoint=server.url, api_key=server.key, headers=(("X-Team", "abc"),)
        )
    )
    await control.rules.add(RuleDraft(filter=".py", provider="cloud", model="m1"))
    document = await control.workspaces.export("default")
    text = json.dumps(document)
    assert document["providers"] == [{"name": "Cloud", "type": "openai"}]
    assert document["rules"] == [{"filter": ".py", "kind": "any", "provider": "Cloud", "model": "m1"}]
    for private in (server.key, server.url, "127.0.0.1", "abc", "X-Team"):
        assert private not in text


async def test_an_import_finds_the_provider_by_name_or_by_its_type(echo, rule):
    """A provider of another name but the only one of its type takes the rules; else they are broken, not refused."""
    await echo.rules.add(rule(".py"))
    document = await echo.workspaces.export("default")
    same = await echo.workspaces.import_(document, "same")
    assert (same.name, same.rules) == ("same", 1)
    assert (await echo.rules.list("same"))[0].broken is None
    document["providers"] = [{"name": "Elsewhere", "type": "echo"}]
    document["rules"][0]["provider"] = "Elsewhere"
    await echo.workspaces.import_(document, "found")
    assert (await echo.rules.list("found"))[0].provider == "Echo"
    document["providers"][0]["type"] = "anthropic"
    await echo.workspaces.import_(document, "broken")
    assert (await echo.rules.list("broken"))[0].broken
    with pytest.raises(AlreadyExists, match="import it under another `name`, or with `replace`") as refused:
        await echo.workspaces.import_(document)
    assert "--" not in str(refused.value)  # an editor has no options
    assert len(await echo.providers.list()) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"format": "something else"},
        {"version": 2},
        {"rules": "none"},
        {"rules": [{"filter": ".py", "kind": "any", "provider": "a/b", "model": "m"}]},
        {"rules": [{"filter": "", "kind": "any", "provider": "a", "model": "m"}] * 2},
        {"scope": "galaxy"},
        {"name": "../x"},
    ],
)
async def test_a_document_that_is_none_is_a_bad_parameter(control, change):
    """Nothing is added from a document that cannot be read as a whole."""
    document = await control.workspaces.export("default") | {"name": "new"}
    with pytest.raises(InvalidParameter):
        await control.workspaces.import_(document | change)
    assert await names(control) == ["[default]"]
