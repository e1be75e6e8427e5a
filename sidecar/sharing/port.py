"""One sidecar's hold on the endpoint's port: taken, shared with siblings, stood by for, and left without a loss."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar import __version__, systems
from sidecar.errors import StoreUnusable
from sidecar.health import Health, ask
from sidecar.keys import environment
from sidecar.listeners import Acceptor, listen, sharing_here
from sidecar.sharing import handover, lives, standing
from sidecar.sharing.cards import Card, Cards
from sidecar.sharing.claim import Claim
from sidecar.sharing.folder import meeting_folder
from sidecar.sharing.owner import holder
from sidecar.values import EndpointState, EndpointWord

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from sidecar.http_server import Server
    from sidecar.settings import Place, Sharing
    from sidecar.snapshot import Snapshots

OPENING = "The endpoint is being opened."
NEWER = f"A newer mux-sidecar has changed the data folder; {standing.RESTART}."
FOLLOWS = "Another window's sidecar (process {}) serves; this one takes over when that one leaves."
WHILE_SERVING = 1.0  # seconds between two looks at the siblings
WHILE_NOT = 0.5  # seconds until the port is tried again
_SETTLE = 0.01  # seconds for connections that are being made to reach a queue that is drained
_ADOPTED = 16  # sockets of siblings that are kept open; older ones are drained and closed


class Port:
    """Serves `server` on the place's port whenever it can be had; never raises because it cannot."""

    def __init__(self, place: Place, server: Server, snapshots: Snapshots) -> None:
        self._place = place
        self._server = server
        self._snapshots = snapshots
        self._sharing: Sharing = place.sharing or sharing_here()
        self._acceptors: list[Acceptor] = []
        self._claim: Claim | None = None
        self._cards: Cards | None = None
        self._taker: handover.Taker | None = None
        self._seen: Health | str | None = None
        self._turn = asyncio.Lock()
        self._callbacks: list[Callable[[], None]] = []
        #: Where the endpoint is, and whether it serves.
        self.state = EndpointState(url=_url(place.port), state="standby", detail=OPENING)

    @property
    def number(self) -> int:
        """The port that is served, or wanted."""
        return int(self._acceptors[0].sock.getsockname()[1]) if self._acceptors else self._place.port

    def siblings(self) -> tuple[int, ...]:
        """The processes of the user's other sidecars that serve the port too."""
        return tuple(card.pid for card in self._others() if card.state == "serving")

    def on_change(self, callback: Callable[[], None]) -> None:
        """Call this whenever `state` has changed."""
        self._callbacks.append(callback)

    async def look(self) -> None:
        """Take the port if it can be had now, or leave it to a sibling that should have it."""
        async with self._turn:
            await self._look()

    async def keep_looking(self) -> None:
        """Look, now and then, for as long as the process lives."""
        while True:
            await asyncio.sleep(WHILE_SERVING if self._acceptors else WHILE_NOT)
            await self.look()

    async def move(self, port: int) -> None:
        """Serve another port from now on."""
        async with self._turn:
            if port == self._place.port:
                return
            await self._leave()
            self._part()
            self._place = replace(self._place, port=port)
            self.state = EndpointState(url=_url(port), state="standby", detail=OPENING)
            await self._look()

    async def close(self) -> None:
        """Leave the port; what waits for an answer gets it from a sibling, or from this process."""
        async with self._turn:
            await self._leave()
            self._part()

    async def _look(self) -> None:
        self._meet()
        reason = self._reason()
        if reason is not None:
            await self._leave()
            self._server.retire()
            self._become("standby", reason)
        elif not self._acceptors:
            await self._take()
        self._show()

    def _meet(self) -> None:
        """Join the user's other sidecars; where that cannot be, this one shares with nobody."""
        if self._claim is not None or (self._sharing == "alone" and self._cards is not None):
            return
        try:
            folder = meeting_folder()
        except (StoreUnusable, OSError):
            self._sharing = "alone"
            return
        lives.sweep(folder)
        home, port = self._place.home_hash, self._place.port
        self._cards = Cards(folder, home, port)
        if self._sharing == "shared" and port:
            self._claim = Claim(folder, port, home)
            path = handover.address(folder, home, port, os.getpid())
            self._taker = handover.Taker(path, port, self._adopt)

    def _part(self) -> None:
        if self._taker is not None:
            self._taker.close()
        if self._cards is not None:
            self._cards.withdraw()
        self._claim = self._cards = self._taker = None

    def _reason(self) -> str | None:
        """Why a sibling should have the port, in a sentence; None if this sidecar may have it."""
        if self._snapshots.newer:
            return NEWER
        if not self._place.port:
            return None
        rivals = [card for card in self._others() if self._may_serve(card)]
        return standing.stands_by(self._card(), rivals, self._needed()) if rivals else None

    def _may_serve(self, card: Card) -> bool:
        """Whether a sibling serves, or would if this one let it."""
        return card.state == "serving" or (self._sharing == "alone" and card.state == "standby")

    def _others(self) -> tuple[Card, ...]:
        return self._cards.others() if self._cards is not None else ()

    def _needed(self) -> dict[str, str]:
        return standing.wanted(self._snapshots.current())

    def _card(self) -> Card:
        needed = self._needed()
        variables = standing.present(needed, environment())
        lacking = tuple(sorted(needed.keys() - variables))
        return Card(pid=os.getpid(), version=__version__, state=self.state.state, variables=variables, lacking=lacking)

    def _show(self) -> None:
        if self._cards is not None and self._place.port:
            with suppress(OSError):  # a full disk: siblings do without the news
                self._cards.show(self._card())

    async def _take(self) -> None:
        """Listen on the port, or say who has it."""
        sentence = await self._obstacle()
        if sentence is None:
            try:
                sockets = listen(self._place.port, self._sharing)
            except OSError as error:
                await self._blocked(error)
                return
            for sock in sockets:
                acceptor = Acceptor(sock, self._server)
                await acceptor.start()
                self._acceptors.append(acceptor)
            if self._taker is not None:
                with suppress(OSError):
                    self._taker.open()
            self._server.resume()
            self._become("serving")

    async def _obstacle(self) -> str | None:
        """Who has the port, if this one cannot share it; the state then says so."""
        if not self._place.port:
            return None
        if self._claim is not None and not await asyncio.to_thread(self._claim.take):
            return await self._blocked(None)
        health = await asyncio.to_thread(ask, self._place.port)
        is_ours = isinstance(health, Health) and health.home == self._place.home_hash
        if is_ours and self._sharing == "alone":
            assert isinstance(health, Health)
            return self._become("standby", FOLLOWS.format(health.pid))
        is_stuck = isinstance(health, str) and any(card.state == "serving" for card in self._others())
        if health is None or is_ours or is_stuck:
            return None
        return await self._blocked(None, health)

    async def _blocked(self, error: OSError | None, health: Health | str | None = None) -> str:
        if self._claim is not None:
            self._claim.release()
        port = self._place.port
        if error is not None and error.errno not in systems.this().taken:
            return self._become("blocked", f"Port {port} cannot be had ({error.strerror}); choose another one.")
        if self.state.state == "blocked" and self.state.detail and health == self._seen:
            return self.state.detail  # who it is was found out already
        self._seen = health
        who = await asyncio.to_thread(holder, port, self._place.home_hash, health)
        return self._become(
            "blocked",
            f"Port {port} is taken by {who}; stop it, or choose another port (--port, MUX_SIDECAR_PORT, the editor's "
            "setting).",
        )

    def _become(self, word: EndpointWord, detail: str | None = None) -> str:
        state = EndpointState(url=_url(self.number), state=word, detail=detail)
        if state != self.state:
            self.state = state
            for callback in self._callbacks:
                callback()
        return detail or ""

    async def _leave(self) -> None:
        """Hand the listening sockets to a sibling; with none, answer what waits."""
        if not self._acceptors:
            return
        acceptors, self._acceptors = self._acceptors, []
        if self._taker is not None:
            self._taker.close()
        for acceptor in acceptors:
            acceptor.stop()
        given = await asyncio.to_thread(self._give, [acceptor.sock for acceptor in acceptors])
        if not given:
            await asyncio.sleep(_SETTLE)
        for acceptor in acceptors:
            await acceptor.close(drain=not given)
        if self._claim is not None:
            self._claim.release()

    def _give(self, sockets: list[socket.socket]) -> bool:
        if self._claim is None:
            return False
        folder = meeting_folder()
        home, port = self._place.home_hash, self._place.port
        return any(
            card.state == "serving" and handover.give(handover.address(folder, home, port, card.pid), sockets)
            for card in self._others()
        )

    def _adopt(self, sockets: list[socket.socket]) -> None:
        """Accept on a sibling's sockets too."""
        for sock in sockets:
            acceptor = Acceptor(sock, self._server)
            acceptor.watch()
            self._acceptors.append(acceptor)
        while len(self._acceptors) > _ADOPTED:
            oldest = self._acceptors.pop(0)
            oldest.stop()
            asyncio.get_running_loop().create_task(oldest.close(drain=True))


def _url(port: int) -> str:
    return f"http://localhost:{port}/v1/mux"
