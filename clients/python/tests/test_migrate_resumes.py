"""An import may be stopped at any moment and run beside an application that writes, and still brings everybody over."""

import itertools
import json
import os
import pty
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from presence.migrate._source import Cursor, Seen, Source, Unit
from presence.migrate._state import State, StateError
from presence.testing import Server


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    with server.client() as client:
        yield client


def command(server: Server, *arguments: str | Path) -> list[str | Path]:
    program: list[str | Path] = [sys.executable, "-m", "presence.migrate", "--redis", server.url]
    return [*program, "seen", "online", "--ttl", "1h", *arguments]


def run(server: Server, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(server, *arguments), capture_output=True, text=True, timeout=60)


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)


def crowd(client: Any, size: int) -> dict[bytes, int]:
    """Members in the set, and when they were seen in Unix ms; the last one first."""
    now = time.time_ns() // 1_000_000
    seen = {f"user:{i:06}".encode(): now - 60_000 - i for i in range(size)}
    client.zadd("seen", {member: at / 1000 for member, at in seen.items()})
    return seen


def last_seen(client: Any, members: Any) -> dict[bytes, int]:
    return dict(zip(members, client.execute_command("PRESENCE.SEEN", "online", *members), strict=True))


def remembered(client: Any) -> int:
    return int(client.execute_command("PRESENCE.COUNT", "online", "WINDOW", 3_600_000))


def stop_in_the_middle(
    server: Server, client: Any, state: Path, size: int, number: int
) -> tuple[int, str, int]:
    """Starts an import one by one and sends it a signal. Its exit status, its errors, and how many had come over."""
    arguments = command(server, "--batch", "1", "--state", state)
    with subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What a shell starts in the background ignores Ctrl-C, and so would what the tests start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        eventually(lambda: client.exists("online") and remembered(client) > 20)
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    there = remembered(client)
    assert 20 < there < size
    return process.returncode, errors, there


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill"])
def test_it_goes_on_where_it_was_stopped(server: Server, client: Any, tmp_path: Path, number: int) -> None:
    size = 20_000
    seen = crowd(client, size)
    state = tmp_path / "state"
    code, errors, there = stop_in_the_middle(server, client, state, size, number)
    if number == signal.SIGINT:
        assert errors.endswith(" a second\nstopped\nTo go on, run the same command again.\n")
        assert code == 130
    # Meanwhile the application goes on: of those read and those not read some are seen, some leave.
    moved = {member: seen[member] + 50_000 for member in (*list(seen)[:20], *list(seen)[-20:])}
    client.zadd("seen", {member: at / 1000 for member, at in moved.items()})
    client.zrem("seen", *list(seen)[30:40])
    expected = seen | moved | dict.fromkeys(list(seen)[30:40])
    result = run(server, "--state", state)
    assert result.returncode == 0, result.stderr
    assert last_seen(client, seen) == expected
    imported = int(result.stdout.split()[1].replace(",", ""))
    # The last one may have come over and not have been noted.
    assert size - 10 + 20 - there <= imported <= size - 10 + 20 - there + 1
    assert [*tmp_path.iterdir()] == []


def test_it_goes_on_after_the_server_was_killed(presence_server: Server, tmp_path: Path) -> None:
    with presence_server.client() as client:
        seen = crowd(client, 20_000)
        state = tmp_path / "state"
        arguments = command(presence_server, "--batch", "1", "--state", state)
        with subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            eventually(lambda: client.exists("online") and remembered(client) > 20)
            presence_server.kill()
            _, errors = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "\nstopped: " in errors
        assert errors.endswith("\nTo go on, run the same command again.\n")
        presence_server.start()
        there = remembered(client)
        result = run(presence_server, "--state", state)
        assert (result.returncode, last_seen(client, seen)) == (0, seen)
        imported = int(result.stdout.split()[1].replace(",", ""))
        assert len(seen) - there <= imported <= len(seen) - there + 1


def test_members_lost_since_it_was_stopped_are_told_and_come_with_the_next_run(
    server: Server, client: Any, tmp_path: Path
) -> None:
    seen = crowd(client, 20_000)
    state = tmp_path / "state"
    *_, there = stop_in_the_middle(server, client, state, 20_000, signal.SIGKILL)
    client.delete("online")
    result = run(server, "--state", state)
    lost = int(result.stderr.splitlines()[-1].split()[0].replace(",", ""))
    assert there - 1 <= lost <= there
    assert result.stderr.splitlines()[-1] == (
        f"{lost:,} missing: they came over and are gone again; if they have not left meanwhile, run this once more"
    )
    assert result.returncode == 1
    assert run(server, "--state", state).returncode == 0
    assert last_seen(client, seen) == seen


