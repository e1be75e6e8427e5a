"""Providers: what is asked of them, what is stored, and where a key may go."""

from __future__ import annotations

import json

import pytest

from sidecar.control.drafts import ProviderChanges, ProviderDraft
from sidecar.control.providers import _check_same
from sidecar.errors import (
    AlreadyExists,
    InUse,
    InvalidParameter,
    KeyMissing,
    KeyRefused,
    NotAllowed,
    NotFound,
    ProviderUnreachable,
)
from sidecar.store import providers
from sidecar.values import RuleDraft, Timeouts

KEY = "sk-test-0123456789"


def draft(server, **changes):
    """A provider on the server."""
    return ProviderDraft(**({"name": "Cloud", "type": "openai", "endpoint": server.url} | changes))


async def stored(control, name="cloud"):
    """The provider as it is stored."""
    return await control.bench.config.ask(lambda db: providers.named(db, name))


async def test_adding_fetches_the_models(control, server):
    """The answer counts the models, and they can be listed and used."""
    added = await control.providers.add(draft(server, description=" mine "))
    assert (added.name, added.type, added.models, added.error, added.description) == (
        "Cloud",
        "openai",
        2,
        None,
        "mine",
    )
    assert added.refreshed_at.endswith("Z")
    assert (await stored(control)).base == f"{server.url}/v1"
    assert [each.name for each in await control.models.list("CLOUD")] == ["m1", "m2"]
    assert await control.providers.list() == (added,)


async def test_what_cannot_be_fetched_is_not_stored(control, server):
    """A provider that does not answer, or refuses the key, leaves nothing behind, no key either."""
    server.status = 500
    with pytest.raises(ProviderUnreachable):
        await control.providers.add(draft(server))
    server.key = "another"
    with pytest.raises(KeyRefused):
        await control.providers.add(draft(server, api_key=KEY))
    assert await control.providers.list() == ()
    assert not (control.bench.place.home / "keys.json").exists()


async def test_offline_asks_nobody(control, server):
    """With `offline` the provider is stored as stated, its models those named by hand."""
    added = await control.providers.add(draft(server, models=("a", "b", "a"), offline=True, api_key=KEY))
    assert (added.models, added.refreshed_at, added.key_source) == (2, None, "file")
    assert server.seen == []


async def test_a_key_is_stored_apart_and_never_shown(control, server, place):
    """The key reaches the provider and the key store, and stands in no listing and in no database."""
    server.key = KEY
    added = await control.providers.add(draft(server, api_key=f" {KEY}\n"))
    assert (added.auth, added.key_source) == ("api_key", "file")
    held = await control.bench.keys.get((await stored(control)).key, "Cloud")
    assert held.reveal() == KEY
    for path in place.home.iterdir():
        assert (KEY.encode() in path.read_bytes()) == (path.name == "keys.json")


async def test_a_key_in_a_variable_stays_there(control, server, place, monkeypatch):
    """Only the variable's name is stored; where it is not set, the sentence names it."""
    monkeypatch.setenv("CLOUD_KEY", KEY)
    server.key = KEY
    added = await control.providers.add(draft(server, api_key_env="CLOUD_KEY"))
    assert (added.auth, added.key_source) == ("api_key", "env:CLOUD_KEY")
    assert not (place.home / "keys.json").exists()
    monkeypatch.delenv("CLOUD_KEY")
    with pytest.raises(KeyMissing, match="CLOUD_KEY"):
        await control.providers.refresh("cloud")


async def test_a_vendor_without_a_key_is_told_at_once(control):
    """Where the type's own server wants a key, none is an error before anybody is asked; offline it may come later."""
    for kind in ("openai", "anthropic", "openrouter"):
        with pytest.raises(KeyMissing, match="`apiKeyEnv` or `apiKey`"):
            await control.providers.add(ProviderDraft(name=kind, type=kind))
    added = await control.providers.add(ProviderDraft(name="later", type="openai", offline=True))
    assert added.auth == "api_key"
    assert "no key" in added.error


