"""Asks a provider for its models, before anything is written: no lock is held over the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.errors import InvalidParameter
from sidecar.keys import Key, never_given
from sidecar.providers.cards import Listing
from sidecar.providers.types import row
from sidecar.values import ModelInfo

if TYPE_CHECKING:
    from sidecar.control.workbench import Workbench
    from sidecar.values import ProviderConfig


async def fetch(bench: Workbench, config: ProviderConfig, secret: str | None = None) -> Listing:
    """The provider's models as it lists them now, with the key given or the one it has.

    Raises:
        ProviderUnreachable: it does not answer, or not with a list.
        KeyRefused: it does not take the key.
        KeyMissing: its key, or a variable that its headers name, is not there.
    """
    if built_in := row(config.type).built_in_models:
        return Listing("", tuple(ModelInfo(name=name) for name in built_in))
    # It brings aiohttp, 150 ms, which most commands do without.
    from sidecar.providers.listing import fetch_models  # noqa: PLC0415

    if not secret and (lacking := never_given(config)):
        raise lacking
    key = Key(secret) if secret else await bench.keys.get(config.key, config.name)
    headers = {name: bench.keys.header_value(value, config.name) for name, value in config.headers}
    _check(headers)
    return await fetch_models(await bench.http(), config, key.reveal() if key else None, headers)


def _check(headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if any(not (each == "\t" or " " <= each <= "~") for each in value):
            raise InvalidParameter(
                "headers",
                f"The variable behind the header {name} holds a character that no header can carry; set it anew.",
            )
