"""A fixture for tests of whatever uses the module: `presence_server`, a real server that the test has for itself."""

from collections.abc import Iterator

import pytest

from .testing import Server


@pytest.fixture
def presence_server() -> Iterator[Server]:
    """A server with the module and all its events on; see `presence.testing.Server`."""
    with Server({"presence.events": "A"}) as server:
        yield server
