#!/usr/bin/env python3
"""Opens many WebSocket connections to two gateways, kills one of them, and says what that costs Redis. Starts all of them."""

import argparse
import asyncio
import contextlib
import gc
import itertools
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from presence import Presence
from presence.testing import Server
from websockets.asyncio.client import ClientConnection, connect

from gateway import BATCH

KEY = "online"
GATEWAYS = 2
BEAT = 1.0
"""Seconds between two beats, instead of 25, to have some soon."""
AT_ONCE = 100
"""How many clients connect at the same time."""
LOOK = 0.002
"""Seconds between two looks at how many are online."""


class Gateway:
    """A gateway that runs, and the users who connect to it."""

    def __init__(self, process: "subprocess.Popen[str]", users: list[str]) -> None:
        assert process.stdout is not None
        self.kill = process.kill
        self.users = users
        self._address = process.stdout.readline().split()[-1]

    async def open(self, user: str) -> ClientConnection:
        address = f"{self._address}/?user={user}"
        return await connect(address, compression=None, proxy=None, ping_interval=None, open_timeout=60)


@contextlib.contextmanager
def gateway(redis: str, lease: float, users: list[str]) -> Iterator[Gateway]:
    """Starts a gateway. Its lease, renewals and grace are to each other as they are by default."""
    file = Path(__file__).with_name("gateway.py")
    options = ["--redis", redis, "--key", KEY, "--port", "0", "--beat", str(BEAT)]
    options += ["--lease", str(lease), "--renew", str(lease / 3), "--grace", str(lease / 12)]
    with subprocess.Popen([sys.executable, file, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Gateway(process, users)
        finally:
            process.kill()


async def open_all(gateways: list[Gateway]) -> list[ClientConnection]:
    """Opens a socket for each user, to all gateways in turn."""
    free = asyncio.Semaphore(AT_ONCE)

    async def open_one(gateway: Gateway, user: str) -> ClientConnection:
        async with free:
            return await gateway.open(user)

    rounds = itertools.zip_longest(*([(gateway, user) for user in gateway.users] for gateway in gateways))
    pairs = [pair for turn in rounds for pair in turn if pair is not None]
    return await asyncio.gather(*(open_one(*pair) for pair in pairs))


def cpu(redis: Any) -> float:
    """Seconds that all threads of Redis have taken so far."""
    used = redis.info("cpu")
    return float(used["used_cpu_sys"]) + float(used["used_cpu_user"])


def beats(redis: Any) -> tuple[int, float]:
    """How many BEATs there were, and the seconds that they took by the server's own count."""
    of = redis.info("commandstats").get("cmdstat_PRESENCE.BEAT", {"calls": 0, "usec": 0})
    return int(of["calls"]), of["usec"] / 1e6


def used(redis: Any) -> int:
    """Bytes that Redis has allocated."""
    return int(redis.info("memory")["used_memory"])


async def measure(redis: Any, gateways: list[Gateway], seconds: float) -> None:
    before = cpu(redis)
    await asyncio.sleep(seconds)
    idle = cpu(redis) - before
    sockets = await measure_opening(redis, gateways)
    await measure_beats(redis, gateways, seconds, idle)
    await measure_a_kill(redis, gateways)
    for socket in sockets:
        socket.transport.abort()


async def measure_opening(redis: Any, gateways: list[Gateway]) -> list[ClientConnection]:
    number = sum(len(gateway.users) for gateway in gateways)
    online = Presence[bytes](redis, KEY)
    memory, before, start = used(redis), cpu(redis), time.monotonic()
    sockets = await open_all(gateways)
    opened = time.monotonic() - start
    while online.count() != number:
        await asyncio.sleep(LOOK)
    took, worked = time.monotonic() - start, cpu(redis) - before
    print(f"sockets open          {number:>10,}  on {len(gateways)} gateways, in {opened:.1f} s")
    print(f"all are online after  {took:>10.1f}  s, of which Redis worked {worked:.2f} s")
    key = redis.memory_usage(KEY, samples=0)
    print(f"the key               {key / number:>10.0f}  bytes a session, with its member and its agent")
    print(f"Redis has taken       {(used(redis) - memory) / 1e6:>10.2f}  MB more memory")
    return sockets


async def measure_beats(redis: Any, gateways: list[Gateway], seconds: float, idle: float) -> None:
    (calls, took), before = beats(redis), cpu(redis)
    await asyncio.sleep(seconds)
    new_calls, new_took = beats(redis)
    calls, took, worked = new_calls - calls, new_took - took, cpu(redis) - before - idle
    # How many it takes for all connections, once.
    commands = sum(math.ceil(len(gateway.users) / BATCH) for gateway in gateways)
    rounds = calls / commands
    print(f"a beat of all is      {commands:>10}  commands, {took / calls * 1e3:.2f} ms each")
    print(f"it takes              {took / rounds * 1e3:>10.2f}  ms in the commands")
    print(f"                      {worked / rounds * 1e3:>10.2f}  ms of CPU, with what it takes to read them")


async def measure_a_kill(redis: Any, gateways: list[Gateway]) -> None:
    """Kills the first gateway, and waits until its lease is over and its users are gone."""
    killed, *others = gateways
    stay = [user for gateway in others for user in gateway.users]
    online = Presence[bytes](redis, KEY)
    number = online.count()
    start = time.monotonic()
    killed.kill()
    while online.count() == number:
        await asyncio.sleep(LOOK)
    first = time.monotonic() - start
    while (left := online.count()) > len(stay):
        await asyncio.sleep(LOOK)
    last = time.monotonic() - start
    print(f"killed, a gateway has {len(killed.users):>10,}  users, who are gone {last:.1f} s later")
    print(f"from first to last    {(last - first) * 1e3:>10.0f}  ms")
    # Also after a further beat.
    await asyncio.sleep(2 * BEAT)
    found = min(left, len(online.online(*stay)))
    print(f"of the others         {found:>10,}  of {len(stay):,} are online")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=10_000, metavar="NUMBER", help="connections (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10, help="of watching the beats (%(default)s)")
    parser.add_argument("--lease", type=float, default=60, help="seconds, of a gateway (%(default)s)")
    options = parser.parse_args()
    number = options.n
    # For this process and those that it starts. A socket is a file, here and in a gateway.
    files = number + 1000
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < files:
        if os.geteuid() != 0:
            parser.error(f"{number} connections need `ulimit -n {files}`, and {most} is the most here")
        most = files
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    # It would look through all clients again and again, and take most of the time.
    gc.disable()
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(Server(append_only=False))
        redis = stack.enter_context(server.client())
        users = [f"user:{index}" for index in range(number)]
        gateways = [
            stack.enter_context(gateway(server.url, options.lease, users[index::GATEWAYS]))
            for index in range(GATEWAYS)
        ]
        asyncio.run(measure(redis, gateways, options.seconds))


if __name__ == "__main__":
    main()
