"""Settings, requests, the doctor and the first start."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from datetime import UTC, datetime

import msgspec
import pytest
import records
from aiohttp import web

from sidecar.control.drafts import ProviderDraft, SettingsChanges
from sidecar.control.opening import open_control
from sidecar.errors import InvalidParameter, NotFound
from sidecar.settings import Place
from sidecar.store import requests
from sidecar.values import DEFAULT_SETTINGS, RuleDraft, Selection

RECORD = msgspec.structs.replace(
    records.record(0, datetime.now(UTC)), started_at="2026-01-31T12:00:00Z", provider="echo", cost=None
)


async def record(control, *ids):
    """Records as the sidecar writes them."""
    rows = [(msgspec.structs.replace(RECORD, id=each), b'{"messages":[1]}') for each in ids]
    await control.bench.requests.edit(lambda db: requests.append(db, rows))


async def test_settings_change_one_by_one(control):
    """What is not mentioned stays as it is."""
    assert await control.settings.get() == DEFAULT_SETTINGS
    changed = await control.settings.set(SettingsChanges(keep="everything", origins=("App://obsidian.md/",)))
    assert (changed.keep, changed.origins, changed.keep_days) == ("everything", ("app://obsidian.md",), 30)
    await control.settings.set(SettingsChanges(keep_days=7, require_key=True, hosts=("Host.Docker.Internal",)))
    now = await control.settings.get()
    assert (now.keep, now.keep_days, now.require_key, now.hosts) == ("everything", 7, True, ("host.docker.internal",))
    assert (await control.settings.set(SettingsChanges(origins=(), require_key=False))).origins == ()


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("keep", {"keep": "all"}),
        ("keepDays", {"keep_days": 0}),
        ("keepDays", {"keep_days": 10**9}),
        ("origins", {"origins": ("example.com",)}),
        ("origins", {"origins": ("https://a.b/path",)}),
        ("origins", {"origins": ("null",)}),
        ("origins", {"origins": ("https://*",)}),
        ("hosts", {"hosts": ("http://a",)}),
        ("hosts", {"hosts": ("a:80",)}),
        ("hosts", {"hosts": ("*",)}),
    ],
)
async def test_a_setting_that_cannot_be_names_its_field(control, field, changes):
    """The error says which setting is wrong, and none is changed."""
    with pytest.raises(InvalidParameter) as caught:
        await control.settings.set(SettingsChanges(**changes))
    assert caught.value.field == field
    assert await control.settings.get() == DEFAULT_SETTINGS


async def test_requests_are_shown_and_removed(control):
    """One is shown with its conversation; one or all are removed, and an unknown one is an error."""
    await record(control, "a", "b", "c")
    assert [each.id for each in await control.requests.list(2)] == ["c", "b"]
    assert [each.id for each in await control.requests.list(before="b")] == ["a"]
    assert [each.id for each in await control.requests.list(before="2026-01-31T12:00:01Z")] == ["c", "b", "a"]
    assert await control.requests.list(before="2026-01-31T12:00:00Z") == ()
    shown, conversation = await control.requests.show("a")
    assert (shown.id, conversation) == ("a", {"messages": [1]})
    assert await control.requests.remove("a") == 1
    for ask in (control.requests.show, control.requests.remove):
        with pytest.raises(NotFound):
            await ask("a")
    assert await control.requests.remove() == 2
    assert await control.requests.list() == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SMALL", ["b", "a"]),
        ("echo", ["b", "a"]),
        ("100%", []),
        ("_", []),
        ("outcome", []),
        ('"', []),
        ("\\", []),
        ("\ud800", []),
        ("", ["b", "a"]),
    ],
)
async def test_requests_are_found_by_text(control, text, found):
    """Text is sought in what a record says, not in how it is stored, and has no signs of its own."""
    await record(control, "a", "b")
    assert [each.id for each in await control.requests.list(selection=Selection(text=text))] == found


@pytest.mark.parametrize(
    ("field", "given"),
    [("limit", {"limit": -1}), ("outcome", {"selection": Selection(outcome="bad")}), ("before", {"before": "x"})],
)
async def test_a_listing_that_cannot_be_names_its_field(control, field, given):
    """The error says which parameter is wrong."""
    with pytest.raises(InvalidParameter) as caught:
        await control.requests.list(**given)
    assert caught.value.field == field


async def test_usage_since_a_local_date(control):
    """Sums begin with the local day that is named."""
    await record(control, "a", "b")
    (row,) = await control.requests.usage("2026-01-30", "model")
    assert (row.key, row.requests, row.cost) == ("echo/small", 2, None)
    assert await control.requests.usage("2026-02-02", "day") == ()
    assert (await control.requests.recent(())).spent_today is None
    for bad in ({"since": "yesterday"}, {"by": "colour"}):
        with pytest.raises(InvalidParameter):
            await control.requests.usage(**bad)


async def checks(control):
    """The doctor's findings by check."""
    return {each.check: each for each in await control.doctor.run()}


