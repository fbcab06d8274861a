"""The page is for everybody: by keyboard, by ear, on a phone, in the dark."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from dashboard_harness import LIMIT, Process, wait_until
from playwright.sync_api import CDPSession, Locator, Page, ViewportSize, expect
from presence.testing import Server

SOON = LIMIT * 1000
"""Milliseconds."""
USERS = "online:users"
PHONES = [ViewportSize(width=320, height=640), ViewportSize(width=390, height=844)]
DESK = ViewportSize(width=1280, height=900)


def crowd(redis: Any) -> None:
    """Names short and long, enough for some pages, and what stands beside a name."""
    long = [
        "x" * 300,
        "an.unbroken.name.of.some.length@a.rather.long.domain.example",
        "2001:db8::" + "ffff:" * 30,
    ]
    redis.execute_command(
        "PRESENCE.TOUCH", USERS, *(f"user:{number}" for number in range(1_234_567 // 100)), *long
    )
    redis.execute_command("PRESENCE.TOUCH", "online:visitors", *long)
    redis.execute_command("PRESENCE.ATTACH", "online:visitors", "192.0.2.7", "tab")
    redis.execute_command("PRESENCE.SETMETA", "online:visitors", "192.0.2.7", "of some length " * 20)
    names = ("s" * 255, "GROUP", "g" * 255, "META", "m" * 1000)
    redis.execute_command("PRESENCE.ATTACH", USERS, "user:1", *names)


def look_up(page: Page, name: str) -> None:
    page.get_by_role("searchbox").fill(name)
    page.keyboard.press("Enter")
    expect(page.locator(".answer .found")).to_have_count(2, timeout=SOON)


@pytest.mark.parametrize("viewport", PHONES)
def test_no_sideways_scroll_on_a_phone(
    dashboard: Process, visit: Callable[..., Page], redis: Any, server: Server, viewport: Any
) -> None:
    crowd(redis)
    with server.client(client_name="a-client-of-some-length" * 4) as client:
        client.ping()
        page = visit(dashboard.address, viewport=viewport, has_touch=True, is_mobile=True)
        expect(page.locator(".key[data-key=users] .count")).to_have_text("12,348", timeout=SOON)
        expect(page.locator("#clients tbody tr").filter(has_text="some-length")).to_have_count(
            1, timeout=SOON
        )
        for name in ("y" * 200, "user:1"):
            look_up(page, name)
            expect(page.locator(".answer .asked")).to_have_text(name, timeout=SOON)
            assert_fits(page)
    redis.config_set("presence.events", "")
    expect(page.locator("#notice")).to_be_visible(timeout=SOON)
    assert_fits(page)
    server.kill()
    expect(page.locator("#notice.grave")).to_be_visible(timeout=SOON)
    assert_fits(page)


def assert_fits(page: Page) -> None:
    wide = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter((node) => node.checkVisibility() && !node.closest(".unseen, thead"))
            .filter((node) => node.getBoundingClientRect().right > innerWidth + 0.5)
            .filter((node) => !node.closest("th, td, .asked"))
            .map((node) => node.outerHTML.slice(0, 200))"""
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") == page.evaluate("innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONES[1], DESK])
def test_axe_finds_nothing_serious(
    dashboard: Process, visit: Callable[..., Page], redis: Any, server: Server, viewport: Any, scheme: str
) -> None:
    crowd(redis)
    page = visit(dashboard.address, viewport=viewport, color_scheme=scheme)
    page.wait_for_selector("#status[data-state=live]")
    look_up(page, "user:1")
    page.locator(".key[data-key=users] .chart").hover()
    assert_accessible(page)
    redis.config_set("presence.events", "")
    page.wait_for_selector("#status[data-state=polling]")
    assert_accessible(page)
    server.kill()
    page.wait_for_selector("#status[data-state=lost]")
    wait_until(lambda: page.evaluate("document.getAnimations().length") == 0)
    assert_accessible(page)


def assert_accessible(page: Page) -> None:
    violations = Axe().run(page).response["violations"]
    grave = [violation for violation in violations if violation["impact"] in ("serious", "critical")]
    assert [(finding["id"], [node["html"] for node in finding["nodes"]]) for finding in grave] == []