def test_a_state_file_of_something_else_is_refused_and_left_alone(
    server: Server, client: Any, tmp_path: Path
) -> None:
    crowd(client, 20_000)
    state = tmp_path / "state"
    stop_in_the_middle(server, client, state, 20_000, signal.SIGKILL)
    for arguments, other in ((("--unit", "ms"), "unit ms"), (("--retain", "2h"), "remembered 2h")):
        before = state.read_text()
        if "--unit" in arguments:
            client.zadd("seen", {"in ms": time.time_ns() // 1_000_000})
        result = run(server, "--state", state, *arguments)
        assert (result.returncode, result.stdout, state.read_text()) == (1, "", before)
        assert result.stderr.startswith(
            f"not imported: {state} is of another import (from 'seen' on 127.0.0.1:"
        )
        assert other in result.stderr
    assert "remembered" in json.loads(before)["import"]
    result = run(server, "--state", tmp_path / "no folder" / "state")
    assert "No such file or directory" in result.stderr
    assert result.returncode == 1


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", "\0", '{"import": {}, "score": "x", "member": ""}', '{"import": 1, "score": 1}'],
)
def test_what_is_no_state_file_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state"
    file.write_text(text)
    with pytest.raises(StateError, match=r"state is not a file of this program: remove it, or name another$"):
        State(file, {}).load()
    assert file.read_text() == text


def test_any_position_is_kept_to_the_bit(tmp_path: Path) -> None:
    state = State(tmp_path / "state", {"from": "\udcff"})
    assert state.load() is None
    for position in (
        Seen(1795233456.7890123, b""),
        Seen(-0.1, bytes(range(256))),
        Seen(5e-324, "ż\n".encode()),
    ):
        state.save(position)
        assert State(tmp_path / "state", {"from": "\udcff"}).load() == position
    state.remove()
    state.remove()
    assert [*tmp_path.iterdir()] == []


def test_no_password_gets_into_the_state_file(server: Server, client: Any, tmp_path: Path) -> None:
    crowd(client, 20_000)
    client.execute_command("ACL", "SETUSER", "importer", "on", ">hush", "~*", "&*", "+@all")
    state = tmp_path / "state"
    with_password = server.url.replace("://", "://importer:hush@")
    arguments = [*command(server, "--batch", "1", "--state", state), "--redis", with_password]
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL) as process:
        eventually(state.exists)
        process.kill()
    assert json.loads(state.read_text())["import"]["from"] == f"'seen' on 127.0.0.1:{server.port}/0"
    assert "hush" not in state.read_text()


def test_beside_an_application_that_writes_both_nobody_is_lost(server: Server, client: Any) -> None:
    seen = crowd(client, 10_000)
    stop = threading.Event()
    touched: dict[bytes, int] = {}

    def application() -> None:
        members = list(seen)
        with server.client() as own:
            while not stop.is_set():
                for member in random.sample(members, 5):
                    own.zadd("seen", {member: time.time(), b"new %d" % len(touched): time.time()})
                    own.execute_command("PRESENCE.TOUCH", "online", member, b"new %d" % len(touched))
                    touched[member] = own.execute_command("PRESENCE.SEEN", "online", member)[0]

    client.execute_command("PRESENCE.CONFIG", "online", "TTL", 3_600_000)
    writer = threading.Thread(target=application)
    writer.start()
    try:
        eventually(lambda: touched)
        result = run(server, "--batch", "100")
    finally:
        stop.set()
        writer.join()
    assert result.returncode == 0, result.stderr
    assert len(touched) > 20
    # A touch's time is the server's, the score the application's: the later of both holds.
    for member, at in last_seen(client, seen).items():
        assert touched.get(member, seen[member]) <= at <= touched.get(member, seen[member]) + 1000, member


def read_all(source: Source, batch: int, meanwhile: Callable[[], object] = lambda: None) -> list[Seen]:
    cursor = Cursor(Seen(0.0, b""))
    rows = []
    while True:
        page = source.read(cursor, 2_000_000_000_000, batch)
        rows += page
        assert len(page) <= 2 * batch
        if cursor.at_end:
            return rows
        meanwhile()


@pytest.mark.parametrize("batch", [1, 2, 10, 1000])
def test_any_number_of_equal_scores_is_read_in_batches(client: Any, batch: int) -> None:
    rows = [Seen(float(score), b"%04d" % i) for score in (5, 6, 7) for i in range(score % 6 * 100, 700)]
    rows = [Seen(row.score, b"%d:%s" % (int(row.score), row.member)) for row in rows]
    client.zadd("seen", {row.member: row.score for row in rows})
    assert read_all(Source(client, b"seen", Unit.SECONDS), batch) == rows


@pytest.mark.parametrize("seed", range(20))
def test_whoever_is_there_all_the_while_is_read_whatever_comes_and_goes(client: Any, seed: int) -> None:
    chance = random.Random(seed)
    members = [b"%06d" % number for number in chance.sample(range(1_000_000), 400)]
    scores = {member: float(chance.choice((1, 2, 2, 2, 3))) for member in members}
    client.zadd("seen", scores)
    gone: set[bytes] = set()
    moved: dict[bytes, float] = {}
    later = itertools.count(4)
    # As many changes as there are members, so that it has an end.
    changes = iter(chance.choices(members, k=400))

    def meanwhile() -> None:
        for member in itertools.islice(changes, chance.choice((0, 1, 3, 30))):
            match chance.randrange(3):
                case 0:
                    client.zrem("seen", member)
                    gone.add(member)
                case 1:
                    moved[member] = float(next(later))
                    client.zadd("seen", {member: moved[member]})
                    gone.discard(member)
                case 2:
                    client.zadd("seen", {b"new %d" % chance.randrange(10**6): chance.choice((1.0, 2.0, 2.5))})

    read: dict[bytes, float] = {}
    for row in read_all(Source(client, b"seen", Unit.SECONDS), chance.choice((1, 3, 8, 50)), meanwhile):
        assert read.get(row.member, 0.0) < row.score or row.member in gone, "read twice"
        read[row.member] = row.score
    for member, score in scores.items():
        if member not in gone:
            assert read[member] == moved.get(member, score)


def test_a_terminal_shows_a_bar(server: Server, client: Any) -> None:
    crowd(client, 3000)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(server, "--batch", "100"), stdout=subprocess.DEVNULL, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:
            # The terminal's other end was closed.
            pass
        os.close(ours)
    assert process.returncode == 0
    assert shown.endswith(b" a second\x1b[K\r\n")
    assert shown.split(b"\r")[-2].startswith(b"[" + b"#" * 30 + b"] 3,000 of 3,000 members, 100%, ")
