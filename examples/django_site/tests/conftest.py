"""The site, running as its README says, on a database and a Redis that each test finds empty."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from presence import Presence
from presence.testing import Server, free_port

FOLDER = Path(__file__).parents[1]


class Visitor(httpx.Client):
    """A browser without scripts, with its own cookies."""

    def submit(self, form: str, action: str | None = None, **fields: str) -> httpx.Response:
        """Sends the form of a page as a browser does, with the secret that the page brought along."""
        self.get(form)
        token = self.cookies["csrftoken"]
        return self.post(action or form, data={**fields, "csrfmiddlewaretoken": token})

    def register(self, name: str, password: str) -> httpx.Response:
        return self.submit("/register/", username=name, password1=password, password2=password)

    def log_in(self, name: str, password: str) -> httpx.Response:
        return self.submit("/login/", username=name, password=password)

    def log_out(self) -> httpx.Response:
        return self.submit("/", "/logout/")


class Site:
    """The site and its Redis."""

    proxy = "127.0.0.9"
    """The address of the one proxy that the site trusts."""

    def __init__(self, database: Path, redis: Server) -> None:
        self.redis = redis
        self._database = database
        self._visitors = ExitStack()
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        self._process = self._manage(
            *("runserver", "--noreload", address),
            REDIS_URL=redis.url,
            TRUSTED_PROXIES=self.proxy,
            SECRET_KEY="of the tests",
            ALLOWED_HOSTS="127.0.0.1",
        )

    def visitor(self, address: str) -> Visitor:
        """A visitor at one of the addresses 127.0.0.0/8, which are all of this machine."""
        transport = httpx.HTTPTransport(local_address=address)
        visitor = Visitor(base_url=self.url, transport=transport, follow_redirects=True, timeout=20)
        return self._visitors.enter_context(visitor)

    def create_user(self, name: str, password: str) -> None:
        """Creates a user whatever the form of the site says of such a name."""
        arguments = f"{name!r}, password={password!r}"
        command = f"from django.contrib.auth.models import User; User.objects.create_user({arguments})"
        assert self._manage("shell", "--command", command).wait() == 0

    def members(self, key: str) -> Any:
        """Who is online, as Redis says."""
        with self.redis.client(decode_responses=True) as client:
            return Presence(client, key).members()

    def online(self) -> Any:
        """How many are online, as the REST view says."""
        return httpx.get(f"{self.url}/api/online/").json()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert self._process.poll() is None, "the site has ended"
            assert time.monotonic() < deadline, "it did not come true"
            time.sleep(0.02)

    def empty(self, database: Path) -> None:
        """Begins anew: with that database, and nothing in Redis."""
        self._visitors.close()
        shutil.copy(database, self._database)
        self.redis.kill()
        self.redis.start()
        self.wait_until(lambda: self._answers() and self.online() == {"visitors": 0, "users": 0})

    def close(self) -> None:
        self._visitors.close()
        self._process.terminate()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/online/").is_success
        except httpx.TransportError:
            return False

    def _manage(self, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
        return manage(self._database, *arguments, **environment)


def manage(database: Path, *arguments: str, **environment: str) -> "subprocess.Popen[bytes]":
    """Runs one of Django's commands."""
    environment = {**os.environ, "DATABASE": str(database), **environment}
    return subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=FOLDER, env=environment)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them."""
    database = tmp_path_factory.mktemp("migrated") / "db.sqlite3"
    assert manage(database, "migrate", "--verbosity=0").wait() == 0
    return database


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    database = tmp_path_factory.mktemp("site") / "db.sqlite3"
    with Server(append_only=False) as redis:
        site = Site(database, redis)
        yield site
        site.close()


@pytest.fixture
def site(running: Site, migrated: Path) -> Site:
    running.empty(migrated)
    return running
