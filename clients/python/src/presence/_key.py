"""What a key of presence is made of, whether it is called or awaited."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Generic, TypedDict

from . import _fail_open
from ._calls import KeyCalls, Text
from ._times import to_milliseconds
from ._types import M, N

DEFAULT_TIMEOUT = timedelta(milliseconds=200)
RECONNECT = 0.5
"""Seconds between two tries of a follower to connect."""
BITE = 1000
"""Members that a follower reads at a time."""


class Settings(TypedDict, total=False):
    """What a `Presence` can be given by name beside `fail_open`."""

    ttl: timedelta | None
    retain: timedelta | None
    linger: timedelta | None
    resolution: timedelta | None
    cap: int | None
    timeout: timedelta


class Key(Generic[M, N]):
    """A key, its settings, and the clients to reach it."""

    def __init__(
        self,
        redis: Any,
        key: Text,
        *,
        ttl: timedelta | None = None,
        retain: timedelta | None = None,
        linger: timedelta | None = None,
        resolution: timedelta | None = None,
        cap: int | None = None,
        fail_open: bool = False,
        timeout: timedelta = DEFAULT_TIMEOUT,
    ) -> None:
        self._calls = KeyCalls[M](key, ttl, retain, linger, resolution, cap)
        # Checked here: with a time-out of nothing each call would fail, and fail open without a word of why.
        to_milliseconds(timeout)
        self._patient = redis
        self._redis = _fail_open.impatient(redis, timeout) if fail_open else redis
        self._breaker = _fail_open.breaker(redis) if fail_open else None

    @property
    def key(self) -> Text:
        """The key's name."""
        return self._calls.key

    def _db(self) -> int:
        kwargs: dict[str, Any] = getattr(self._patient, "get_connection_kwargs", dict)()
        return int(kwargs.get("db") or 0)

    def _encoder(self) -> Callable[[Text], bytes]:
        encode: Callable[[Text], bytes] = self._patient.get_encoder().encode
        return encode
