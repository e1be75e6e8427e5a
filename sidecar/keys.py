"""Where API keys live: the system's keyring, a variable that the user names, or a file that its owner alone may read.

A stored key is found by a reference, `keyring:ID` or `file:ID`, that is made with it and never changes what it means: a
provider may be renamed without touching its key, a new key gets a new reference, and what was read once may be
remembered for as long as the process runs. `env:NAME` names a variable, which is read each time.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from typing import TYPE_CHECKING

import msgspec

from sidecar import private
from sidecar.errors import InvalidParameter, KeyMissing, StoreUnusable
from sidecar.keyrings import KEYRING_SECONDS, KeyringError, Question, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sidecar.settings import Place
    from sidecar.values import ProviderConfig

ENV = "env:"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_BEARING = frozenset(("authorization", "api-key", "x-api-key", "x-goog-api-key"))  # headers in which keys are sent
_FILE = msgspec.json.Decoder(dict[str, str])


class Key:
    """A secret that hides itself: only `reveal()` shows it, never `repr`, `str`, a format, a log or a pickle."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def reveal(self) -> str:
        """The secret itself."""
        return self._secret

    def __repr__(self) -> str:
        return "Key(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and secrets.compare_digest(self._secret.encode(), other._secret.encode())

    def __hash__(self) -> int:
        return hash((Key, self._secret))

    def __reduce__(self) -> str:
        raise TypeError("a key is not written anywhere")


def environment() -> Mapping[str, str]:
    """The variables of this process, for those who look for keys in them."""
    return os.environ


def source(ref: str | None) -> str | None:
    """What a listing says of a reference: `keyring`, `file`, `env:NAME` or None."""
    if ref is None or ref.startswith(ENV):
        return ref
    return ref.partition(":")[0]


def variable(name: str, field: str = "apiKeyEnv") -> str:
    """The reference `env:NAME` of a variable.

    Raises:
        InvalidParameter: no variable can be called so. The text is not repeated: it may be a key, given by mistake.
    """
    if not _VARIABLE.fullmatch(name):
        raise InvalidParameter(
            field, "That is no variable's name; give one such as OPENAI_API_KEY, not the key itself."
        )
    return f"{ENV}{name}"


def never_given(config: ProviderConfig) -> KeyMissing | None:
    """What is wrong with a provider that wants a key and has none, nor a header that could hold one."""
    if config.auth != "api_key" or config.key is not None:
        return None
    if any(name.lower() in _BEARING for name, _ in config.headers):
        return None
    return KeyMissing(f"{config.name} has no key yet; give it one", _giving(config.name))


def variables(config: ProviderConfig) -> tuple[tuple[str, bool], ...]:
    """The variables that a provider needs, each with whether a header is to hold it, not the key."""
    held = [(config.key or "", False), *((value, True) for _, value in config.headers)]
    return tuple((ref.removeprefix(ENV), header) for ref, header in held if ref.startswith(ENV))


def unset(name: str, provider: str, process: str = "this process", *, header: bool = False) -> KeyMissing:
    """What is wrong where a process that should have a variable, for the provider's key or a header, has not."""
    what, otherwise, mend = f"The key of {provider}", "store the key", _giving(provider)
    if header:
        what = f"A header of {provider}" if provider else "A header"
        otherwise, mend = "give its headers anew", f"{editing(provider)} --header NAME=VALUE"
    return KeyMissing(
        f"{what} is to come from the variable {name}, which {process} does not have; start it where {name} is set, "
        f"or {otherwise}",
        mend,
        name,
    )


