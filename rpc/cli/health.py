"""Who answers on the endpoint's port, asked over HTTP by the standard library alone."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

from sidecar.values import Value

if TYPE_CHECKING:
    from sidecar.settings import Place

TIMEOUT = 0.5  # seconds; it is on this machine
LARGEST = 65_536  # bytes of an answer that is read


class Endpoint(Value, frozen=True, kw_only=True):
    """The endpoint as seen from outside: `state` is `serving`, `blocked`, or `stopped` where nothing listens."""

    url: str
    state: str
    detail: str | None = None


class Health(Value, frozen=True, kw_only=True):
    """What `/health` answers."""

    version: str
    pid: int
    home: str


def ask(place: Place) -> Endpoint:
    """Whether a sidecar of this data folder serves the port, or who does instead."""
    url = f"http://localhost:{place.port}/v1/mux"
    try:
        health = _health(place.port)
    except (ConnectionRefusedError, TimeoutError) as error:
        return _silent(url, place.port, error)
    except (OSError, http.client.HTTPException, ValueError):
        return Endpoint(url=url, state="blocked", detail=_foreign(place.port))
    if health.home != place.home_hash:
        detail = (
            f"A sidecar with another data folder (process {health.pid}) serves port {place.port}; "
            "stop it, or set MUX_SIDECAR_PORT."
        )
        return Endpoint(url=url, state="blocked", detail=detail)
    return Endpoint(url=url, state="serving", detail=f"Process {health.pid}, version {health.version}.")


def _health(port: int) -> Health:
    """The answer of `/health`. Raises OSError, HTTPException, and ValueError for what no sidecar says."""
    import msgspec  # noqa: PLC0415 - beside its only use

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/health", headers={"Host": f"localhost:{port}"})
        answer = connection.getresponse().read(LARGEST)
    finally:
        connection.close()
    return msgspec.json.decode(answer, type=Health)


def _silent(url: str, port: int, error: OSError) -> Endpoint:
    """Nothing listens; or something does that does not answer."""
    if isinstance(error, TimeoutError):
        return Endpoint(url=url, state="blocked", detail=_foreign(port))
    return Endpoint(url=url, state="stopped", detail="Nothing listens there; start an editor or 'mux-sidecar serve'.")


def _foreign(port: int) -> str:
    return f"Another program holds port {port}; stop it, or set MUX_SIDECAR_PORT to a free one."
