"""The sockets that the endpoint listens on: loopback only, IPv4 and, where there is one, IPv6."""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket

from sidecar.errors import NotAllowed
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
    owner = ask_health(place.port)
    if owner is None:
        who = "another program"
    elif owner.get("home") == place.home_hash:
        who = f"a mux-sidecar of this data folder (process {owner.get('pid')})"
    else:
        who = f"a mux-sidecar of another data folder (process {owner.get('pid')})"
    return NotAllowed(f"Port {place.port} is taken by {who}; stop it, or choose another port with --port.")


def ask_health(port: int, timeout: float = 1.0) -> dict[str, object] | None:
    """What a mux on this port says of itself; None if there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/health")
        answer = json.loads(connection.getresponse().read(65_536))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) and "home" in answer and "pid" in answer else None
