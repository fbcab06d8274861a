"""With Redis down or hung every function logs, and answers nothing at once."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from forum import app
from presence.testing import Server

import forum_panel

TIMEOUT = 1.0
"""Seconds, as in `conftest.py`."""
THEN = datetime(2019, 4, 1, tzinfo=timezone.utc)
NOTHING: dict[Callable[[], Any], Any] = {
    lambda: forum_panel.mark_user("alice"): None,
    lambda: forum_panel.mark_visitor("203.0.113.9"): None,
    forum_panel.users: [],
    forum_panel.visitors: [],
    forum_panel.user_count: None,
    forum_panel.visitor_count: None,
    forum_panel.user_record: None,
    forum_panel.visitor_record: None,
    lambda: forum_panel.carry_over(2, THEN, 1, THEN): False,
}
"""Every function, and what it answers then."""


@pytest.mark.parametrize("fails", [Server.stop, Server.pause], ids=["down", "hung"])
def test_each_function_logs_and_answers_nothing(
    server: Server, fails: Callable[[Server], None], caplog: pytest.LogCaptureFixture
) -> None:
    fails(server)
    for function, nothing in NOTHING.items():
        # As in a process of its own, where no other function has found that out before.
        forum_panel.connect(server.url, timedelta(milliseconds=50))
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert function() == nothing
        assert [(record.name, record.levelname) for record in caplog.records] == [("presence", "WARNING")]
        assert "Redis does not answer" in caplog.text


def test_with_redis_down_nothing_waits(server: Server) -> None:
    forum_panel.mark_user("alice")
    server.stop()
    took, answers = timed(lambda: [function() for function in NOTHING])
    assert answers == list(NOTHING.values())
    assert took < TIMEOUT


@pytest.mark.parametrize("is_connected", [True, False])
def test_with_redis_hung_all_functions_together_wait_once(server: Server, is_connected: bool) -> None:
    if is_connected:
        forum_panel.mark_user("alice")
    server.pause()
    took, answers = timed(lambda: [function() for function in NOTHING])
    assert answers == list(NOTHING.values())
    assert TIMEOUT * 0.9 < took < TIMEOUT * 2


def test_with_redis_hung_the_page_waits_once_and_says_so(server: Server) -> None:
    server.pause()
    took, page = timed(lambda: app.test_client().get("/"))
    assert page.status_code == 200
    assert page.text.count("Not known at the moment.") == 2
    assert TIMEOUT * 0.9 < took < TIMEOUT * 2


def test_all_comes_back_by_itself(server: Server) -> None:
    forum_panel.mark_user("alice")
    server.stop()
    assert forum_panel.user_count() is None
    server.start()
    deadline = time.monotonic() + 20
    while forum_panel.user_count() != 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert forum_panel.users() == ["alice"]


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.monotonic()
    answer = call()
    return time.monotonic() - start, answer
