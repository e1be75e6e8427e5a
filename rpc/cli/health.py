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
    found = ask(place)
    if found.state == "serving":
        return found
    others = (ask(replace(place, port=port)) for port in serving_ports(place))
    other = next((other for other in others if other.state == "serving"), None)
    if other is None or found.state != "blocked":
        return other or found
    return msgspec.structs.replace(other, detail=f"{other.detail} The port wanted here is {place.port}: {found.detail}")
