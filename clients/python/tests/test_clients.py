"""The connections to the server itself: asked for, and announced."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from presence.testing import Server


@pytest.fixture(scope="module")
def shared_server() -> Any:
    with Server({"presence.client-announce-frequency": "1"}, append_only=False) as server:
        yield server


HOSTILE = '<script>"\\'


def test_clients_are_told_as_they_are(kit: Any) -> None:
    with kit.server.client(client_name=HOSTILE, db=3) as other:
        other.ping()
        found = next(client for client in kit.clients().list() if client.name == HOSTILE)
        assert (found.id, found.user, found.db, found.online) == (other.client_id(), "default", 3, True)
        assert found.addr.startswith("127.0.0.1:")
        second = timedelta(seconds=1)
        now = datetime.now(timezone.utc)
        assert now - 60 * second < found.connected_at <= found.last_interaction <= now + second


def test_announcements_carry_the_same_facts(kit: Any) -> None:
    with kit.server.client(client_name=HOSTILE, db=3) as other:
        other.ping()
        announcements = kit.clients().announcements()
        while True:
            state = next(announcements)
            found = next((client for client in state.clients if client.name == HOSTILE), None)
            if found is not None:
                break
        assert found.id == other.client_id()
        assert (found.user, found.db, found.online) == ("default", 3, True)
        assert state.connected == len(state.clients)
        assert (state.truncated, state.node) == (False, None)
        (asked,) = [client for client in kit.clients().list() if client.id == found.id]
        assert asked.connected_at == found.connected_at


def test_what_others_publish_on_the_channel_is_passed_over(kit: Any) -> None:
    announcements = kit.clients().announcements()
    next(announcements)
    with kit.server.client() as stranger:
        for message in (
            b"[" * 5000,
            b"[]",
            b"{}",
            b'{"at": 1e999, "connected": 0, "online": 0, "clients": []}',
            b'{"at": 0, "connected": 0, "online": 0, "clients": [5]}',
        ):
            stranger.publish("__redis__:cli", message)
        assert next(announcements).connected > 0
