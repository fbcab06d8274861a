"""The page in a browser, which nobody reloads: what happens in Redis is soon seen there."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from dashboard_harness import LIMIT, Process, calls, wait_until, wait_until_still
from playwright.sync_api import Locator, Page, expect
from presence.testing import Server

AT_ONCE = 1000
SOON = LIMIT * 1000
"""Milliseconds."""
USERS, VISITORS = "online:users", "online:visitors"


def count(page: Page, key: str = "users") -> Locator:
    return page.locator(f".key[data-key={key}] .count")


def names(page: Page, key: str = "users") -> Locator:
    return page.locator(f".members[data-key={key}] tbody .name")


def touch(redis: Any, *members: str, key: str = USERS) -> None:
    redis.execute_command("PRESENCE.TOUCH", key, *members)


def test_the_number_changes_within_a_second(page: Page, redis: Any) -> None:
    expect(count(page)).to_have_text("0")
    touch(redis, "alice")
    expect(count(page)).to_have_text("1", timeout=AT_ONCE)
    touch(redis, *(f"user:{number}" for number in range(1233)))
    expect(count(page)).to_have_text("1,234", timeout=AT_ONCE)
    redis.execute_command("PRESENCE.LEAVE", USERS, "alice")
    expect(count(page)).to_have_text("1,233", timeout=AT_ONCE)
    expect(count(page, "visitors")).to_have_text("0")
    touch(redis, "192.0.2.7", key=VISITORS)
    expect(count(page, "visitors")).to_have_text("1", timeout=AT_ONCE)
    expect(page).to_have_title("1,233 users, 1 visitors online", timeout=SOON)


def test_the_record_stays_with_its_date(page: Page, redis: Any) -> None:
    record = page.locator(".key[data-key=users] .record")
    expect(record).to_have_text("Record 0 none yet")
    touch(redis, "alice", "bob")
    redis.execute_command("PRESENCE.LEAVE", USERS, "alice", "bob")
    redis.execute_command("PRESENCE.SETMAX", USERS, 1204, 1795233803453)
    expect(count(page)).to_have_text("0", timeout=SOON)
    expect(record.locator(".peak")).to_have_text("1,204", timeout=SOON)
    expect(record.locator("time")).to_have_attribute("datetime", "2026-11-21T04:03:23.453Z")


def test_a_member_leaves_the_list_when_its_time_is_up(page: Page, redis: Any) -> None:
    page.evaluate("window.isTheSamePage = true")
    # A second before: the order of two who are seen in the same millisecond is free.
    earlier = redis.time()[0] * 1000 - 1000
    redis.execute_command("PRESENCE.TOUCHEX", USERS, "AT", earlier, "MEMBERS", 1, "alice")
    redis.execute_command("PRESENCE.TOUCHEX", USERS, "PX", 4000, "MEMBERS", 1, "bob")
    expect(names(page)).to_have_text(["bob", "alice"], timeout=SOON)
    expect(names(page)).to_have_text(["alice"], timeout=SOON)
    expect(count(page)).to_have_text("1")
    assert page.evaluate("window.isTheSamePage") is True


def test_the_list_is_newest_first_and_says_how_long_ago(page: Page, redis: Any) -> None:
    now = redis.time()[0] * 1000
    for member, seconds in (("carol", 200), ("bob", 20), ("alice", 100)):
        redis.execute_command("PRESENCE.TOUCHEX", USERS, "AT", now - seconds * 1000, "MEMBERS", 1, member)
    expect(names(page)).to_have_text(["bob", "alice", "carol"], timeout=SOON)
    row = page.locator(".members[data-key=users] tbody tr").nth(2)
    expect(row.locator(".seen")).to_have_text("3 min ago")
    expect(row.locator(".left")).to_have_text("2 min")
    # As time passes, with nothing told.
    expect(page.locator(".members[data-key=users] tbody .seen").first).to_have_text("23 s ago", timeout=SOON)


def test_who_is_seen_again_moves_up_though_no_event_tells(page: Page, redis: Any) -> None:
    touch(redis, "alice")
    touch(redis, "bob")
    expect(names(page)).to_have_text(["bob", "alice"], timeout=SOON)
    # What was told until now has been followed up.
    wait_until_still(lambda: calls(redis, "PRESENCE.LIST"), seconds=2)
    touch(redis, "alice")
    expect(names(page)).to_have_text(["alice", "bob"], timeout=SOON)


def test_sessions_and_metadata_stand_beside_the_name(page: Page, redis: Any) -> None:
    touch(redis, "bob")
    redis.execute_command("PRESENCE.ATTACH", USERS, "alice", "phone", "META", "of the session, not of alice")
    redis.execute_command("PRESENCE.ATTACH", USERS, "alice", "laptop")
    redis.execute_command("PRESENCE.SETMETA", USERS, "alice", "in a meeting")
    alice = names(page).first
    expect(names(page)).to_have_text(["alice 2 sessions in a meeting", "bob"], timeout=SOON)
    expect(alice).to_have_attribute("title", "alice\n2 sessions\nin a meeting")
    # Metadata that changes is told.
    redis.execute_command("PRESENCE.SETMETA", USERS, "alice", "back")
    expect(alice.locator(".meta")).to_have_text("back", timeout=3 * AT_ONCE)
    redis.execute_command("PRESENCE.DETACH", USERS, "SESSIONS", 1, "laptop")
    redis.execute_command("PRESENCE.SETMETA", USERS, "alice", "")
    expect(alice).to_have_text("alice 1 session", timeout=SOON)
    # Who is online by a touch alone is shown as ever.
    redis.execute_command("PRESENCE.LEAVE", USERS, "alice")
    touch(redis, "alice")
    expect(names(page)).to_have_text(["alice", "bob"], timeout=SOON)
    expect(names(page).locator(".sessions, .meta")).to_have_count(0)
    expect(alice).to_have_attribute("title", "alice")


def test_pages_of_the_list_stay_right(page: Page, redis: Any) -> None:
    for number in range(25):
        touch(redis, f"user:{number}")
    pages = page.get_by_role("navigation", name="Pages of users")
    expect(pages.locator(".range")).to_have_text("1\u201310 of 25", timeout=SOON)
    pages.get_by_role("button", name="Last page").click()
    expect(names(page)).to_have_text([f"user:{number}" for number in range(4, -1, -1)], timeout=SOON)
    touch(redis, "alice")
    expect(names(page)).to_have_text([f"user:{number}" for number in range(5, -1, -1)], timeout=SOON)
    # The page that is looked at ceases to exist: the one before becomes the last.
    redis.execute_command("PRESENCE.LEAVE", USERS, *(f"user:{number}" for number in range(10)))
    expect(pages.locator(".range")).to_have_text("11\u201316 of 16", timeout=SOON)
    expect(names(page)).to_have_text([f"user:{number}" for number in range(15, 9, -1)], timeout=SOON)


@pytest.mark.parametrize("notified", ["", "Kg"])
def test_a_key_that_is_deleted_leaves_no_ghost(page: Page, redis: Any, notified: str) -> None:
    redis.config_set("notify-keyspace-events", notified)
    touch(redis, "alice", "bob")
    expect(names(page)).to_have_count(2, timeout=SOON)
    redis.delete(USERS)
    expect(count(page)).to_have_text("0", timeout=3 * AT_ONCE)
    expect(names(page)).to_have_count(0, timeout=3 * AT_ONCE)
    expect(page.locator(".members[data-key=users] .nothing")).to_have_text("Nobody is online.")


def test_notifications_of_a_key_are_heeded_at_once(page: Page, redis: Any) -> None:
    goal, began = calls(redis, "PRESENCE.COUNT") + 20, time.monotonic()
    while calls(redis, "PRESENCE.COUNT") < goal:
        assert redis.publish("__keyspace@0__:online:users", "del") == 1
        time.sleep(0.05)
    # Unheeded, two keys that are read once a second took 10 s.
    assert time.monotonic() - began < 7


def test_a_key_of_another_type_is_said_to_be_one(page: Page, redis: Any) -> None:
    touch(redis, "alice")
    expect(names(page)).to_have_text(["alice"], timeout=SOON)
    redis.set(USERS, "something else")
    text = "WRONGTYPE Operation against a key holding the wrong kind of value"
    expect(page.locator(".key[data-key=users] .problem")).to_have_text(text, timeout=SOON)
    expect(page.locator(".members[data-key=users] .nothing")).to_have_text(text, timeout=SOON)
    expect(count(page)).to_have_text("\u2013")
    redis.delete(USERS)
    expect(count(page)).to_have_text("0", timeout=SOON)
    expect(page.locator(".key[data-key=users] .problem")).to_be_hidden()


def test_clients_come_and_go(page: Page, server: Server) -> None:
    row = page.locator("#clients tbody tr", has_text="an-application")
    with server.client(client_name="an-application", db=3) as client:
        number = client.client_id()
        expect(row).to_have_count(1, timeout=SOON)
        expect(row.locator(".id")).to_have_text(str(number))
        expect(row.locator(".addr")).to_have_text(client.client_info()["addr"])
        expect(row.locator(".user")).to_have_text("default")
        expect(row.locator(".db")).to_have_text("3")
        expect(row.locator(".state")).to_have_text("online")
        expect(page.locator("#clients .summary")).to_contain_text("announced by the server", timeout=SOON)
    expect(row).to_have_count(0, timeout=SOON)


def test_somebody_is_looked_up(page: Page, redis: Any) -> None:
    redis.execute_command("PRESENCE.CONFIG", USERS, "RETAIN", 3_600_000)
    touch(redis, "alice", "bob")
    redis.execute_command("PRESENCE.LEAVE", USERS, "bob")
    answer = page.locator(".answer")
    users, visitors = answer.locator("[data-key=users]"), answer.locator("[data-key=visitors]")
    page.get_by_role("searchbox", name="Is somebody online?").fill("alice")
    page.get_by_role("button", name="Look up").click()
    expect(users.locator("strong")).to_have_text("online")
    expect(visitors.locator("strong")).to_have_text("not known")
    page.get_by_role("searchbox", name="Is somebody online?").fill("bob")
    page.get_by_role("button", name="Look up").click()
    expect(answer.locator(".asked")).to_have_text("bob")
    expect(users.locator("strong")).to_have_text("not online")
    expect(users.locator(".detail")).to_contain_text("last seen")
    # The answer follows what becomes of bob.
    touch(redis, "bob")
    expect(users.locator("strong")).to_have_text("online", timeout=3 * AT_ONCE)


def test_who_is_looked_up_has_sessions_and_metadata(page: Page, redis: Any) -> None:
    attach = ("PRESENCE.ATTACH", USERS, "alice")
    redis.execute_command(*attach, "phone", "GROUP", "gateway:1", "META", "ios")
    redis.execute_command("PRESENCE.SETMETA", USERS, "alice", "in a meeting")
    page.get_by_role("searchbox", name="Is somebody online?").fill("alice")
    page.get_by_role("button", name="Look up").click()
    users = page.locator(".answer [data-key=users]")
    sessions = users.get_by_role("list", name="Sessions").get_by_role("listitem")
    expect(sessions).to_have_text([re.compile(r"^(now|\d+\xa0s ago) phone gateway:1 ios$")], timeout=SOON)
    expect(users.locator("strong ~ .meta")).to_have_text("in a meeting")
    # As time passes, and as sessions come and go.
    expect(sessions.locator(".age")).to_contain_text("s ago", timeout=SOON)
    for number in range(11):
        redis.execute_command(*attach, f"tab:{number}")
    expect(sessions).to_have_count(11, timeout=SOON)
    expect(sessions.last).to_have_text("and 2 more")
    redis.execute_command("PRESENCE.LEAVE", USERS, "alice")
    expect(sessions).to_have_count(0, timeout=SOON)


def test_the_chart_draws_itself(
    page: Page, redis: Any, dashboard: Process, visit: Callable[..., Page]
) -> None:
    chart = page.locator(".key[data-key=users] .chart")
    said = "Users online, the last 1\u00a0min: {} at the end, between 0 and {}"
    expect(chart).to_have_attribute("aria-label", said.format(0, 0), timeout=SOON)
    touch(redis, "alice", "bob")
    expect(chart).to_have_attribute("aria-label", said.format(2, 2), timeout=SOON)
    line = chart.locator(".line").get_attribute("d")
    wait_until(lambda: chart.locator(".line").get_attribute("d") != line)
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2)
    expect(chart.locator(".reading")).to_contain_text("2 at ", timeout=SOON)
    # Who comes later sees what was before.
    late = visit(dashboard.address).locator(".key[data-key=users] .chart")
    expect(late).to_have_attribute("aria-label", said.format(2, 2), timeout=SOON)


def test_browsers_share_one_subscription_for_each_key(
    page: Page, visit: Callable[..., Page], dashboard: Process, redis: Any
) -> None:
    others = [visit(dashboard.address) for _ in range(2)]
    touch(redis, "alice")
    for one in (page, *others):
        expect(count(one)).to_have_text("1", timeout=SOON)
    channel = b"__presence@0__:join:online:users"
    assert redis.pubsub_numsub(channel) == [(channel, 1)]
