"""Each call and its answer, with every kind of client."""

import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import redis

from presence import FOREVER, Attachment, Entry, Info, Record, Session

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def now() -> datetime:
    return datetime.now(timezone.utc)


def test_who_is_touched_is_online_and_who_leaves_is_not(kit: Any) -> None:
    online = kit.presence(ttl=MINUTE)
    assert online.touch("alice", b"bob", "alice") == 2
    assert online.touch("alice") == 0
    assert online.count() == 2
    assert online.is_online("alice") is True
    assert online.leave("alice", "nobody") == 1
    assert online.is_online("alice") is False
    assert online.members() == [kit.m("bob")]
    assert online.online("carol", "bob", "alice") == [kit.m("bob")]


def test_without_members_nothing_is_asked(kit: Any) -> None:
    online = kit.presence()
    assert (online.touch(), online.leave(), online.forget(), online.online()) == (0, 0, 0, [])
    assert (online.attach_all(), online.beat(), online.detach()) == ([], [], 0)
    assert (online.lease(ttl=MINUTE), online.drop()) == (None, 0)
    assert online.info() is None


def test_a_touch_may_have_a_ttl_of_its_own_and_be_of_the_past(kit: Any) -> None:
    online = kit.presence(ttl=MINUTE, retain=DAY)
    an_hour_ago = (now() - timedelta(hours=1)).replace(microsecond=0)
    assert online.touch("alice", ttl=timedelta(hours=2), at=an_hour_ago) == 1
    assert online.touch("bob", at=an_hour_ago) == 0
    assert online.last_seen("bob") == online.last_seen("alice") == an_hour_ago
    assert online.members() == [kit.m("alice")]
    (entry,) = online.entries()
    assert timedelta(minutes=59) < entry.ttl_left <= timedelta(hours=1)


def test_a_window_looks_back_as_far_as_the_key_remembers(kit: Any) -> None:
    online = kit.presence(ttl=MINUTE, retain=DAY)
    online.touch("alice", at=now() - timedelta(hours=2))
    online.touch("bob")
    assert online.count() == 1
    assert online.count(timedelta(hours=1)) == 1
    assert online.count(timedelta(hours=3)) == 2
    assert online.members(window=DAY) == [kit.m("bob"), kit.m("alice")]
    with pytest.raises(redis.ResponseError, match="WINDOW is longer than this key remembers"):
        online.count(2 * DAY)


def test_lists_come_in_pages_newest_or_oldest_first(kit: Any) -> None:
    online = kit.presence(ttl=MINUTE, retain=DAY)
    start = now() - timedelta(seconds=40)
    for second in range(5):
        online.touch(f"m{second}", at=start + timedelta(seconds=second))
    members = [kit.m(f"m{second}") for second in range(5)]
    assert online.members(oldest_first=True) == members
    assert online.members(offset=1, limit=2) == [members[3], members[2]]
    assert online.members(offset=3) == [members[1], members[0]]
    entries = online.entries(oldest_first=True, limit=1)
    seen = online.last_seen("m0")
    assert entries == [Entry(members[0], seen, entries[0].ttl_left)]
    assert abs(seen - start) < timedelta(milliseconds=1)
    assert timedelta(0) < entries[0].ttl_left <= timedelta(seconds=20)
    online.leave("m0")
    (last, *_) = online.entries(window=DAY)
    assert (last.member, last.ttl_left) == (members[0], timedelta(0))


def test_a_forgotten_member_leaves_no_trace(kit: Any) -> None:
    online = kit.presence(ttl=MINUTE, retain=DAY)
    online.touch("alice", "bob")
    online.leave("bob")
    assert online.forget("alice", "bob", "carol") == 2
    assert online.last_seen("alice") is None
    assert online.count(DAY) == 0
    assert online.record().peak == 2


