"""Every kind of client that the package works with, on a server that a module's tests share."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import redis.asyncio

import presence
import presence.asyncio
from presence.testing import Server


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    with Server({"presence.events": "A"}, append_only=False) as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Server:
    """A server without a key."""
    with shared_server.client() as client:
        client.flushall()
    return shared_server


class Awaited:
    """An asynchronous object whose methods are called as those of a synchronous one."""

    def __init__(self, target: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._target = target
        self._loop = loop
        self._iterators: list[Any] = []

    def close(self) -> None:
        """Closes what has been iterated over, and the object where it can be."""
        for iterator in self._iterators:
            self._loop.run_until_complete(iterator.aclose())
        if hasattr(self._target, "aclose"):
            self._loop.run_until_complete(self._target.aclose())

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._target, name)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            result = attribute(*args, **kwargs)
            if inspect.isawaitable(result):
                return self._loop.run_until_complete(result)
            self._iterators.append(result)
            return self._iterate(result)

        return call

    def _iterate(self, iterator: Any) -> Iterator[Any]:
        try:
            while True:
                yield self._loop.run_until_complete(anext(iterator))
        except StopAsyncIteration:
            return


@dataclass
class Kit:
    """One way to use the package."""

    server: Server
    client: Any
    decodes: bool
    loop: asyncio.AbstractEventLoop | None
    made: list[Any]

    def presence(self, key: str = "online", **settings: Any) -> Any:
        if self.loop is None:
            self.made.append(presence.Presence(self.client, key, **settings))
        else:
            self.made.append(Awaited(presence.asyncio.Presence(self.client, key, **settings), self.loop))
        return self.made[-1]

    def clients(self) -> Any:
        if self.loop is None:
            return presence.Clients(self.client)
        self.made.append(Awaited(presence.asyncio.Clients(self.client), self.loop))
        return self.made[-1]

    def m(self, member: str) -> str | bytes:
        """A member as this client tells it."""
        return member if self.decodes else member.encode()


KINDS = [
    pytest.param((awaited, protocol, decodes), id=f"{style}-resp{protocol}-{'str' if decodes else 'bytes'}")
    for awaited, style in ((False, "sync"), (True, "async"))
    for protocol in (2, 3)
    for decodes in (False, True)
]


@pytest.fixture(params=KINDS)
def kit(request: pytest.FixtureRequest, server: Server) -> Iterator[Kit]:
    yield from make_kit(request.param, server)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def own(request: pytest.FixtureRequest, presence_server: Server) -> Iterator[Kit]:
    """A kit with a server that the test may stop, for both styles."""
    yield from make_kit((request.param, 3, True), presence_server)


def make_kit(kind: tuple[bool, int, bool], server: Server) -> Iterator[Kit]:
    awaited, protocol, decodes = kind
    options: dict[str, Any] = {"protocol": protocol, "decode_responses": decodes}
    if not awaited:
        with server.client(**options) as client:
            kit = Kit(server, client, decodes, None, [])
            yield kit
            for made in kit.made:
                made.close()
        return
    loop = asyncio.new_event_loop()
    asynchronous = redis.asyncio.Redis(host=server.host, port=server.port, **options)
    kit = Kit(server, asynchronous, decodes, loop, [])
    yield kit
    for made in kit.made:
        made.close()
    loop.run_until_complete(asynchronous.aclose())
    loop.close()


@pytest.fixture
def execute(server: Server) -> Iterator[Callable[..., Any]]:
    """Sends any command to the server."""
    with server.client(decode_responses=True) as client:
        yield client.execute_command
