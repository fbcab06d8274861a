"""Both recipes give the same answers to the same story; then the module shows what the sorted set cannot do."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import by_hand
import pytest
import with_presence
from presence import Presence
from presence.testing import Server

USERS = ("alice", "bob", "carol", "dave")
SHORT = timedelta(seconds=1)

Answers = tuple[int, list[str], list[bool], list[bool]]


@pytest.fixture
def r(presence_server: Server) -> Iterator[Any]:
    with presence_server.client(decode_responses=True) as client:
        yield client


@pytest.fixture
def short_ttl(monkeypatch: pytest.MonkeyPatch) -> None:
    for recipe in (by_hand, with_presence):
        monkeypatch.setattr(recipe, "TTL", SHORT)


def answers(recipe: ModuleType, r: Any) -> Answers:
    return (
        recipe.count(r),
        recipe.members(r),
        [recipe.is_online(r, user) for user in USERS],
        [recipe.last_seen(r, user) is not None for user in USERS],
    )


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def next_millisecond() -> None:
    """The order of those who were seen in the same one is free."""
    now = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == now:
        pass


def online(*users: str) -> Answers:
    """The answers where these are online, newest first."""
    there = [user in users for user in USERS]
    return len(users), list(users), there, there


def test_the_same_story_gives_the_same_answers(r: Any) -> None:
    story: list[tuple[str, tuple[str, ...], Answers]] = [
        ("leave", ("nobody",), online()),
        ("touch", ("alice",), online("alice")),
        ("touch", ("bob",), online("bob", "alice")),
        ("touch", ("carol",), online("carol", "bob", "alice")),
        ("touch", ("alice",), online("alice", "carol", "bob")),
        ("leave", ("carol", "dave"), online("alice", "bob")),
        ("leave", ("carol",), online("alice", "bob")),
        ("touch", ("carol",), online("carol", "alice", "bob")),
    ]
    for function, users, expected in story:
        for recipe in (by_hand, with_presence):
            getattr(recipe, function)(r, *users)
            assert answers(recipe, r) == expected, (recipe.__name__, function, users)
        next_millisecond()
    for user in ("alice", "bob", "carol"):
        by, there = by_hand.last_seen(r, user), with_presence.last_seen(r, user)
        assert by is not None
        assert there is not None
        assert abs(by - there) < timedelta(seconds=1)


@pytest.mark.usefixtures("short_ttl")
def test_whose_time_is_up_is_offline_with_nobody_doing_anything(r: Any) -> None:
    for recipe in (by_hand, with_presence):
        recipe.touch(r, *USERS)
    eventually(lambda: by_hand.count(r) == with_presence.count(r) == 0)
    assert answers(by_hand, r) == answers(with_presence, r) == online()


@pytest.mark.usefixtures("short_ttl")
def test_the_sorted_set_grows_until_somebody_trims_it_and_the_module_forgets(r: Any) -> None:
    users = [f"user:{i}" for i in range(1000)]
    for recipe in (by_hand, with_presence):
        recipe.touch(r, *users)
    eventually(lambda: by_hand.count(r) == with_presence.count(r) == 0)
    key: Presence[str] = Presence(r, with_presence.KEY)

    def remembered() -> int:
        info = key.info()
        assert info is not None
        return info.remembered

    eventually(lambda: remembered() == 0)
    assert r.zcard(by_hand.KEY) == 1000
    by_hand.trim(r)
    assert r.zcard(by_hand.KEY) == 0


@pytest.mark.usefixtures("short_ttl")
def test_the_sorted_set_has_one_ttl_and_the_module_one_for_each_touch(r: Any) -> None:
    for recipe in (by_hand, with_presence):
        recipe.touch(r, "phone")
    # A kiosk reports once an hour. The sorted set keeps no ttl with it, so its time is up with the phone's.
    by_hand.touch(r, "kiosk")
    Presence(r, with_presence.KEY).touch("kiosk", ttl=timedelta(hours=1))
    eventually(lambda: not by_hand.is_online(r, "phone") and not with_presence.is_online(r, "phone"))
    eventually(lambda: not by_hand.is_online(r, "kiosk"))
    assert with_presence.members(r) == ["kiosk"]


def test_the_module_has_the_record(r: Any) -> None:
    with_presence.touch(r, "alice", "bob", "carol")
    with_presence.leave(r, "alice", "bob")
    assert Presence(r, with_presence.KEY).record().peak == 3


def test_the_page_shows_what_the_files_do() -> None:
    folder = Path(__file__).parents[1]
    files = ((folder / "by_hand.py").read_text(), (folder / "with_presence.py").read_text())
    page, _ = (folder / "README.md").read_text().split("\n## ", 1)
    rows = [
        codes
        for line in page.splitlines()
        if line.startswith("|") and (codes := re.findall(r"`(.+?)`", line))
    ]
    assert [len(row) for row in rows] == [2, 2, 2, 2, 2, 1]
    for row in rows:
        for file, code in zip(files, row, strict=False):
            assert code in file
