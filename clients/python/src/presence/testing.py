"""A real server with the module, for tests and demonstrations: on a free port, its data in a folder that goes with it."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import redis

STARTS_WITHIN = 20.0
"""Seconds."""

_INSTALLED = "/usr/lib/redis/modules/libredis_presence.so"


def find_module() -> str:
    """The module's file: where the environment's `PRESENCE_MODULE` says, else where `make install` puts it."""
    module = Path(os.environ.get("PRESENCE_MODULE", _INSTALLED))
    if not module.is_file():
        raise FileNotFoundError(f"no module at {module}: set PRESENCE_MODULE to libredis_presence.so")
    # The server looks from its own folder.
    return str(module.absolute())


def find_server() -> str:
    """The server's program: what `PRESENCE_SERVER` says, else the first of redis-server and valkey-server in the path."""
    wanted = os.environ.get("PRESENCE_SERVER")
    server = shutil.which(wanted) if wanted else shutil.which("redis-server") or shutil.which("valkey-server")
    if server is None:
        raise FileNotFoundError(f"no {wanted or 'redis-server or valkey-server'} in the path")
    return server


def free_port() -> int:
    """A port that nobody listens on, with room for a cluster's bus, which is 10,000 further up. Both are below those that
    systems give to outgoing connections, one of which could take the port before a server does."""
    for port in random.sample(range(11_000, 22_000), 1000):
        try:
            for number in (port, port + 10_000):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        return port
    raise OSError("no port is free between 11000 and 22000")


class Server:
    """A server with the module. It runs from the beginning to `close`, and is a context manager.

    `config` are settings of `redis.conf`, such as `{"presence.events": "A"}`. With `append_only` whatever was acknowledged
    survives `kill` and `start`.
    """

    def __init__(
        self, config: Mapping[str, str] | None = None, *, port: int | None = None, append_only: bool = True
    ) -> None:
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="presence-")
        settings = {
            "bind": self.host,
            "port": str(self.port),
            "dir": f'"{self._folder.name}"',
            "save": '""',
            "appendonly": "yes" if append_only else "no",
            "appendfsync": "always" if append_only else "no",
            "loadmodule": f'"{find_module()}"',
            **(config or {}),
        }
        self._file = Path(self._folder.name, "redis.conf")
        self._file.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """Its address, for `redis.from_url`."""
        return f"redis://{self.host}:{self.port}"

    @property
    def log(self) -> str:
        """What the server has logged."""
        file = Path(self._folder.name, "log")
        return file.read_text(errors="replace") if file.exists() else ""

    def client(self, **options: Any) -> redis.Redis:
        """A new client of this server; `options` as `redis.Redis` takes them."""
        return redis.Redis(self.host, self.port, **options)

    def start(self) -> None:
        """Starts the server again with the data that it has, and waits until it answers."""
        if self._process is not None and self._process.poll() is None:
            raise RuntimeError("the server runs already")
        with Path(self._folder.name, "log").open("ab") as log:
            self._process = subprocess.Popen(
                [find_server(), str(self._file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A signal to the program that started it, as of Ctrl-C, is not meant for it.
                start_new_session=True,
            )
        deadline = time.monotonic() + STARTS_WITHIN
        with self.client(socket_timeout=1, socket_connect_timeout=1, retry=None) as probe:
            while not self._answers(probe):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the server did not start:\n{self.log}")
                time.sleep(0.02)

    def stop(self) -> None:
        """Stops the server as an operator does; its data stays for `start`."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kills the server as `kill -9` does; what its append-only file has stays for `start`."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Hangs the server: it accepts connections and says nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Ends what `pause` began."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """Ends the server and removes its data."""
        self.kill()
        self._folder.cleanup()

    def _answers(self, probe: redis.Redis) -> bool:
        try:
            return int(probe.info("server")["process_id"]) == self._running().pid
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process

    def _signal(self, number: int) -> None:
        self._running().send_signal(number)

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            # One that hangs hears of it when it goes on.
            self._process.send_signal(signal.SIGCONT)
            self._process.wait()
            self._process = None

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
