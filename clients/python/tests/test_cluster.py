"""A key of a cluster is a key like any other."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import redis
import redis.asyncio

import presence.asyncio
from presence import Attachment, Presence
from presence.testing import Server

MINUTE = timedelta(minutes=1)
TABS = (Attachment("alice", "tab", "firefox"), Attachment("bob", "other tab"))


@contextmanager
def cluster() -> Iterator[Server]:
    """A cluster of one node, which is enough for a client to be one of a cluster."""
    settings = {"cluster-enabled": "yes", "presence.events": "A"}
    with Server(settings, append_only=False) as server:
        with server.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        until_up(server)
        yield server


def until_up(server: Server) -> None:
    deadline = time.monotonic() + 20
    with server.client() as client:
        while client.cluster("info")["cluster_state"] != "ok":
            assert time.monotonic() < deadline, "the cluster does not come up"
            time.sleep(0.02)


@pytest.fixture(scope="module")
def node() -> Iterator[Server]:
    with cluster() as server:
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


@pytest.mark.parametrize("fail_open", [False, True])
def test_sessions_reach_the_keys_node(node: Server, fail_open: Any) -> None:
    with redis.RedisCluster(node.host, node.port, decode_responses=True) as client:
        online = Presence(client, f"sessions:{fail_open}", ttl=MINUTE, fail_open=fail_open)
        online.lease("gateway", ttl=MINUTE)
        assert online.attach("alice", "phone") is True
        assert online.attach_all(*TABS, group="gateway") == [False, True]
        assert online.beat("phone", "tab", "watch") == ["watch"]
        assert online.set_meta("alice", "away") is True
        assert {entry.member: entry.meta for entry in online.entries(with_meta=True)} == {
            "alice": "away",
            "bob": None,
        }
        assert {(session.id, session.group, session.meta) for session in online.sessions("alice")} == {
            ("phone", None, None),
            ("tab", "gateway", "firefox"),
        }
        assert online.drop("gateway") == 2
        assert online.detach("phone") == 1


def test_a_key_of_a_cluster_can_be_followed(node: Server) -> None:
    with redis.RedisCluster(node.host, node.port, decode_responses=True) as client:
        online = Presence(client, "followed")
        online.touch("alice")
        updates = online.follow()
        assert {*next(updates).online} == {"alice"}
        online.touch("bob")
        assert {*next(updates).online} == {"alice", "bob"}
        updates.close()


def test_a_follower_waits_for_a_cluster_that_is_down(node: Server) -> None:
    with redis.RedisCluster(node.host, node.port) as client, node.client() as operator:
        updates = Presence(client, "followed").follow(refresh=timedelta(milliseconds=200))
        assert next(updates).connected
        operator.execute_command("CLUSTER", "DELSLOTSRANGE", 0, 16383)
        assert not next(updates).connected
        operator.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        assert next(updates).connected
        updates.close()


def test_with_a_cluster_down_a_call_that_fails_open_answers_nothing() -> None:
    with cluster() as server, redis.RedisCluster(server.host, server.port) as client:
        online = Presence(client, "online", ttl=MINUTE, fail_open=True)
        assert online.touch("alice") == 1
        server.stop()
        assert [online.count(), online.touch("alice"), online.members()] == [None, None, []]
        server.start()
        until_up(server)
        deadline = time.monotonic() + 20
        while online.count() is None:
            assert time.monotonic() < deadline, "presence does not come back"
            time.sleep(0.02)


def test_with_a_cluster_down_awaited_calls_answer_nothing() -> None:
    async def story(server: Server) -> None:
        async with redis.asyncio.RedisCluster(host=server.host, port=server.port) as client:
            online = presence.asyncio.Presence(client, "online", ttl=MINUTE, fail_open=True)
            assert await online.touch("alice") == 1
            server.stop()
            assert await online.count() is None
            assert await online.touch("alice") is None

    with cluster() as server:
        asyncio.run(story(server))


def test_awaited_calls_reach_the_keys_node(node: Server) -> None:
    async def story() -> None:
        async with redis.asyncio.RedisCluster(
            host=node.host, port=node.port, decode_responses=True
        ) as client:
            online = presence.asyncio.Presence(client, "async", ttl=MINUTE)
            assert await online.touch("alice", "bob") == 2
            assert await online.online("bob", "carol") == ["bob"]
            await online.lease("gateway", ttl=MINUTE)
            assert await online.attach_all(*TABS, group="gateway") == [False, False]
            assert await online.beat("tab", "watch") == ["watch"]
            assert {session.group for session in await online.sessions("alice")} == {"gateway"}
            assert await online.drop("gateway") == 2
            info = await online.info()
            assert info is not None
            assert info.ttl == MINUTE

    asyncio.run(story())
