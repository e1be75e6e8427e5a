"""The sockets that the endpoint listens on: loopback only, IPv4 and, where there is one, IPv6."""

from __future__ import annotations

import errno
import os
import socket

from sidecar.errors import NotAllowed
from sidecar.health import Health, ask
from sidecar.settings import Place

BACKLOG = 1024
TRIES = 5


def listen(port: int) -> list[socket.socket]:
    """Listening sockets on 127.0.0.1 and ::1 of one port; 0 lets the system choose it.

    Raises:
        OSError: the port is taken (`errno.EADDRINUSE`) or may not be had.
    """
    for attempt in range(TRIES):
        first = _bind(socket.AF_INET, "127.0.0.1", port)
        try:
            second = _bind(socket.AF_INET6, "::1", first.getsockname()[1])
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                first.close()
                if port == 0 and attempt + 1 < TRIES:
                    continue  # the system chose a port that is free on one of the two only
                raise
            return [first]  # no IPv6 here
        return [first, second]
    raise AssertionError


def _bind(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # On Windows this would let another program take the port from us.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_EXCLUSIVEADDRUSE"), 1)  # noqa: B009 - Windows only
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
    except OSError:
        sock.close()
        raise
    return sock


def taken(place: Place, error: OSError) -> NotAllowed:
    """The sentence for a port that could not be had, naming who has it where that can be told."""
    if error.errno != errno.EADDRINUSE:
        return NotAllowed(f"Port {place.port} cannot be had ({error.strerror}); choose another with --port.")
    owner = ask(place.port)
    if not isinstance(owner, Health):
        who = "another program"
    else:
        whose = "this" if owner.home == place.home_hash else "another"
        who = f"a mux-sidecar of {whose} data folder (process {owner.pid})"
    return NotAllowed(f"Port {place.port} is taken by {who}; stop it, or choose another port with --port.")
