"""A simulated crowd: people who come to a site, look around for a while, and go, with a word or without one."""

import heapq
import itertools
import math
import random
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import anyio
from presence.asyncio import Presence

TTL = timedelta(minutes=1)
RETAIN = timedelta(hours=1)
PAUSE = (4.0, 45.0)
"""Seconds between two pages that somebody looks at, the shortest and the longest; shorter than the ttl."""
STAY = 240.0
"""Seconds that somebody stays, on average."""
SAYS_GOODBYE = 0.4
"""The part of those who go that signs out. The others just close the page."""
TICK = 0.1
BATCH = 1000
CATCHES_UP = 20.0
"""Seconds in which the crowd grows or shrinks to the size that it is to have."""

GIVEN = (
    "aisha alva amelie andrei anouk arjun astrid benno bruna caleb chiara dalia daria elif emeka esther farid "
    "fiona gustav hana hugo ines ivo jonas kaito lea leila linus lucia maeve malik marta mateo mina nadia "
    "nils noor olga oskar paloma priya quentin rafael rosa samir selma sofia tariq theo tomasz uma vera "
    "viktor wanda yara yusuf zoe"
)
FAMILY = (
    "adeyemi almeida andersson bakker baptiste becker bianchi castillo chen costa dimitrov duarte eriksen "
    "ferrari fischer fonseca garcia haddad hansen horvat ivanova jansen joshi kamara keller khan kowalski "
    "larsen lehmann lindgren maier martin mbeki mendes moreau nakamura novak okafor olsen ortiz park petrov "
    "rahman reyes ricci rossi santos sato schmid silva singh soto tanaka torres varga vidal weber yilmaz "
    "zhang"
)


def user_names(dice: random.Random) -> Iterator[str]:
    """Names of users, each once."""
    people = [f"{given}.{family}" for given in GIVEN.split() for family in FAMILY.split()]
    dice.shuffle(people)
    yield from people
    for number in itertools.count(2):
        for person in people:
            yield f"{person}{number}"


def addresses(dice: random.Random) -> Iterator[str]:
    """Addresses of visitors, each once, of the ranges that are kept for examples."""
    old = [f"{net}.{host}" for net in ("192.0.2", "198.51.100", "203.0.113") for host in range(1, 255)]
    dice.shuffle(old)
    for number, address in enumerate(itertools.chain(old, itertools.repeat(""))):
        if address:
            yield address
        if number % 3 == 0 or not address:
            yield f"2001:db8:{dice.randrange(0x10000):x}:{number:x}::{dice.randrange(1, 0x10000):x}"


@dataclass(order=True)
class _Visit:
    """Somebody who is there: the next page is looked at when it is `due`."""

    due: float
    name: str = field(compare=False)
    ends: float = field(compare=False)


class Crowd:
    """About `size` people, fewer and more in waves. Each tick, what they do is sent by one of the site's servers."""

    def __init__(
        self, servers: Sequence[Presence[bytes, None]], names: Iterator[str], size: int, dice: random.Random
    ) -> None:
        self._servers = servers
        self._size = size
        self._dice = dice
        self._away = deque(itertools.islice(names, 2 * size + 10))
        self._here: list[_Visit] = []
        self._wave = dice.uniform(0, 2 * math.pi)

    async def gather(self) -> None:
        """Brings people who have been there for a while, so that nobody has to wait for a crowd."""
        now, clock = time.monotonic(), datetime.now(timezone.utc)
        longest = int(PAUSE[1])
        for seconds in range(longest, 0, -1):
            # Those seen that long ago, with the rest of their pause before them.
            names = self._take(self._size * seconds // longest - self._size * (seconds - 1) // longest)
            self._here += [
                _Visit(now + self._dice.uniform(0, longest - seconds + 1), name, self._end(now))
                for name in names
            ]
            for batch in _batches(names):
                await self._server().touch(*batch, at=clock - timedelta(seconds=seconds - 1))
        heapq.heapify(self._here)

    async def live(self) -> None:
        """Comes and goes, for ever."""
        while True:
            await anyio.sleep(TICK)
            await self._tick(time.monotonic())

    async def _tick(self, now: float) -> None:
        """What happens in one tick: some come, some look at a page, some go."""
        seen, gone = self._come(now), []
        while self._here and self._here[0].due <= now:
            visit = heapq.heappop(self._here)
            if visit.due < visit.ends:
                seen.append(visit.name)
                self._stay(visit.name, now, visit.ends)
                continue
            self._away.append(visit.name)
            if self._dice.random() < SAYS_GOODBYE:
                gone.append(visit.name)
        for batch in _batches(seen):
            await self._server().touch(*batch)
        for batch in _batches(gone):
            await self._server().leave(*batch)

    def _come(self, now: float) -> list[str]:
        """Who comes: as many as go, and some more or fewer in waves of some minutes."""
        wave = 0.14 * math.sin(now / 38 + self._wave) + 0.06 * math.sin(now / 11 + 2 * self._wave)
        lacking = self._size * (1 + wave) - len(self._here)
        rate = len(self._here) / STAY + lacking / CATCHES_UP
        names = self._take(self._round(max(0.0, rate * TICK)))
        for name in names:
            self._stay(name, now, self._end(now))
        return names

    def _take(self, count: int) -> list[str]:
        return [self._away.popleft() for _ in range(min(count, len(self._away)))]

    def _stay(self, name: str, now: float, ends: float) -> None:
        heapq.heappush(self._here, _Visit(now + self._dice.uniform(*PAUSE), name, ends))

    def _end(self, now: float) -> float:
        return now + self._dice.expovariate(1 / STAY)

    def _round(self, number: float) -> int:
        """Up or down, so that it is right on average."""
        return int(number + self._dice.random())

    def _server(self) -> Presence[bytes, None]:
        return self._dice.choice(self._servers)


def _batches(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), BATCH):
        yield names[start : start + BATCH]
