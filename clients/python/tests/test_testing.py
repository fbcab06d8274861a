"""The server that tests of other projects start."""

from pathlib import Path
from typing import Any

import pytest
import redis

from presence import Presence
from presence.testing import Server, find_module, find_server


def test_what_was_acknowledged_survives_a_kill(presence_server: Server) -> None:
    with presence_server.client() as client:
        Presence(client, "online").touch("alice")
    presence_server.kill()
    presence_server.start()
    with presence_server.client(decode_responses=True) as client:
        assert Presence(client, "online").members() == ["alice"]


def test_settings_reach_the_server() -> None:
    with Server({"presence.default-ttl": "1234"}) as server, server.client(decode_responses=True) as client:
        assert client.config_get("presence.default-ttl") == {"presence.default-ttl": "1234"}
        assert redis.from_url(server.url).ping()
        assert "Ready to accept connections" in server.log


def test_a_server_that_does_not_start_says_why() -> None:
    with pytest.raises(RuntimeError, match="Bad directive"):
        Server({"presence-default-ttl": "1234"})


def test_a_server_that_hangs_can_be_stopped(presence_server: Server) -> None:
    presence_server.pause()
    presence_server.stop()
    presence_server.start()


def test_a_server_that_runs_is_not_started_again(presence_server: Server) -> None:
    with pytest.raises(RuntimeError, match="the server runs already"):
        presence_server.start()


def test_the_module_may_be_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "with a space"
    folder.mkdir()
    Path(folder, "module.so").symlink_to(find_module())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRESENCE_MODULE", "with a space/module.so")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with Server() as server, server.client() as client:
        assert client.ping()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESENCE_MODULE", "/nowhere/module.so")
    with pytest.raises(FileNotFoundError, match=r"no module at /nowhere/module\.so: set PRESENCE_MODULE"):
        find_module()
    monkeypatch.setenv("PRESENCE_SERVER", "no-such-server")
    with pytest.raises(FileNotFoundError, match="no no-such-server in the path"):
        find_server()


def test_the_server_ends_with_its_data(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Server() as server:
        client = server.client(retry=None)
        client.ping()
        assert len([*tmp_path.iterdir()]) == 1
    with pytest.raises(redis.ConnectionError):
        client.ping()
    assert [*tmp_path.iterdir()] == []
