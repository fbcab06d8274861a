"""The sorted set that is imported: what its scores mean, and how its members are read.

They are read in the order of their scores, oldest first: the module takes them in fastest that way. A member that is seen
while this runs moves ahead, where it is read again, and not behind, where it would be missed. And the last member read is
all it takes to go on, whatever has become of the set meanwhile.
"""

import itertools
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from ._key import Key

EARLIEST = 100_000_000_000
"""Unix ms: the year 1973. The module refuses a time before it, because seconds taken for milliseconds are one."""


class Unit(Enum):
    """What a score counts."""

    SECONDS = "s"
    MILLISECONDS = "ms"

    @property
    def other(self) -> "Unit":
        return Unit.MILLISECONDS if self is Unit.SECONDS else Unit.SECONDS

    @property
    def plural(self) -> str:
        return "seconds" if self is Unit.SECONDS else "milliseconds"

    @property
    def _microseconds(self) -> int:
        return 1_000_000 if self is Unit.SECONDS else 1000

    def to_unix_ms(self, score: float) -> int:
        """The time of a score, a fraction of a millisecond dropped.

        By way of microseconds, because the double nearest to a time of whole milliseconds may lie a little below it.
        """
        return round(score * self._microseconds) // 1000

    def lowest(self, unix_ms: int) -> float:
        """The lowest score that is this time or later."""
        return (unix_ms * 1000 - 0.5) / self._microseconds


class Seen(NamedTuple):
    """A member and its score. They compare as Redis sorts them."""

    score: float
    member: bytes


@dataclass
class Cursor:
    """How far a set has been read."""

    position: Seen
    """The last member read."""
    ties: int = 0
    """How many of the same score there were up to it: a hint, since they come and go."""
    at_end: bool = False
    """There were no more. An application that writes may have made some since; whoever waits for it to pause waits for ever."""


class Scores(NamedTuple):
    """What scores are taken for: how many there are of each."""

    times: int
    """From 1973 to the latest time that there can be."""
    other_unit: int
    """Such a time in the other unit only."""
    no_times: int
    """Neither."""


class Source(Key):
    """A sorted set. It is only read, and others may write it meanwhile."""

    def __init__(self, client: Any, key: bytes, unit: Unit) -> None:
        super().__init__(client, key)
        self.unit = unit

    def scores(self, latest: int) -> Scores:
        """What the scores are, where nobody can have been seen later than `latest`, in Unix ms."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.zcard(self._key)
        for unit in (self.unit, self.unit.other):
            pipeline.zcount(self._key, *_between(unit, EARLIEST, latest))
        members, times, other_unit = pipeline.execute()
        return Scores(times, other_unit, members - times - other_unit)

    def count(self, first: int, last: int) -> int:
        """How many were seen from `first` to `last`, both included, in Unix ms."""
        return int(self._redis.zcount(self._key, *_between(self.unit, first, last)))

    def read(self, cursor: Cursor, latest: int, size: int) -> list[Seen]:
        """The next members after the cursor, `size` of them or some less, and none later than `latest`."""
        _, below = _between(self.unit, 0, latest)
        overlap = back = max(1, size // 4)
        while True:
            first = max(0, cursor.ties - back)
            wanted = size + min(overlap, cursor.ties)
            rows = self._rows(cursor.position.score, below, first, wanted)
            if first > 0 and (not rows or rows[0] > cursor.position):
                # So many of this score have gone that others may have moved to before the first row.
                back *= 2
                continue
            fresh = [row for row in rows if row > cursor.position]
            if fresh:
                cursor.position = fresh[-1]
            same = sum(
                1 for _ in itertools.takewhile(lambda row: row.score == cursor.position.score, reversed(rows))
            )
            cursor.ties = first + same if same == len(rows) else same
            cursor.at_end = len(rows) < wanted
            if fresh or cursor.at_end:
                return fresh
            # So many of this score are new that the rows have not reached the position.
            back = overlap

    def _rows(self, score: float, below: str, first: int, wanted: int) -> list[Seen]:
        # Not the newer ZRANGE … BYSCORE: the set may be on a server older than 6.2.
        rows = self._redis.zrangebyscore(self._key, score, below, start=first, num=wanted, withscores=True)
        return [Seen(score, member) for member, score in rows]


def _between(unit: Unit, first: int, last: int) -> tuple[float, str]:
    """The range of scores from one time to another, both included."""
    return unit.lowest(first), f"({unit.lowest(last + 1)!r}"
