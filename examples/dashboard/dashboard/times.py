"""Times and durations as the page takes them: in milliseconds, times since 1970."""

from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def duration(value: timedelta) -> int:
    """A duration in milliseconds."""
    return value // timedelta(milliseconds=1)


def unix(value: datetime) -> int:
    """A time as Unix milliseconds."""
    return duration(value - _EPOCH)
