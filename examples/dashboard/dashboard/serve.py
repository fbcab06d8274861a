"""Serves the page until somebody ends it."""

import socket
from contextlib import aclosing
from types import FrameType

import anyio
import uvicorn

from .hub import Hub
from .web import application

PORTS = 100
"""How many ports are tried, the wanted one and those after it."""
GRACE = 3
"""Seconds that requests have to end in."""


def listen(host: str, port: int) -> socket.socket:
    """A socket on the port that is wanted, or on the next one that is free."""
    for candidate in range(port, port + PORTS):
        try:
            return socket.create_server((host, candidate), family=_family(host))
        except OSError as error:
            last_error = error
    raise last_error


def address(listening: socket.socket) -> str:
    """Where a browser finds the page."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


async def serve(hub: Hub, listening: socket.socket) -> None:
    """Runs the hub and serves its page; a signal to end ends both, and neither goes on without the other."""
    config = uvicorn.Config(
        application(hub),
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
    async with aclosing(hub), anyio.create_task_group() as tasks:
        tasks.start_soon(hub.run)
        await _Server(config, hub).serve([listening])
        tasks.cancel_scope.cancel()


class _Server(uvicorn.Server):
    """A server that ends the browsers' streams when it is told to end: they would never end by themselves."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._hub.board.close()
        super().handle_exit(sig, frame)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
