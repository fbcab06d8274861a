"""What the page's server promises to browsers, and to the machine that it runs on."""

import asyncio
import itertools
import json
import re
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from dashboard.board import Board
from dashboard.web import STATIC
from dashboard_harness import LIMIT, Process, calls, wait_until
from playwright.sync_api import Page, expect
from presence.testing import Server, free_port

USERS = "online:users"
MEGABYTE = 2**20


def test_a_crowd_and_a_storm(
    dashboard: Process, http: httpx.Client, redis: Any, visit: Callable[..., Page]
) -> None:
    page = visit(dashboard.address)
    count = page.locator(".key[data-key=users] .count")
    for start in range(0, 100_000, 1000):
        redis.execute_command(
            "PRESENCE.TOUCH", USERS, *(f"user:{number}" for number in range(start, start + 1000))
        )
    expect(count).to_have_text("100,000", timeout=LIMIT * 1000)
    before, counted, began = dashboard.memory(), calls(redis, "PRESENCE.COUNT"), time.monotonic()
    listed = calls(redis, "PRESENCE.LIST")
    for start in range(0, 10_000, 100):
        with redis.pipeline(transaction=False) as pipeline:
            for number in range(start, start + 100):
                pipeline.execute_command("PRESENCE.TOUCH", USERS, f"late:{number}")
            pipeline.execute()
        time.sleep(0.02)
    expect(count).to_have_text("110,000", timeout=LIMIT * 1000)
    took = time.monotonic() - began
    # A key is read five times a second at the most, and each second; its list is read once a second, and a count with it.
    assert calls(redis, "PRESENCE.LIST") - listed <= took + 3
    assert calls(redis, "PRESENCE.COUNT") - counted <= (5 + 1) * (took + 1) + took + 3
    assert dashboard.memory() - before < 10 * MEGABYTE
    names = page.locator(".members[data-key=users] tbody .name")
    expect(names.first).to_have_text("late:9999", timeout=LIMIT * 1000)
    # The total is asked for before the rows, which may show more already.
    expect(page.get_by_text("of 110,000")).to_be_visible(timeout=LIMIT * 1000)
    page.get_by_role("navigation", name="Pages of users").get_by_role("button", name="Last page").click()
    expect(names).to_have_text([f"user:{number}" for number in range(9, -1, -1)], timeout=LIMIT * 1000)
    answer = http.get("/api/keys/users/members?offset=54321&limit=100").json()
    assert (answer["total"], len(answer["rows"])) == (110_000, 100)


def test_browsers_that_do_not_read_cost_nothing(dashboard: Process, http: httpx.Client, redis: Any) -> None:
    address = http.base_url
    asleep = [socket.create_connection((address.host, address.port or 80)) for _ in range(50)]
    for browser in asleep:
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        browser.sendall(b"GET /api/stream HTTP/1.1\r\nHost: page\r\n\r\n")
    wait_until(lambda: all(browser.recv(1) for browser in asleep))
    before = dashboard.memory()
    with redis.pipeline(transaction=False) as pipeline:
        for number in range(20_000):
            pipeline.execute_command("PRESENCE.TOUCH", USERS, f"user:{number}")
        pipeline.execute()
    wait_until(lambda: http.get("/api/keys/users/members").json()["total"] == 20_000)
    assert dashboard.memory() - before < 10 * MEGABYTE
    for browser in asleep:
        browser.close()


def test_who_is_slow_gets_the_newest_state_and_no_backlog() -> None:
    async def scenario() -> None:
        board = Board()
        board.post("users", 1)
        board.post("visitors", 1)
        stream = board.stream()
        assert [await anext(stream) for _ in range(3)] == [
            "retry: 1000\n\n",
            "event: users\ndata: 1\n\n",
            "event: visitors\ndata: 1\n\n",
        ]
        for number in range(2, 1000):
            board.post("users", number)
        board.post("visitors", 1)
        assert await anext(stream) == "event: users\ndata: 999\n\n"
        board.post("visitors", 2)
        assert await anext(stream) == "event: visitors\ndata: 2\n\n"
        board.close()
        assert [rest async for rest in stream] == []

    # Not in this thread, where Playwright has a loop already.
    with ThreadPoolExecutor() as threads:
        threads.submit(asyncio.run, scenario()).result()


def test_the_stream_beats_each_second(http: httpx.Client) -> None:
    times: list[int] = []
    with http.stream("GET", "/api/stream") as stream:
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        lines = stream.iter_lines()
        while len(times) < 4:
            if next(lines) == "event: sample":
                times.append(json.loads(next(lines).removeprefix("data: "))["at"])
    assert all(900 < later - earlier < 1500 for earlier, later in itertools.pairwise(times[1:]))


def test_pages_of_members(http: httpx.Client, redis: Any) -> None:
    now = redis.time()[0] * 1000
    for number in range(30):
        redis.execute_command("PRESENCE.TOUCHEX", USERS, "AT", now - number, "MEMBERS", 1, f"user:{number}")
    answer = http.get("/api/keys/users/members", params={"offset": 10, "limit": 5}).json()
    assert ["".join(row["name"]["parts"]) for row in answer["rows"]] == [
        f"user:{number}" for number in range(10, 15)
    ]
    assert [row["last_seen"] for row in answer["rows"]] == [now - number for number in range(10, 15)]
    assert answer["total"] == 30
    assert abs(answer["now"] - now) < LIMIT * 1000
    assert all(abs(row["until"] - row["last_seen"] - 300_000) < 100 for row in answer["rows"])
    assert http.get("/api/keys/users/members", params={"offset": 30}).json()["rows"] == []