async def test_the_doctor_says_how_to_begin(control, unused_tcp_port_place):
    """An empty folder, which it makes, lacks a provider and a catch-all; what is not ok says how to mend it."""
    async with open_control(unused_tcp_port_place) as fresh:
        found = await checks(fresh)
    assert found["folder"].ok
    assert found["configuration"].ok
    assert found["port"].ok
    assert "provider add" in found["providers"].mend
    assert "rule default" in found["workspace default"].mend


async def test_the_doctor_of_a_folder_that_cannot_be_made(tmp_path, unused_tcp_port_place):
    """No command is named that would fail as well."""
    (tmp_path / "file").touch()
    place = Place(home=tmp_path / "file" / "home", port=unused_tcp_port_place.port, discover=False)
    async with open_control(place) as stuck:
        found = await checks(stuck)
    assert not found["folder"].ok
    assert "make its place writable" in found["folder"].mend
    assert "make it writable" in found["configuration"].detail


@pytest.mark.skipif(sys.platform == "win32", reason="a mode says nothing there")
async def test_the_doctor_of_keys_that_others_can_read(server, unused_tcp_port_place):
    """Both lines that tell of it say how to close the file; its keys are not to be stored anew."""
    server.key = "sk-known-0123456789"
    async with open_control(unused_tcp_port_place) as loose:
        draft = ProviderDraft(name="cloud", type="openai", endpoint=server.url, api_key=server.key)
        await loose.providers.add(draft)
        loose.bench.keys.forget()
        file = loose.bench.place.home / "keys.json"
        file.chmod(0o644)
        found = await checks(loose)
        assert [found[each].mend for each in ("keyring", "provider cloud")] == [f"chmod 600 '{file}'"] * 2
        assert "can be read by others" in found["keyring"].detail
        file.chmod(0o600)
        found = await checks(loose)
        assert found["keyring"].ok
        assert found["provider cloud"].ok


async def test_the_doctor_finds_what_is_broken(control, server, unused_tcp_port_place):
    """A provider that is down, a refused key, a broken rule and a damaged file are found, each with its remedy."""
    async with open_control(unused_tcp_port_place) as sick:
        await sick.providers.add(ProviderDraft(name="cloud", type="openai", endpoint=server.url))
        await sick.rules.add(RuleDraft(filter="", provider="cloud", model="m1"))
        healthy = await checks(sick)
        assert all(each.ok for each in healthy.values())
        assert healthy["workspace default"].detail == "1 rule"
        server.models = ["m2"]
        await sick.providers.refresh("cloud")
        server.key = "another"
        found = await checks(sick)
        assert "--api-key-stdin" in found["provider cloud"].mend
        assert "no longer lists" in found["workspace default, rule 1"].detail
        assert found["workspace default, rule 1"].mend.startswith("mux-sidecar rule edit 1 -w default --model")
        server.key, server.status = None, 500
        assert "--endpoint" in (await checks(sick))["provider cloud"].mend
        aside = sick.bench.place.home / "config.db.corrupt-20260101T000000Z"
        aside.write_bytes(b"torn")
        assert str(aside) in (await checks(sick))["configuration"].detail


