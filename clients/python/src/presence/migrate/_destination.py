"""The presence key that a sorted set is imported into."""

import itertools
from collections.abc import Iterable
from typing import NamedTuple

from .._calls import Command
from .._presence import Presence
from .._types import Info
from ._key import Key

LONGEST_MEMBER = 65_535
"""Bytes."""


class Touch(NamedTuple):
    """When a member was seen, in Unix ms."""

    at: int
    member: bytes


class Counts(NamedTuple):
    """How many members there are at one instant, in Unix ms."""

    now: int
    online: int
    remembered: int


class Destination(Key):
    """A presence key."""

    def configure(self, settings: Command) -> None:
        """Changes settings of the key; it is made where it is missing."""
        self._redis.execute_command("PRESENCE.CONFIG", self._key, *settings)

    def info(self) -> Info | None:
        """The state and settings of the key; `None` where there is no such key."""
        return Presence[bytes](self._redis, self._key).info()

    def now(self) -> int:
        """The server's clock, in Unix ms."""
        return _unix_ms(self._redis.time())

    def put(self, touches: Iterable[Touch]) -> None:
        """Records touches in one round trip. Who was seen later stays as it is, so doing it again changes nothing."""
        pipeline = self._redis.pipeline(transaction=False)
        for at, group in itertools.groupby(touches, key=lambda touch: touch.at):
            members = [touch.member for touch in group]
            pipeline.execute_command(
                b"PRESENCE.TOUCHEX", self._key, b"AT", at, b"MEMBERS", len(members), *members
            )
        pipeline.execute()

    def counts(self, remembers: int) -> Counts:
        """How many are online, and how many are remembered, which is for so many ms."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.execute_command("PRESENCE.COUNT", self._key)
        pipeline.execute_command("PRESENCE.COUNT", self._key, "WINDOW", remembers)
        # The clock last: whose time was up when they were counted is not to be expected.
        pipeline.time()
        online, remembered, now = pipeline.execute()
        return Counts(_unix_ms(now), online, remembered)


def _unix_ms(time: tuple[int, int]) -> int:
    seconds, microseconds = time
    return seconds * 1000 + microseconds // 1000