def tab_to(page: Page, goal: Locator) -> None:
    """Goes there by the Tab key alone."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if goal.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError("the keyboard does not lead there")


def assert_focus_is_seen(goal: Locator) -> None:
    style = goal.evaluate(
        "node => [getComputedStyle(node).outlineStyle, parseFloat(getComputedStyle(node).outlineWidth)]"
    )
    assert style == ["solid", 2]


def test_search_and_pages_by_keyboard_alone(page: Page, redis: Any) -> None:
    for number in range(25):
        redis.execute_command("PRESENCE.TOUCH", USERS, f"user:{number}")
    pages = page.get_by_role("navigation", name="Pages of users")
    expect(pages.locator(".range")).to_have_text("1\u201310 of 25", timeout=SOON)
    search = page.get_by_role("searchbox")
    tab_to(page, search)
    assert_focus_is_seen(search)
    page.keyboard.type("user:7")
    page.keyboard.press("Enter")
    expect(page.locator(".answer [data-key=users] strong")).to_have_text("online", timeout=SOON)
    onward = pages.get_by_role("button", name="Next page")
    tab_to(page, onward)
    assert_focus_is_seen(onward)
    page.keyboard.press("Enter")
    expect(pages.locator(".range")).to_have_text("11\u201320 of 25", timeout=SOON)
    page.keyboard.press("Space")
    expect(pages.locator(".range")).to_have_text("21\u201325 of 25", timeout=SOON)
    # There is no page after the last one, and the focus stays.
    expect(onward).to_have_attribute("aria-disabled", "true")
    expect(onward).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(pages.locator(".range")).to_have_text("11\u201320 of 25", timeout=SOON)
    expect(page.locator(".members[data-key=users] tbody .name").first).to_have_text("user:14")


def test_what_is_read_aloud_is_little(page: Page, redis: Any) -> None:
    page.evaluate(
        """() => {
            window.said = [];
            const region = document.getElementById("announcer");
            const note = () => window.said.push(region.textContent);
            new MutationObserver(note).observe(region, { childList: true, characterData: true, subtree: true });
        }"""
    )
    assert page.locator("[aria-live], [role=alert], [role=status]").count() == 1
    for number in range(30):
        redis.execute_command("PRESENCE.TOUCH", USERS, f"user:{number}")
        expect(page.locator(".key[data-key=users] .count")).to_have_text(str(number + 1), timeout=SOON)
    look_up(page, "user:7")
    look_up(page, "user:8")
    page.get_by_role("navigation", name="Pages of users").get_by_role("button", name="Next page").click()
    expect(page.locator("#announcer")).to_have_text("Users 11\u201320 of 30", timeout=SOON)
    redis.config_set("presence.events", "")
    expect(page.locator("#announcer")).to_contain_text("Polling. Events are off", timeout=SOON)
    assert page.evaluate("window.said.length") <= 5
    assert page.evaluate("window.said").count("user:7. Users: online. Visitors: not known.") == 1


def test_tables_have_headers_and_names(page: Page, redis: Any) -> None:
    redis.execute_command("PRESENCE.TOUCH", USERS, "alice")
    table = page.get_by_role("table", name="Users online, who was seen last comes first")
    expect(table.get_by_role("columnheader")).to_have_text(["Name", "Last seen", "Time left"])
    expect(table.get_by_role("rowheader")).to_have_text(["alice"], timeout=SOON)
    assert page.locator("th:not([scope])").count() == 0


def test_the_clients_table_stays_a_table_on_a_phone(page: Page) -> None:
    expect(page.locator("#clients tbody tr").first).to_contain_text("dashboard", timeout=SOON)
    rows = page.locator("#clients tbody tr").count()
    page.set_viewport_size(PHONES[0])
    # What a screen reader is told, whatever the style makes of the rows.
    devtools = page.context.new_cdp_session(page)
    table = devtools.send("DOM.querySelector", {"nodeId": document(devtools), "selector": "#clients table"})
    nodes = devtools.send("Accessibility.queryAXTree", {"nodeId": table["nodeId"]})["nodes"]
    roles = Counter(node["role"]["value"] for node in nodes if not node["ignored"])
    assert (roles["row"], roles["rowheader"], roles["columnheader"]) == (rows + 1, rows, 5)


def document(devtools: CDPSession) -> int:
    return int(devtools.send("DOM.getDocument")["root"]["nodeId"])


def test_the_colours_are_the_system_s_or_chosen(dashboard: Process, visit: Callable[..., Page]) -> None:
    page = visit(dashboard.address, color_scheme="dark")

    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert paper() == "rgb(20, 21, 19)"
    page.get_by_role("radio", name="Light").check(force=True)
    assert paper() == "rgb(251, 250, 247)"
    page.reload()
    assert paper() == "rgb(251, 250, 247)"
    page.get_by_role("radio", name="Auto").check(force=True)
    assert paper() == "rgb(20, 21, 19)"


def test_nothing_moves_for_who_asks_for_that(dashboard: Process, visit: Callable[..., Page]) -> None:
    page = visit(dashboard.address, reduced_motion="reduce")
    moving = """() => [...document.querySelectorAll("*")].filter((node) => {
        const { transitionDuration, animationName } = getComputedStyle(node);
        return parseFloat(transitionDuration) > 0 || animationName !== "none";
    }).length"""
    assert page.evaluate(moving) == 0
