"""The page says what it does not know, and gets over it by itself."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from dashboard_harness import EXAMPLE, LIMIT, Process, wait_until
from playwright.sync_api import Page, expect
from presence.testing import Server, free_port

SOON = LIMIT * 1000
"""Milliseconds."""
USERS = "online:users"
ANSWERS_WITHIN = 2.0
"""Seconds: the time-out, and some room for a busy machine."""


def status(page: Page, state: str, text: str) -> None:
    expect(page.locator(f"#status[data-state={state}] .text")).to_have_text(text, timeout=SOON)


def number_of_users(page: Page, text: str) -> None:
    expect(page.locator(".key[data-key=users] .count")).to_have_text(text, timeout=SOON)


def test_redis_that_restarts(page: Page, server: Server, redis: Any) -> None:
    redis.execute_command("PRESENCE.TOUCH", USERS, "alice")
    number_of_users(page, "1")
    server.kill()
    status(page, "lost", "Redis lost")
    expect(page.locator("#notice")).to_contain_text("Connection to Redis lost at ")
    # What was known is still there, but not as if it were sure.
    number_of_users(page, "1")
    expect(page.locator("main.stale")).to_have_count(1)
    server.start()
    redis.execute_command("PRESENCE.TOUCH", USERS, "bob")
    status(page, "live", "Live")
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("main.stale")).to_have_count(0)
    number_of_users(page, "2")
    expect(page.locator(".members[data-key=users] tbody .name")).to_have_text(["bob", "alice"], timeout=SOON)
    # It is told of changes again, and shows its clients.
    redis.execute_command("PRESENCE.TOUCH", USERS, "carol")
    expect(page.locator(".key[data-key=users] .count")).to_have_text("3", timeout=1000)
    expect(page.locator("#clients tbody tr", has_text="dashboard-events")).not_to_have_count(0, timeout=SOON)


def test_redis_that_hangs(page: Page, server: Server, redis: Any, http: httpx.Client) -> None:
    redis.execute_command("PRESENCE.TOUCH", USERS, "alice")
    number_of_users(page, "1")
    server.pause()
    began = time.monotonic()
    answer = http.get("/api/keys/users/members")
    assert time.monotonic() - began < ANSWERS_WITHIN
    assert (answer.status_code, answer.json()) == (503, {"problem": "Redis does not answer"})
    status(page, "lost", "Redis silent")
    expect(page.locator("#notice")).to_contain_text("Redis has not answered since ")
    page.get_by_role("searchbox").fill("alice")
    page.get_by_role("button", name="Look up").click()
    expect(page.locator(".answer .problem")).to_have_text("Redis does not answer.", timeout=SOON)
    # Once that is known, nobody waits any more.
    began = time.monotonic()
    assert [http.get("/api/search?member=alice").status_code for _ in range(20)] == [503] * 20
    assert time.monotonic() - began < ANSWERS_WITHIN
    server.resume()
    status(page, "live", "Live")
    expect(page.locator(".answer [data-key=users] strong")).to_have_text("online", timeout=SOON)
    number_of_users(page, "1")


def test_the_dashboard_itself_restarts(
    server: Server, redis: Any, start: Callable[..., Process], visit: Callable[..., Page]
) -> None:
    arguments = ("-m", "dashboard", "--redis", server.url, "--port", str(free_port()))
    first = start(*arguments)
    page = visit(first.address)
    status(page, "live", "Live")
    first.close()
    status(page, "lost", "Not connected")
    # Something else answers there for a while; a browser's own stream gives up then.
    with page.expect_response(lambda response: response.status == 404):
        other = start("-u", "-m", "http.server", "--bind", "127.0.0.1", arguments[-1])
    other.close()
    redis.execute_command("PRESENCE.TOUCH", USERS, "alice")
    assert start(*arguments).address == first.address
    status(page, "live", "Live")
    number_of_users(page, "1")


def test_the_dashboard_itself_hangs(page: Page, dashboard: Process) -> None:
    os.kill(dashboard.pid, signal.SIGSTOP)
    status(page, "lost", "Not connected")
    os.kill(dashboard.pid, signal.SIGCONT)
    status(page, "live", "Live")


def test_redis_that_comes_after_the_page(start: Callable[..., Process], visit: Callable[..., Page]) -> None:
    port = free_port()
    page = visit(
        start("-m", "dashboard", "--redis", f"redis://127.0.0.1:{port}", "--port", str(free_port())).address
    )
    status(page, "lost", "Redis lost")
    with Server({"presence.events": "A"}, port=port):
        status(page, "live", "Live")
        number_of_users(page, "0")


@pytest.mark.parametrize(
    ("setting", "lacks"), [("", "lacks j, l and t,"), ("m", "lacks j, l and t,"), ("jm", "lacks l and t,")]
)
def test_events_that_are_off(page: Page, redis: Any, setting: str, lacks: str) -> None:
    redis.config_set("presence.events", setting)
    status(page, "polling", "Polling")
    notice = page.locator("#notice")
    expect(notice).to_contain_text(lacks)
    # The number is right all the same, and so is a list whose length stays the same.
    redis.execute_command("PRESENCE.TOUCH", USERS, "alice")
    number_of_users(page, "1")
    for gone, come in (("alice", "bob"), ("bob", "carol"), ("carol", "dave")):
        with redis.pipeline() as pipeline:
            pipeline.execute_command("PRESENCE.LEAVE", USERS, gone)
            pipeline.execute_command("PRESENCE.TOUCH", USERS, come)
            pipeline.execute()
        expect(page.locator(".members[data-key=users] tbody .name")).to_have_text([come], timeout=3000)
    # What the notice advises helps.
    command = notice.locator("code").nth(1).inner_text()
    assert redis.execute_command(*command.split()) == b"OK"
    status(page, "live", "Live")
    expect(notice).to_be_hidden()


RIGHTS = (
    "on >secret resetchannels &__presence@0__:* &__keyspace@0__:* &__redis__:cli ~online:* +client|setname "
    "+presence.count +presence.max +presence.info +presence.list +presence.meta +presence.sessions "
    "+presence.isonline +presence.seen +subscribe +time +config|get +presence.clients +client|list"
)
"""What the page's user needs, as the README has it."""


