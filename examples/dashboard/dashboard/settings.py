"""What the server's settings say of events and announcements, also when they are changed."""

from collections.abc import Iterable
from typing import Any

import redis

from .board import Board

NEEDED = "jlt"
"""The letters of `presence.events` that tell of everybody who comes and goes."""
CHANNEL = "__redis__:cli"


class Settings:
    """Topic `events`: `state` is `on`, `off`, `unknown` or `refused`. `missing` are the letters that the setting lacks,
    `wanted` is the setting with them.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._events: str | None = None
        self.is_announcing = False
        self.channel = CHANNEL
        """Where the server announces its clients."""

    async def read(self, client: Any) -> None:
        """Asks for the settings; a user who may not ask knows nothing of them."""
        try:
            values = await client.config_get("presence.*")
        except redis.ResponseError:
            values = {}
        self._events = values.get("presence.events")
        self.is_announcing = values.get("presence.client-announce-frequency", "0") != "0"
        self.channel = values.get("presence.client-announce-channel", CHANNEL)

    @property
    def is_live(self) -> bool:
        """Whether the server tells of everybody who comes and goes."""
        return self._events is not None and not self._missing

    @property
    def _missing(self) -> str:
        events = self._events or ""
        return "" if "A" in events else "".join(letter for letter in NEEDED if letter not in events)

    def post(self, is_refused: Iterable[bool]) -> None:
        """Tells what holds; a key may be refused by name to a user whom events are not for."""
        state = {"state": "on", "missing": self._missing, "wanted": (self._events or "") + self._missing}
        if any(is_refused):
            state["state"] = "refused"
        elif self._events is None:
            state["state"] = "unknown"
        elif self._missing:
            state["state"] = "off"
        self._board.post("events", state)
