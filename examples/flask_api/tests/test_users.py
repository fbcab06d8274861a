"""Whatever is sent to register is either a user or a clear error, and a name is text."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from presence import Presence

PASSWORD = "long enough"
NAME_NEEDED = "name is needed, a text of 1 to 64 printable characters"
PASSWORD_NEEDED = "password is needed, a text of 8 to 128 printable characters"


def test_bad_input_is_told(app: Flask) -> None:
    names: list[Any] = ["", 7, None, ["alice"], "x" * 65, "a\x00b", "a\r\nb", "\ud800", "\u202eecila"]
    passwords: list[Any] = ["short", "x" * 129, "\udfff" * 8, 12345678, None]
    bodies: list[Any] = [{}, [], "alice", 7, {"password": PASSWORD}]
    cases = [
        *((body, NAME_NEEDED) for body in bodies),
        *(({"name": name, "password": PASSWORD}, NAME_NEEDED) for name in names),
        ({"name": "a:b", "password": PASSWORD}, "name has no colon: Basic authentication ends a name there"),
        ({"name": "alice"}, PASSWORD_NEEDED),
        *(({"name": "alice", "password": password}, PASSWORD_NEEDED) for password in passwords),
    ]
    answers = [app.test_client().post("/users", json=body) for body, _ in cases]
    told = [(answer.status_code, answer.json) for answer in answers]
    assert told == [(400, {"error": error}) for _, error in cases]


def test_a_name_is_taken_once(app: Flask, sign_up: Callable[[str], Any]) -> None:
    alice = sign_up("alice")
    browser = app.test_client()
    response = browser.post("/users", json={"name": "alice", "password": PASSWORD})
    assert (response.status_code, response.json) == (409, {"error": "this name is taken"})
    assert browser.get("/users/me", auth=("alice", PASSWORD)).status_code == 401
    assert browser.get("/users/me", **alice).status_code == 200


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"}{"', "'; DROP TABLE users; --", "EX", "Ünï cödé 🐎", "a/../b%00"]
)
def test_a_hostile_name_is_text(
    app: Flask, sign_up: Callable[[str], Any], key: Presence[str], name: str
) -> None:
    response = app.test_client().get("/users/me", **sign_up(name))
    assert (response.status_code, response.json) == (200, {"name": name})
    assert response.content_type == "application/json"
    assert key.members() == [name]


@pytest.mark.parametrize(
    ("method", "path", "request_", "status"),
    [
        ("POST", "/users", {"data": "name=alice"}, 415),
        ("POST", "/users", {}, 415),
        ("POST", "/users", {"data": "{", "content_type": "application/json"}, 400),
        ("POST", "/users", {"data": "[" * 10_000, "content_type": "application/json"}, 400),
        ("POST", "/users", {"data": b"\xff", "content_type": "application/json"}, 400),
        ("POST", "/users", {"json": {"name": "x" * 20_000}}, 413),
        ("GET", "/users", {}, 405),
        ("GET", "/nowhere/<script>", {}, 404),
    ],
)
def test_every_error_is_json(
    app: Flask, method: str, path: str, request_: dict[str, Any], status: int
) -> None:
    response = app.test_client().open(path, method=method, **request_)
    assert (response.status_code, response.content_type) == (status, "application/json")
    assert response.json is not None
    assert list(response.json) == ["error"]
    assert response.json["error"]
    assert "<" not in response.json["error"]


def test_an_error_keeps_its_headers(app: Flask) -> None:
    assert set(app.test_client().get("/users").allow) == {"POST", "OPTIONS"}
