"""How many are online and were active, over restarts of Redis, over processes, and while there is no Redis."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from presence import Presence
from presence.testing import Server

PASSWORD = "long enough"


def seen(key: Presence[str], name: str, **ago: float) -> None:
    key.touch(name, at=datetime.now(timezone.utc) - timedelta(**ago))


def numbers(app: Flask) -> list[object]:
    """How many are online, and were active within 5 minutes, 3 and 5 days."""
    browser = app.test_client()
    return [
        browser.get("/online").json,
        *(browser.get(f"/online?window={window}").json for window in ("5m", "3d", "5d")),
    ]


def test_one_key_answers_for_minutes_and_days(
    app: Flask, sign_in: Callable[[str], Any], key: Presence[str]
) -> None:
    assert numbers(app) == [
        {"online": 0},
        {"active": 0, "window": "5m"},
        {"active": 0, "window": "3d"},
        {"active": 0, "window": "5d"},
    ]
    sign_in("alice")
    seen(key, "bob", minutes=4)
    seen(key, "carol", minutes=6)
    seen(key, "dave", days=2.9)
    seen(key, "erin", days=3.1)
    seen(key, "frank", days=4.9)
    seen(key, "grace", days=5.1)
    assert numbers(app) == [
        {"online": 2},
        {"active": 2, "window": "5m"},
        {"active": 4, "window": "3d"},
        {"active": 6, "window": "5d"},
    ]


def test_a_window_has_a_unit(app: Flask, sign_in: Callable[[str], Any], key: Presence[str]) -> None:
    sign_in("alice")
    seen(key, "bob", minutes=4)
    seen(key, "carol", minutes=59)
    seen(key, "dave", hours=23)
    expected = {"60s": 1, "300s": 2, "5m": 2, "60m": 3, "2h": 3, "1d": 4, "120h": 4}
    answers = {window: app.test_client().get(f"/online?window={window}").json for window in expected}
    assert answers == {window: {"active": active, "window": window} for window, active in expected.items()}


def test_anything_else_is_a_clear_error(app: Flask) -> None:
    malformed = [
        "",
        "5",
        "m",
        "m5",
        "0d",
        "-3d",
        "+3d",
        "3.5d",
        "3D",
        "3w",
        "3d5m",
        " 3d",
        "3 d",
        "3d%0A",
        "<b>",
    ]
    # What Python takes for a number: digits of other scripts, and more of them than a duration has room for.
    malformed += ["%D9%A3d", "%EF%BC%93d", "1_0m", "1e3s", "99999999999999999999d"]
    assert_are_refused(app, malformed, "window is a number of s, m, h or d, such as 5m or 3d")


def test_what_is_not_remembered_is_not_counted(app: Flask) -> None:
    assert_are_refused(app, ["6d", "121h", "432001s", "9999999d"], "window is at most 5d")


def assert_are_refused(app: Flask, windows: list[str], error: str) -> None:
    browser = app.test_client()
    answers = {window: browser.get(f"/online?window={window}") for window in windows}
    refused = {window: (answer.status_code, answer.json) for window, answer in answers.items()}
    assert refused == dict.fromkeys(windows, (400, {"error": error}))


def test_all_is_there_after_kill_9_and_a_restart_of_redis(
    app: Flask, sign_in: Callable[[str], Any], key: Presence[str], presence_server: Server
) -> None:
    sign_in("alice")
    bob = sign_in("bob")
    app.test_client().delete("/tokens", **bob)
    seen(key, "carol", days=4)
    before = numbers(app)
    assert before == [
        {"online": 1},
        {"active": 2, "window": "5m"},
        {"active": 2, "window": "3d"},
        {"active": 3, "window": "5d"},
    ]
    presence_server.kill()
    presence_server.start()
    assert numbers(app) == before


def test_all_processes_share_the_numbers(
    app: Flask, sign_in: Callable[[str], Any], presence_server: Server
) -> None:
    from flask_api import create_app

    other = create_app({"DATABASE_URL": "sqlite://", "REDIS_URL": presence_server.url})
    sign_in("alice")
    assert numbers(other) == numbers(app)
    assert other.test_client().get("/online").json == {"online": 1}


def use(app: Flask, name: str) -> list[object]:
    """What a new user gets from every endpoint."""
    browser = app.test_client()
    answers = [
        browser.post("/users", json={"name": name, "password": PASSWORD}),
        browser.post("/tokens", auth=(name, PASSWORD)),
    ]
    assert answers[1].json is not None
    bearer = {"Authorization": f"Bearer {answers[1].json['token']}"}
    answers += [
        browser.get("/users/me", headers=bearer),
        browser.get("/online"),
        browser.get("/online?window=3d"),
        browser.delete("/tokens", headers=bearer),
        browser.get("/users/me", headers=bearer),
    ]
    return [answer.status_code for answer in answers] + [answers[3].json, answers[4].json]


GOES_ON = [201, 201, 200, 200, 200, 204, 401, {"online": None}, {"active": None, "window": "3d"}]


def test_the_api_goes_on_with_redis_down_and_counts_again_after_it(
    app: Flask, presence_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    presence_server.stop()
    with caplog.at_level(logging.WARNING, "presence"):
        assert use(app, "alice") == GOES_ON
    assert [record.name for record in caplog.records] == ["presence"]
    presence_server.start()
    deadline = time.monotonic() + 20
    while app.test_client().get("/online").json != {"online": 0}:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert app.test_client().get("/users/me", auth=("alice", PASSWORD)).status_code == 200
    assert app.test_client().get("/online").json == {"online": 1}


def test_a_hung_redis_holds_a_request_for_its_time_out_at_most(app: Flask, presence_server: Server) -> None:
    presence_server.pause()
    try:
        start = time.monotonic()
        answers = [app.test_client().get("/online?window=3d").json for _ in range(30)]
        took = time.monotonic() - start
    finally:
        presence_server.resume()
    assert answers == [{"active": None, "window": "3d"}] * 30
    # The time-out is 0.2 seconds. If all of them waited for it, they would take 6.
    assert took < 1
