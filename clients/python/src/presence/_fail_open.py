"""What becomes of a call while Redis is down or hung: it is given up at once, and the site goes on.

A client as applications make it waits for seconds and tries again; in front of every page that is worse than not to know who
is online. So calls that fail open go over connections of their own that wait for the time-out once; and while the server does
not answer, one call in a second tries it and all others do without. All keys of a client share that, so that a request which
asks several of them waits once.
"""

import inspect
import logging
import threading
import time
import weakref
from datetime import timedelta
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ClusterDownError, RedisClusterException
from redis.retry import Retry

logger = logging.getLogger("presence")

UNREACHABLE = (redis.ConnectionError, redis.TimeoutError, ClusterDownError, RedisClusterException)
"""What redis-py raises for a server or a cluster that does not answer."""

FAILURES = (redis.RedisError, RedisClusterException, UnicodeError)
"""What becomes of a call that fails open. Also of one with text that is none: names come from strangers."""

PAUSE = 1.0
"""Seconds between two tries of a server that does not answer, and between two complaints about its answers."""

CROWD = 100
"""The most connections of a copy of a client."""

_KINDS: dict[Any, tuple[Any, Any]] = {
    redis.Redis: (redis.BlockingConnectionPool, Retry),
    redis.asyncio.Redis: (redis.asyncio.BlockingConnectionPool, AsyncRetry),
}


class Breaker:
    """Whether calls are sent at the moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._down = False
        self._next_try = 0.0
        self._next_complaint = 0.0

    def permits(self, command: str) -> bool:
        """Whether to send the next call, whose command is this."""
        with self._lock:
            if not self._down:
                return True
            now = time.monotonic()
            is_time = now >= self._next_try
            if is_time:
                self._next_try = now + PAUSE
        if not is_time:
            logger.info("%s goes without an answer, Redis gave none just now", command)
        return is_time

    def answered(self) -> None:
        """A call was answered."""
        if not self._down:
            return
        with self._lock:
            was_down, self._down = self._down, False
        if was_down:
            logger.info("Redis answers again, presence is back")

    def failed(self, error: Exception) -> None:
        """A call was not answered, or with an error."""
        if not isinstance(error, UNREACHABLE):
            self._refused(error)
            return
        with self._lock:
            was_down, self._down = self._down, True
            self._next_try = time.monotonic() + PAUSE
        # Everybody reads of an outage once; of each call that goes without an answer, whoever asks for it.
        level = logging.INFO if was_down else logging.WARNING
        logger.log(level, "Redis does not answer, the site goes on without presence: %s", error)

    def _refused(self, error: Exception) -> None:
        # What cannot be encoded was not sent.
        if not isinstance(error, UnicodeEncodeError):
            self.answered()
        with self._lock:
            now = time.monotonic()
            is_time = now >= self._next_complaint
            if is_time:
                self._next_complaint = now + PAUSE
        level = logging.ERROR if is_time else logging.INFO
        logger.log(level, "A presence command fails, the site goes on without its answer: %s", error)


_breakers: "weakref.WeakKeyDictionary[Any, Breaker]" = weakref.WeakKeyDictionary()
_impatient: "weakref.WeakKeyDictionary[Any, dict[timedelta, Any]]" = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def _owner(client: Any) -> Any:
    """What stands for a client here: its pool, for applications make clients of one pool again and again."""
    return getattr(client, "connection_pool", client)


def breaker(client: Any) -> Breaker:
    """The one of all keys that this client asks for."""
    with _lock:
        return _breakers.setdefault(_owner(client), Breaker())


def impatient(client: Any, timeout: timedelta) -> Any:
    """The one `copy` of a client that all its keys with this time-out share."""
    if not _can_be_copied(client):
        return client
    with _lock:
        copies = _impatient.setdefault(_owner(client), {})
        if timeout not in copies:
            copies[timeout] = copy(client, timeout)
        return copies[timeout]


def copy(client: Any, timeout: timedelta) -> Any:
    """A client for the same server that waits once, that long, for an answer.

    A client of a cluster, of Sentinel or of classes that are not redis-py's own stays as it is: its time-outs and its retries
    are whatever its owner chose.
    """
    if not _can_be_copied(client):
        return client
    kind, pool = type(client), client.connection_pool
    blocking_pool, retry = _KINDS[kind]
    accepted = {*inspect.signature(kind).parameters, "path"}
    options = {name: value for name, value in pool.connection_kwargs.items() if name in accepted}
    for name in ("retry_on_timeout", "retry_on_error"):
        options.pop(name, None)
    seconds = timeout.total_seconds()
    # A connection of before a restart of the server is made again, at once; nothing that has waited is tried again. On a Unix
    # socket redis-py's asyncio calls a time-out a lost connection.
    tries_again = "path" not in options or kind is redis.Redis
    options.update(
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=retry(NoBackoff(), int(tries_again), (redis.ConnectionError,)),
    )
    return kind.from_pool(
        # In a crowd, calls wait for a connection; a pool that does not wait would fail them. A follower needs two.
        blocking_pool(
            max_connections=max(2, min(pool.max_connections, CROWD)),
            timeout=seconds,
            connection_class=pool.connection_class,
            **options,
        )
    )


def _can_be_copied(client: Any) -> bool:
    if type(client) not in _KINDS:
        return False
    pool = client.connection_pool
    modules = {type(pool).__module__, pool.connection_class.__module__}
    return modules <= {"redis.connection", "redis.asyncio.connection"}
