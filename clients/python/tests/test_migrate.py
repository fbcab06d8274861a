"""`python -m presence.migrate` brings a sorted set over, whole, and says what it has not brought and why."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from presence.migrate._source import Unit
from presence.testing import Server

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

SETTINGS = ("--ttl", "5m", "--retain", "3d")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def client(server: Server) -> Iterator["redis.Redis"]:
    with server.client() as client:
        yield client


@pytest.fixture
def run(server: Server) -> Run:
    return lambda *arguments: program(server, *arguments)


def program(server: Server, *arguments: str | bytes) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(server, *arguments), capture_output=True, text=True, timeout=60)


def command(server: Server, *arguments: str | bytes) -> list[str | bytes]:
    return [sys.executable, "-m", "presence.migrate", "--redis", server.url, *arguments]


def now_ms() -> int:
    """The time; the server is on this machine."""
    return time.time_ns() // 1_000_000


def fill(client: Any, seen: dict[bytes, int], unit: int = 1000, key: str = "seen") -> None:
    client.zadd(key, {member: at / unit for member, at in seen.items()})


def crowd(size: int, apart: int = 7, newest: int = 1000) -> dict[bytes, int]:
    """Members, and when they were seen; the newest so many ms ago."""
    now = now_ms()
    return {f"user:{i:06}".encode(): now - newest - i * apart for i in range(size)}


def last_seen(client: Any, seen: dict[bytes, int], key: str = "online") -> dict[bytes, int]:
    return dict(zip(seen, client.execute_command("PRESENCE.SEEN", key, *seen), strict=True))


def info(client: Any, key: str = "online") -> dict[str, int]:
    reply = client.execute_command("PRESENCE.INFO", key)
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {name.decode(): value for name, value in pairs}


def progress(done: int, total: int | None = None) -> str:
    """How the last line of progress begins."""
    return f"{done:,} of {total or done:,} members, {done / (total or done):.0%}, "


def last_progress(result: "subprocess.CompletedProcess[str]") -> str:
    return [line for line in result.stderr.splitlines() if " a second" in line][-1]


@pytest.mark.parametrize(("unit", "a_second"), [("s", 1000), ("ms", 1)])
def test_every_member_comes_over_with_its_time_to_the_millisecond(
    client: Any, run: Run, unit: str, a_second: int
) -> None:
    seen = crowd(2500) | crowd(10, apart=0) | {b"long ago": now_ms() - 2 * DAY}
    fill(client, seen, a_second)
    before = client.dump("seen")
    result = run("seen", "online", *SETTINGS, "--linger", "forever", "--unit", unit, "--batch", "300")
    assert last_seen(client, seen) == seen
    assert client.execute_command("PRESENCE.COUNT", "online") == len(seen) - 1
    assert result.stdout == (
        "imported 2,501 members of 'seen' into 'online'\n"
        "online: 2,500 in 'seen', seen within 5m; 2,500 in 'online'\n"
        "remembered: 2,501 in 'seen', seen within 3d; 2,501 in 'online'\n"
    )
    assert result.stderr.startswith(progress(2501))
    assert result.returncode == 0
    settings = info(client)
    assert (settings["ttl"], settings["retain"], settings["linger"]) == (5 * MINUTE, 3 * DAY, -1)
    assert client.dump("seen") == before


def test_a_fraction_of_a_millisecond_is_dropped_and_no_whole_one(client: Any, run: Run) -> None:
    at = now_ms() // 1000 - 10
    client.zadd("seen", {f"{ms:03}": f"{at}.{ms:03}" for ms in range(1000)})
    client.zadd("seen", {"fraction": f"{at}.1239"})
    assert run("seen", "online", *SETTINGS).returncode == 0
    expected = {f"{ms:03}".encode(): at * 1000 + ms for ms in range(1000)} | {b"fraction": at * 1000 + 123}
    assert last_seen(client, expected) == expected


def test_the_double_nearest_to_a_millisecond_is_that_millisecond() -> None:
    # In 1973, now, and just after 2038, where doubles are too far apart for it to be so by itself.
    for second in (100_000_000, 1_795_233_456, 2_147_483_648):
        for ms in range(second * 1000, second * 1000 + 1000):
            assert Unit.SECONDS.to_unix_ms(ms / 1000) == Unit.MILLISECONDS.to_unix_ms(float(ms)) == ms
            assert Unit.SECONDS.lowest(ms) <= ms / 1000 < Unit.SECONDS.lowest(ms + 1)


@pytest.mark.parametrize("batch", ["1000", "20000"])
def test_any_number_of_members_may_have_the_same_time(client: Any, run: Run, batch: str) -> None:
    seen = crowd(10_000, apart=0) | {b"before": now_ms() - 60_000}
    fill(client, seen)
    assert run("seen", "online", *SETTINGS, "--batch", batch).returncode == 0
    assert last_seen(client, seen) == seen


@pytest.mark.parametrize("options", ["protocol=2", "protocol=3", "decode_responses=True&protocol=2", "db=3"])
def test_any_address_of_a_server_will_do(server: Server, options: str) -> None:
    seen = {b"alice": now_ms() - 1000, b"\xff\xfe": now_ms() - 2000}
    database = 3 if options == "db=3" else 0
    with server.client(db=database) as client:
        fill(client, seen)
        result = program(server, "seen", "online", "--ttl", "5m", "--redis", f"{server.url}?{options}")
        assert (result.returncode, last_seen(client, seen)) == (0, seen)


def test_into_another_server(client: Any, run: Run, presence_server: Server) -> None:
    seen = crowd(10)
    fill(client, seen)
    assert run("seen", "online", "--ttl", "5m", "--to", presence_server.url).returncode == 0
    assert client.exists("online") == 0
    with presence_server.client() as other:
        assert (last_seen(other, seen), other.exists("seen")) == (seen, 0)


def test_hostile_names_come_over_as_they_are(client: Any, run: Run) -> None:
    at = now_ms() - 1000
    names = [b"", b"\0", b"\xff\xfe", b"AT", b"MEMBERS", b"3", b"<script>", b"a\r\nb", b" ", "żółw".encode()]
    seen = dict.fromkeys(names, at) | {b"x" * 65_535: at}
    fill(client, seen, key="a key\n\xff")
    key = "a key\n\xff".encode()
    result = run(key, b"on\xffline\r\n", *SETTINGS)
    assert result.returncode == 0
    assert result.stdout.startswith(f"imported 11 members of {key.decode()!r} into 'on\\udcffline\\r\\n'\n")
    assert dict.fromkeys(seen, at) == dict(
        zip(seen, client.execute_command("PRESENCE.SEEN", b"on\xffline\r\n", *seen), strict=True)
    )


def test_a_name_that_the_module_does_not_take_is_left_out(client: Any, run: Run) -> None:
    fill(client, crowd(5) | {b"x" * 65_536: now_ms() - 1000})
    result = run("seen", "online", *SETTINGS)
    assert result.stdout == (
        "imported 5 members of 'seen' into 'online'\n"
        "online: 6 in 'seen', seen within 5m; 5 in 'online'\n"
        "remembered: 6 in 'seen', seen within 3d; 5 in 'online'\n"
    )
    assert result.stderr.splitlines()[1:] == ["1 left out: they are longer than 65,535 bytes"]
    assert result.returncode == 1


def test_whoever_was_seen_later_in_the_key_stays_as_it_is(client: Any, run: Run) -> None:
    seen = crowd(100, newest=10_000)
    fill(client, seen)
    client.execute_command("PRESENCE.TOUCH", "online", "user:000003")
    touched = last_seen(client, seen)[b"user:000003"]
    for _ in range(2):
        assert run("seen", "online", *SETTINGS).returncode == 0
        assert last_seen(client, seen) == seen | {b"user:000003": touched}


# The first trap: members come in before the key remembers as far back as they were seen.


def test_the_key_has_its_settings_before_the_first_member(client: Any, run: Run) -> None:
    seen = crowd(50, newest=2 * HOUR)
    fill(client, seen)
    # On a server whose defaults would drop them all.
    result = run("seen", "online", "--ttl", "1m", "--retain", "3h")
    assert (result.returncode, last_seen(client, seen)) == (0, seen)
    assert result.stdout == (
        "imported 50 members of 'seen' into 'online'\n"
        "online: 0 in 'seen', seen within 1m; 0 in 'online'\n"
        "remembered: 50 in 'seen', seen within 3h; 50 in 'online'\n"
    )


def test_a_new_key_is_not_made_with_whatever_the_servers_defaults_are(client: Any, run: Run) -> None:
    fill(client, crowd(5))
    result = run("seen", "online")
    assert result.stderr == (
        "not imported: there is no key 'online' yet: say with --ttl how long a touch keeps a member online, "
        "and with --retain how long after it a member is remembered\n"
    )
    assert (result.returncode, result.stdout, client.exists("online")) == (1, "", 0)


def test_who_is_older_than_the_key_remembers_is_told_and_comes_with_a_longer_retain(
    client: Any, run: Run
) -> None:
    seen = crowd(10) | {b"old": now_ms() - HOUR, b"older": now_ms() - 2 * HOUR}
    fill(client, seen)
    client.execute_command("PRESENCE.CONFIG", "online", "TTL", 5 * MINUTE)
    result = run("seen", "online")
    assert result.stdout == (
        "imported 10 members of 'seen' into 'online'\n"
        "online: 10 in 'seen', seen within 5m; 10 in 'online'\n"
        "2 more in 'seen' were seen before that and are not imported: 'online' would forget them at once "
        "(a longer --retain keeps them)\n"
    )
    assert (result.returncode, info(client)["remembered"]) == (0, 10)
    assert run("seen", "online", "--retain", "12h").returncode == 0
    assert last_seen(client, seen) == seen


# The second trap: seconds for milliseconds, and the reverse.


@pytest.mark.parametrize(
    ("told", "a_second", "error"),
    [
        ("s", 1, "the scores of 'seen' are milliseconds, not seconds: say --unit ms"),
        ("ms", 1000, "the scores of 'seen' are seconds, not milliseconds: say --unit s"),
    ],
)
def test_scores_in_the_other_unit_are_refused(
    client: Any, run: Run, told: str, a_second: int, error: str
) -> None:
    fill(client, crowd(10) | {b"long ago": now_ms() - 1000 * DAY}, a_second)
    result = run("seen", "online", *SETTINGS, "--unit", told)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"not imported: {error}\n")
    assert client.exists("online") == 0


@pytest.mark.parametrize(("unit", "other"), [("s", "ms"), ("ms", "s")])
def test_a_few_scores_in_the_other_unit_are_left_out(client: Any, run: Run, unit: str, other: str) -> None:
    words = {"s": "seconds", "ms": "milliseconds"}
    units = {"s": 1000, "ms": 1}
    right, wrong = crowd(10), {b"wrong": now_ms() - 1000, b"wrong too": now_ms() - 1000}
    fill(client, right, units[unit])
    fill(client, wrong, units[other])
    result = run("seen", "online", *SETTINGS, "--unit", unit)
    assert result.returncode == 1
    assert result.stderr.splitlines()[1:] == [
        f"2 left out: their scores are {words[other]}, not {words[unit]}"
    ]
    assert last_seen(client, right | wrong) == right | dict.fromkeys(wrong)


def test_a_clock_that_is_a_little_ahead_means_now_and_the_future_is_left_out(client: Any, run: Run) -> None:
    now = now_ms()
    ahead = {b"ahead": now + 20_000, b"also ahead": now + 40_000}
    client.zadd("seen", {b"future": (now + 5 * MINUTE) / 1000, b"never": 0, b"inf": "inf", b"-inf": "-inf"})
    fill(client, ahead)
    result = run("seen", "online", *SETTINGS)
    assert result.stdout == (
        "imported 2 members of 'seen' into 'online'\n"
        "2 of them have times up to 1m in the future and count as seen now\n"
        "online: 2 in 'seen', seen within 5m; 2 in 'online'\n"
        "remembered: 2 in 'seen', seen within 3d; 2 in 'online'\n"
    )
    assert result.stderr.splitlines()[1:] == [
        "4 left out: their scores are not from 1973 to 1m from now; a score has to be the time when the member was "
        "last seen, not the time until which it is online"
    ]
    assert result.returncode == 1
    assert all(now <= at <= now_ms() for at in last_seen(client, ahead).values())


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (("DEL", "seen"), "there is no key 'seen'"),
        (("SET", "seen", "1"), "the key 'seen' is not a sorted set, but a string"),
        (("PRESENCE.TOUCH", "seen", "alice"), "the key 'seen' is not a sorted set, but a presence-"),
        (("HSET", "online", "a", "b"), "the key 'online' is not a presence key, but a hash"),
    ],
)
def test_a_key_of_another_type_is_refused(client: Any, run: Run, make: tuple[str, ...], error: str) -> None:
    if "seen" not in make:
        fill(client, crowd(5))
    client.execute_command(*make)
    there = client.exists("online")
    result = run("seen", "online", *SETTINGS)
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"not imported: {error}\n")
    assert client.exists("online") == there


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ("--ttl", "soon"),
            "argument --ttl: 'soon' is not a duration: give seconds, or a unit as well, ",
        ),
        (("--ttl", "0"), "a duration here is 0:00:00.001000 to 3650 days, 0:00:00, not 0:00:00"),
        (("--retain", "4000d"), "a duration here is 0:00:00 to 3650 days, 0:00:00, not 4000 days, 0:00:00"),
        (("--batch", "0"), "argument --batch: '0' is not a number from 1 up"),
        (("--unit", "min"), "argument --unit: invalid choice: 'min' (choose from "),
        (("--redis", "localhost"), "argument --redis: Redis URL must specify one of the following schemes "),
    ],
)
def test_a_command_line_that_makes_no_sense(run: Run, arguments: tuple[str, ...], error: str) -> None:
    result = run("seen", "online", *arguments)
    assert f"python -m presence.migrate: error: {error}" in result.stderr
    assert (result.returncode, result.stdout) == (2, "")
