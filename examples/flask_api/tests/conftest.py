"""The API on a database and a Redis of the test's own."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from presence import Presence
from presence.testing import Server

sys.path.insert(0, str(Path(__file__).parents[1]))

from flask_api import create_app

Request = dict[str, Any]
"""What a request takes to be a user's, as arguments of the test client."""


@pytest.fixture
def app(presence_server: Server, tmp_path: Path) -> Flask:
    return create_app(
        {"DATABASE_URL": f"sqlite:///{tmp_path / 'users.db'}", "REDIS_URL": presence_server.url}
    )


@pytest.fixture
def sign_up(app: Flask) -> Callable[[str], Request]:
    """Registers a user, whose requests are by password."""

    def sign_up(name: str) -> Request:
        password = "correct horse"
        response = app.test_client().post("/users", json={"name": name, "password": password})
        assert (response.status_code, response.json) == (201, {"name": name})
        return {"auth": (name, password)}

    return sign_up


@pytest.fixture
def by_token(app: Flask) -> Callable[[Request], Request]:
    """Makes requests by token of requests by password."""

    def by_token(user: Request) -> Request:
        response = app.test_client().post("/tokens", **user)
        assert response.status_code == 201
        assert response.json is not None
        return {"headers": {"Authorization": f"Bearer {response.json['token']}"}}

    return by_token


@pytest.fixture
def sign_in(
    sign_up: Callable[[str], Request], by_token: Callable[[Request], Request]
) -> Callable[[str], Request]:
    """Registers a user, whose requests are by token."""
    return lambda name: by_token(sign_up(name))


@pytest.fixture
def key(presence_server: Server) -> Iterator[Presence[str]]:
    """The key of the API, as another program on the same Redis has it."""
    with presence_server.client(decode_responses=True) as client:
        yield Presence(client, "api:online")
