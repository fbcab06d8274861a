"""One key of presence: events say when to look, and what is read is what is shown."""

from collections.abc import Sequence
from typing import NamedTuple

import anyio
import redis
from presence import Info, Kind, Record, Session
from presence.asyncio import Presence

from .board import Board
from .link import DOWN, Link
from .settings import Settings
from .times import duration, unix

POLL = 1.0
"""Seconds between two readings when nothing is told. The chart needs one each second; and where events are off, or a key goes
without a word, it is all there is."""
SHORTEST = 0.2
"""Seconds between two readings, however much is told."""
AGAIN = 1.0
"""Seconds until a subscription that was lost or refused is tried again."""


class Detail(NamedTuple):
    """What stands beside a member's name."""

    sessions: int
    meta: bytes | None


class WatchedKey:
    """Topic `<name>`: how many are online, the record, and `changes`, which grows whenever the list may have changed."""

    def __init__(self, name: str, key: str, board: Board, link: Link, settings: Settings) -> None:
        self.name = name
        self.key = key
        self.presence: Presence[bytes] = Presence(link.client, key)
        self.online: int | None = None
        """How many are online; `None` where nobody knows."""
        self.is_refused = False
        """Whether the user may not subscribe to the key's events."""
        self._telling: Presence[bytes] = Presence(link.listener, key)
        self._board = board
        self._link = link
        self._settings = settings
        self._stirred = anyio.Event()
        self._info: Info | None = None
        self._changes = 0

    def stir(self) -> None:
        """Something has changed: it is read soon."""
        self._stirred.set()

    async def listen(self) -> None:
        """Is told of whoever comes, goes or has other metadata, for ever."""
        while True:
            try:
                async for _ in self._telling.events(Kind.JOIN, Kind.LEAVE, Kind.TIMEOUT, Kind.UPDATE):
                    self.is_refused = False
                    self.stir()
            except DOWN:
                pass
            except redis.ResponseError:
                self.is_refused = True
            await anyio.sleep(AGAIN)

    async def watch(self) -> None:
        """Reads whenever something was told, and each second, for ever."""
        while True:
            with anyio.move_on_after(POLL):
                await self._stirred.wait()
            is_stirred = self._stirred.is_set()
            self._stirred = anyio.Event()
            await self._read(is_stirred)
            await anyio.sleep(SHORTEST)

    async def read_info(self) -> None:
        """Reads how long the key shows and remembers its members."""
        try:
            self._info = await self.presence.info()
        except redis.ResponseError:
            self._info = None

    async def details(self, members: Sequence[bytes]) -> list[Detail]:
        """How many sessions each of these members has, and its metadata. None where the user may not ask for both."""
        if not members:
            return []
        # One round trip for all of them, however far away Redis is.
        pipeline = self._link.client.pipeline(transaction=False)
        pipeline.execute_command("PRESENCE.META", self.key, *members)
        for member in members:
            pipeline.execute_command("PRESENCE.SESSIONS", self.key, member)
        try:
            metadata, *sessions = await pipeline.execute()
        except redis.ResponseError:
            return [Detail(0, None)] * len(members)
        return [Detail(len(of_one), meta) for of_one, meta in zip(sessions, metadata, strict=True)]

    async def meta(self, member: bytes) -> bytes | None:
        """The metadata of one member. None where the user may not ask for it."""
        try:
            (meta,) = await self.presence.meta(member)
        except redis.ResponseError:
            return None
        return meta

    async def sessions(self, member: bytes) -> list[Session[bytes]]:
        """The sessions of one member. None where the user may not ask for them."""
        try:
            return await self.presence.sessions(member)
        except redis.ResponseError:
            return []

    async def _read(self, is_stirred: bool) -> None:
        online, record, problem = None, None, None
        try:
            with self._link.asking():
                online = await self.presence.count()
                # After the count, so that it is never the smaller of the two.
                record = await self.presence.record()
        except DOWN:
            # The page goes on showing what it has; the chart has a gap.
            self.online = None
            return
        except redis.ResponseError as error:
            problem = str(error)
        if is_stirred or online != self.online or not self._settings.is_live or self.is_refused:
            self._changes += 1
        self.online = online
        self._post(record, problem)

    def _post(self, record: Record | None, problem: str | None) -> None:
        at = record and record.at
        state = {
            "key": self.key,
            "online": self.online,
            "peak": record and record.peak,
            "peak_at": at and unix(at),
            "ttl": self._info and duration(self._info.ttl),
            "retain": self._info and duration(self._info.retain),
            "changes": self._changes,
            "problem": problem,
        }
        self._board.post(self.name, state)
