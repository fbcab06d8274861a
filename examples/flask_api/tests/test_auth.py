"""Whoever is let in is online, by one TOUCH a request, and whoever signs out is not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from presence import Presence
from presence.testing import Server
from sqlalchemy import event


def touches(server: Server) -> int:
    """How many touches the server has had."""
    with server.client() as client:
        calls: int = client.info("commandstats").get("cmdstat_PRESENCE.TOUCH", {"calls": 0})["calls"]
        return calls


def test_a_password_marks_its_user(app: Flask, sign_up: Callable[[str], Any], key: Presence[str]) -> None:
    alice = sign_up("alice")
    assert key.members() == []
    response = app.test_client().get("/users/me", **alice)
    assert (response.status_code, response.json) == (200, {"name": "alice"})
    assert key.members() == ["alice"]


def test_a_token_marks_its_user(app: Flask, sign_in: Callable[[str], Any], key: Presence[str]) -> None:
    alice = sign_in("alice")
    key.leave("alice")
    response = app.test_client().get("/users/me", **alice)
    assert (response.status_code, response.json) == (200, {"name": "alice"})
    assert key.members() == ["alice"]


def test_a_request_is_one_touch(
    app: Flask, sign_up: Callable[[str], Any], sign_in: Callable[[str], Any], presence_server: Server
) -> None:
    alice, bob = sign_up("alice"), sign_in("bob")
    browser = app.test_client()
    for number, request in enumerate([alice, bob, alice, bob, bob], start=touches(presence_server) + 1):
        assert browser.get("/users/me", **request).status_code == 200
        assert touches(presence_server) == number


def test_a_request_writes_nothing_to_the_database(app: Flask, sign_in: Callable[[str], Any]) -> None:
    alice = sign_in("alice")
    statements: list[str] = []
    engine = app.extensions["sessions"].kw["bind"]
    event.listen(engine, "before_cursor_execute", lambda *execution: statements.append(execution[2]))
    assert app.test_client().get("/users/me", **alice).status_code == 200
    assert statements
    assert [statement for statement in statements if not statement.startswith("SELECT")] == []


@pytest.mark.parametrize(
    ("request_", "scheme"),
    [
        ({}, "Bearer"),
        ({"auth": ("alice", "wrong horse")}, "Basic"),
        ({"auth": ("", "")}, "Basic"),
        ({"auth": ("' OR 1=1 --", "correct horse")}, "Basic"),
        ({"auth": ("alice", "\x00")}, "Basic"),
        ({"headers": {"Authorization": "Bearer alice"}}, "Bearer"),
        ({"headers": {"Authorization": "Bearer"}}, "Bearer"),
        ({"headers": {"Authorization": "Bearer \xff"}}, "Bearer"),
        ({"headers": {"Authorization": "Basic ???"}}, "Basic"),
        ({"headers": {"Authorization": "Digest alice"}}, "Bearer"),
    ],
    ids=repr,
)
def test_nobody_else_is_let_in_or_marked(
    app: Flask, sign_up: Callable[[str], Any], key: Presence[str], request_: dict[str, Any], scheme: str
) -> None:
    sign_up("alice")
    response = app.test_client().get("/users/me", **request_)
    error = {"error": "a user's name and password, or a token, are needed"}
    assert (response.status_code, response.json) == (401, error)
    assert response.headers["WWW-Authenticate"].startswith(scheme)
    assert key.members() == []


def test_signing_out_is_a_leave_and_revokes_the_token(
    app: Flask, sign_in: Callable[[str], Any], key: Presence[str]
) -> None:
    alice, bob = sign_in("alice"), sign_in("bob")
    browser = app.test_client()
    assert browser.delete("/tokens", **alice).status_code == 204
    assert key.members() == ["bob"]
    assert browser.get("/online").json == {"online": 1}
    assert browser.get("/users/me", **alice).status_code == 401
    assert browser.delete("/tokens", **alice).status_code == 401
    assert key.members() == ["bob"]
    assert browser.get("/users/me", **bob).status_code == 200
    assert browser.get("/online?window=5d").json == {"active": 2, "window": "5d"}


def test_a_users_other_tokens_stay(
    app: Flask, sign_up: Callable[[str], Any], by_token: Callable[[Any], Any], key: Presence[str]
) -> None:
    alice = sign_up("alice")
    laptop, phone = by_token(alice), by_token(alice)
    browser = app.test_client()
    assert browser.delete("/tokens", **laptop).status_code == 204
    assert browser.get("/users/me", **phone).status_code == 200
    assert key.members() == ["alice"]


def test_a_token_is_needed_to_sign_out_and_a_password_to_sign_in(
    app: Flask, sign_up: Callable[[str], Any], by_token: Callable[[Any], Any]
) -> None:
    alice = sign_up("alice")
    assert app.test_client().delete("/tokens", **alice).status_code == 401
    assert app.test_client().post("/tokens", **by_token(alice)).status_code == 401


def test_the_database_holds_no_secret(
    sign_up: Callable[[str], Any], by_token: Callable[[Any], Any], tmp_path: Path
) -> None:
    alice = sign_up("alice")
    header = by_token(alice)["headers"]["Authorization"]
    _, password = alice["auth"]
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"alice" in stored
    assert password.encode() not in stored
    assert header.removeprefix("Bearer ").encode() not in stored