async def test_a_compatible_server_may_want_no_key(control, server):
    """At an endpoint of the user's own no key is needed, unless `auth` says so."""
    assert (await control.providers.add(draft(server))).auth == "none"
    with pytest.raises(KeyMissing):
        await control.providers.add(draft(server, name="other", auth="api_key"))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": "a/b"}),
        ("name", {"name": ""}),
        ("name", {"name": "x" * 65}),
        ("type", {"type": "nothing"}),
        ("endpoint", {"endpoint": "ftp://x"}),
        ("endpoint", {"endpoint": "http://u:p@host"}),
        ("endpoint", {"endpoint": "http://169.254.169.254/"}),
        ("endpoint", {"endpoint": "http://localhost:8989"}),
        ("endpoint", {"endpoint": "http://127.0.0.1:8989/v1"}),
        ("endpoint", {"endpoint": "http://[::1]:8989/v1"}),
        ("apiKey", {"api_key": "has a blank"}),
        ("apiKey", {"api_key": "line\nbreak"}),
        ("apiKeyEnv", {"api_key_env": "sk-key-itself"}),
        ("apiKeyEnv", {"api_key_env": "NAME", "api_key": "key"}),
        ("auth", {"auth": "oauth"}),
        ("auth", {"auth": "none", "api_key": "key"}),
        ("models", {"models": ("",)}),
        ("models", {"models": ("a\nb",)}),
        ("description", {"description": "a\0b"}),
        ("headers", {"headers": (("X-A", "a\r\nX-B: b"),)}),
        ("headers", {"headers": (("X A", "a"),)}),
        ("headers", {"headers": (("Host", "evil"),)}),
        ("headers", {"headers": (("Transfer-Encoding", "chunked"),)}),
        ("headers", {"headers": (("Proxy-Authorization", "x"),)}),
        ("headers", {"headers": (("X-A", "1"), ("x-a", "2"))}),
        ("headers", {"headers": (("X-A", "env:not a name"),)}),
        ("timeouts", {"timeouts": Timeouts(connect=0)}),
        ("timeouts", {"timeouts": Timeouts(idle=float("nan"))}),
        ("timeouts", {"timeouts": Timeouts(idle=float("inf"))}),
    ],
)
async def test_a_value_that_cannot_be_names_its_field(control, server, field, changes):
    """The error says which parameter is wrong, and nothing is stored or asked."""
    with pytest.raises(InvalidParameter) as caught:
        await control.providers.add(draft(server, **changes))
    assert caught.value.field == field
    assert await control.providers.list() == ()
    assert server.seen == []


async def test_names_are_taken_without_regard_to_case(control, server):
    """A second one of the name is refused, whatever its case, before anybody is asked."""
    await control.providers.add(draft(server))
    asked = len(server.seen)
    with pytest.raises(AlreadyExists, match="Cloud"):
        await control.providers.add(draft(server, name="CLOUD"))
    assert len(server.seen) == asked


async def test_headers_are_sent_and_their_values_never_listed(control, server, monkeypatch):
    """A header goes along, its value from a variable where it says so; listings show its name alone."""
    monkeypatch.setenv("TEAM", "blue")
    added = await control.providers.add(draft(server, headers=(("X-Team", "env:TEAM"), ("X-App", "mux"))))
    assert added.headers == ("X-Team", "X-App")
    assert (server.seen[0]["X-Team"], server.seen[0]["X-App"]) == ("blue", "mux")
    await control.providers.update("cloud", ProviderChanges(headers=(("x-app", ""), ("X-New", "1"))))
    assert (await stored(control)).headers == (("x-app", "mux"), ("X-New", "1"))


