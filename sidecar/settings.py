"""Where this process keeps its data and listens: the data folder, the port, the log level.

The only reader of `os.environ` besides `keys` (which reads the variables that users name).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from sidecar.errors import InvalidParameter

DEFAULT_PORT = 8989
#: Of one port: `shared` by any number of processes of one user, or `alone`, where the others stand by.
Sharing = Literal["shared", "alone"]
LOG_LEVELS = ("debug", "info", "warning", "error", "critical")


@dataclass(frozen=True)
class Place:
    """The process's surroundings, read once at start."""

    home: Path
    port: int = DEFAULT_PORT
    log_level: str = "warning"
    discover: bool = True
    sharing: Sharing | None = None  # None for what the system can do

    @property
    def config_db(self) -> Path:
        """Providers, models, workspaces, rules, settings."""
        return self.home / "config.db"

    @property
    def requests_db(self) -> Path:
        """Request records: thousands, and never in the way of the configuration."""
        return self.home / "requests.db"

    @property
    def token_file(self) -> Path:
        """The token that guards `/rpc`."""
        return self.home / "token"

    @property
    def home_hash(self) -> str:
        """16 hexadecimal digits that tell two data folders apart without naming them (in `/health`)."""
        return hashlib.sha256(str(self.home.resolve()).encode()).hexdigest()[:16]


def read_place(port: int | None = None) -> Place:
    """The place that the environment names; `port` from the command line wins.

    Raises:
        InvalidParameter: a variable's value cannot be.
    """
    environ = os.environ
    return Place(
        home=Path(environ.get("MUX_SIDECAR_HOME") or _default_home()).expanduser().absolute(),
        port=port if port is not None else _port(environ.get("MUX_SIDECAR_PORT")),
        log_level=_log_level(environ.get("MUX_SIDECAR_LOG_LEVEL")),
        discover=environ.get("MUX_SIDECAR_DISCOVER", "1") != "0",
        sharing=_sharing(environ.get("MUX_SIDECAR_SHARING")),
    )


def ca_bundle() -> Path | None:
    """The file or folder of certificate authorities that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE adds to the system's."""
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return Path(named) if named else None


def is_debug() -> bool:
    """Whether the environment asks for tracebacks; readable also where the rest of it cannot be used."""
    return os.environ.get("MUX_SIDECAR_LOG_LEVEL", "").lower() == "debug"


def variable(name: str) -> str | None:
    """A variable that some library's protocol defines, such as click's for completion."""
    return os.environ.get(name)


def user_path(text: str) -> Path:
    """The file or folder that a user means by this: `~` and `%APPDATA%` resolved, XDG's folders where they really are.

    Source: XDG Base Directory Specification 0.8, "Environment variables".
    """
    for name, usual in (("XDG_CONFIG_HOME", "~/.config"), ("XDG_DATA_HOME", "~/.local/share")):
        chosen = os.environ.get(name)
        if chosen and text.startswith(f"{usual}/"):
            text = chosen + text.removeprefix(usual)
    return Path(os.path.expandvars(text)).expanduser()


def environment_for(home: Path) -> dict[str, str]:
    """The environment of a process of ours with a data folder of its own, which looks for nothing by itself."""
    return {**os.environ, "MUX_SIDECAR_HOME": str(home), "MUX_SIDECAR_DISCOVER": "0"}


def _default_home() -> Path:
    import platformdirs  # noqa: PLC0415 - most processes of tests and scripts name their own home

    return platformdirs.user_data_path("mux-sidecar", appauthor=False)


def _port(text: str | None) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65535:
        raise InvalidParameter("port", f"MUX_SIDECAR_PORT is {text!r}; set it to a number from 1 to 65535.")
    return int(text)


def _sharing(text: str | None) -> Sharing | None:
    for word in get_args(Sharing):
        if text == word:
            return word  # type: ignore[no-any-return]
    if text:
        raise InvalidParameter("sharing", f"MUX_SIDECAR_SHARING is {text!r}; use {' or '.join(get_args(Sharing))}.")
    return None


def _log_level(text: str | None) -> str:
    level = (text or "warning").lower()
    if level not in LOG_LEVELS:
        raise InvalidParameter("logLevel", f"MUX_SIDECAR_LOG_LEVEL is {text!r}; use one of {', '.join(LOG_LEVELS)}.")
    return level
