"""Who is online. One key answers for the last five minutes and for the last days, and forgets by itself."""

import re
from datetime import timedelta

import redis
from flask import Flask, current_app
from presence import Presence

ONLINE_FOR = timedelta(minutes=5)
REMEMBERED_FOR = timedelta(days=5)

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WINDOW = re.compile("([1-9][0-9]{0,6})([smhd])")


def init_app(app: Flask) -> None:
    app.extensions["online"] = Presence(
        redis.Redis.from_url(app.config["REDIS_URL"], decode_responses=True),
        "api:online",
        ttl=ONLINE_FOR,
        retain=REMEMBERED_FOR,
        # With Redis down the API goes on, and only the numbers are missing.
        fail_open=True,
    )


def online() -> Presence[str, None]:
    """The key of users who are online."""
    key: Presence[str, None] = current_app.extensions["online"]
    return key


def parse_window(text: str) -> timedelta:
    """How long a window like `5m` or `3d` is. A `ValueError` says what is wrong with it."""
    parts = _WINDOW.fullmatch(text)
    if parts is None:
        raise ValueError("window is a number of s, m, h or d, such as 5m or 3d")
    window = timedelta(**{_UNITS[parts[2]]: int(parts[1])})
    if window > REMEMBERED_FOR:
        raise ValueError(f"window is at most {REMEMBERED_FOR.days}d")
    return window
