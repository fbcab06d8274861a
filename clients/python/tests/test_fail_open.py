"""With Redis down, hung or unwilling, a call that fails open answers at once, and all comes back by itself."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import redis

from presence import Attachment

TIMEOUT = timedelta(milliseconds=300)


def eventually(condition: Callable[[], bool], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def elapsed(call: Callable[[], Any]) -> float:
    start = time.monotonic()
    call()
    return time.monotonic() - start


def answers(online: Any) -> list[Any]:
    """What every call answers."""
    return [
        online.touch("alice"),
        online.leave("alice"),
        online.forget("alice"),
        online.attach("alice", "phone"),
        online.attach_all(Attachment("alice", "phone")),
        online.beat("phone"),
        online.detach("phone"),
        online.sessions("alice"),
        online.lease("gateway", ttl=timedelta(minutes=1)),
        online.drop("gateway"),
        online.count(),
        online.members(),
        online.entries(),
        online.online("alice"),
        online.intersection("friends"),
        online.intersection_last_seen("friends"),
        online.count_intersection("friends"),
        online.set_meta("alice", "away"),
        online.meta("alice"),
        online.is_online("alice"),
        online.last_seen("alice"),
        online.record(),
        online.raise_record(1, datetime.now(timezone.utc)),
        online.info(),
        [*online.scan_iter()],
    ]


NOTHING: list[Any] = [
    *[None, None, None],
    *[None, [], [], None, []],
    *[None, None],
    *[None, [], [], []],
    *[[], {}, None, None, []],
    *[None, None, None, None, None, []],
]


def test_with_redis_down_all_calls_answer_nothing_and_each_is_logged_the_first_as_a_warning(
    own: Any, caplog: pytest.LogCaptureFixture
) -> None:
    online = own.presence(ttl=timedelta(minutes=1), fail_open=True, timeout=TIMEOUT)
    online.touch("alice")
    own.server.stop()
    with caplog.at_level(logging.INFO, "presence"):
        assert answers(online) == NOTHING
    first, *others = caplog.records
    assert (first.name, first.levelname) == ("presence", "WARNING")
    assert first.getMessage().startswith("Redis does not answer, the site goes on without presence: ")
    assert {record.levelname for record in others} == {"INFO"}
    assert len(others) == len(NOTHING) - 1
    assert others[-1].getMessage() == "PRESENCE.SCAN goes without an answer, Redis gave none just now"


def test_a_hung_redis_holds_the_calls_of_all_keys_for_one_time_out(own: Any) -> None:
    users = own.presence("users", fail_open=True, timeout=TIMEOUT)
    visitors = own.presence("visitors", fail_open=True, timeout=TIMEOUT)
    users.touch("alice")
    own.server.pause()
    try:
        took = elapsed(lambda: [answers(users), answers(visitors)])
    finally:
        own.server.resume()
    assert TIMEOUT.total_seconds() * 0.9 < took < 2 * TIMEOUT.total_seconds()


def test_a_hung_redis_is_as_quick_for_who_has_not_connected_before(own: Any) -> None:
    online = own.presence(fail_open=True, timeout=TIMEOUT)
    own.server.pause()
    try:
        took = elapsed(lambda: answers(online))
    finally:
        own.server.resume()
    assert took < 2 * TIMEOUT.total_seconds()


def test_all_comes_back_by_itself(own: Any, caplog: pytest.LogCaptureFixture) -> None:
    online = own.presence(fail_open=True, timeout=TIMEOUT)
    online.touch("alice")
    own.server.kill()
    assert online.count() is None
    own.server.start()
    caplog.clear()
    with caplog.at_level(logging.INFO, "presence"):
        eventually(lambda: online.count() == 1)
    assert caplog.messages[-1] == "Redis answers again, presence is back"


def test_a_restart_between_two_calls_goes_unnoticed(own: Any) -> None:
    online = own.presence(fail_open=True, timeout=timedelta(seconds=5))
    online.touch("alice")
    own.server.kill()
    own.server.start()
    assert online.count() == 1


def test_a_refused_command_answers_nothing_and_stops_no_other(
    own: Any, caplog: pytest.LogCaptureFixture
) -> None:
    online = own.presence(ttl=timedelta(minutes=1), fail_open=True)
    online.touch("alice")
    with caplog.at_level(logging.INFO, "presence"):
        assert online.count(timedelta(days=1)) is None
        assert online.count(timedelta(days=1)) is None
        assert online.count() == 1
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert "WINDOW is longer than this key remembers" in caplog.messages[0]


def test_a_name_that_is_no_text_answers_nothing_and_stops_no_other(
    own: Any, caplog: pytest.LogCaptureFixture
) -> None:
    online = own.presence(fail_open=True)
    online.touch("alice")
    with caplog.at_level(logging.INFO, "presence"):
        assert online.is_online("\ud800") is None
        online.touch(b"\xff")
        assert online.members() == []
        assert [*online.scan_iter()] == []
        assert online.count() == 2
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO", "INFO"]
    assert "surrogates not allowed" in caplog.messages[0]


def test_a_mistake_in_the_program_is_raised_all_the_same(own: Any) -> None:
    online = own.presence(fail_open=True)
    with pytest.raises(TypeError, match="a duration is a timedelta"):
        online.count(300)
    with pytest.raises(redis.DataError):
        online.touch(None)


def test_the_clients_own_settings_are_kept(own: Any) -> None:
    own.client.connection_pool.connection_kwargs["db"] = 3
    own.presence(fail_open=True).touch("alice")
    with own.server.client(db=3) as client:
        assert client.exists("online")


def test_without_it_errors_are_raised(own: Any) -> None:
    from redis.backoff import NoBackoff

    online = own.presence()
    own.client.get_retry()._retries = 0
    own.client.get_retry()._backoff = NoBackoff()
    own.server.stop()
    with pytest.raises(redis.ConnectionError):
        online.count()


def test_a_timeout_of_nothing_is_refused(kit: Any) -> None:
    with pytest.raises(ValueError, match=r"a duration here is .*, not 0:00:00"):
        kit.presence(timeout=timedelta(0))
