"""What docs/migrating.md says to run does what it says there."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from presence.testing import Server

PAGE = (Path(__file__).parents[3] / "docs/migrating.md").read_text()
MONTHS_AGO = 100 * 24 * 3600


@pytest.fixture
def r(server: Server) -> Iterator[Any]:
    with server.client(decode_responses=True) as client:
        yield client


def section(title: str) -> str:
    """The text below a heading."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def program(title: str, words: str) -> str:
    """The only Python program of a section that has these words."""
    (found,) = [text for text in blocks(section(title), "python") if words in text]
    return found


def run_python(server: Server, text: str) -> str:
    text = text.replace("redis.Redis(", f"redis.Redis(port={server.port}, ").replace(", )", ")")
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_shell(server: Server, text: str) -> str:
    cli = shutil.which("redis-cli") or shutil.which("valkey-cli")
    text = re.sub(r"\bpython (-m presence.migrate)", rf"{sys.executable} \1 --redis {server.url}", text)
    text = re.sub(r"^redis-cli ", f"{cli} -p {server.port} ", text, flags=re.MULTILINE)
    done = subprocess.run(["bash", "-ec", text], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(title: str) -> str:
    (found,) = blocks(section(title), "sh")
    return found


def test_from_a_sorted_set(server: Server, r: Any) -> None:
    now = time.time()
    r.zadd("seen", {"old": now - MONTHS_AGO, "yesterday": now - 86_400, "alice": now - 60, "bob": now - 61})
    run_python(server, program("From a sorted set", "def left") + "seen('carol'); seen('bob'); left('alice')")
    # The report has the form that the page shows.
    shown, *_ = re.findall(r"```\n(imported.*?)```", section("From a sorted set"), re.DOTALL)
    told = run_shell(server, shell("From a sorted set"))
    assert re.sub(r"[\d,]+(?= )", "N", told) == re.sub(r"[\d,]+(?= )", "N", shown)
    assert r.execute_command("PRESENCE.LIST", "online") == ["bob", "carol"]
    assert run_python(server, program("From a sorted set", "by hand")) == "2 by hand, 2 by the module\n"


def test_the_rights_that_the_page_names_are_enough(server: Server, r: Any) -> None:
    (told,) = re.findall(r"^- \*\*Rights:\*\*(.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
    rights = re.findall(r"\+[\w.]+", told)
    r.execute_command("ACL", "SETUSER", "importer", "on", ">secret", "~*", "-@all", *rights)
    r.zadd("seen", {"alice": time.time() - 60})
    address = server.url.replace("://", "://importer:secret@")
    run_shell(server, shell("From a sorted set").rstrip() + f" --redis {address}")
    assert r.execute_command("PRESENCE.LIST", "online") == ["alice"]


def test_from_a_set_a_minute(server: Server, r: Any) -> None:
    title = "From a set a minute"
    this = r.time()[0] // 60
    visits = {"alice": [1, 3], "bob": [0], "carol": [70, 2], "dave": [60 * 24 * 2], "long ago": [60 * 24 * 4]}
    for user, minutes in visits.items():
        for ago in minutes:
            r.sadd(f"minute:{this - ago}", user)
    run_python(server, program(title, "def seen") + "seen('erin')")
    run_python(server, program(title, "zunionstore"))
    last = {user: (this - min(minutes)) * 60 + 59 for user, minutes in visits.items() if user != "long ago"}
    scores = dict(r.zrange("seen", 0, -1, withscores=True))
    assert scores.keys() == last.keys() | {"erin"}
    assert {user: scores[user] for user in last} == last
    run_shell(server, shell(title))
    assert r.exists("seen") == 0
    assert sorted(r.execute_command("PRESENCE.LIST", "online")) == ["alice", "bob", "carol", "erin"]
    seen = r.execute_command("PRESENCE.SEEN", "online", "alice", "carol", "dave", "long ago")
    assert seen == [last["alice"] * 1000, last["carol"] * 1000, last["dave"] * 1000, None]


def test_from_a_key_a_user(server: Server, r: Any) -> None:
    title = "From a key a user"
    for i in range(1500):
        r.set(f"online:user:{i}", 1, px=100_000 + i)
    r.set("online:user:for ever", 1)
    r.set("something:else", 1, ex=300)
    run_python(server, program(title, "def seen") + "seen('alice'); seen('bob'); left('bob')")
    before = r.time()[0] * 1000
    run_python(server, program(title, "pttl"))
    run_shell(server, shell(title))
    assert r.exists("seen") == 0
    entries = dict(r.execute_command("PRESENCE.LIST", "online", "WITHTTL"))
    assert entries.keys() == {str(i) for i in range(1500)} | {"alice"}
    # Each goes when its key does, but for the second that the server's time was rounded down to.
    pipeline = r.pipeline()
    for i in range(1500):
        pipeline.pttl(f"online:user:{i}")
    pipeline.execute_command("PRESENCE.LIST", "online", "WITHTTL")
    *left, entries = pipeline.execute()
    entries = dict(entries)
    assert all(0 <= left[i] - entries[str(i)] <= r.time()[0] * 1000 - before + 1000 for i in range(1500))


def test_the_peak(server: Server, r: Any) -> None:
    run_python(server, program("The peak", "raise_record"))
    assert r.execute_command("PRESENCE.MAX", "online") == [1200, 1_700_000_000_000]


def test_how_long_it_takes_is_measured_with_commands_that_run(server: Server, r: Any) -> None:
    run_shell(server, shell("How long it takes").replace("1000000", "1000"))
    assert r.execute_command("PRESENCE.COUNT", "online", "WINDOW", 3 * 86_400_000) == 1000
