"""The connections of their own that calls have which fail open, for every kind of client."""

import asyncio
import gc
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio

import presence.asyncio
from presence import Presence
from presence.testing import Server

PATIENT = timedelta(seconds=20)
TIMEOUT = timedelta(milliseconds=500)


def hung(server: Server, call: Callable[[], Any]) -> float:
    """Seconds that a call takes while the server hangs."""
    server.pause()
    start = time.monotonic()
    try:
        call()
        return time.monotonic() - start
    finally:
        server.resume()


def test_in_a_crowd_calls_wait_for_a_connection(server: Server) -> None:
    with server.client(max_connections=3) as client, ThreadPoolExecutor(20) as threads:
        online = Presence(client, "online", fail_open=True, timeout=PATIENT)
        assert [*threads.map(online.touch, map(str, range(100)))] == [1] * 100


def test_in_a_crowd_awaited_calls_wait_for_a_connection(server: Server) -> None:
    async def story() -> list[int | None]:
        client = redis.asyncio.Redis(host=server.host, port=server.port, max_connections=3)
        online = presence.asyncio.Presence(client, "online", fail_open=True, timeout=PATIENT)
        answers = await asyncio.gather(*(online.touch(str(number)) for number in range(100)))
        await online.aclose()
        return answers

    assert asyncio.run(story()) == [1] * 100


def test_clients_of_one_pool_share_what_they_have_found_out(presence_server: Server) -> None:
    pool = redis.ConnectionPool(host=presence_server.host, port=presence_server.port)

    def ask() -> None:
        for _ in range(5):
            assert (
                Presence(redis.Redis(connection_pool=pool), "online", fail_open=True, timeout=TIMEOUT).count()
                is None
            )

    assert hung(presence_server, ask) < 2 * TIMEOUT.total_seconds()


@pytest.mark.parametrize("awaited", [False, True])
def test_a_hung_redis_on_a_unix_socket_is_waited_for_once(tmp_path: Path, awaited: Any) -> None:
    path = str(tmp_path / "socket")

    async def ask() -> None:
        client = redis.asyncio.Redis(unix_socket_path=path)
        online = presence.asyncio.Presence(client, "online", fail_open=True, timeout=TIMEOUT)
        assert await online.count() is None
        await online.aclose()

    with Server({"unixsocket": path}) as server, redis.Redis(unix_socket_path=path) as client:
        online = Presence(client, "online", fail_open=True, timeout=TIMEOUT)
        took = hung(server, (lambda: asyncio.run(ask())) if awaited else online.count)
    assert took < 2 * TIMEOUT.total_seconds()


def test_a_client_of_one_connection_can_be_followed_with(server: Server) -> None:
    with server.client(max_connections=1) as client:
        assert next(Presence(client, "online").follow()).connected


class Prefixing(redis.Redis):
    """A client that is more than redis-py's."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        name, key, *others = args
        return super().execute_command(name, f"site:{key}", *others, **options)  # type: ignore[no-untyped-call]


class Connection(redis.Connection):
    """A connection that is more than redis-py's, as one that encrypts in its own way."""

    made = 0

    def connect(self) -> None:
        type(self).made += 1
        super().connect()  # type: ignore[no-untyped-call]


class Pool(redis.ConnectionPool):
    """A pool that is more than redis-py's."""


def test_a_client_of_another_class_stays_what_it_is(server: Server) -> None:
    with Prefixing(server.host, server.port) as client:
        Presence(client, "online", fail_open=True).touch("alice")
    with server.client() as plain:
        assert plain.keys() == [b"site:online"]


def test_a_connection_of_another_class_stays_what_it_is(server: Server) -> None:
    pool = redis.ConnectionPool(connection_class=Connection, host=server.host, port=server.port)
    assert Presence(redis.Redis.from_pool(pool), "online", fail_open=True).touch("alice") == 1
    assert Connection.made > 0


@pytest.mark.parametrize("pool", [redis.ConnectionPool, Pool])
def test_a_client_that_is_not_used_any_more_is_freed(server: Server, pool: Any) -> None:
    client = redis.Redis.from_pool(pool(host=server.host, port=server.port))
    Presence(client, "online", fail_open=True).touch("alice")
    freed = weakref.ref(client)
    del client
    gc.collect()
    assert freed() is None