def test_what_stands_beside_a_name(http: httpx.Client, redis: Any) -> None:
    redis.execute_command("PRESENCE.ATTACH", USERS, "alice", "phone", "META", "ios")
    redis.execute_command("PRESENCE.ATTACH", USERS, "alice", "laptop")
    redis.execute_command("PRESENCE.TOUCH", USERS, "bob")
    redis.execute_command("PRESENCE.SETMETA", USERS, "bob", b"away\xff" + b"x" * 1000)
    rows = http.get("/api/keys/users/members").json()["rows"]
    beside = {"".join(row["name"]["parts"]): (row["sessions"], row["meta"]) for row in rows}
    assert beside["alice"] == (2, None)
    sessions, meta = beside["bob"]
    assert (sessions, meta["parts"][:2], meta["bytes"], meta["is_cut"]) == (0, ["away", "\\xff"], 1005, True)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/keys/users/members?offset=-1", 400),
        ("/api/keys/users/members?offset=x", 400),
        ("/api/keys/users/members?offset=99999999999999999999", 400),
        ("/api/keys/users/members?limit=0", 400),
        ("/api/keys/users/members?limit=101", 400),
        ("/api/clients?limit=101", 400),
        ("/api/keys/online:users/members", 404),
        ("/api/search", 400),
        ("/api/search?member=", 400),
        ("/api/nothing", 404),
        ("/static/../web.py", 404),
        ("/static/%2e%2e/web.py", 404),
    ],
)
def test_what_makes_no_sense_is_refused(http: httpx.Client, path: str, status: int) -> None:
    answer = http.get(path)
    assert answer.status_code == status
    assert list(answer.json()) == ["problem"]


def test_a_member_is_looked_up_by_its_bytes(http: httpx.Client, redis: Any) -> None:
    redis.execute_command("PRESENCE.TOUCH", USERS, "Zoë & co/?", "x" * 20_000)
    for member in ("Zoë & co/?", "x" * 20_000):
        found = http.get("/api/search", params={"member": member}).json()["found"]
        assert found["users"]["state"] == "online"
        assert found["visitors"] == {
            "state": "unknown",
            "last_seen": None,
            "meta": None,
            "total": 0,
            "sessions": [],
        }


def test_a_member_who_is_looked_up_has_metadata_and_its_newest_sessions(
    http: httpx.Client, redis: Any
) -> None:
    for number in range(12):
        redis.execute_command("PRESENCE.ATTACH", USERS, "alice", f"tab:{number}")
    redis.execute_command(
        "PRESENCE.ATTACH", USERS, "alice", b"\xff", "GROUP", "gateway:1", "META", b"ios\x00"
    )
    redis.execute_command("PRESENCE.SETMETA", USERS, "alice", "away")
    alice = http.get("/api/search", params={"member": "alice"}).json()["found"]["users"]
    assert (alice["state"], alice["meta"]["parts"]) == ("online", ["away"])
    assert (alice["total"], len(alice["sessions"])) == (13, 10)
    told = {
        "".join(session["name"]["parts"]): (session["group"], session["meta"])
        for session in alice["sessions"]
    }
    group, meta = told.pop("\\xff")
    assert (group["parts"], meta["parts"]) == (["gateway:1"], ["ios", "\\x00", ""])
    assert set(told.values()) == {(None, None)}
    assert all(session["last_seen"] <= alice["last_seen"] for session in alice["sessions"])


def test_nothing_comes_from_elsewhere(http: httpx.Client) -> None:
    for path in ("/", "/static/js/main.js", "/api/clients", "/api/nothing"):
        headers = http.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
    for file in STATIC.rglob("*.*"):
        text = file.read_text()
        assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == [], file
        assert "innerHTML" not in text
    assert (
        re.findall(r"<script(?![^>]* src=)|<style|\bstyle=|\bon\w+=", (STATIC / "index.html").read_text())
        == []
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_though_browsers_look(
    dashboard: Process, http: httpx.Client, number: signal.Signals
) -> None:
    with http.stream("GET", "/api/stream") as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 1000"
        # Under way, not only begun: one that is told to end before its first sample sends none.
        assert "event: sample" in lines
        began = time.monotonic()
        assert dashboard.end(number) == {signal.SIGINT: 0, signal.SIGTERM: -signal.SIGTERM}[number]
        assert time.monotonic() - began < 3
        # To its end: one that is broken off raises an error here.
        for _ in lines:
            pass


def test_the_next_free_port_is_taken(server: Server, start: Callable[..., Process]) -> None:
    port = free_port()
    arguments = ("-m", "dashboard", "--redis", server.url, "--port", str(port))
    first, second = start(*arguments), start(*arguments)
    assert first.address == f"http://127.0.0.1:{port}/"
    assert httpx.get(second.address).status_code == 200
    assert second.address != first.address
