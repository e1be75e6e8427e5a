"""Keys: in a keyring that works, else in a file of their owner's; never in sight."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import pickle
import stat
import subprocess
import sys
import textwrap
import time
from urllib.parse import quote

import pytest
from waiting import PATIENCE

from sidecar import keys, private
from sidecar.errors import InvalidParameter, KeyMissing
from sidecar.keys import Key, Keys
from sidecar.redact import HIDDEN, Redactor

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes of files are POSIX's")
SECRET = "sk-or-v1-abc+/def0123456789"

BACKEND = """
    import json, os, time
    from pathlib import Path
    from keyring.backend import KeyringBackend

    class Kept(KeyringBackend):
        priority = 5
        store = Path(os.environ["TEST_KEYRING_FILE"])
        def _all(self):
            return json.loads(self.store.read_text()) if self.store.exists() else {}
        def get_password(self, service, username):
            return self._all().get(f"{service} {username}")
        def set_password(self, service, username, password):
            self.store.write_text(json.dumps(self._all() | {f"{service} {username}": password}))
        def delete_password(self, service, username):
            self.store.write_text(json.dumps({k: v for k, v in self._all().items() if k != f"{service} {username}"}))

    class Hanging(Kept):
        def get_password(self, *question):
            time.sleep(600)
        set_password = delete_password = get_password

    class Plain(Kept):
        priority = 0.5

    class Forgetful(Kept):
        def set_password(self, service, username, password):
            pass
"""


@pytest.fixture
def backend(tmp_path, monkeypatch):
    """Chooses the keyring of the child processes: a real module of ours, as a user would configure one."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "keyring_for_tests.py").write_text(textwrap.dedent(BACKEND))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    monkeypatch.setenv("TEST_KEYRING_FILE", str(tmp_path / "keyring.json"))

    def choose(name):
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name if "." in name else f"keyring_for_tests.{name}")
        return tmp_path / "keyring.json"

    return choose


@pytest.fixture
def no_keyring(backend):
    """A system without a keyring."""
    backend("keyring.backends.fail.Keyring")


async def test_a_working_keyring_holds_the_key(backend, place):
    """The key goes to the keyring, under the data folder's own name, and comes back in another process's view of it."""
    stored = backend("Kept")
    ref = await Keys(place).put(SECRET)
    kind, _, number = ref.partition(":")
    assert kind == "keyring"
    assert json.loads(stored.read_text()) == {f"mux-sidecar {place.home_hash}:{number}": SECRET}
    assert not (place.home / "keys.json").exists()
    assert await Keys(place).get(ref, "openrouter") == Key(SECRET)
    await Keys(place).remove(ref)
    assert json.loads(stored.read_text()) == {}


@pytest.mark.parametrize(
    "name", ["Plain", "Forgetful", "keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"]
)
async def test_a_keyring_that_does_not_keep_secrets_is_passed_over(backend, place, name):
    """Where there is no keyring, or it writes plain text or forgets, the file holds the key."""
    backend(name)
    ref = await Keys(place).put(SECRET)
    assert keys.source(ref) == "file"
    assert await Keys(place).get(ref, "openrouter") == Key(SECRET)


async def test_a_hanging_keyring_is_killed(backend, place):
    """A keyring that blocks costs the timeout, no more: the file holds the key, and no process is left behind."""
    backend("Hanging")
    began = time.monotonic()
    ref = await Keys(place, timeout=1.5).put(SECRET)
    assert keys.source(ref) == "file"
    assert 1.4 < time.monotonic() - began < PATIENCE


async def test_a_locked_keyring_is_told_with_the_command_that_mends(backend, place):
    """A key that the keyring does not give is KeyMissing, with the provider's name and what to do."""
    backend("Hanging")
    with pytest.raises(KeyMissing, match=r"openrouter.*did not answer within 1 s.*provider edit openrouter") as caught:
        await Keys(place, timeout=1.0).get("keyring:0123", "openrouter")
    assert "\n" not in str(caught.value)


async def test_the_loop_goes_on_while_a_keyring_hangs(backend, place):
    """Asking the keyring holds up nobody else."""
    backend("Hanging")
    asking = asyncio.create_task(Keys(place, timeout=1.0).put(SECRET))
    turns = 0
    while not asking.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 5


