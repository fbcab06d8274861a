"""The import itself: what is checked before it, the copying, and what is compared after it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TextIO

from .._calls import Command
from .._times import to_milliseconds
from ._destination import LONGEST_MEMBER, Destination, Touch
from ._progress import Progress
from ._source import EARLIEST, Cursor, Scores, Seen, Source
from ._state import State

AHEAD = timedelta(minutes=1)
"""How far in the future a time may lie and is taken for now: clocks differ. Beyond that it is not when somebody was seen."""

_AHEAD_MS = to_milliseconds(AHEAD)


class RefusedError(Exception):
    """There can be no such import, and why."""


@dataclass(frozen=True)
class Memory:
    """How long the destination keeps a member."""

    ttl: timedelta
    """Online."""
    all: timedelta
    """Remembered: the longer of ttl and retain."""

    def oldest(self, now: int) -> int:
        """The first time of which a member is remembered now, in Unix ms."""
        return max(EARLIEST, now - to_milliseconds(self.all) + 1)


@dataclass
class Copied:
    """What became of the members that were read."""

    began: int
    """When that was, in Unix ms."""
    members: int = 0
    ahead: int = 0
    """Those of them whose time was a little in the future."""
    too_long: int = 0
    """Those that were left out, since the module takes no member as long."""


@dataclass(frozen=True)
class Comparison:
    """How many members there are in the source, and in the destination."""

    online: tuple[int, int]
    """Seen within the ttl, and online."""
    remembered: tuple[int, int]
    """Seen within what the destination remembers, and remembered."""
    older: int
    """Seen before that, of the source."""
    missing: int
    """So many more should be remembered. Whoever was seen since the import began does not count."""


def check(source: Source, destination: Destination) -> Scores:
    """What the scores are. Refuses keys that are of another type, and scores that are in the other unit."""
    found = source.type()
    if found == "none":
        raise RefusedError(f"there is no key {source}")
    if found != "zset":
        raise RefusedError(f"the key {source} is not a sorted set, but a {found}")
    found = destination.type()
    if found not in ("none", "presence-"):
        raise RefusedError(f"the key {destination} is not a presence key, but a {found}")
    scores = source.scores(destination.now() + _AHEAD_MS)
    unit, other = source.unit, source.unit.other
    if scores.other_unit and not scores.times:
        raise RefusedError(
            f"the scores of {source} are {other.plural}, not {unit.plural}: say --unit {other.value}"
        )
    return scores


def prepare(destination: Destination, settings: Command) -> Memory:
    """Gives the destination its settings. Before the first member: who is too old for it when it comes in is lost."""
    if settings:
        destination.configure(settings)
    info = destination.info()
    if info is None:
        raise RefusedError(
            f"there is no key {destination} yet: say with --ttl how long a touch keeps a member online, "
            "and with --retain how long after it a member is remembered"
        )
    return Memory(info.ttl, max(info.ttl, info.retain))


def copy(
    source: Source, destination: Destination, memory: Memory, state: State, batch: int, out: TextIO
) -> Copied:
    """Brings over all members that the destination remembers, from where an import before has stopped."""
    now = destination.now()
    begin = Seen(source.unit.lowest(memory.oldest(now)), b"")
    cursor = Cursor(max(begin, state.load() or begin))
    copied = Copied(now)
    left = source.count(source.unit.to_unix_ms(cursor.position.score), now + _AHEAD_MS)
    with Progress(left, out) as progress:
        while not cursor.at_end:
            seen = source.read(cursor, now + _AHEAD_MS, batch)
            touches = [Touch(source.unit.to_unix_ms(score), member) for score, member in seen]
            _put(destination, touches, now, copied)
            state.save(cursor.position)
            progress.advance(len(seen))
            now = destination.now()
    state.remove()
    return copied


def _put(destination: Destination, touches: list[Touch], now: int, copied: Copied) -> None:
    fitting = [touch for touch in touches if len(touch.member) <= LONGEST_MEMBER]
    copied.members += len(fitting)
    copied.too_long += len(touches) - len(fitting)
    copied.ahead += sum(touch.at > now for touch in fitting)
    destination.put(Touch(min(touch.at, now), touch.member) for touch in fitting)


def compare(source: Source, destination: Destination, memory: Memory, began: int) -> Comparison:
    """How many members both have."""
    counts = destination.counts(to_milliseconds(memory.all))
    latest = counts.now + _AHEAD_MS
    oldest = memory.oldest(counts.now)
    return Comparison(
        online=(source.count(counts.now - to_milliseconds(memory.ttl) + 1, latest), counts.online),
        remembered=(source.count(oldest, latest), counts.remembered),
        older=source.count(EARLIEST, oldest - 1),
        missing=max(0, source.count(oldest, began) - counts.remembered),
    )