def test_the_record_has_its_date_and_can_only_be_raised(kit: Any) -> None:
    online = kit.presence(ttl=MINUTE)
    assert online.record() == Record(0, None)
    before = now()
    online.touch("alice", "bob")
    record = online.record()
    assert record.peak == 2
    assert before - timedelta(milliseconds=2) < record.at <= now()
    then = datetime(2020, 2, 29, 12, tzinfo=timezone.utc)
    assert online.raise_record(1, then) is False
    assert online.record() == record
    assert online.raise_record(400, then) is True
    assert online.record() == Record(400, then)


def test_the_state_of_a_key(kit: Any) -> None:
    online = kit.presence(ttl=MINUTE, retain=DAY, linger=timedelta(0))
    assert online.info() is None
    online.touch("alice", "bob")
    online.leave("bob")
    info = online.info()
    assert info == Info(
        online=1,
        remembered=2,
        record=Record(2, online.record().at),
        ttl=MINUTE,
        retain=DAY,
        linger=timedelta(0),
        next_due=info.next_due,
        bytes=info.bytes,
    )
    assert info.next_due > now()
    assert info.bytes > 0
    assert info.resolution == timedelta(0)
    assert info.dropping == 0
    kit.presence(linger=FOREVER, resolution=MINUTE / 4).touch("alice")
    info = online.info()
    assert (info.linger, info.resolution) == (FOREVER, MINUTE / 4)


def test_who_of_a_set_is_online(kit: Any, execute: Any) -> None:
    online = kit.presence()
    online.touch("alice", "bob", "carol")
    execute("SADD", "friends", "bob", "carol", "dave")
    execute("ZADD", "followers", 1, "alice", 2, "erin")
    bob, carol = kit.m("bob"), kit.m("carol")
    assert {*online.intersection("friends")} == {bob, carol}
    assert online.intersection("followers") == [kit.m("alice")]
    assert online.intersection("nobody") == []
    assert len(online.intersection("friends", limit=1)) == 1
    assert online.intersection_last_seen("friends") == {
        bob: online.last_seen("bob"),
        carol: online.last_seen("carol"),
    }
    assert online.count_intersection("friends") == 2
    assert online.count_intersection("friends", limit=1) == 1
    with pytest.raises(ValueError, match="a limit is at least 1"):
        online.intersection("friends", limit=0)


def test_members_have_metadata(kit: Any) -> None:
    online = kit.presence()
    online.touch("alice", "bob")
    assert online.meta() == []
    assert online.set_meta("alice", "away") is True
    assert online.set_meta("nobody", "away") is False
    assert online.meta("alice", "bob", "nobody") == [kit.m("away"), None, None]
    assert [(entry.member, entry.meta) for entry in online.entries(oldest_first=True, with_meta=True)] == [
        (kit.m("alice"), kit.m("away")),
        (kit.m("bob"), None),
    ]
    assert {entry.meta for entry in online.entries()} == {None}
    assert online.set_meta("alice", b"") is True
    assert online.meta("alice") == [None]


def test_a_member_is_online_while_any_of_its_sessions_lasts(kit: Any) -> None:
    online = kit.presence(ttl=MINUTE)
    assert online.attach("alice", "phone") is True
    assert online.attach("alice", b"laptop") is False
    assert online.count() == 1
    assert online.detach("laptop", "tablet") == 0
    assert online.is_online("alice") is True
    assert online.detach(b"phone") == 1
    assert online.is_online("alice") is False
    online.attach("alice", "phone")
    assert online.leave("alice") == 1
    assert online.sessions("alice") == []


def test_many_sessions_are_attached_at_once(kit: Any, execute: Any) -> None:
    online = kit.presence(ttl=MINUTE)
    phone, laptop = Attachment("alice", "phone", "ios"), Attachment("alice", b"laptop")
    tab = Attachment(b"bob", "tab", b"")
    assert online.attach_all(phone, laptop, tab, ttl=MINUTE / 2, group="gateway") == [True, False, True]
    told = {session.id: (session.group, session.meta) for session in online.sessions("alice")}
    assert told == {
        kit.m("phone"): (kit.m("gateway"), kit.m("ios")),
        kit.m("laptop"): (kit.m("gateway"), None),
    }
    assert all(session.ttl_left <= MINUTE / 2 for session in online.sessions("bob"))
    assert online.attach_all(Attachment("bob", "tab")) == kit.presence().attach_all(tab) == [False]
    (session,) = online.sessions("bob")
    assert (session.group, session.ttl_left > MINUTE / 2) == (kit.m("gateway"), True)
    execute("DEL", "online")
    assert online.attach_all(*(Attachment(f"user:{i}", f"tab:{i}") for i in range(3000))) == [True] * 3000
    assert online.info().ttl == MINUTE


