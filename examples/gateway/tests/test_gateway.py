"""Who is online, whatever becomes of sockets, gateways and Redis."""

import contextlib
import signal
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from gateway_harness import (
    KEY,
    LIMIT,
    Events,
    Loyal,
    Process,
    count,
    groups,
    ids,
    online,
    sessions,
    wait_until,
)
from presence.testing import Server
from websockets.exceptions import InvalidStatus

Start = Callable[..., Process]


def test_a_socket_is_a_session(start: Start, redis: Any) -> None:
    gateway = start()
    with gateway.connect("ann", user_agent_header="phone"), gateway.connect("ann", user_agent_header="tv"):
        wait_until(lambda: len(ids(redis, "ann")) == 2)
        found = {(each["group"], each["meta"]) for each in sessions(redis, "ann")[0]}
        assert found == {(gateway.group, "phone"), (gateway.group, "tv")}
        assert online(redis) == {"ann"}
    wait_until(lambda: online(redis) == set())


def test_the_users_of_a_killed_gateway_go_with_its_lease_and_those_who_have_another_stay(
    start: Start, redis: Any, events: Events
) -> None:
    killed, other = start(), start()
    with killed.connect("ann"), killed.connect("bob"), other.connect("bob"), other.connect("cleo"):
        both = sorted([killed.group, other.group])
        wait_until(lambda: groups(redis, "ann", "bob", "cleo") == [[killed.group], both, [other.group]])
        at = time.monotonic()
        killed.end(signal.SIGKILL)
        # Of a lease of 4 s that is renewed each 0.5 s at least so much is left, on a slow machine as well.
        while time.monotonic() < at + 2:
            assert online(redis) == {"ann", "bob", "cleo"}
            time.sleep(0.05)
        events.until("leave", "ann")
        wait_until(lambda: groups(redis, "ann", "bob", "cleo") == [[], [other.group], [other.group]])
        assert online(redis) == {"bob", "cleo"}
        joins = [("join", user) for user in ("ann", "bob", "cleo")]
        happened = events.so_far()
        assert (sorted(happened[:3]), happened[3:]) == (joins, [("leave", "ann")])


def test_a_rolling_deploy_is_neither_a_leave_nor_a_join(start: Start, redis: Any, events: Events) -> None:
    old, new = start(), start()
    users = [f"user:{number}" for number in range(40)]
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Loyal(user, old, new)) for user in users]
        wait_until(lambda: groups(redis, *users) == [[old.group]] * 40)
        old.send(signal.SIGTERM)
        wait_until(lambda: refuses(old))
        assert old.end(signal.SIGTERM) == 0
        # Until the grace of the old sessions is over as well.
        wait_until(lambda: groups(redis, *users) == [[new.group]] * 40)
        assert [client.codes for client in clients] == [[1012]] * 40
        assert sorted(events.so_far()) == sorted(("join", user) for user in users)
        assert online(redis) == set(users)


def refuses(gateway: Process) -> bool:
    """Whether a gateway accepts no new connection."""
    where = urlsplit(gateway.address)
    try:
        socket.create_connection((where.hostname, where.port), timeout=LIMIT).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_page_that_is_loaded_anew_is_neither_a_leave_nor_a_join(
    start: Start, redis: Any, events: Events
) -> None:
    gateway = start()
    with gateway.connect("ann"):
        wait_until(lambda: count(redis) == 1)
        old = ids(redis, "ann")
    with gateway.connect("ann"):
        # The session of the old page ends with its grace.
        wait_until(lambda: len(ids(redis, "ann")) == 1 and ids(redis, "ann") != old)
        assert events.so_far() == [("join", "ann")]
    # Who does not come back within the grace has timed out.
    assert events.until("timeout", "ann")
    assert events.so_far() == [("join", "ann"), ("timeout", "ann")]


def test_one_command_keeps_all_connections(start: Start, redis: Any) -> None:
    gateway = start()
    users = [f"user:{number}" for number in range(200)]
    with contextlib.ExitStack() as stack:
        for user in users:
            stack.enter_context(gateway.connect(user))
        wait_until(lambda: count(redis) == 200)
        attached = ids(redis, *users)
        seen = max(each["last-seen"] for of_one in sessions(redis, *users) for each in of_one)
        with redis.monitor() as monitor:
            for command in monitor.listen():
                name, *arguments = command["command"].split()
                if name == "PRESENCE.BEAT":
                    break
        assert arguments[:3] == [KEY, "SESSIONS", "200"]
        assert set(arguments[3:]) == attached
        wait_until(
            lambda: all(each["last-seen"] > seen for of_one in sessions(redis, *users) for each in of_one)
        )


def test_what_redis_has_lost_comes_back(start: Start, redis: Any, presence_server: Server) -> None:
    gateway = start()
    with gateway.connect("ann", user_agent_header="phone"), gateway.connect("bob"):
        wait_until(lambda: count(redis) == 2)
        redis.flushall()
        wait_until(lambda: online(redis) == {"ann", "bob"})
        [[ann]] = sessions(redis, "ann")
        assert (ann["group"], ann["meta"]) == (gateway.group, "phone")
        presence_server.stop()
        # Who comes while there is no Redis is attached once there is.
        with gateway.connect("cleo"):
            presence_server.start()
            wait_until(lambda: online(redis) == {"ann", "bob", "cleo"})
        # The lease is back as well.
        gateway.end(signal.SIGKILL)
        wait_until(lambda: online(redis) == set())


def test_a_gateway_that_was_stopped_for_longer_than_its_lease_brings_its_users_back(
    start: Start, redis: Any
) -> None:
    gateway = start()
    with gateway.connect("ann"):
        wait_until(lambda: online(redis) == {"ann"})
        gateway.send(signal.SIGSTOP)
        wait_until(lambda: online(redis) == set())
        gateway.send(signal.SIGCONT)
        wait_until(lambda: groups(redis, "ann") == [[gateway.group]])


def test_a_client_says_who_it_is(start: Start, redis: Any) -> None:
    gateway = start()
    for user in ("", "&user="):
        with pytest.raises(InvalidStatus) as refusal:
            gateway.connect(user)
        assert refusal.value.response.status_code == 400
    with gateway.connect("a%20b%00%C3%BC&user=eve", user_agent_header=None):
        wait_until(lambda: online(redis) == {"a b\x00ü"})
        [[session]] = sessions(redis, "a b\x00ü")
        assert session["meta"] is None


def test_an_agent_is_any_bytes(start: Start, presence_server: Server) -> None:
    gateway = start()
    where = urlsplit(gateway.address)
    assert where.hostname is not None
    request = (
        b"GET /?user=ann HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        b"User-Agent: \xff\xfe" + b"x" * 300 + b"\r\nUser-Agent: another\r\n\r\n"
    )
    with (
        socket.create_connection((where.hostname, where.port), timeout=LIMIT) as client,
        presence_server.client(protocol=2) as raw,
    ):
        client.sendall(request)
        assert client.recv(12) == b"HTTP/1.1 101"
        wait_until(lambda: count(raw) == 1)
        [session] = raw.execute_command("PRESENCE.SESSIONS", KEY, "ann")
        assert session[-1] == b"\xff\xfe" + b"x" * 254
