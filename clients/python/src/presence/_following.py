"""How a key is followed: who is online in it, from its events and what is read of it.

Pub/Sub delivers at most once: what is told while nobody is connected is gone. So a follower subscribes, waits for the
confirmation, reads who is online, and applies what has come since the confirmation and what comes. Messages that are older
than what was read do no harm, because each member's newest one comes last. Nothing here talks to a server.
"""

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Generic

import redis

from ._calls import Text, text
from ._times import to_milliseconds
from ._types import Event, Kind, M, Update

_NOBODY: frozenset[Any] = frozenset()


class Channels(Generic[M]):
    """The channels of a key's events. `encode` is what the client makes of text."""

    def __init__(self, db: int, key: Text, kinds: Iterable[Kind], encode: Callable[[Text], bytes]) -> None:
        self._kinds = {f"__presence@{db}__:{kind.value}:".encode() + encode(key): kind for kind in kinds}
        self._encode = encode
        self.names = tuple(self._kinds)

    def event(self, message: Any) -> Event[M] | None:
        """The event that a message tells of."""
        if message is None or message["type"] != "message":
            return None
        kind = self._kinds.get(self._encode(message["channel"]))
        if kind is None:
            return None
        if kind is Kind.MAX:
            return Event(kind, peak=int(message["data"]))
        return Event(kind, member=message["data"])


class Following(Generic[M]):
    """Who is online in a key, as far as it has been told."""

    def __init__(self, db: int, key: Text, encode: Callable[[Text], bytes]) -> None:
        self._channels = Channels[M](db, key, (Kind.JOIN, Kind.LEAVE, Kind.TIMEOUT), encode)
        self._encode = encode
        # What becomes of the key itself is told where the server has keyspace notifications on.
        self._keyspace = f"__keyspace@{db}__:".encode() + encode(key)
        self.channels = (*self._channels.names, self._keyspace)
        self._online: set[M] = set()
        self._is_read = False
        self._is_lost = False

    def is_off(self, count: int) -> bool:
        """Whether somebody has come or gone untold, now that so many are online."""
        return self._is_read and count != len(self._online)

    def subscribe(self) -> None:
        """A connection begins: nothing counts until who is online has been read."""
        self._is_read = False

    def is_to_be_read(self, message: Any) -> bool:
        """Whether who is online has to be read once this message has come."""
        if message["type"] == "subscribe":
            return bool(message["data"] == len(self.channels))
        told_of_key = message["type"] == "message" and self._encode(message["channel"]) == self._keyspace
        return told_of_key and not text(message["data"]).startswith("presence.")

    def read(self, members: Iterable[M]) -> Update[M] | None:
        """These are all who are online. No update where that was known already."""
        online = set(members)
        before, self._online = self._online, online
        if self._is_read and not self._is_lost and online == before:
            return None
        self._is_read = True
        self._is_lost = False
        return Update(online, frozenset(online - before), frozenset(before - online))

    def apply(self, message: Any) -> Update[M] | None:
        """What a message changes, if anything."""
        event = self._channels.event(message) if self._is_read else None
        if event is None or event.member is None:
            return None
        member = event.member
        if event.kind is Kind.JOIN:
            if member in self._online:
                return None
            self._online.add(member)
            return Update(self._online, frozenset((member,)), _NOBODY)
        if member not in self._online:
            return None
        self._online.discard(member)
        return Update(self._online, _NOBODY, frozenset((member,)))

    def lost(self) -> Update[M] | None:
        """The connection is gone. Says so once."""
        if self._is_lost:
            return None
        self._is_lost = True
        return Update(self._online, _NOBODY, _NOBODY, connected=False)


class Pulse:
    """When to look whether a subscription is alive, and whether it was."""

    def __init__(self, interval: timedelta) -> None:
        self._interval = to_milliseconds(interval) / 1000
        self._asked = self._heard = time.monotonic()

    def wait(self) -> float:
        """Seconds until the next look."""
        return max(0.0, self._asked + self._interval - time.monotonic())

    def heard(self) -> None:
        """Something has come."""
        self._heard = time.monotonic()

    def is_due(self) -> bool:
        """Whether to ask now. An error where what was asked the last time has not been answered."""
        now = time.monotonic()
        if now - self._asked < self._interval:
            return False
        if self._heard < self._asked:
            raise redis.TimeoutError("the subscription is silent")
        self._asked = now
        return True
