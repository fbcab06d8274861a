"""What is known of a server and its clients, and what a page is told of it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from presence import Announcement, Client

MOST = 1000
"""Clients of a picture, as many as an announcement has."""
LONGEST = 256
"""Characters of a name: a client may call itself anything."""
SILENCE = 3
"""Questions with nothing in between, after which there seem to be no announcements."""


class Status(str, Enum):
    """How good what is shown is."""

    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"
    """The server announces its clients, and has not since this page subscribed."""
    OFF = "off"
    """The server does not announce its clients."""
    SILENT = "silent"
    """Nothing is announced, and why may not be asked."""
    UNREADABLE = "unreadable"
    """There is no subscribing to the announcements."""
    MISSING = "missing"
    """The server does not have the module."""
    LOST = "lost"
    """The server does not answer."""


@dataclass(frozen=True)
class Picture:
    """The clients at one moment."""

    at: datetime
    connected: int
    online: int
    clients: tuple[Client, ...]

    @classmethod
    def announced(cls, announcement: Announcement) -> "Picture":
        clients = announcement.clients[:MOST]
        return cls(announcement.at, announcement.connected, announcement.online, clients)

    @classmethod
    def listed(cls, clients: list[Client]) -> "Picture":
        # Whoever asked did so just now, by the server's own clock.
        now = max(client.last_interaction for client in clients)
        return cls(now, len(clients), sum(client.online for client in clients), tuple(clients[:MOST]))


@dataclass(frozen=True)
class Facts:
    """What is known."""

    is_asked: bool = False
    """The server has answered."""
    problem: str = ""
    """Why it does not answer any more."""
    obstacle: str = ""
    """Why there was no subscribing the last time."""
    has_module: bool = True
    frequency: int | None = None
    """Seconds between two announcements, where that may be asked; 0: there are none."""
    is_heard: bool = False
    """An announcement has come on the present connection."""
    silence: int = 0
    """Questions that were answered since an announcement or an obstacle."""
    picture: Picture | None = None

    def status(self) -> Status:
        if self.problem:
            return Status.LOST
        if not self.is_asked:
            return Status.CONNECTING
        if not self.has_module:
            return Status.MISSING
        if self.frequency == 0:
            return Status.OFF
        if self.is_heard:
            return Status.LIVE
        if self.silence < SILENCE:
            # An obstacle that is still there would have been met again.
            return Status.UNREADABLE if self.obstacle else Status.WAITING
        return Status.SILENT if self.frequency is None else Status.WAITING

    def to_json(self) -> str:
        """What a page is told: ASCII on one line."""
        picture = None if self.picture is None else _picture(self.picture)
        status = self.status()
        detail = {Status.LOST: self.problem, Status.UNREADABLE: self.obstacle}.get(status, "")
        state = {"status": status, "detail": detail, "picture": picture}
        return json.dumps(state)


def _picture(picture: Picture) -> dict[str, Any]:
    return {
        "at": _unix_ms(picture.at),
        "connected": picture.connected,
        "online": picture.online,
        "clients": list(_clients(picture.clients)),
    }


def _clients(clients: Iterable[Client]) -> Iterable[dict[str, Any]]:
    for client in clients:
        yield {
            "id": client.id,
            "addr": client.addr[:LONGEST],
            "name": client.name[:LONGEST],
            "user": client.user[:LONGEST],
            "last_interaction": _unix_ms(client.last_interaction),
            "online": client.online,
        }


def _unix_ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)
