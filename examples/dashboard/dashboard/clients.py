"""Who is connected to the server itself: as it announces them, and asked for where it does not."""

from collections.abc import Sequence

import anyio
import redis
from presence import Client
from presence.asyncio import Clients

from .board import Board
from .key import AGAIN
from .link import DOWN, Link
from .settings import Settings

POLL = 2.0
"""Seconds between two questions where nothing is announced."""
MOST = 1000
"""Clients that are kept, as many as an announcement has."""


class ConnectedClients:
    """Topic `clients`: how many are connected and online, and `changes`, which grows with each picture of them."""

    def __init__(self, board: Board, link: Link, settings: Settings) -> None:
        self.newest: Sequence[Client] = ()
        self._asked = Clients(link.client)
        self._telling = Clients(link.listener)
        self._board = board
        self._link = link
        self._settings = settings
        self._listening = anyio.CancelScope()
        self._channel = ""
        self._has_heard = False
        self._changes = 0

    async def listen(self) -> None:
        """Is told by the server, for ever."""
        while True:
            with anyio.CancelScope() as self._listening:
                await self._listen()
            self._has_heard = False

    async def _listen(self) -> None:
        self._channel = self._settings.channel
        try:
            async for state in self._telling.announcements(self._channel):
                self._has_heard = True
                self._show(state.clients, state.connected, state.online)
        except (*DOWN, redis.ResponseError):
            await anyio.sleep(AGAIN)

    async def watch(self) -> None:
        """Asks where nothing is announced, and for the first picture; for ever."""
        while True:
            if self._channel != self._settings.channel:
                self._listening.cancel()
            if not self._is_told:
                await self._ask()
            await anyio.sleep(POLL)

    @property
    def _is_told(self) -> bool:
        return self._settings.is_announcing and self._has_heard

    async def _ask(self) -> None:
        try:
            with self._link.asking():
                clients = await self._asked.list()
        except DOWN:
            return
        except redis.ResponseError as error:
            self.newest = ()
            self._board.post("clients", {"problem": str(error)})
            return
        self._show(clients, len(clients), sum(client.online for client in clients))

    def _show(self, clients: Sequence[Client], connected: int, online: int) -> None:
        self.newest = clients[:MOST]
        self._changes += 1
        state = {
            "connected": connected,
            "online": online,
            "kept": len(self.newest),
            "is_announced": self._is_told,
            "changes": self._changes,
            "problem": None,
        }
        self._board.post("clients", state)
