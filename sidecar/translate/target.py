"""Whom a translated request is for."""

from __future__ import annotations

from typing import NamedTuple

from sidecar.translate.thinking import ThinkingMemory


class Target(NamedTuple):
    """A provider and a model.

    The provider's and the model's names; `maker` stands for both in the `memory` of who thought what (see `thinking`).
    `model` is told to the client where the provider names none. `window` and `most` are the tokens that the model takes
    in all, and gives at most; `extras` are fields beyond OpenAI's that the provider takes; `signs`: it signs its
    thinking, and refuses what is not signed; `details`: the client carries that from turn to turn.
    """

    provider: str
    model: str
    maker: str
    memory: ThinkingMemory
    window: int | None = None
    most: int | None = None
    extras: frozenset[str] = frozenset()
    signs: bool = False
    details: bool = False
