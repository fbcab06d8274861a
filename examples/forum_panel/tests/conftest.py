"""The panel on a Redis of the test's own."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from presence.testing import Server

sys.path.insert(0, str(Path(__file__).parents[1]))

import forum_panel

TIMEOUT = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def server(presence_server: Server) -> Server:
    forum_panel.connect(presence_server.url, TIMEOUT)
    return presence_server
