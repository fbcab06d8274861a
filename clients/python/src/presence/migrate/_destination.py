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

_PUT = """
local members = {}
for i = 1, #ARGV, 2 do
    members[#members + 1] = ARGV[i + 1]
    if ARGV[i + 2] ~= ARGV[i] or #members == 1000 then
        redis.call("PRESENCE.TOUCHEX", KEYS[1], "AT", ARGV[i], "MEMBERS", #members, unpack(members))
        members = {}
    end
end
"""
"""A command for each time. As a script, since to pack a million commands is most of what an import in Python does."""


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
        self._redis.eval(_PUT, 1, self._key, *itertools.chain.from_iterable(touches))

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
