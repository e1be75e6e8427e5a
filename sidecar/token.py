"""The token that guards `/rpc`, and the endpoint too where the setting `requireKey` is on."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from sidecar import private
from sidecar.errors import StoreUnusable

if TYPE_CHECKING:
    from sidecar.settings import Place

_BYTES = 16  # 128 random bits


def obtain(place: Place) -> str:
    """The data folder's token, made (mode 0600) where there is none: 32 hexadecimal digits.

    Raises:
        StoreUnusable: the file cannot be read or made, or others can read it.
    """
    try:
        return _read(place) or _make(place)
    except OSError as error:
        reason = error.strerror or error
        raise StoreUnusable(f"{place.token_file} cannot be used ({reason}); make its folder writable.") from error


def _read(place: Place) -> str | None:
    """The token, or None where the file is missing or empty."""
    return (private.read(place.token_file) or b"").decode("ascii", "replace").strip() or None


def _make(place: Place) -> str:
    private.make_folder(place.home)
    with private.lock(place.home / "token.lock"):
        token = _read(place)  # another process may have been first
        if token is None:
            token = secrets.token_hex(_BYTES)
            private.write(place.token_file, token.encode() + b"\n")
    return token