async def test_a_vanished_model_is_gone_and_comes_back(control, server):
    """A refresh marks what is no longer listed; the rule that uses it is broken until it is listed again."""
    await control.providers.add(draft(server, models=("by-hand",)))
    await control.rules.add(RuleDraft(filter="", provider="cloud", model="m1"))
    server.models = ["m2", "m3"]
    assert (await control.providers.refresh("CLOUD")).models == 3
    assert {each.name: each.gone for each in await control.models.list()} == {
        "by-hand": False,
        "m1": True,
        "m2": False,
        "m3": False,
    }
    assert "no longer lists m1" in (await control.rules.list())[0].broken
    with pytest.raises(NotFound):
        await control.rules.add(RuleDraft(filter=".x", provider="cloud", model="m1"))
    server.models = ["m1"]
    await control.providers.update("cloud", ProviderChanges())
    assert (await control.rules.list())[0].broken is None


async def test_a_failed_refresh_keeps_the_list_and_remembers_why(control, server):
    """The former models stay, the provider's `error` says what is wrong, and the next success clears it."""
    await control.providers.add(draft(server))
    server.status = 503
    with pytest.raises(ProviderUnreachable):
        await control.providers.refresh("cloud")
    (shown,) = await control.providers.list()
    assert shown.models == 2
    assert "503" in shown.error
    server.status = 200
    assert (await control.providers.refresh("cloud")).error is None


async def test_a_server_without_a_list_says_so_until_models_are_named(control, server):
    """A wrong endpoint and a server without a list look alike: both are told, and names by hand end it."""
    server.status = 404
    added = await control.providers.add(draft(server))
    assert "has no list of models (404): check the endpoint" in added.error
    assert (await control.providers.list())[0].error == added.error
    (check,) = [each for each in await control.doctor.run() if each.check == "provider Cloud"]
    assert (check.ok, check.detail) == (False, added.error)
    assert (await control.providers.update("cloud", ProviderChanges(models=("m",)))).error is None
    assert (await control.providers.refresh("cloud")).error is None
    assert (await control.providers.add(draft(server, name="named", models=("m",)))).error is None
    server.status, server.models = 200, []
    assert (await control.providers.add(draft(server, name="empty"))).error is None


async def test_a_rename_takes_the_rules_and_the_key_along(control, server):
    """Rules follow the new name in the same change, the stored key stays, and a taken name is refused."""
    server.key = KEY
    await control.providers.add(draft(server, api_key=KEY))
    await control.providers.add(ProviderDraft(name="echo", type="echo"))
    await control.rules.add(RuleDraft(filter="", provider="cloud", model="m1"))
    with pytest.raises(AlreadyExists):
        await control.providers.update("cloud", ProviderChanges(new_name="ECHO"))
    renamed = await control.providers.update("cloud", ProviderChanges(new_name="Sky", api_key=""))
    assert (renamed.name, renamed.key_source, renamed.workspaces) == ("Sky", "file", ("default",))
    (followed,) = await control.rules.list()
    assert (followed.provider, followed.broken) == ("Sky", None)
    assert (await control.providers.update("sky", ProviderChanges(new_name="SKY"))).name == "SKY"


async def test_a_rename_needs_no_answer(control, server):
    """While the provider is out of order it can be renamed; what has to do with reaching it cannot be changed."""
    await control.providers.add(draft(server))
    server.status = 500
    renamed = await control.providers.update("cloud", ProviderChanges(new_name="sky", description="down"))
    assert (renamed.name, renamed.description) == ("sky", "down")
    assert "500" in renamed.error
    with pytest.raises(ProviderUnreachable):
        await control.providers.update("sky", ProviderChanges(headers=(("X-A", "1"),)))
    assert (await control.providers.list())[0].headers == ()


async def test_a_key_never_goes_to_another_host_unasked(control, server, other_server):
    """A changed endpoint without its key is refused and nobody asked; with a key, or without auth, it goes."""
    server.key = KEY
    await control.providers.add(draft(server, api_key=KEY))
    for changes in (
        ProviderChanges(endpoint=other_server.url),
        ProviderChanges(endpoint=other_server.url, api_key=" "),
    ):
        with pytest.raises(NotAllowed, match=r"another host or port, .*; give the key .* `apiKey` or `apiKeyEnv`"):
            await control.providers.update("cloud", changes)
    assert other_server.seen == []
    assert (await control.providers.update("cloud", ProviderChanges(endpoint=f"{server.url}/v1"))).models == 2
    other_server.key = "sk-other-0123456789"
    moved = await control.providers.update(
        "cloud", ProviderChanges(endpoint=other_server.url, api_key="sk-other-0123456789")
    )
    assert moved.endpoint == other_server.url
    keys = json.loads((control.bench.place.home / "keys.json").read_text())
    assert list(keys.values()) == ["sk-other-0123456789"]
    server.key = None
    assert (
        await control.providers.update("cloud", ProviderChanges(endpoint=server.url, auth="none"))
    ).key_source is None
    assert "Authorization" not in server.seen[-1]
    assert json.loads((control.bench.place.home / "keys.json").read_text()) == {}