def test_those_of_many_that_are_refused_keep_out_no_other(kit: Any) -> None:
    online = kit.presence(cap=2)
    alice, bob, carol = (Attachment(member, f"tab of {member}") for member in ("alice", "bob", "carol"))
    with pytest.raises(redis.ResponseError, match=r"^session takes 1 to 255 bytes$"):
        online.attach_all(alice, Attachment("alice", ""), bob, carol)
    assert {*online.members()} == {kit.m("alice"), kit.m("bob")}
    with pytest.raises(redis.ResponseError, match=r"^CAPPED 2 members are online$"):
        online.attach_all(carol, alice)


def test_a_member_s_sessions_are_told_the_newest_first(kit: Any) -> None:
    before = now() - timedelta(milliseconds=2)
    online = kit.presence(ttl=MINUTE)
    online.attach("alice", "phone", ttl=MINUTE / 2, meta="ios")
    # Of two that are seen in the same millisecond, this one comes first as well.
    online.attach("alice", "laptop")
    online.attach("bob", "tablet")
    laptop, phone = online.sessions("alice")
    assert phone == Session(
        id=kit.m("phone"),
        last_seen=phone.last_seen,
        ttl_left=phone.ttl_left,
        group=None,
        meta=kit.m("ios"),
    )
    assert (laptop.id, laptop.group, laptop.meta) == (kit.m("laptop"), None, None)
    assert before < phone.last_seen <= laptop.last_seen <= now()
    assert timedelta(0) < phone.ttl_left <= MINUTE / 2 < laptop.ttl_left <= MINUTE
    assert online.last_seen("alice") == laptop.last_seen
    assert online.sessions("nobody") == kit.presence("nowhere").sessions("alice") == []


def test_a_beat_keeps_sessions_and_tells_which_there_are_none_of(kit: Any) -> None:
    online = kit.presence(ttl=MINUTE)
    online.attach("alice", "phone", ttl=MINUTE / 2)
    assert online.beat("tablet", "phone", b"watch") == [kit.m("tablet"), kit.m("watch")]
    (phone,) = online.sessions("alice")
    assert MINUTE / 2 < phone.ttl_left <= MINUTE
    assert online.beat("phone", ttl=2 * MINUTE) == []
    (phone,) = online.sessions("alice")
    assert MINUTE < phone.ttl_left <= 2 * MINUTE
    nowhere = kit.presence("nowhere", ttl=MINUTE)
    assert nowhere.beat("phone") == [kit.m("phone")]
    assert nowhere.info() is None


def test_with_grace_a_session_ends_later_but_no_later_than_it_would_have(kit: Any) -> None:
    online = kit.presence(ttl=MINUTE)
    online.attach("alice", "tab")
    for grace in (MINUTE / 4, MINUTE, timedelta(hours=1)):
        assert online.detach("tab", grace=grace) == 0
        (tab,) = online.sessions("alice")
        assert timedelta(0) < tab.ttl_left <= MINUTE / 4
    assert online.detach("tab", grace=timedelta(0)) == 1
    assert online.count() == 0


