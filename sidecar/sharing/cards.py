"""What sidecars of one data folder and port tell each other: a card each, in a file that its owner keeps locked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from sidecar import private
from sidecar.errors import StoreUnusable
from sidecar.sharing import lives
from sidecar.sharing.folder import meeting_folder
from sidecar.values import EndpointWord, Value

if TYPE_CHECKING:
    from pathlib import Path

    from sidecar.settings import Place


class Card(Value, frozen=True, kw_only=True):
    """One sidecar: `variables` are the names of those variables that providers may need and it has, never values.

    `lacking` are those that it has not; one that stands in neither was not needed when the card was shown.
    """

    pid: int
    version: str
    state: EndpointWord
    variables: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


class Cards:
    """The cards of one data folder and port; this process's own is shown until `withdraw`."""

    def __init__(self, folder: Path, home_hash: str, port: int) -> None:
        self._folder = folder
        self._prefix = f"{home_hash}-{port}-"
        self._own = folder / f"{self._prefix}{os.getpid()}.card"
        self._life = self._own.with_suffix(".life")
        self._descriptor: int | None = None
        self._shown: Card | None = None

    def show(self, card: Card) -> None:
        """Show this process's card in place of its last one. Raises OSError."""
        if self._descriptor is None:
            self._descriptor = lives.hold(self._life)
        if card != self._shown:
            private.write(self._own, msgspec.json.encode(card))
            self._shown = card

    def withdraw(self) -> None:
        """Show no card any more."""
        lives.remove(self._own)
        if self._descriptor is not None:
            os.close(self._descriptor)  # first: Windows removes no file that is open
            self._descriptor = None
        lives.remove(self._life)
        self._shown = None

    def others(self) -> tuple[Card, ...]:
        """The cards of the others that live; what a dead one left is removed."""
        return self._living(but=self._own.name)

    def every(self) -> tuple[Card, ...]:
        """The same with this process's own."""
        return self._living()

    def _living(self, but: str | None = None) -> tuple[Card, ...]:
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - asked each second: a tenth of what `glob` takes
        except OSError:
            return ()
        cards = {name for name in names if name.startswith(self._prefix) and name.endswith(".card")}
        read = (self._read(self._folder / name) for name in sorted(cards - {but}))
        return tuple(card for card in read if card is not None)

    def _read(self, path: Path) -> Card | None:
        life = path.with_suffix(".life")
        if not lives.lives(life):
            lives.bury(life, (path, path.with_suffix(".sock")))
            return None
        try:
            data = private.read(path)
            return msgspec.json.decode(data, type=Card) if data else None
        except (OSError, StoreUnusable, msgspec.MsgspecError):
            return None


def serving_ports(place: Place) -> tuple[int, ...]:
    """The ports on which sidecars of this data folder serve, this process too, lowest first."""
    try:
        folder = meeting_folder()
    except (StoreUnusable, OSError):
        return ()
    ports = {int(path.name.split("-")[1]) for path in folder.glob(f"{place.home_hash}-*-*.card")}
    return tuple(port for port in sorted(ports) if _serving(folder, place, port))


def serving(place: Place, port: int) -> tuple[Card, ...]:
    """The sidecars of this data folder that serve that port, this process too."""
    try:
        return _serving(meeting_folder(), place, port)
    except (StoreUnusable, OSError):
        return ()


def _serving(folder: Path, place: Place, port: int) -> tuple[Card, ...]:
    return tuple(card for card in Cards(folder, place.home_hash, port).every() if card.state == "serving")
