"""What the tests share: the example's programs as processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[1]
LIMIT = 15.0
"""Seconds that a test waits for what has to come."""


def wait_until(holds: Callable[[], object], limit: float = LIMIT) -> None:
    """Waits until something holds; fails where it does not in time."""
    deadline = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def wait_until_still(value: Callable[[], object], seconds: float) -> None:
    """Waits until a value has stayed the same for so long."""
    last, since = value(), time.monotonic()

    def is_still() -> bool:
        nonlocal last, since
        now = value()
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > seconds

    wait_until(is_still)


def calls(redis: Any, command: str) -> int:
    """How often a command was called."""
    return int(redis.info("commandstats").get(f"cmdstat_{command}", {"calls": 0})["calls"])


class Process:
    """A program of the example that serves the page. It runs once it has said where."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=EXAMPLE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().split()[-1]

    @property
    def pid(self) -> int:
        return self._process.pid

    def memory(self) -> int:
        """Bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def end(self, number: signal.Signals) -> int:
        """Sends a signal, and answers the status that the program ends with."""
        self._process.send_signal(number)
        return self._process.wait(LIMIT)

    def close(self) -> None:
        """Ends it where it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