def test_sessions_have_metadata_of_their_own(kit: Any) -> None:
    online = kit.presence()

    def metadata() -> dict[Any, Any]:
        return {session.id: session.meta for session in online.sessions("alice")}

    phone, laptop = kit.m("phone"), kit.m("laptop")
    online.attach("alice", "phone", meta="ios")
    online.attach("alice", "laptop")
    assert metadata() == {phone: kit.m("ios"), laptop: None}
    assert online.meta("alice") == [None]
    assert online.set_meta("alice", "linux", session="laptop") is True
    assert online.set_meta("alice", "linux", session="tablet") is False
    assert online.set_meta("bob", "linux", session="laptop") is False
    assert online.set_meta("alice", "away") is True
    online.attach("alice", "phone")
    assert metadata() == {phone: kit.m("ios"), laptop: kit.m("linux")}
    assert online.meta("alice") == [kit.m("away")]
    online.attach("alice", "phone", meta=b"")
    assert online.set_meta("alice", b"", session=b"laptop") is True
    assert metadata() == {phone: None, laptop: None}


def test_a_session_that_another_member_attaches_moves_there(kit: Any) -> None:
    online = kit.presence()
    online.attach("alice", "tab")
    assert online.attach("bob", "tab") is True
    assert online.sessions("alice") == []
    assert [session.id for session in online.sessions("bob")] == [kit.m("tab")]
    assert online.members() == [kit.m("bob")]


def test_a_drop_ends_the_sessions_of_groups(kit: Any) -> None:
    online = kit.presence(ttl=MINUTE)
    assert online.attach("alice", "phone", group="gateway:1") is True
    assert online.attach("alice", "laptop", group=b"gateway:2") is False
    assert online.attach("bob", "tab", ttl=MINUTE / 2, group="gateway:1", meta="ios") is True
    assert online.attach("carol", "tablet", group="gateway:3") is True
    (tab,) = online.sessions("bob")
    assert (tab.group, tab.meta) == (kit.m("gateway:1"), kit.m("ios"))
    assert tab.ttl_left <= MINUTE / 2
    assert online.drop("gateway:1", b"gateway:3", "gateway:4") == 3
    assert online.members() == [kit.m("alice")]
    assert [session.group for session in online.sessions("alice")] == [kit.m("gateway:2")]
    assert online.drop("gateway:1") == kit.presence("nowhere").drop("gateway:1") == 0


def test_a_session_stays_in_its_group_unless_it_is_attached_to_another(kit: Any) -> None:
    online = kit.presence()

    def group() -> Any:
        (session,) = online.sessions("alice")
        return session.group

    online.attach("alice", "tab")
    assert group() is None
    for name in ("gateway:1", "gateway:2"):
        online.attach("alice", "tab", group=name)
        assert group() == kit.m(name)
    online.attach("alice", "tab")
    online.beat("tab")
    assert group() == kit.m("gateway:2")


def test_sessions_end_with_the_lease_of_their_group(kit: Any) -> None:
    online = kit.presence(ttl=MINUTE)
    assert online.lease("gateway:1", b"gateway:2", ttl=MINUTE) is None
    online.attach("alice", "phone", group="gateway:1")
    online.attach("bob", "tab", group="gateway:2")
    online.lease("gateway:1", ttl=timedelta(milliseconds=1))
    deadline = time.monotonic() + 20
    while online.sessions("alice"):
        assert time.monotonic() < deadline, "the lease did not end"
        time.sleep(0.02)
    assert online.members() == [kit.m("bob")]


def test_a_large_group_ends_in_bites(kit: Any, execute: Any) -> None:
    online = kit.presence()
    interval = execute("CONFIG", "GET", "presence.sweep-interval")["presence.sweep-interval"]
    execute("CONFIG", "SET", "presence.sweep-interval", 60_000)
    try:
        for number in range(1001):
            online.attach("alice", f"tab:{number}", group="gateway")
        assert online.drop("gateway") == 1001
        assert online.info().dropping == 1
        assert [session.group for session in online.sessions("alice")] == [None]
    finally:
        execute("CONFIG", "SET", "presence.sweep-interval", interval)


def test_a_scan_returns_everybody(kit: Any) -> None:
    online = kit.presence()
    everybody = {f"user:{number}" for number in range(500)} | {"bot:1"}
    online.touch(*everybody)
    assert {*online.scan_iter(count=10)} == {kit.m(member) for member in everybody}
    assert [*online.scan_iter("bot:*")] == [kit.m("bot:1")]


