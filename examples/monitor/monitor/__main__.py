"""Serves the page: `python -m monitor --help`."""

import argparse

import waitress  # type: ignore[import-untyped]

from .feed import Feed
from .web import BROWSERS, create_app


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m monitor", description="Shows the clients of a Redis server."
    )
    parser.add_argument("--redis", default="redis://localhost:6379", metavar="URL", help="%(default)s")
    parser.add_argument(
        "--channel", default="__redis__:cli", help="where clients are announced (%(default)s)"
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (%(default)s)")
    parser.add_argument("--port", type=int, default=8001, help="%(default)s")
    options = parser.parse_args()
    with Feed(options.redis, options.channel) as feed:
        # Each browser that listens holds a thread; the others are for whoever asks for the page.
        waitress.serve(create_app(feed), host=options.host, port=options.port, threads=BROWSERS + 4)


if __name__ == "__main__":
    main()
