"""Durations and times between Python and the server, which counts both in milliseconds."""

from datetime import datetime, timedelta, timezone

FOREVER = timedelta.max
"""A linger without an end: a key that stays when the last member has gone."""

_MILLISECOND = timedelta(milliseconds=1)
_LONGEST = timedelta(milliseconds=315_360_000_000)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def to_milliseconds(duration: timedelta, shortest: timedelta = _MILLISECOND) -> int:
    """A duration as the server takes it; a fraction of a millisecond is dropped."""
    if not isinstance(duration, timedelta):
        raise TypeError(f"a duration is a timedelta, not {duration!r}")
    if not shortest <= duration <= _LONGEST:
        raise ValueError(f"a duration here is {shortest} to {_LONGEST}, not {duration}")
    return duration // _MILLISECOND


def from_milliseconds(duration: int) -> timedelta:
    """A duration as the server tells it."""
    return timedelta(milliseconds=duration)


def to_unix(time: datetime) -> int:
    """A time as the server takes it, in Unix milliseconds; a fraction of one is dropped."""
    if not isinstance(time, datetime):
        raise TypeError(f"a time is a datetime, not {time!r}")
    if time.utcoffset() is None:
        raise ValueError("a time needs its time zone: datetime.now(timezone.utc), not datetime.now()")
    return (time - _EPOCH) // _MILLISECOND


def from_unix(milliseconds: int) -> datetime:
    """A time as the server tells it, in UTC."""
    return _EPOCH + timedelta(milliseconds=milliseconds)
