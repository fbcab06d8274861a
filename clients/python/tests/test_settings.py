"""A key's settings go along with each touch."""

from datetime import timedelta
from typing import Any

import pytest
import redis

MINUTE = timedelta(minutes=1)


def settings(online: Any) -> tuple[timedelta, timedelta]:
    info = online.info()
    return info.ttl, info.retain


def changes(execute: Any) -> int:
    return int(execute("INFO", "persistence")["rdb_changes_since_last_save"])


def test_they_hold_after_a_flushall(kit: Any, execute: Any) -> None:
    online = kit.presence(ttl=MINUTE, retain=2 * MINUTE)
    online.touch("alice")
    execute("FLUSHALL")
    online.touch("alice")
    assert settings(online) == (MINUTE, 2 * MINUTE)


def test_they_hold_on_a_server_that_starts_after_the_application(own: Any) -> None:
    own.server.stop()
    online = own.presence(ttl=MINUTE, retain=2 * MINUTE)
    own.server.start()
    online.touch("alice", ttl=timedelta(seconds=5))
    assert settings(online) == (MINUTE, 2 * MINUTE)


def test_they_come_before_a_carried_over_record(kit: Any) -> None:
    from datetime import datetime, timezone

    online = kit.presence(ttl=MINUTE, retain=2 * MINUTE)
    assert online.raise_record(5, datetime(2020, 1, 1, tzinfo=timezone.utc))
    assert settings(online) == (MINUTE, 2 * MINUTE)


def test_they_go_along_with_sessions_that_are_attached(kit: Any, execute: Any) -> None:
    online = kit.presence(ttl=MINUTE, retain=2 * MINUTE)
    assert online.attach("alice", "phone") is True
    execute("FLUSHALL")
    assert online.beat("phone") == [kit.m("phone")]
    assert online.attach("alice", "phone") is True
    assert settings(online) == (MINUTE, 2 * MINUTE)
    (phone,) = online.sessions("alice")
    assert timedelta(0) < phone.ttl_left <= MINUTE


def test_they_go_along_with_a_lease(kit: Any, execute: Any) -> None:
    online = kit.presence(ttl=MINUTE, retain=2 * MINUTE)
    assert online.drop("gateway") == 0
    assert online.info() is None
    online.lease("gateway", ttl=MINUTE)
    execute("FLUSHALL")
    online.lease("gateway", ttl=MINUTE)
    assert settings(online) == (MINUTE, 2 * MINUTE)


def test_what_is_not_given_is_left_to_the_key(kit: Any) -> None:
    kit.presence(ttl=MINUTE, retain=2 * MINUTE).touch("alice")
    other = kit.presence()
    other.touch("bob")
    assert settings(other) == (MINUTE, 2 * MINUTE)


def test_with_a_resolution_most_touches_write_nothing(kit: Any, execute: Any) -> None:
    online = kit.presence(ttl=MINUTE, resolution=MINUTE / 2)
    assert online.touch("alice") == 1
    assert online.info().resolution == MINUTE / 2
    seen = online.last_seen("alice")
    before = changes(execute)
    for _ in range(10):
        assert online.touch("alice") == 0
    assert changes(execute) == before
    assert online.last_seen("alice") == seen
    # The setting, and the touch.
    kit.presence(resolution=timedelta(0)).touch("alice")
    assert changes(execute) == before + 2


def test_a_resolution_is_at_most_half_of_the_ttl(kit: Any) -> None:
    with pytest.raises(ValueError, match="a resolution is at most half of the ttl of 0:01:00, not 0:00:31"):
        kit.presence(ttl=MINUTE, resolution=timedelta(seconds=31))
    with pytest.raises(ValueError, match="a duration here is"):
        kit.presence(resolution=timedelta(-1))
    # Of a ttl that is the key's own only the server knows.
    kit.presence(ttl=MINUTE).touch("alice")
    with pytest.raises(redis.ResponseError, match="lower RESOLUTION or raise TTL"):
        kit.presence(resolution=MINUTE).touch("alice")


def test_a_cap_keeps_others_out(kit: Any) -> None:
    room = kit.presence(cap=2)
    assert room.touch("alice", "bob") == 2
    assert room.info().cap == 2
    with pytest.raises(redis.ResponseError, match="CAPPED 2 members are online"):
        room.touch("alice", "carol")
    assert {*room.members()} == {kit.m("alice"), kit.m("bob")}
    assert room.touch("alice") == 0
    assert kit.presence(cap=0).touch("carol") == 1
    assert room.info().cap is None


def test_a_cap_is_a_number_that_the_server_takes(kit: Any) -> None:
    for cap in (-1, 1 << 32):
        with pytest.raises(ValueError, match="a cap is a number from 0"):
            kit.presence(cap=cap)


def test_repeating_them_writes_nothing(kit: Any, execute: Any) -> None:
    online = kit.presence(ttl=MINUTE, retain=2 * MINUTE)
    online.touch("alice")
    before = changes(execute)
    for _ in range(10):
        online.touch("alice")
    assert changes(execute) - before == 10
