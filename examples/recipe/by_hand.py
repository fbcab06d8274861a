"""Who is online, by hand: a sorted set of users, scored by when each was last seen."""

import time
from datetime import datetime, timedelta, timezone
from typing import Any

KEY = "seen"
TTL = timedelta(minutes=5)


def touch(r: Any, *users: str) -> None:
    r.zadd(KEY, dict.fromkeys(users, time.time()))


def leave(r: Any, *users: str) -> None:
    r.zrem(KEY, *users)


def count(r: Any) -> int:
    return int(r.zcount(KEY, _since(), "+inf"))


def members(r: Any) -> list[str]:
    return list(r.zrevrangebyscore(KEY, "+inf", _since()))


def is_online(r: Any, user: str) -> bool:
    score = r.zscore(KEY, user)
    return score is not None and score >= _since()


def last_seen(r: Any, user: str) -> datetime | None:
    score = r.zscore(KEY, user)
    return None if score is None or score < _since() else datetime.fromtimestamp(score, timezone.utc)


def trim(r: Any) -> None:
    """Removes whoever is offline. Nobody calls this but a job that you run and watch."""
    r.zremrangebyscore(KEY, "-inf", f"({_since()}")


def _since() -> float:
    return time.time() - TTL.total_seconds()
