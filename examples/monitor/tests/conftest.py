"""The page as it is run, on a real server."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from presence.testing import Server, free_port

FOLDER = Path(__file__).parents[1]
STARTS_WITHIN = 30.0
"""Seconds."""

sys.path.insert(0, str(FOLDER))

Serve = Callable[[str, int], AbstractContextManager[str]]
OpenPage = Callable[[str], str]


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that announces who comes and goes, and hardly ever more than that."""
    with Server({"presence.client-announce-frequency": "86400"}) as server:
        yield server


@contextmanager
def serve_page(url: str, port: int) -> Iterator[str]:
    arguments = [sys.executable, "-m", "monitor", "--redis", url, "--port", str(port)]
    with subprocess.Popen(arguments, cwd=FOLDER, stderr=subprocess.PIPE) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + STARTS_WITHIN
            while not answers(address):
                assert process.poll() is None, process.stderr and process.stderr.read().decode()
                assert time.monotonic() < deadline, "the page does not answer"
                time.sleep(0.02)
            yield address
        finally:
            process.kill()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=STARTS_WITHIN):
            return True
    except OSError:
        return False


@pytest.fixture
def serve() -> Serve:
    """Serves a page of the Redis at an address, on a port, as long as the context lasts."""
    return serve_page


@pytest.fixture
def open_page() -> Iterator[OpenPage]:
    """Serves a page of the Redis at an address, and answers where."""
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(serve_page(url, free_port()))