async def test_headers_that_hold_a_key_never_go_to_another_host_unasked(control, server, other_server):
    """The same holds for a header that looks like a credential."""
    await control.providers.add(draft(server, headers=(("X-Api-Key", "abc"),)))
    with pytest.raises(NotAllowed, match="headers"):
        await control.providers.update("cloud", ProviderChanges(endpoint=other_server.url))
    with pytest.raises(InvalidParameter):
        await control.providers.update(
            "cloud", ProviderChanges(endpoint=other_server.url, headers=(("X-Api-Key", ""),))
        )
    assert other_server.seen == []


async def test_a_refused_new_key_keeps_the_old_one(control, server):
    """A key that the provider does not take is not stored."""
    server.key = KEY
    await control.providers.add(draft(server, api_key=KEY))
    with pytest.raises(KeyRefused):
        await control.providers.update("cloud", ProviderChanges(api_key="sk-wrong-0123456789"))
    assert (await control.providers.refresh("cloud")).models == 2


async def test_a_provider_in_use_is_not_removed(control, server):
    """Without `force` it is refused, naming the workspaces; with it the rules are returned, and the key is gone."""
    server.key = KEY
    await control.providers.add(draft(server, api_key=KEY))
    await control.workspaces.add("work")
    await control.rules.add(RuleDraft(filter=".py", provider="cloud", model="m1"), workspace="work")
    with pytest.raises(InUse, match=r"rules of work; .* with `force`") as caught:
        await control.providers.remove("CLOUD")
    assert caught.value.users == ("work",)
    assert "--" not in str(caught.value)  # an editor has no options
    (rule,) = await control.providers.remove("CLOUD", force=True)
    assert (rule.position, rule.filter, rule.provider) == (1, ".py", "Cloud")
    assert await control.providers.list() == ()
    assert await control.models.list() == ()
    assert json.loads((control.bench.place.home / "keys.json").read_text()) == {}
    with pytest.raises(NotFound):
        await control.providers.remove("cloud")


async def test_timeouts_change_one_by_one_and_are_reset_at_once(control, server):
    """A timeout that is not named stays; naming none gives all their defaults back."""
    await control.providers.add(draft(server, timeouts=Timeouts(connect=1, idle=5)))
    changed = await control.providers.update("cloud", ProviderChanges(timeouts=Timeouts(idle=7)))
    assert changed.timeouts == Timeouts(connect=1, idle=7)
    assert (await control.providers.update("cloud", ProviderChanges(timeouts=Timeouts()))).timeouts == Timeouts()


async def test_models_by_hand_are_replaced_and_listed_ones_stay(control, server):
    """A model that is named by hand no longer, but listed, is not gone."""
    await control.providers.add(draft(server, models=("m1", "x")))
    await control.providers.update("cloud", ProviderChanges(models=("y",), offline=True))
    assert {each.name: each.gone for each in await control.models.list()} == {
        "m1": False,
        "m2": False,
        "x": True,
        "y": False,
    }


async def test_two_changes_at_once_do_not_mix(control, server):
    """A change whose ground another window took away while models were fetched is refused."""
    await control.providers.add(draft(server))
    old = await stored(control)
    await control.providers.update("cloud", ProviderChanges(description="mine", offline=True))
    with pytest.raises(NotAllowed, match="another window"):
        await control.bench.config.ask(lambda db: _check_same(db, old))