class Keys:
    """The keys of one data folder."""

    def __init__(self, place: Place, timeout: float = KEYRING_SECONDS) -> None:
        self._place = place
        self._file = place.home / "keys.json"
        self._timeout = timeout
        self._known: dict[str, Key] = {}
        self._seen: set[str] = set()  # every secret that was read, those forgotten since too

    async def put(self, secret: str) -> str:
        """Stores a key; returns its reference, `keyring:ID` or, where no keyring works, `file:ID`.

        Raises:
            StoreUnusable: neither the keyring nor the file takes it.
        """
        return await asyncio.to_thread(self._put, secret)

    async def get(self, ref: str | None, provider: str) -> Key | None:
        """The key of a reference, None for no reference. The provider's name is for the sentence.

        Raises:
            KeyMissing: it is not there any more, or the keyring or the file does not give it.
        """
        if ref is None or ref.startswith(ENV) or ref in self._known:
            return self.cached(ref, provider)
        return await asyncio.to_thread(self._load, ref, provider)

    def cached(self, ref: str | None, provider: str) -> Key | None:
        """The same without waiting: None also for one that was not read yet (`get` reads it).

        Raises:
            KeyMissing: the variable is not set.
        """
        if ref is None:
            return None
        if ref.startswith(ENV):
            return Key(self._variable(ref.removeprefix(ENV), provider))
        return self._known.get(ref)

    def absent(self, config: ProviderConfig) -> KeyMissing | None:
        """Why this process cannot send the provider what it needs: a variable that is not set. Asks no keyring."""
        try:
            self.cached(config.key, config.name)
            for _, value in config.headers:
                self.header_value(value, config.name)
        except KeyMissing as error:
            return error
        return None

    async def remove(self, ref: str | None) -> None:
        """Forgets a stored key; what cannot be removed stays, as nobody refers to it any more."""
        if ref is not None and not ref.startswith(ENV):
            await asyncio.to_thread(self._remove, ref)

    def forget(self, ref: str | None = None) -> None:
        """Reads that key, or all, anew when it is next wanted: a provider refused it, or the user mended something."""
        if ref is None:
            self._known.clear()
        else:
            self._known.pop(ref, None)

    def header_value(self, text: str, provider: str = "") -> str:
        """A header's value as it is sent: `env:NAME` is that variable's.

        Raises:
            KeyMissing: the variable is not set.
        """
        if not text.startswith(ENV):
            return text
        return self._variable(text.removeprefix(ENV), provider, header=True)

    def secrets(self) -> tuple[str, ...]:
        """All that this process has read so far, for whoever must not let them out."""
        return tuple(self._seen)

    def probe(self) -> str:
        """The name of the system's keyring. Blocks. Raises KeyringError."""
        return ask(Question("probe", self._user("probe")), self._timeout).backend or "keyring"

    def _variable(self, name: str, provider: str, *, header: bool = False) -> str:
        value = os.environ.get(name, "").strip()
        if not value:
            raise unset(name, provider, header=header)
        self._seen.add(value)
        return value

    def _put(self, secret: str) -> str:
        number = secrets.token_hex(8)
        try:
            ask(Question("set", self._user(number), secret), self._timeout)
            ref = f"keyring:{number}"
        except KeyringError:
            self._edit_file(lambda stored: stored | {number: secret})
            ref = f"file:{number}"
        self._keep(ref, secret)
        return ref

    def _load(self, ref: str, provider: str) -> Key:
        kind, _, number = ref.partition(":")
        try:
            secret = self._read_file().get(number) if kind == "file" else self._ask(number)
        except (KeyringError, StoreUnusable) as error:
            what, command = private.told(error) if isinstance(error, StoreUnusable) else (str(error), "")
            told = f"The key of {provider} cannot be read: {what.removesuffix('.')}"
            raise (
                KeyMissing(told, command) if command else KeyMissing(f"{told}. Store it anew", _giving(provider))
            ) from error
        if not secret:
            where = "keys.json of the data folder" if kind == "file" else "the system's keyring"
            raise KeyMissing(f"The key of {provider} is not in {where} any more. Store it anew", _giving(provider))
        return self._keep(ref, secret)

    def _keep(self, ref: str, secret: str) -> Key:
        self._seen.add(secret)
        return self._known.setdefault(ref, Key(secret))

    def _ask(self, number: str) -> str | None:
        try:
            return ask(Question("get", self._user(number)), self._timeout).secret
        except KeyringError as error:
            raise KeyringError(f"the system's keyring: {error}") from error

    def _remove(self, ref: str) -> None:
        removed = self._known.pop(ref, None)
        if removed is not None and removed.reveal() not in {key.reveal() for key in self._known.values()}:
            self._seen.discard(removed.reveal())
        kind, _, number = ref.partition(":")
        try:
            if kind == "file":
                self._edit_file(lambda stored: {each: key for each, key in stored.items() if each != number})
            else:
                ask(Question("delete", self._user(number)), self._timeout)
        except (KeyringError, StoreUnusable):
            return

    def _user(self, number: str) -> str:
        # Two data folders of one user share a keyring.
        return f"{self._place.home_hash}:{number}"

    def _read_file(self) -> dict[str, str]:
        try:
            text = private.read(self._file)
            return _FILE.decode(text) if text else {}
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreUnusable(f"{self._file} cannot be read ({type(error).__name__})") from error

    def _edit_file(self, edit: Callable[[dict[str, str]], dict[str, str]]) -> None:
        private.make_folder(self._file.parent)
        with private.lock(self._file.with_suffix(".lock")):
            stored = edit(self._read_file())
            try:
                private.write(self._file, msgspec.json.encode(stored))
            except OSError as error:
                raise StoreUnusable(
                    f"{self._file} cannot be written ({error.strerror}); the key was not kept."
                ) from error


def _giving(provider: str) -> str:
    """The command that gives a provider a key."""
    return f"{editing(provider)} --api-key-stdin"


def editing(provider: str) -> str:
    """The command that changes a provider, without what it changes."""
    return f"mux-sidecar provider edit {_quoted(provider)}"


def _quoted(provider: str) -> str:
    return f'"{provider}"' if " " in provider else provider or "NAME"
