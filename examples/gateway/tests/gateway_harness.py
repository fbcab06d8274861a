"""What the tests share: a gateway as a process, clients that connect again, and the events of the key."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

EXAMPLE = Path(__file__).parents[1]
KEY = "online"
LIMIT = 20.0
"""Seconds that a test waits for what has to come."""
SHORT = {"--beat": "0.2", "--lease": "4", "--renew": "0.5", "--grace": "2.5", "--drain": "0.5"}
"""The times of a gateway in a test. The ttl of a session is that of the key, five minutes: no test waits for it."""


def wait_until(holds: Callable[[], object], limit: float = LIMIT) -> None:
    """Waits until something holds; fails where it does not in time."""
    deadline = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def count(redis: Any) -> int:
    return int(redis.execute_command("PRESENCE.COUNT", KEY))


def online(redis: Any) -> set[str]:
    return set(redis.execute_command("PRESENCE.LIST", KEY))


def sessions(redis: Any, *users: str) -> list[list[dict[str, Any]]]:
    """The sessions of each of these users."""
    pipeline = redis.pipeline(transaction=False)
    for user in users:
        pipeline.execute_command("PRESENCE.SESSIONS", KEY, user)
    return [
        [each if isinstance(each, dict) else dict(zip(each[::2], each[1::2], strict=True)) for each in reply]
        for reply in pipeline.execute()
    ]


def ids(redis: Any, *users: str) -> set[str]:
    return {each["session"] for of_one in sessions(redis, *users) for each in of_one}


def groups(redis: Any, *users: str) -> list[list[str]]:
    """The gateways that have a session of each of these users."""
    return [sorted(each["group"] for each in of_one) for of_one in sessions(redis, *users)]


class Process:
    """A gateway. It runs once it has said where."""

    def __init__(self, redis: str, *options: str) -> None:
        times = [word for option in SHORT.items() for word in option]
        self._process = subprocess.Popen(
            [sys.executable, "gateway.py", "--redis", redis, "--port", "0", *times, *options],
            cwd=EXAMPLE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.group, *_, self.address = self._process.stdout.readline().split()

    def connect(self, user: str, **options: Any) -> ClientConnection:
        socket: ClientConnection = connect(f"{self.address}/?user={user}", proxy=None, **options)
        return socket

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self, number: signal.Signals) -> int:
        """Sends a signal, and answers the status that the gateway ends with."""
        self.send(number)
        return self._process.wait(LIMIT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class Loyal:
    """A client that connects to the next gateway when the one it has is restarted."""

    def __init__(self, user: str, *gateways: Process) -> None:
        self.codes: list[int | None] = []
        """How its sockets were closed."""
        self._user = user
        self._gateways = gateways
        self._goes = threading.Event()
        self._thread = threading.Thread(target=self._live)
        self._thread.start()

    def _live(self) -> None:
        for gateway in self._gateways:
            with gateway.connect(self._user) as socket:
                while not self._goes.is_set():
                    try:
                        socket.recv(timeout=0.05)
                    except TimeoutError:
                        continue
                    except ConnectionClosed:
                        break
            self.codes.append(socket.close_code)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._goes.set()
        self._thread.join(LIMIT)


class Events:
    """What the key has published from the beginning, in its order."""

    def __init__(self, redis: Any) -> None:
        self._messages = redis.pubsub()
        self._seen: list[tuple[str, str]] = []
        self._markers = 0
        self._redis = redis
        channels = [f"__presence@0__:{event}:{KEY}" for event in ("join", "leave", "timeout")]
        self._messages.subscribe(*channels)
        for _ in channels:
            assert self._messages.get_message(timeout=LIMIT)["type"] == "subscribe"

    def until(self, event: str, member: str) -> list[tuple[str, str]]:
        """All events so far, the last of which is this one."""
        deadline = time.monotonic() + LIMIT
        while (event, member) not in self._seen:
            assert time.monotonic() < deadline, f"no {event} of {member} came, but {self._seen}"
            if message := self._messages.get_message(timeout=0.1):
                self._seen.append((message["channel"].split(":")[1], message["data"]))
        return list(self._seen)

    def so_far(self) -> list[tuple[str, str]]:
        """All events of what has happened until now, time-outs as well: those of a marker come after them."""
        self._markers += 1
        marker = f"marker:{self._markers}"
        self._redis.execute_command("PRESENCE.TOUCHEX", KEY, "PX", 1, "MEMBERS", 1, marker)
        events = self.until("timeout", marker)
        return [(event, member) for event, member in events if not member.startswith("marker:")]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._messages.close()
