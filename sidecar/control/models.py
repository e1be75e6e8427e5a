"""Models: what the providers list, and what was named by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.control.workbench import Workbench, provider_config
from sidecar.store import models as stored
from sidecar.store import providers
from sidecar.values import Model

if TYPE_CHECKING:
    import sqlite3


class Models:
    """The models as they were last fetched."""

    def __init__(self, bench: Workbench) -> None:
        self._config = bench.config

    async def list(self, provider: str | None = None) -> tuple[Model, ...]:
        """The models of one provider, or of all, by name; those that vanished are marked gone.

        Raises:
            NotFound: no such provider.
        """
        return await self._config.ask(lambda db: _listed(db, provider))


def _listed(db: sqlite3.Connection, provider: str | None) -> tuple[Model, ...]:
    configs = providers.every(db) if provider is None else (provider_config(db, provider),)
    return tuple(
        Model(
            provider=config.name,
            name=model.name,
            context_window=model.context_window,
            max_output_tokens=model.max_output_tokens,
            by_hand=model.by_hand,
            gone=model.gone,
        )
        for config in configs
        for model in stored.of(db, config.id)
    )