def test_members_are_any_bytes(kit: Any) -> None:
    online = kit.presence()
    names = ["", "EX", "<script>", "\N{SNOWMAN}\r\n\0", "x" * 65_535]
    online.touch(*names)
    assert {*online.members()} == {kit.m(name) for name in names}
    with pytest.raises(redis.ResponseError, match="longer than 65535 bytes"):
        online.touch("x" * 65_536)


def test_sessions_and_groups_are_any_1_to_255_bytes(kit: Any) -> None:
    online = kit.presence()
    names = ["EX", "META", "SESSIONS", "\N{SNOWMAN}\r\n\0", "x" * 255]
    online.lease(*names, ttl=MINUTE)
    for name in names:
        online.attach("alice", name, group=name)
    assert online.beat(*names) == []
    told = {session.id: session.group for session in online.sessions("alice")}
    assert told == {kit.m(name): kit.m(name) for name in names}
    assert online.detach(*names) == 1
    assert online.drop(*names) == 0
    for name in ("", "x" * 256):
        with pytest.raises(redis.ResponseError, match="session takes 1 to 255 bytes"):
            online.attach("alice", name)
        with pytest.raises(redis.ResponseError, match="session takes 1 to 255 bytes"):
            online.set_meta("alice", "away", session=name)
        with pytest.raises(redis.ResponseError, match="group takes 1 to 255 bytes"):
            online.attach("alice", "tab", group=name)
        with pytest.raises(redis.ResponseError, match="group takes 1 to 255 bytes"):
            online.lease("gateway", name, ttl=MINUTE)
        with pytest.raises(redis.ResponseError, match="group takes 1 to 255 bytes"):
            online.drop("gateway", name)


def test_errors_of_the_server_are_raised(kit: Any, execute: Any) -> None:
    execute("SET", "text", "x")
    text = kit.presence("text", ttl=MINUTE)
    with pytest.raises(redis.ResponseError, match=r"^WRONGTYPE"):
        text.touch("alice")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        text.info()


def test_what_an_error_quotes_of_a_command_is_not_taken_for_its_meaning(kit: Any) -> None:
    online = kit.presence("no such key\0", ttl=MINUTE)
    with pytest.raises(redis.ResponseError, match="longer than 65535 bytes"):
        online.touch("x" * 65_536)


def test_what_is_no_duration_and_no_time_is_refused_before_anything_is_sent(kit: Any) -> None:
    with pytest.raises(TypeError, match="a duration is a timedelta, not 300"):
        kit.presence(ttl=300)
    with pytest.raises(ValueError, match="a duration here is"):
        kit.presence(ttl=timedelta(0))
    with pytest.raises(ValueError, match="a duration here is"):
        kit.presence(retain=timedelta(days=4000))
    online = kit.presence()
    with pytest.raises(ValueError, match="time zone"):
        online.touch("alice", at=datetime.now())
    with pytest.raises(TypeError, match="a time is a datetime, not 1700000000"):
        online.touch("alice", at=1_700_000_000)
    with pytest.raises(ValueError, match="a duration here is"):
        online.attach("alice", "phone", ttl=timedelta(0))
    with pytest.raises(TypeError, match="a duration is a timedelta, not 30"):
        online.beat("phone", ttl=30)
    with pytest.raises(ValueError, match="a duration here is"):
        online.detach("phone", grace=timedelta(-1))
    with pytest.raises(ValueError, match="a duration here is"):
        online.lease("gateway", ttl=timedelta(0))
    with pytest.raises(TypeError, match="a duration is a timedelta, not 30"):
        online.lease("gateway", ttl=30)
    assert online.count() == 0


def test_in_asks_whether_a_member_is_online(server: Any) -> None:
    from presence import Presence

    with server.client() as client:
        online = Presence(client, "online")
        online.touch("alice")
        assert "alice" in online
        assert b"bob" not in online
