"""What one process knows for all browsers: it subscribes once and asks once, however many look."""

from collections import deque
from collections.abc import Mapping
from contextlib import suppress

import anyio
import redis

from .board import Board
from .clients import ConnectedClients
from .key import AGAIN, WatchedKey
from .link import DOWN, Link
from .settings import Settings

SETTINGS_POLL = 2.0
"""Seconds until a change of the server's settings is noticed."""
SAMPLES = 600
"""One a second: ten minutes."""


class Hub:
    """Some keys by the names that the page has for them, the server's clients, and what is to be shown of all this."""

    def __init__(self, url: str, keys: Mapping[str, str]) -> None:
        self.board = Board()
        self.link = Link(url, self.board)
        self._settings = Settings(self.board)
        shared = (self.board, self.link, self._settings)
        self.keys = {name: WatchedKey(name, key, *shared) for name, key in keys.items()}
        self.clients = ConnectedClients(*shared)
        self.samples: deque[dict[str, int | None]] = deque(maxlen=SAMPLES)
        """The time, `at`, and how many were online in each key then, the oldest first."""

    async def run(self) -> None:
        """Watches until it is cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch_settings)
            tasks.start_soon(self._listen_to_keys)
            tasks.start_soon(self.clients.listen)
            tasks.start_soon(self.clients.watch)
            for key in self.keys.values():
                tasks.start_soon(key.listen)
                tasks.start_soon(key.watch)
            tasks.start_soon(self._sample)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self.link.aclose()

    async def _watch_settings(self) -> None:
        while True:
            with suppress(*DOWN), self.link.asking():
                await self._settings.read(self.link.client)
                with suppress(redis.ResponseError):
                    self.link.set_clock(*await self.link.client.time())
                for key in self.keys.values():
                    await key.read_info()
                self._settings.post(key.is_refused for key in self.keys.values())
            await anyio.sleep(SETTINGS_POLL)

    async def _listen_to_keys(self) -> None:
        """Where the server notifies of keys, one that is deleted or overwritten is read at once."""
        db = self.link.listener.get_connection_kwargs().get("db") or 0
        channels = {f"__keyspace@{db}__:{key.key}".encode(): key for key in self.keys.values()}
        while True:
            with suppress(*DOWN, redis.ResponseError):
                async with self.link.listener.pubsub(ignore_subscribe_messages=True) as messages:
                    await messages.subscribe(*channels)
                    async for message in messages.listen():
                        channels[message["channel"]].stir()
            await anyio.sleep(AGAIN)

    async def _sample(self) -> None:
        """Notes how many are online, each second: the chart's line, and the heartbeat of each browser's stream."""
        while True:
            sample = {"at": self.link.now(), **{name: key.online for name, key in self.keys.items()}}
            self.samples.append(sample)
            self.board.post("sample", sample)
            await anyio.sleep(1 - anyio.current_time() % 1)
