#!/usr/bin/env python3
"""Opens many WebSocket connections to two gateways, and says what they cost Redis. Starts Redis and the gateways itself."""

import argparse
import asyncio
import contextlib
import gc
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from presence.testing import Server
from websockets.asyncio.client import ClientConnection, connect

from gateway import BATCH

KEY = "online"
GATEWAYS = 2
BEAT = 1.0
"""Seconds between two beats, instead of 25, to have some soon."""
AT_ONCE = 100
"""How many clients connect at the same time."""


@contextlib.contextmanager
def gateway(redis: str) -> Iterator[str]:
    """Starts a gateway and answers its address."""
    file = Path(__file__).with_name("gateway.py")
    options = ["--redis", redis, "--key", KEY, "--port", "0", "--beat", str(BEAT)]
    with subprocess.Popen([sys.executable, file, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.kill()


async def open_all(addresses: list[str], number: int) -> list[ClientConnection]:
    free = asyncio.Semaphore(AT_ONCE)

    async def open_one(index: int) -> ClientConnection:
        address = f"{addresses[index % len(addresses)]}/?user=user:{index}"
        async with free:
            return await connect(address, compression=None, proxy=None, ping_interval=None, open_timeout=60)

    return await asyncio.gather(*map(open_one, range(number)))


def cpu(redis: Any) -> float:
    """Seconds that all threads of Redis have taken so far."""
    used = redis.info("cpu")
    return float(used["used_cpu_sys"]) + float(used["used_cpu_user"])


def beats(redis: Any) -> tuple[int, float]:
    """How many BEATs there were, and the seconds that they took by the server's own count."""
    of = redis.info("commandstats").get("cmdstat_PRESENCE.BEAT", {"calls": 0, "usec": 0})
    return int(of["calls"]), of["usec"] / 1e6


async def measure(redis: Any, addresses: list[str], number: int, seconds: float) -> None:
    before = cpu(redis)
    await asyncio.sleep(seconds)
    idle = cpu(redis) - before

    before, start = cpu(redis), time.monotonic()
    sockets = await open_all(addresses, number)
    opened = time.monotonic() - start
    while redis.execute_command("PRESENCE.COUNT", KEY) != number:
        await asyncio.sleep(0.02)
    took = time.monotonic() - start
    print(f"sockets open          {number:>10,}  on {len(addresses)} gateways, in {opened:.1f} s")
    print(f"all attached after    {took:>10.1f}  s, of which Redis worked {cpu(redis) - before:.2f} s")
    memory = redis.memory_usage(KEY, samples=0)
    print(f"the key               {memory / number:>10.0f}  bytes a session, with its member and its agent")

    (calls, took), before = beats(redis), cpu(redis)
    await asyncio.sleep(seconds)
    new_calls, new_took = beats(redis)
    calls, took, worked = new_calls - calls, new_took - took, cpu(redis) - before - idle
    # How many it takes for all connections, once.
    commands = sum(math.ceil(len(range(i, number, len(addresses))) / BATCH) for i in range(len(addresses)))
    rounds = calls / commands
    print(f"a beat of all is      {commands:>10}  commands, {took / calls * 1e3:.2f} ms each")
    print(f"it takes              {took / rounds * 1e3:>10.2f}  ms in the commands")
    print(f"                      {worked / rounds * 1e3:>10.2f}  ms of CPU, with what it takes to read them")
    for socket in sockets:
        socket.transport.abort()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=10_000, metavar="NUMBER", help="connections (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10, help="of watching the beats (%(default)s)")
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
        addresses = [stack.enter_context(gateway(server.url)) for _ in range(GATEWAYS)]
        asyncio.run(measure(redis, addresses, number, options.seconds))


if __name__ == "__main__":
    main()
