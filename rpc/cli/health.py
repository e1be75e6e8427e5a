"""The endpoint as `status` tells of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from sidecar.health import ask as health_of
from sidecar.sharing.cards import serving_ports
from sidecar.values import EndpointState

if TYPE_CHECKING:
    from sidecar.settings import Place

TIMEOUT = 0.5  # seconds; it is on this machine


def ask(place: Place) -> EndpointState:
    """Whether a sidecar of this data folder serves the port, or who does instead."""
    url = f"http://localhost:{place.port}/v1/mux"
    health = health_of(place.port, TIMEOUT)
    if health is None:
        return EndpointState(
            url=url, state="standby", detail="Nothing listens there; start an editor or 'mux-sidecar serve'."
        )
    if isinstance(health, str):
        detail = f"Another program holds port {place.port}; stop it, or set MUX_SIDECAR_PORT to a free one."
        return EndpointState(url=url, state="blocked", detail=detail)
    if health.home != place.home_hash:
        detail = (
            f"A sidecar with another data folder (process {health.pid}) serves port {place.port}; "
            "stop it, or set MUX_SIDECAR_PORT."
        )
        return EndpointState(url=url, state="blocked", detail=detail)
    return EndpointState(url=url, state="serving", detail=f"Process {health.pid}, version {health.version}.")


def find(place: Place) -> EndpointState:
    """The same; or where sidecars of this data folder serve another port instead, as an editor may tell them to."""
    found, obstacle = look(place)
    return found if obstacle is None else msgspec.structs.replace(found, detail=f"{found.detail} {obstacle}")


def look(place: Place) -> tuple[EndpointState, str | None]:
    """The same in two parts: the endpoint, and what is in the way of the port wanted here if another one is served."""
    wanted = ask(place)
    if wanted.state == "serving":
        return wanted, None
    others = (ask(replace(place, port=port)) for port in serving_ports(place))
    other = next((other for other in others if other.state == "serving"), None)
    if other is None or wanted.state != "blocked":
        return other or wanted, None
    return other, f"The port wanted here is {place.port}: {wanted.detail}"
