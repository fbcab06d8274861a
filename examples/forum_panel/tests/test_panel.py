"""Users and visitors of the last 15 minutes, listed and counted, and the records."""

from datetime import datetime, timedelta, timezone

import pytest
from presence import Presence, Record
from presence.testing import Server

import forum_panel


def now() -> datetime:
    """The time to the millisecond, as records have it."""
    time = datetime.now(timezone.utc)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def key(server: Server, name: str) -> Presence[str]:
    """A key of the panel, as another program on the same Redis has it."""
    return Presence(server.client(decode_responses=True), name)


def test_nobody_was_ever_here() -> None:
    assert forum_panel.users() == []
    assert forum_panel.visitors() == []
    assert (forum_panel.user_count(), forum_panel.visitor_count()) == (0, 0)
    assert forum_panel.user_record() == forum_panel.visitor_record() == Record(0, None)


def test_users_and_visitors_are_apart() -> None:
    forum_panel.mark_user("alice")
    forum_panel.mark_user("bob")
    forum_panel.mark_user("alice")
    forum_panel.mark_visitor("203.0.113.9")
    assert sorted(forum_panel.users()) == ["alice", "bob"]
    assert forum_panel.visitors() == ["203.0.113.9"]
    assert (forum_panel.user_count(), forum_panel.visitor_count()) == (2, 1)


def test_both_are_online_for_15_minutes_and_the_last_seen_comes_first(server: Server) -> None:
    forum_panel.mark_user("alice")
    forum_panel.mark_visitor("203.0.113.1")
    for name, prefix in ((forum_panel.USERS, "user"), (forum_panel.VISITORS, "visitor")):
        for minutes in (16, 14, 1, 7):
            key(server, name).touch(f"{prefix} {minutes}", at=now() - timedelta(minutes=minutes))
    assert forum_panel.users() == ["alice", "user 1", "user 7", "user 14"]
    assert forum_panel.users(limit=2) == ["alice", "user 1"]
    assert forum_panel.visitors() == ["203.0.113.1", "visitor 1", "visitor 7", "visitor 14"]
    assert forum_panel.visitors(limit=2) == ["203.0.113.1", "visitor 1"]
    assert (forum_panel.user_count(), forum_panel.visitor_count()) == (4, 4)


def test_the_age_holds_after_a_flush(server: Server) -> None:
    forum_panel.mark_user("alice")
    with server.client() as client:
        client.flushall()
    forum_panel.mark_user("alice")
    info = key(server, forum_panel.USERS).info()
    assert info is not None
    assert info.ttl == timedelta(minutes=15)


class Sampler:
    """The job that forums have instead: asks every now and then how many are online, and keeps the most it was told."""

    most: int = 0

    def run(self) -> None:
        self.most = max(self.most, forum_panel.user_count() or 0)


def test_the_record_has_the_peak_between_two_samples(server: Server) -> None:
    sampler = Sampler()
    forum_panel.mark_user("alice")
    forum_panel.mark_user("bob")
    sampler.run()
    crowd = ["carol", "dave", "erin", "frank"]
    for name in crowd[:-1]:
        forum_panel.mark_user(name)
    before = now()
    forum_panel.mark_user(crowd[-1])
    after = now()
    key(server, forum_panel.USERS).leave(*crowd[1:])
    sampler.run()
    assert sampler.most == 3
    record = forum_panel.user_record()
    assert record is not None
    assert record.peak == 6
    assert record.at is not None
    assert before <= record.at <= after
    assert forum_panel.visitor_record() == Record(0, None)


def test_a_record_is_of_its_first_day(server: Server) -> None:
    forum_panel.mark_visitor("203.0.113.1")
    first = forum_panel.visitor_record()
    key(server, forum_panel.VISITORS).leave("203.0.113.1")
    forum_panel.mark_visitor("203.0.113.2")
    assert forum_panel.visitor_record() == first
    assert forum_panel.user_record() == Record(0, None)


def test_larger_records_are_carried_over() -> None:
    for name in ("alice", "bob", "carol"):
        forum_panel.mark_user(name)
        forum_panel.mark_visitor(name)
    mine = forum_panel.visitor_record()
    then = datetime(2019, 4, 1, 20, 15, tzinfo=timezone.utc)
    assert forum_panel.carry_over(120, then, 2, then)
    assert forum_panel.user_record() == Record(120, then)
    assert forum_panel.visitor_record() == mine
    later = then + timedelta(days=1)
    assert forum_panel.carry_over(120, later, 900, later)
    assert forum_panel.user_record() == Record(120, then)
    assert forum_panel.visitor_record() == Record(900, later)


def test_records_are_carried_over_before_anybody_came(server: Server) -> None:
    then = datetime(2019, 4, 1, 20, 15, tzinfo=timezone.utc)
    assert forum_panel.carry_over(2, then, 1, then)
    assert (forum_panel.user_record(), forum_panel.visitor_record()) == (Record(2, then), Record(1, then))
    for name in ("alice", "bob", "carol"):
        forum_panel.mark_user(name)
    record = forum_panel.user_record()
    assert record is not None
    assert record.peak == 3
    info = key(server, forum_panel.USERS).info()
    assert info is not None
    assert info.ttl == timedelta(minutes=15)


def test_a_date_needs_its_time_zone() -> None:
    with pytest.raises(ValueError, match="a time needs its time zone"):
        forum_panel.carry_over(2, datetime(2019, 4, 1), 1, datetime(2019, 4, 1))
