#!/usr/bin/env python3
"""A WebSocket gateway that keeps who is connected in a presence key. Start as many as you like: `gateway.py --help`."""

import argparse
import asyncio
import logging
import math
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from presence import Attachment
from presence.asyncio import Presence
from redis import RedisError
from redis.asyncio import BlockingConnectionPool, Redis
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

BATCH = 2000
"""The most sessions in one command, so that no other client of Redis waits long for it."""
RETRY = 1.0
"""Seconds after which a beat or a lease that Redis did not take is tried again."""
TICK = 0.1
"""Seconds between two batches of sockets that a drain closes."""

T = TypeVar("T")
log = logging.getLogger("gateway")


@dataclass(frozen=True)
class Connection:
    """An open socket, which is a session of its user."""

    socket: ServerConnection
    attachment: Attachment


class Gateway:
    """The connections of this process, and what Redis is told of them."""

    def __init__(self, online: Presence[str], lease: timedelta, grace: timedelta) -> None:
        # A name of its own for each start. Under that of a killed process the new lease would keep the old sessions.
        self.group = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._online = online
        self._lease = lease
        self._grace = grace
        self._connections: dict[str, Connection] = {}

    async def handle(self, socket: ServerConnection) -> None:
        """Serves one socket, from when it is open until it is closed."""
        assert socket.request is not None
        session = uuid4().hex
        attachment = Attachment(user_of(socket.request), session, agent_of(socket.request))
        self._connections[session] = Connection(socket, attachment)
        try:
            await self._attach([session])
            with suppress(ConnectionClosed):
                async for _ in socket:
                    pass  # Here your application does something with the message.
        finally:
            del self._connections[session]
            await self._detach([session])

    async def lease(self) -> None:
        """Says that this process lives. Once it has not for as long as the lease lasts, all its sessions end."""
        await self._online.lease(self.group, ttl=self._lease)

    async def beat(self) -> None:
        """Keeps the sessions of all connections, and attaches anew those that Redis has lost."""
        for sessions in batches(list(self._connections), BATCH):
            lost = await self._online.beat(*sessions)
            if not lost:
                continue
            # Where Redis has lost sessions it has lost the lease, too.
            await self.lease()
            await self._attach([session for session in lost if session in self._connections])
            # Of a socket that was closed meanwhile the detach may have come before the attach.
            await self._detach([session for session in lost if session not in self._connections])

    async def drain(self, seconds: float) -> None:
        """Closes all sockets, spread over so many seconds, so that not all clients connect elsewhere at once."""
        connections = list(self._connections.values())
        size = math.ceil(len(connections) * TICK / max(seconds, TICK))
        async with asyncio.TaskGroup() as closing:
            for some in batches(connections, size):
                for connection in some:
                    closing.create_task(connection.socket.close(CloseCode.SERVICE_RESTART))
                await asyncio.sleep(TICK)

    async def _attach(self, sessions: Sequence[str]) -> None:
        attachments = [self._connections[session].attachment for session in sessions]
        try:
            await self._online.attach_all(*attachments, group=self.group)
        except RedisError as error:
            log.warning("attach: %s; the next beat tries again", error)

    async def _detach(self, sessions: Sequence[str]) -> None:
        try:
            await self._online.detach(*sessions, grace=self._grace)
        except RedisError as error:
            log.warning("detach: %s; the sessions end with their ttl", error)


def user_of(request: Request) -> str:
    """Who a client says it is, or nothing. Here your application looks at a cookie or a token."""
    return parse_qs(urlsplit(request.path).query).get("user", [""])[0]


def agent_of(request: Request) -> bytes:
    """What a client says of its program: any bytes, or none."""
    agents = request.headers.get_all("User-Agent")
    return agents[0].encode("latin-1")[:256] if agents else b""


def refuse_strangers(socket: ServerConnection, request: Request) -> Response | None:
    """Answers the request of a client that does not say who it is."""
    return None if user_of(request) else socket.respond(HTTPStatus.BAD_REQUEST, "/?user=name expected\n")


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def every(seconds: float, action: Callable[[], Awaitable[None]]) -> None:
    """Does something again and again, and sooner where Redis did not take it."""
    while True:
        pause = seconds
        try:
            await action()
        except RedisError as error:
            log.warning("%s: %s", action.__name__, error)
            pause = min(RETRY, seconds)
        await asyncio.sleep(pause)


async def run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # A burst of clients waits for one of a few connections to Redis.
    pool = BlockingConnectionPool.from_url(
        options.redis, max_connections=8, socket_timeout=2, socket_connect_timeout=2, decode_responses=True
    )
    redis = Redis.from_pool(pool)
    lease, grace = timedelta(seconds=options.lease), timedelta(seconds=options.grace)
    # Without fail_open, to try again soon what Redis did not take.
    gateway = Gateway(Presence(redis, options.key), lease, grace)
    tasks = [
        asyncio.create_task(every(options.renew, gateway.lease)),
        asyncio.create_task(every(options.beat, gateway.beat)),
    ]
    async with serve(
        gateway.handle,
        options.host,
        options.port,
        process_request=refuse_strangers,
        backlog=4096,
        # It would take more memory than all the rest of a connection.
        compression=None,
        # A client that does not answer is not waited for.
        close_timeout=2,
    ) as server:
        host, port = server.sockets[0].getsockname()[:2]
        print(f"{gateway.group} is at ws://{host}:{port}", flush=True)
        await stop.wait()
        server.close(close_connections=False)
        # Until then who was about to connect either is connected or was refused.
        await asyncio.sleep(TICK)
        await gateway.drain(options.drain)
    # All sockets are closed and their sessions detached. The lease was renewed for as long as that took.
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await redis.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Keeps who is connected by WebSocket in a presence key. All times are seconds.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--redis", default="redis://127.0.0.1:6379", metavar="URL", help="where Redis is")
    add("--key", default="online", help="the presence key")
    add("--host", default="127.0.0.1", help="where to listen")
    add("--port", type=int, default=8765, help="where to listen; 0 is any that is free")
    add("--beat", type=float, default=25, metavar="S", help="how often all sessions are kept")
    add("--lease", type=float, default=60, metavar="S", help="how long sessions outlive a killed process")
    add("--renew", type=float, default=20, metavar="S", help="how often the lease is renewed")
    add("--grace", type=float, default=5, metavar="S", help="how long a client may take to return")
    add("--drain", type=float, default=10, metavar="S", help="how long SIGTERM takes to close all sockets")
    options = parser.parse_args()
    if options.grace >= options.lease - options.renew:
        parser.error(
            "--grace has to be shorter than --lease less --renew: the end of the lease cuts it short"
        )
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
