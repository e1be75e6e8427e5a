"""The types as a user chooses one of them for a new provider."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from sidecar.providers.types import TYPES
from sidecar.values import ProviderType

if TYPE_CHECKING:
    from collections.abc import Collection


def provider_types(taken: Collection[str] = ()) -> tuple[ProviderType, ...]:
    """All types, in order of their names, as `mux/provider/types` tells them; `taken` are names in lower case."""
    return tuple(
        ProviderType(
            type=each.type,
            label=each.label,
            default_endpoint=each.default_endpoint,
            auth=each.auth,
            free_name=_free(each.type, taken),
        )
        for each in sorted(TYPES.values(), key=lambda each: each.type)
    )


def _free(type: str, taken: Collection[str]) -> str | None:  # noqa: A002 - the contract's word
    """The type's name with the first number that is free; None where that is free without."""
    if type not in taken:
        return None
    return next(name for name in (f"{type}-{number}" for number in count(2)) if name not in taken)
