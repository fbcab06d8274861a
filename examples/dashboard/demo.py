#!/usr/bin/env python3
"""Everything at once: a Redis with the module, the dashboard, and a simulated crowd. Ctrl-C ends it all."""

import argparse
import asyncio
import os
import random
import signal
from contextlib import suppress
from types import FrameType

import anyio
import redis.asyncio
from crowd import RETAIN, TTL, Crowd, addresses, user_names
from dashboard.hub import Hub
from dashboard.serve import address, listen, serve
from presence.asyncio import Presence
from presence.testing import Server

USERS, VISITORS = "online:users", "online:visitors"
SETTINGS = {
    "presence.events": "jltu",
    "presence.client-announce-frequency": "5",
    # What becomes of the keys themselves, such as that one is deleted.
    "notify-keyspace-events": "Kgx",
}
SITE = ("web-1", "web-2", "web-3")
"""The servers of the simulated site, as their connections are named."""


def crowds(url: str, size: int, dice: random.Random) -> list[Crowd]:
    """So many users, and some more visitors who have not signed in. Their site goes on where Redis does not."""
    clients = [redis.asyncio.from_url(url, client_name=name) for name in SITE]
    users, visitors = (
        [Presence[bytes, None](client, key, ttl=TTL, retain=RETAIN, fail_open=True) for client in clients]
        for key in (USERS, VISITORS)
    )
    return [
        Crowd(users, user_names(dice), size, dice),
        Crowd(visitors, addresses(dice), size * 3 // 2, dice),
    ]


async def report(url: str, dice: random.Random) -> None:
    """A job of the site that connects for some seconds, again and again."""
    while True:
        with suppress(redis.RedisError):
            async with redis.asyncio.from_url(url, client_name="report") as client:
                await client.ping()
                await anyio.sleep(dice.uniform(8, 20))
        await anyio.sleep(dice.uniform(8, 20))


async def run(server: Server, options: argparse.Namespace) -> None:
    """Serves the page while the crowds live."""
    dice = random.Random(14)
    listening = listen("127.0.0.1", options.port)
    async with anyio.create_task_group() as tasks:
        for crowd in crowds(server.url, options.members, dice):
            await crowd.gather()
            tasks.start_soon(crowd.live)
        tasks.start_soon(report, server.url, dice)
        print(f"The dashboard is at {address(listening)}")
        print(f"To appear there:  redis-cli -p {server.port} PRESENCE.TOUCH {USERS} you")
        print("Ctrl-C ends it all.", flush=True)
        await serve(Hub(server.url, {"users": USERS, "visitors": VISITORS}), listening)
        tasks.cancel_scope.cancel()


def main() -> None:
    arguments = argparse.ArgumentParser(description="The dashboard with a Redis and a simulated crowd.")
    arguments.add_argument("--members", type=int, default=420, help="about how many users are online")
    arguments.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8080")))
    options = arguments.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    with suppress(KeyboardInterrupt), Server(SETTINGS, append_only=False) as server:
        asyncio.run(run(server, options))


def _end(number: int, frame: FrameType | None) -> None:
    """Ends as Ctrl-C does, so that the server is ended, too."""
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
