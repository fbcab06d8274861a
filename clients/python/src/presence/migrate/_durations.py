"""Durations as one types and reads them: `90`, `5m`, `1.5h`, `3d`."""

import re
from datetime import timedelta

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}


def parse(text: str) -> timedelta:
    """A duration; a number alone is seconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|[smhd]?)", text)
    if found is None:
        raise ValueError(
            f"{text!r} is not a duration: give seconds, or a unit as well, as in 500ms, 5m, 12h or 3d"
        )
    number, unit = found.groups()
    return float(number) * _UNITS[unit or "s"]


def show(duration: timedelta) -> str:
    """A duration in the largest unit that makes it a whole number."""
    name, unit = next(
        (pair for pair in _UNITS.items() if duration % pair[1] == timedelta(0)), ("ms", _UNITS["ms"])
    )
    return f"{duration // unit}{name}"
