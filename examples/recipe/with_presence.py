"""Who is online, with the module: the same functions."""

from datetime import datetime, timedelta
from typing import Any

from presence import Presence

KEY = "online"
TTL = timedelta(minutes=5)


def touch(r: Any, *users: str) -> None:
    _online(r).touch(*users)


def leave(r: Any, *users: str) -> None:
    _online(r).leave(*users)


def count(r: Any) -> int:
    return _online(r).count()


def members(r: Any) -> list[str]:
    return _online(r).members()


def is_online(r: Any, user: str) -> bool:
    return user in _online(r)


def last_seen(r: Any, user: str) -> datetime | None:
    return _online(r).last_seen(user)


def _online(r: Any) -> "Presence[str]":
    return Presence(r, KEY, ttl=TTL)
