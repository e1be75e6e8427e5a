"""Who listens on a port of this machine, in words, as far as the system tells."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sidecar import systems
from sidecar.health import Health, ask

_LISTEN = "0A"  # include/net/tcp_states.h: TCP_LISTEN
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


class _Socket(NamedTuple):
    uid: int
    inode: str


def holder(port: int, home_hash: str, health: Health | str | None = None) -> str:
    """Who has the port: a sidecar, by what it is; another program by name and process where that can be seen."""
    told = ask(port) if health is None else health
    if isinstance(told, Health):
        whose = "this" if told.home == home_hash else "another"
        user = _other_user(port)
        return f"a mux-sidecar of {user or whose + ' data folder'} (process {told.pid})"
    found = _program(port)
    if found is not None:
        return found
    user = _other_user(port)
    return f"a program of {user}" if user else "another program"


def _program(port: int) -> str | None:
    """The listening program's name and process; None where the system does not show it to this user."""
    inodes = {f"socket:[{one.inode}]" for one in _sockets(port)}
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(os.readlink(link) in inodes for link in (process / "fd").iterdir()):  # noqa: PTH115 - a socket's is no path
                name = (process / "comm").read_text("utf-8", "replace").strip()
                return f"{name} (process {process.name})"
    return None


def _sockets(port: int) -> list[_Socket]:
    """What listens on the port, from the kernel's tables; nothing where there are none."""
    found = []
    for table in _TABLES:
        with suppress(OSError):
            for line in Path(table).read_text("ascii", "replace").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    found.append(_Socket(int(fields[7]), fields[9]))
    return found


def _other_user(port: int) -> str | None:
    """The other user whose it is; None if it is this one's, or nobody tells."""
    users = [systems.this().user(one.uid) for one in _sockets(port)]
    return None if None in users else next(iter(users), None)