async def test_the_doctor_warns_of_a_rule_that_is_never_reached(unused_tcp_port_place):
    """Requests are served all the same, so that the check is ok; that there is no catch-all is told beside it."""
    async with open_control(unused_tcp_port_place) as folder:
        await folder.providers.add(ProviderDraft(name="near", type="echo"))
        for text in (".ts", "*.ts"):
            await folder.rules.add(RuleDraft(filter=text, provider="near", model="echo"))
        assert [each.taken_by for each in await folder.rules.list()] == [None, 1]
        found = await checks(folder)
        warned = found["workspace default, rule 2"]
        assert warned.ok
        assert "rule move 2 1" in warned.mend
        assert not found["workspace default"].ok
        await folder.rules.add(RuleDraft(filter="", provider="near", model="echo"))
        assert "workspace default" not in await checks(folder)
        await folder.rules.move(2, 1)
        found = await checks(folder)
        assert found["workspace default"].ok
        assert all(each.mend is None for each in found.values())


@pytest.fixture
async def listener():
    """Something that listens, and the answer it gives to `/health`."""
    answer = {}
    app = web.Application()

    async def health(_request):
        return web.json_response(answer)

    app.router.add_get("/health", health)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1], answer
    await runner.cleanup()


@pytest.fixture
def unused_tcp_port_place(tmp_path):
    """A place whose port is nobody's."""
    import socket  # noqa: PLC0415 - beside its use

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return Place(home=tmp_path / "doctor", port=sock.getsockname()[1], discover=False)


async def test_the_doctor_tells_who_has_the_port(tmp_path, listener):
    """A sidecar of this folder, one of another, and a foreign program are told apart."""
    port, answer = listener
    place = Place(home=tmp_path / "home", port=port, discover=False)
    async with open_control(place) as control:
        await control.workspaces.list()
        assert "Another program" in (await checks(control))["port"].detail
        answer |= {"status": "ok", "version": "0.1.0", "pid": 1, "home": "elsewhere", "workspace": "default"}
        assert "another data folder" in (await checks(control))["port"].detail
        answer["home"] = place.home_hash
        found = (await checks(control))["port"]
        assert found.ok
        assert "serves" in found.detail


async def test_the_first_start_adds_what_is_there_once(tmp_path, monkeypatch, server):
    """A key in the environment becomes a provider whose key stays there; what is removed later is not added again."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    server.key = "sk-test-0123456789"
    async with open_control(Place(home=tmp_path / "off", port=1, discover=False)) as off:
        assert await off.discover() == ()
    async with (
        open_control(Place(home=tmp_path / "home", port=1)) as control,
        open_control(Place(home=tmp_path / "home", port=1)) as other,
    ):
        both = await asyncio.gather(control.discover(), other.discover())
        found = [each for each in both[0] + both[1] if each.name == "openai"]
        assert [(each.key_source, each.models, each.error) for each in found] == [("env:OPENAI_API_KEY", 2, None)]
        for each in await control.providers.list():
            await control.providers.remove(each.name)
        assert await control.discover() == ()
    assert b"sk-test" not in (tmp_path / "home" / "config.db").read_bytes()


def test_plain_commands_import_no_network(tmp_path):
    """What is built in, and rules, need no aiohttp, no keyring and, after the first time, no sqlite-utils."""
    code = f"""
        import asyncio, sys
        from pathlib import Path
        from sidecar.control.drafts import ProviderDraft
        from sidecar.control.opening import open_control
        from sidecar.settings import Place
        async def main():
            async with open_control(Place(home=Path({str(tmp_path / "home")!r}), discover=False)) as control:
                assert (await control.providers.add(ProviderDraft(name=sys.argv[1], type="echo"))).models == 1
                await control.rules.list()
                await control.workspaces.switch("default")
                await control.routes.explain(["a.py"])
        asyncio.run(main())
        print(sorted({{"aiohttp", "keyring", "sqlite_utils", "rich", "pygls"}} & set(sys.modules)))
    """
    for name, expected in (("one", "['sqlite_utils']"), ("two", "[]")):
        command = [sys.executable, "-c", textwrap.dedent(code), name]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        assert done.stdout.strip() == expected
