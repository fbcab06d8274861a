"""A key of a cluster is a key like any other."""

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
import redis.asyncio

import presence.asyncio
from presence import Presence
from presence.testing import Server

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def node() -> Iterator[Server]:
    """A cluster of one node, which is enough for a client to be one of a cluster."""
    settings = {"cluster-enabled": "yes", "presence.events": "A"}
    with Server(settings, append_only=False) as server, server.client() as client:
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        deadline = time.monotonic() + 20
        while client.cluster("info")["cluster_state"] != "ok":
            assert time.monotonic() < deadline, "the cluster does not come up"
            time.sleep(0.02)
        yield server


@pytest.mark.parametrize("fail_open", [False, True])
def test_calls_reach_the_keys_node(node: Server, fail_open: Any) -> None:
    with redis.RedisCluster(node.host, node.port, decode_responses=True) as client:
        online = Presence(client, f"sync:{fail_open}", ttl=MINUTE, fail_open=fail_open)
        assert online.touch("alice", "bob") == 2
        assert online.leave("bob") == 1
        assert online.members() == ["alice"]
        assert online.count() == 1
        assert [*online.scan_iter()] == ["alice"]
        info = online.info()
        assert info is not None
        assert info.ttl == MINUTE


def test_a_key_of_a_cluster_can_be_followed(node: Server) -> None:
    with redis.RedisCluster(node.host, node.port, decode_responses=True) as client:
        online = Presence(client, "followed")
        online.touch("alice")
        updates = online.follow()
        assert {*next(updates).online} == {"alice"}
        online.touch("bob")
        assert {*next(updates).online} == {"alice", "bob"}
        updates.close()


def test_awaited_calls_reach_the_keys_node(node: Server) -> None:
    async def story() -> None:
        async with redis.asyncio.RedisCluster(
            host=node.host, port=node.port, decode_responses=True
        ) as client:
            online = presence.asyncio.Presence(client, "async", ttl=MINUTE)
            assert await online.touch("alice", "bob") == 2
            assert await online.online("bob", "carol") == ["bob"]
            info = await online.info()
            assert info is not None
            assert info.ttl == MINUTE

    asyncio.run(story())
