"""How far an import has come: a bar that moves on a terminal, a line now and then elsewhere."""

import time
from types import TracebackType
from typing import TextIO

_WIDTH = 30
_ON_TERMINAL = 0.1
_ELSEWHERE = 5.0
"""Seconds between two lines."""


class Progress:
    """Members done of those expected, who may become more on the way."""

    def __init__(self, total: int, out: TextIO) -> None:
        self.done = 0
        self._total = total
        self._out = out
        self._start = time.monotonic()
        self._pause = _ON_TERMINAL if out.isatty() else _ELSEWHERE
        self._next = self._start + self._pause

    def advance(self, members: int) -> None:
        """So many more are done."""
        self.done += members
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._pause
            self._show(now)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._show(time.monotonic())
        if self._out.isatty():
            print(file=self._out)

    def _show(self, now: float) -> None:
        total = max(self._total, self.done)
        share = self.done / total if total else 1.0
        rate = self.done / max(now - self._start, 0.001)
        text = f"{self.done:,} of {total:,} members, {share:.0%}, {rate:,.0f} a second"
        if self._out.isatty():
            filled = int(share * _WIDTH)
            # To the end of the line, since the text before may have been longer.
            text = f"\r[{'#' * filled}{'.' * (_WIDTH - filled)}] {text}\x1b[K"
        print(text, end="" if self._out.isatty() else "\n", file=self._out, flush=True)
