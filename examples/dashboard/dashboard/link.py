"""Whether Redis answers, and what time it is there."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from .board import Board

TIMEOUT = 1.0
"""Seconds until a question to Redis is given up."""
CONNECTIONS = 32
"""Questions that may be under way at the same time; more wait for no longer than the time-out."""

DOWN = (redis.ConnectionError, redis.TimeoutError)
"""What a call raises where Redis is gone or hung."""

logger = logging.getLogger("dashboard")


def _connect(url: str, name: str) -> Any:
    """A client that asks once, and gives up after the time-out."""
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=TIMEOUT,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        client_name=name,
    )
    return redis.asyncio.Redis.from_pool(pool)


class Link:
    """The connection to Redis as the page speaks of it. Topic `link`: `state` is `up`, `lost` or `silent`, from `since` on."""

    def __init__(self, url: str, board: Board) -> None:
        self.client = _connect(url, "dashboard")
        self.listener = _connect(url, "dashboard-events")
        """For subscriptions, so that whoever looks at the server's clients sees which these are."""
        self._board = board
        self._ahead = 0
        self._state = ""

    def now(self) -> int:
        """The Unix time in ms by the clock of Redis, which all times of members and clients are of."""
        return time.time_ns() // 1_000_000 + self._ahead

    def set_clock(self, seconds: int, microseconds: int) -> None:
        """It is this time at Redis."""
        self._ahead = seconds * 1000 + microseconds // 1000 - time.time_ns() // 1_000_000

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Notes whether what is asked within is answered; an error is an answer, too."""
        try:
            yield
        except redis.TimeoutError as error:
            self._set("silent", error)
            raise
        except redis.ConnectionError as error:
            self._set("lost", error)
            raise
        except redis.ResponseError:
            self._set("up")
            raise
        self._set("up")

    async def aclose(self) -> None:
        """Closes the connections."""
        await self.client.aclose()
        await self.listener.aclose()

    def require(self) -> None:
        """Raises at once where Redis is known not to answer, so that nobody waits for it."""
        if self._state == "silent":
            raise redis.TimeoutError("Redis does not answer")
        if self._state == "lost":
            raise redis.ConnectionError("the connection to Redis is lost")

    def _set(self, state: str, error: Exception | None = None) -> None:
        if state == self._state:
            return
        if error is not None:
            logger.warning("Redis: %s", error)
        elif self._state:
            logger.info("Redis answers again")
        self._state = state
        self._board.post("link", {"state": state, "since": self.now()})
