"""What serves a port of this machine, asked over HTTP by the standard library alone, which starts fastest."""

from __future__ import annotations

import http.client

import msgspec

from sidecar import systems
from sidecar.values import Value

LARGEST = 65_536  # bytes of an answer that is read


class Health(Value, frozen=True, kw_only=True):
    """What a sidecar's `/health` says of it."""

    version: str
    pid: int
    home: str


def ask(port: int, seconds: float = 1.0) -> Health | str | None:
    """The sidecar on this port; something else, in words; None where nothing listens.

    Blocks for `seconds` at most, and before that for as long as the system takes to refuse a connection.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=max(seconds, systems.this().refusing))
    try:
        connection.connect()
        connection.sock.settimeout(seconds)
        connection.request("GET", "/health", headers={"Host": f"localhost:{port}"})
        return msgspec.json.decode(connection.getresponse().read(LARGEST), type=Health)
    except ConnectionRefusedError:
        return None
    except TimeoutError:
        return "it does not answer"
    except (OSError, http.client.HTTPException, msgspec.MsgspecError, UnicodeDecodeError):
        return "it is no mux-sidecar"
    finally:
        connection.close()