def test_keyring_is_never_imported_here(backend, place):
    """Only the child process imports the library, and it imports nothing from the working folder."""
    backend("Kept")
    (place.home.parent / "keyring.py").write_text("raise SystemExit('a trap')")
    code = f"""
        import asyncio, sys
        from pathlib import Path
        from sidecar.keys import Keys
        from sidecar.settings import Place
        print(asyncio.run(Keys(Place(home=Path({str(place.home)!r}))).put("secret-1234")))
        assert "keyring" not in sys.modules
    """
    root = str(private.__file__).rsplit("sidecar", 1)[0]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([os.environ["PYTHONPATH"], root])}
    done = subprocess.run(
        [sys.executable, "-P", "-c", textwrap.dedent(code)],
        cwd=place.home.parent,
        env=environ,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.startswith("keyring:")


@POSIX
async def test_the_key_file_is_its_owners_alone(no_keyring, place):
    """The file is 0600 in a folder that is 0700."""
    await Keys(place).put(SECRET)
    assert stat.S_IMODE((place.home / "keys.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(place.home.stat().st_mode) == 0o700


@POSIX
async def test_a_key_file_that_others_can_read_is_refused(no_keyring, place):
    """A file of loose mode is not used, and the sentence says how to mend it."""
    ref = await Keys(place).put(SECRET)
    (place.home / "keys.json").chmod(0o644)
    with pytest.raises(KeyMissing, match="chmod 600"):
        await Keys(place).get(ref, "openrouter")


@POSIX
async def test_a_linked_key_file_is_refused(no_keyring, place):
    """A link in place of the file is not followed."""
    ref = await Keys(place).put(SECRET)
    real = place.home / "elsewhere.json"
    (place.home / "keys.json").rename(real)
    (place.home / "keys.json").symlink_to(real)
    with pytest.raises(KeyMissing, match="link"):
        await Keys(place).get(ref, "openrouter")


async def test_two_writers_lose_no_key(no_keyring, place):
    """Keys stored at the same time are all there."""
    refs = await asyncio.gather(*(Keys(place).put(f"secret-{number}") for number in range(6)))
    assert len(json.loads((place.home / "keys.json").read_text())) == 6
    for number, ref in enumerate(refs):
        assert (await Keys(place).get(ref, "x")).reveal() == f"secret-{number}"


async def test_a_removed_key_is_missing(no_keyring, place):
    """After its removal the key is in no file and no memory."""
    store = Keys(place)
    ref = await store.put(SECRET)
    await store.remove(ref)
    assert SECRET not in (place.home / "keys.json").read_text()
    assert store.cached(ref, "x") is None
    with pytest.raises(KeyMissing, match=r"not in keys\.json"):
        await store.get(ref, "x")
    assert SECRET not in store.secrets()


async def test_a_removed_key_that_another_provider_has(no_keyring, place):
    """The same key under another reference goes on to be taken out of what is told."""
    store = Keys(place)
    first, _ = await store.put(SECRET), await store.put(SECRET)
    await store.remove(first)
    assert SECRET in store.secrets()


async def test_a_variable_is_read_when_it_is_wanted(place, monkeypatch):
    """`env:NAME` follows the variable; without it, the sentence names variable, provider and command."""
    store = Keys(place)
    monkeypatch.setenv("MY_KEY", f" {SECRET}\n")
    assert store.cached("env:MY_KEY", "work") == await store.get("env:MY_KEY", "work") == Key(SECRET)
    assert store.header_value("env:MY_KEY") == SECRET
    assert store.header_value("plain") == "plain"
    assert SECRET in store.secrets()
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(KeyMissing, match=r"key of my work.*MY_KEY.*provider edit \"my work\" --api-key-stdin"):
        store.cached("env:MY_KEY", "my work")
    with pytest.raises(KeyMissing, match=r"MY_KEY .*, or give its headers anew: .* edit work --header NAME=VALUE$"):
        store.header_value("env:MY_KEY", "work")


async def test_what_was_read_once_is_remembered(no_keyring, place):
    """The hot path waits for nothing: a key that was read is there without the file."""
    ref = await Keys(place).put(SECRET)
    store = Keys(place)
    assert store.cached(ref, "x") is None
    await store.get(ref, "x")
    (place.home / "keys.json").unlink()
    assert store.cached(ref, "x") == await store.get(ref, "x") == Key(SECRET)
    store.forget(ref)
    assert store.cached(ref, "x") is None


def test_a_key_hides_itself():
    """No way of printing shows the secret, and it cannot be pickled."""
    key = Key(SECRET)
    for text in (repr(key), str(key), f"{key}", f"{[key]}", f"{key!s:>40}"):
        assert "sk-" not in text
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_a_key_given_as_a_variables_name_is_not_repeated():
    """Who gives the key itself where a variable's name is wanted does not see it in the error."""
    with pytest.raises(InvalidParameter) as caught:
        keys.variable(SECRET)
    assert caught.value.field == "apiKeyEnv"
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        quote(SECRET, safe=""),
        json.dumps(SECRET).replace("/", "\\/"),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(b"user:" + SECRET.encode()).decode(),
        base64.urlsafe_b64encode(b"me:" + SECRET.encode() + b":x").decode(),
    ],
)
def test_known_secrets_are_hidden_however_they_are_spelled(spelled):
    """As it is, URL-encoded, in JSON and in base64 at any offset."""
    cleaned = Redactor(lambda: [SECRET]).clean(f"before {spelled} after")
    assert HIDDEN in cleaned
    assert "abc" not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("key sk-abcdefghijkl.", f"key sk-{HIDDEN}."),
        ("key sk-ant-api03-abcdefgh", f"key sk-ant-{HIDDEN}"),
        ("key sk-or-v1-abcdefgh", f"key sk-or-v1-{HIDDEN}"),
        ("Authorization: Bearer abcd.efgh", f"Authorization: Bearer {HIDDEN}"),
        ("GET /v1?key=abc&x=1", f"GET /v1?key={HIDDEN}&x=1"),
        ("GET /v1?a=b&api_key=abc", f"GET /v1?a=b&api_key={HIDDEN}"),
        ("the task-list of a risk-free desk", "the task-list of a risk-free desk"),
        ("a bearer of news", "a bearer of news"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text, cleaned):
    """Unknown keys are known by their shape; ordinary words stay."""
    assert Redactor(list).clean(text) == cleaned


def test_short_secrets_do_not_blot_the_text():
    """A secret such as `test` is no reason to hide every test."""
    assert Redactor(lambda: ["test", "x"]).clean("a test, x") == "a test, x"


@POSIX
def test_a_failed_write_leaves_the_old_file(tmp_path):
    """Where a byte more does not fit, the file is what it was, and nothing else lies beside it."""
    path = tmp_path / "keys.json"
    private.write(path, b"{}")
    code = f"""
        import resource
        from pathlib import Path
        from sidecar import private
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        try:
            private.write(Path({str(path)!r}), b"x" * 100)
        except OSError:
            print("refused")
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, capture_output=True, timeout=60)
    assert done.stdout == b"refused\n"
    assert path.read_bytes() == b"{}"
    assert [each.name for each in tmp_path.iterdir()] == ["keys.json"]
