#!/usr/bin/env python3
"""Shows who is online in a presence key, and stays right whatever becomes of its connection.

To see it:

    redis-cli CONFIG SET presence.events jlt
    python3 examples/live_page.py online
"""

import argparse
import sys
import time

import redis


def follow(server, key, db=0):
    """Yields the set of those who are online, each time it may have changed."""
    joins, *ends = (f"__presence@{db}__:{event}:".encode() + key for event in ("join", "leave", "timeout"))
    with server.pubsub() as messages:
        messages.subscribe(joins, *ends)
        online = set()
        for message in messages.listen():
            if message["type"] == "subscribe":
                # The client subscribes again by itself once it has connected again, and what came meanwhile
                # is lost. From the last channel's confirmation on nothing is, so what is read after it, and
                # what comes, is all.
                if message["data"] <= len(ends):
                    continue
                online = set(server.execute_command("PRESENCE.LIST", key))
            elif message["channel"] == joins:
                # May be older than the list. Then it does no harm: the newest of each member comes last.
                online.add(message["data"])
            else:
                online.discard(message["data"])
            yield online


def main():
    arguments = argparse.ArgumentParser(description="Shows who is online in a presence key.")
    arguments.add_argument("key")
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=6379)
    options = arguments.parse_args()
    server = redis.Redis(options.host, options.port, socket_keepalive=True)
    while True:
        try:
            for online in follow(server, options.key.encode()):
                print(len(online), "online:", *sorted(online), flush=True)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            print(error, file=sys.stderr)
            time.sleep(0.5)


if __name__ == "__main__":
    main()
