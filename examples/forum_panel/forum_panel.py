"""Who is online in a forum: users by name, visitors by address, and the most there ever were of both.

A site says in each request who it is from, and asks whatever its pages show. With Redis down or hung no page breaks or waits:
it is logged, and every function answers nothing at once, which is `None` or an empty list.
"""

import os
from datetime import datetime, timedelta

import redis
from presence import Presence, Record

USERS, VISITORS = "forum:users", "forum:visitors"
AGE = timedelta(minutes=15)
"""How long somebody counts as online after a request."""

_users: Presence[str, None]
_visitors: Presence[str, None]


def connect(url: str, timeout: timedelta = timedelta(milliseconds=200)) -> None:
    """Says where Redis is, and how long a page may wait for it. Both keys share the client, so a page waits once."""
    global _users, _visitors
    client = redis.Redis.from_url(
        url,
        decode_responses=True,
        # Names come from strangers: one that is no UTF-8 is shown as it can be.
        encoding_errors="backslashreplace",
    )
    _users = Presence(client, USERS, ttl=AGE, fail_open=True, timeout=timeout)
    _visitors = Presence(client, VISITORS, ttl=AGE, fail_open=True, timeout=timeout)


connect(os.environ.get("REDIS_URL", "redis://localhost:6379"))


def mark_user(name: str) -> None:
    _users.touch(name)


def mark_visitor(address: str) -> None:
    _visitors.touch(address)


def users(limit: int | None = None) -> list[str]:
    """Who was seen last comes first."""
    return _users.members(limit=limit)


def visitors(limit: int | None = None) -> list[str]:
    """Who was seen last comes first."""
    return _visitors.members(limit=limit)


def user_count() -> int | None:
    return _users.count()


def visitor_count() -> int | None:
    return _visitors.count()


def user_record() -> Record | None:
    """The most users ever online at once, and when that was."""
    return _users.record()


def visitor_record() -> Record | None:
    """The most visitors ever online at once, and when that was."""
    return _visitors.record()


def carry_over(users_peak: int, users_at: datetime, visitors_peak: int, visitors_at: datetime) -> bool:
    """Takes over records that were kept elsewhere, where they are larger than those here.

    False says that Redis did not take note of both. Again does no harm.
    """
    noted = _users.raise_record(users_peak, users_at), _visitors.raise_record(visitors_peak, visitors_at)
    return None not in noted
