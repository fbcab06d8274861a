"""A key's settings go along with each touch."""

from datetime import timedelta
from typing import Any

MINUTE = timedelta(minutes=1)


def settings(online: Any) -> tuple[timedelta, timedelta]:
    info = online.info()
    return info.ttl, info.retain


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


def test_what_is_not_given_is_left_to_the_key(kit: Any) -> None:
    kit.presence(ttl=MINUTE, retain=2 * MINUTE).touch("alice")
    other = kit.presence()
    other.touch("bob")
    assert settings(other) == (MINUTE, 2 * MINUTE)


def test_repeating_them_writes_nothing(kit: Any, execute: Any) -> None:
    online = kit.presence(ttl=MINUTE, retain=2 * MINUTE)
    online.touch("alice")

    def changes() -> int:
        return int(execute("INFO", "persistence")["rdb_changes_since_last_save"])

    before = changes()
    for _ in range(10):
        online.touch("alice")
    assert changes() - before == 10