@pytest.mark.parametrize(
    ("without", "state", "notice"),
    [
        ("-@dangerous", "polling", "may not ask whether events are on"),
        ("resetchannels", "polling", "may not listen to the keys\u2019 events"),
        ("+ping", "live", ""),
        ("-presence.sessions", "live", ""),
    ],
)
def test_a_user_of_few_rights(
    server: Server,
    redis: Any,
    start: Callable[..., Process],
    visit: Callable[..., Page],
    without: str,
    state: str,
    notice: str,
) -> None:
    assert f"ACL SETUSER page {RIGHTS}\n" in (EXAMPLE / "README.md").read_text()
    redis.execute_command("ACL", "SETUSER", "page", *RIGHTS.split(), without)
    url = f"redis://page:secret@{server.host}:{server.port}"
    page = visit(start("-m", "dashboard", "--redis", url, "--port", str(free_port())).address)
    expect(page.locator(f"#status[data-state={state}]")).to_be_visible(timeout=SOON)
    expect(page.locator("#notice")).to_contain_text(notice)
    redis.execute_command("PRESENCE.ATTACH", USERS, "alice", "phone")
    redis.execute_command("PRESENCE.SETMETA", USERS, "alice", "away")
    number_of_users(page, "1")
    # Who may not ask for sessions sees the names all the same.
    text = "alice" if without == "-presence.sessions" else "alice 1 session away"
    expect(page.locator(".members[data-key=users] tbody .name")).to_have_text([text], timeout=SOON)
    page.get_by_role("searchbox").fill("alice")
    page.keyboard.press("Enter")
    found = page.locator(".answer [data-key=users]")
    expect(found.locator("strong")).to_have_text("online", timeout=SOON)
    expect(found.locator("strong ~ .meta")).to_have_text("away")
    expect(found.locator(".sessions li")).to_have_count(0 if without == "-presence.sessions" else 1)
    summary = page.locator("#clients .summary")
    if without == "-@dangerous":
        expect(summary).to_contain_text("no permissions", timeout=SOON)
    else:
        expect(summary).to_contain_text("connected", timeout=SOON)


def test_a_user_who_may_not_even_count(page: Page, redis: Any) -> None:
    redis.execute_command("ACL", "SETUSER", "default", "-presence.count")
    problem = page.locator(".key[data-key=users] .problem")
    expect(problem).to_contain_text(
        "no permissions to run the 'PRESENCE.COUNT' command", ignore_case=True, timeout=SOON
    )
    number_of_users(page, "\u2013")
    redis.execute_command("ACL", "SETUSER", "default", "+presence.count")
    number_of_users(page, "0")


def test_what_strangers_publish_disturbs_nobody(page: Page, redis: Any) -> None:
    wait_until(lambda: redis.publish("__redis__:cli", '{"clients": 5}') == 1)
    redis.publish("__presence@0__:join:online:users", b"\xff<script>")
    redis.execute_command("PRESENCE.TOUCH", USERS, "alice")
    number_of_users(page, "1")
    status(page, "live", "Live")
