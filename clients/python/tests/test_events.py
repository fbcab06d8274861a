"""Events, and a follower that stays right."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from presence import Event, Kind, Presence, Update


def in_background(action: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    return thread


def when_subscribed(server: Any, channel: str, action: Callable[[], None]) -> threading.Thread:
    """Does something once somebody listens to a channel."""

    def wait() -> None:
        with server.client() as client:
            deadline = time.monotonic() + 20
            while client.pubsub_numsub(channel)[0][1] == 0 and time.monotonic() < deadline:
                time.sleep(0.01)
        action()

    return in_background(wait)


def test_events_tell_of_all_that_happens(kit: Any) -> None:
    server = kit.server

    def story() -> None:
        with server.client() as client:
            online = Presence(client, "online")
            online.touch("alice")
            online.leave("alice")
            online.touch("bob", ttl=timedelta(milliseconds=1))

    story_told = when_subscribed(server, "__presence@0__:max:online", story)
    events = kit.presence().events()
    told = [next(events) for _ in range(5)]
    story_told.join()
    assert told == [
        Event(Kind.JOIN, kit.m("alice")),
        Event(Kind.MAX, peak=1),
        Event(Kind.LEAVE, kit.m("alice")),
        Event(Kind.JOIN, kit.m("bob")),
        Event(Kind.TIMEOUT, kit.m("bob")),
    ]


def test_events_of_some_kinds_in_another_database(server: Any) -> None:
    with server.client(db=2, decode_responses=True) as client:
        online = Presence(client, "a*b?")

        def story() -> None:
            online.touch("alice")
            online.leave("alice")

        story_told = when_subscribed(server, "__presence@2__:leave:a*b?", story)
        assert next(online.events(Kind.LEAVE)) == Event(Kind.LEAVE, "alice")
        story_told.join()


def touch_later(server: Any, member: str) -> None:
    """Touches a member when a follower has long been waiting."""

    def touch() -> None:
        with server.client() as client:
            Presence(client, "online").touch(member)

    threading.Timer(0.7, touch).start()


def snapshot(update: Update[Any]) -> tuple[set[Any], set[Any], set[Any], bool]:
    return {*update.online}, {*update.joined}, {*update.left}, update.connected


def until(updates: Iterator[Update[Any]], condition: Callable[[Update[Any]], bool]) -> Update[Any]:
    return next(update for update in updates if condition(update))


def test_a_follower_begins_with_all_and_goes_on_with_what_changes(kit: Any) -> None:
    online = kit.presence()
    alice, bob = kit.m("alice"), kit.m("bob")
    online.touch("alice")
    updates = online.follow()
    assert snapshot(next(updates)) == ({alice}, {alice}, set(), True)
    online.touch("alice", "bob")
    assert snapshot(next(updates)) == ({alice, bob}, {bob}, set(), True)
    online.leave("alice")
    assert snapshot(next(updates)) == ({bob}, set(), {alice}, True)
    online.touch("bob", ttl=timedelta(milliseconds=50))
    assert snapshot(next(updates)) == (set(), set(), {bob}, True)


def test_a_follower_of_nobody_says_so(kit: Any) -> None:
    assert snapshot(next(kit.presence().follow())) == (set(), set(), set(), True)


def test_a_follower_of_keys_and_members_that_are_no_text(server: Any) -> None:
    with server.client(decode_responses=True, encoding_errors="surrogateescape") as client:
        online = Presence(client, b"\xff*[a]")
        online.touch(b"\xfe")
        updates = online.follow()
        assert snapshot(next(updates)) == ({"\udcfe"}, {"\udcfe"}, set(), True)
        online.leave(b"\xfe")
        assert snapshot(next(updates)) == (set(), set(), {"\udcfe"}, True)
        updates.close()


def test_a_follower_stays_right_over_a_restart(own: Any) -> None:
    online = own.presence()
    online.touch("alice", "bob")
    updates = online.follow()
    next(updates)
    own.server.kill()
    assert snapshot(next(updates)) == ({"alice", "bob"}, set(), set(), False)
    own.server.start()
    with own.server.client() as client:
        other = Presence(client, "online")
        other.leave("alice")
        other.touch("carol")
        assert snapshot(next(updates)) == ({"bob", "carol"}, {"carol"}, {"alice"}, True)
        other.touch("dave")
        assert snapshot(next(updates)) == ({"bob", "carol", "dave"}, {"dave"}, set(), True)


def test_a_follower_stays_right_when_its_connection_is_cut(own: Any) -> None:
    online = own.presence()
    online.touch("alice")
    updates = online.follow()
    next(updates)
    with own.server.client() as client, client.pipeline() as cut:
        # In one transaction, so that nobody is told of bob.
        cut.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        cut.execute_command("PRESENCE.TOUCH", "online", "bob")
        cut.execute()
    assert snapshot(until(updates, lambda update: update.connected)) == (
        {"alice", "bob"},
        {"bob"},
        set(),
        True,
    )


def test_a_follower_notices_a_deleted_key_at_once_where_the_server_tells(own: Any) -> None:
    own.server.client().config_set("notify-keyspace-events", "KA")
    online = own.presence()
    online.touch("alice")
    updates = online.follow(refresh=timedelta(hours=1))
    next(updates)
    own.server.client().delete("online")
    assert snapshot(next(updates)) == (set(), set(), {"alice"}, True)


def test_a_follower_notices_a_flushed_key_at_the_next_refresh(own: Any) -> None:
    online = own.presence()
    online.touch("alice")
    updates = online.follow(refresh=timedelta(seconds=1))
    next(updates)
    own.server.client().flushall()
    assert snapshot(next(updates)) == (set(), set(), {"alice"}, True)


def test_a_follower_says_nothing_where_nothing_has_changed(own: Any) -> None:
    own.server.client().config_set("notify-keyspace-events", "KA")
    online = own.presence()
    online.touch("alice")
    updates = online.follow()
    next(updates)
    own.server.client().expire("online", 1000)
    touch_later(own.server, "bob")
    assert snapshot(next(updates)) == ({"alice", "bob"}, {"bob"}, set(), True)


@pytest.mark.parametrize("refresh", [timedelta(0), timedelta(seconds=-1), timedelta.max])
def test_a_refresh_that_is_no_pause_is_refused(kit: Any, refresh: Any) -> None:
    with pytest.raises(ValueError, match="a duration here is"):
        next(kit.presence().follow(refresh=refresh))


def test_a_follower_says_that_a_server_hangs(own: Any) -> None:
    online = own.presence()
    online.touch("alice")
    updates = online.follow(refresh=timedelta(milliseconds=200))
    next(updates)
    own.server.pause()
    try:
        assert next(updates).connected is False
    finally:
        own.server.resume()
    assert snapshot(next(updates)) == ({"alice"}, set(), set(), True)


def test_a_follower_is_right_through_a_crowd(kit: Any) -> None:
    online = kit.presence()

    def crowd() -> None:
        with kit.server.client() as client:
            other = Presence(client, "online")
            for number in range(300):
                other.touch(f"m{number}")
                if number % 3 == 0:
                    other.leave(f"m{number}")
            other.touch("the last")

    updates = online.follow()
    next(updates)
    busy = in_background(crowd)
    update = until(updates, lambda update: kit.m("the last") in update.online)
    busy.join()
    assert {*update.online} == {kit.m(f"m{n}") for n in range(300) if n % 3} | {kit.m("the last")}


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_quiet_subscription_is_no_lost_one(presence_server: Any, protocol: int) -> None:
    with presence_server.client(protocol=protocol) as client, presence_server.client() as other:

        def looks() -> int:
            return int(other.info("commandstats").get("cmdstat_ping", {"calls": 0})["calls"])

        def touch() -> None:
            deadline = time.monotonic() + 20
            while looks() < 3 and time.monotonic() < deadline:
                time.sleep(0.02)
            Presence(other, "online").touch("a")

        online = Presence(client, "online")
        # Each look must be answered before the next, by a machine however busy.
        updates = online.follow(refresh=timedelta(seconds=1))
        next(updates)
        other.config_resetstat()
        touched = in_background(touch)
        assert snapshot(next(updates)) == ({b"a"}, {b"a"}, set(), True)
        assert looks() >= 3
        touched.join()
