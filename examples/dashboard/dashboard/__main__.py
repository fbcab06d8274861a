"""Shows a server that is there: `python -m dashboard --redis URL --users KEY --visitors KEY`."""

import argparse
import asyncio
import os
from contextlib import suppress

from .hub import Hub
from .serve import address, listen, serve


async def show(options: argparse.Namespace) -> None:
    """Serves the page until it is ended."""
    hub = Hub(options.redis, {"users": options.users, "visitors": options.visitors})
    listening = listen(options.host, options.port)
    print(f"The dashboard is at {address(listening)}", flush=True)
    await serve(hub, listening)


def main() -> None:
    arguments = argparse.ArgumentParser(
        prog="python -m dashboard", description="A live page of who is online."
    )
    arguments.add_argument("--redis", metavar="URL", default="redis://127.0.0.1:6379")
    arguments.add_argument("--users", metavar="KEY", default="online:users")
    arguments.add_argument("--visitors", metavar="KEY", default="online:visitors")
    arguments.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    arguments.add_argument(
        "--port",
        type=int,
        default=int(os.environ.get("PORT", "8080")),
        help="this or the next one that is free",
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(show(arguments.parse_args()))


if __name__ == "__main__":
    main()
