"""The programs in the documentation run as they stand."""

import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from presence import Presence
from presence.testing import Server, free_port

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"


def programs(page: Path) -> list[str]:
    """The Python programs of a page."""
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def program(page: Path, words: str) -> str:
    """The only program of a page that has these words."""
    (found,) = [text for text in programs(page) if words in text]
    return found


def of(server: Server, text: str) -> str:
    """A program for this server instead of the one on Redis's own port."""
    text = text.replace("redis://localhost:6379", server.url)
    return text.replace("redis.Redis(", f"redis.Redis(port={server.port}, ").replace(", )", ")")


def run(folder: Path, text: str) -> str:
    """What a program prints."""
    (folder / "program.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def site(folder: Path, text: str, arguments: list[str]) -> Iterator[str]:
    """A site that runs; its address."""
    (folder / "site_program.py").write_text(text)
    port = free_port()
    arguments = [argument.replace("PORT", str(port)) for argument in arguments]
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 30
            while True:
                try:
                    get(address + "/online-or-not")
                except urllib.error.HTTPError:
                    break
                except OSError:
                    assert process.poll() is None, process.stderr and process.stderr.read()
                    assert time.monotonic() < deadline, "the site does not answer"
                    time.sleep(0.05)
            yield address
        finally:
            process.kill()


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as reply:
        return str(reply.read().decode())


def key_of(server: Server) -> Presence[str]:
    return Presence(server.client(decode_responses=True), "online")


def test_redis_py_in_the_readme(server: Server, tmp_path: Path) -> None:
    assert run(tmp_path, of(server, program(README, "execute_command"))) == "2 ['bob', 'alice']\n"


def test_the_flask_site_in_the_readme(server: Server, tmp_path: Path) -> None:
    text = of(server, program(README, "presence.flask"))
    with site(tmp_path, text, ["-m", "flask", "--app", "site_program", "run", "--port", "PORT"]) as address:
        key_of(server).forget("127.0.0.1")
        assert get(address + "/online") == '{"online":0}\n'
        assert get(address + "/") == "Welcome!"
        assert get(address + "/online") == '{"online":1}\n'
    assert key_of(server).members() == ["127.0.0.1"]


def test_the_django_site_in_the_readme(server: Server, tmp_path: Path) -> None:
    text = of(server, program(README, "presence.django"))
    with site(tmp_path, text, ["site_program.py", "runserver", "--noreload", "PORT"]) as address:
        key_of(server).forget("127.0.0.1")
        assert get(address + "/online/") == '{"online": 0}'
        assert get(address + "/") == "Welcome!"
        assert get(address + "/online/") == '{"online": 1}'
    assert key_of(server).members() == ["127.0.0.1"]


def test_the_first_program_of_the_package(server: Server, tmp_path: Path) -> None:
    page = ROOT / "clients/python/README.md"
    told = run(tmp_path, of(server, program(page, "record()"))).splitlines()
    assert told[:4] == ["2", "True", "['bob', 'alice']", "2"]
    assert told[4].startswith("Record(peak=2, at=datetime.datetime(")
    assert key_of(server).members() == ["bob"]


def test_the_sessions_of_the_package(server: Server, tmp_path: Path) -> None:
    page = ROOT / "clients/python/README.md"
    imports = "from datetime import timedelta\nimport redis\nfrom presence import Presence\n"
    told = run(tmp_path, of(server, imports + program(page, "attach("))).splitlines()
    assert told == ["True", "False", "['tab-0d55']", "0", "1"]
    tab, phone = sorted(key_of(server).sessions("alice"), key=lambda session: session.ttl_left)
    assert (tab.id, phone.id, phone.meta) == ("tab-91c2", "phone-7f3a", "away")
    assert key_of(server).members() == ["alice"]


@pytest.mark.parametrize(
    "page", ["README.md", "clients/python/README.md", "docs/failure.md", "docs/replies.md"]
)
def test_every_program_is_python(page: Any) -> None:
    for text in programs(ROOT / page):
        compile(text, page, "exec")
