"""A real Redis, and gateways that are processes of their own with short times."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from presence.testing import Server

# The example is used from its own folder.
TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS.parent), str(TESTS)]

from gateway_harness import Events, Process  # noqa: E402


@pytest.fixture
def redis(presence_server: Server) -> Iterator[Any]:
    with presence_server.client(decode_responses=True, socket_timeout=30) as client:
        yield client


@pytest.fixture
def start(presence_server: Server) -> Iterator[Callable[..., Process]]:
    """Starts a gateway, which ends with the test."""
    with contextlib.ExitStack() as stack:

        def start(*options: str) -> Process:
            return stack.enter_context(Process(presence_server.url, *options))

        yield start


@pytest.fixture
def events(redis: Any) -> Iterator[Events]:
    with Events(redis) as events:
        yield events
