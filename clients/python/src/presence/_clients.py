"""The connections to the server itself: asked for, and announced."""

import json
from collections.abc import Generator
from datetime import timedelta
from typing import Any

from ._calls import Text, clients
from ._times import from_unix
from ._types import Announcement, Client

CHANNEL = "__redis__:cli"
"""Where clients are announced unless the server's `presence.client-announce-channel` says otherwise."""


def announcement(message: Any) -> Announcement | None:
    """What a message announces; nothing where it is not the server's, for others may publish on the channel."""
    if message is None or message["type"] != "message":
        return None
    try:
        return _announcement(json.loads(message["data"]))
    except (KeyError, OverflowError, RecursionError, TypeError, ValueError):
        return None


def _announcement(state: Any) -> Announcement:
    return Announcement(
        at=from_unix(state["at"]),
        connected=int(state["connected"]),
        online=int(state["online"]),
        clients=tuple(map(_client, state["clients"])),
        truncated=bool(state.get("truncated", False)),
        node=state.get("node"),
    )


def _client(entry: Any) -> Client:
    return Client(
        id=int(entry["id"]),
        addr=str(entry["addr"]),
        name=str(entry["name"]),
        user=str(entry["user"]),
        db=int(entry["db"]),
        connected_at=from_unix(entry["connected_at"]),
        last_interaction=from_unix(entry["last_interaction"]),
        online=bool(entry["online"]),
    )


class Clients:
    """The clients that are connected to a server. In a cluster, each node knows its own."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    def list(self, window: timedelta | None = None) -> list[Client]:
        """The clients in the order in which they connected.

        Online are those that spoke within `window`, by default the server's `presence.default-ttl`. The user needs the right
        to CLIENT LIST.
        """
        call = clients(window)
        return call.read(self._redis.execute_command(*call.commands[0]))

    def announcements(self, channel: Text = CHANNEL) -> Generator[Announcement, None, None]:
        """What the server announces from now on, where its `presence.client-announce-frequency` is not 0.

        Each announcement is the whole state. The first comes soon: that this subscriber has connected is one. A lost
        connection raises `redis.ConnectionError`: ask again.
        """
        with self._redis.pubsub() as messages:
            messages.subscribe(channel)
            for message in messages.listen():
                state = announcement(message)
                if state is not None:
                    yield state
