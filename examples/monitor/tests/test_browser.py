"""The page in a browser: it changes without a reload, shows hostile names as text, and can be read by everybody."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect, sync_playwright
from presence.testing import Server, free_port

OpenPage = Callable[[str], str]
Serve = Callable[[str, int], AbstractContextManager[str]]

LIVE = "Live"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        # Tests run as root in containers, where Chromium's own sandbox cannot be had.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=["light", "dark"])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    page = chromium.new_page(color_scheme=request.param)
    page.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if "Policy" in message.text else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", lambda dialog: errors.append(f"dialog: {dialog.message}"))
    yield page
    page.close()
    assert errors == []


def never_reloaded(page: Page) -> bool:
    return bool(page.evaluate("window.isTheFirst === true"))


def show(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("window.isTheFirst = true")


def test_rows_come_and_go_without_a_reload(server: Server, open_page: OpenPage, page: Page) -> None:
    show(page, open_page(server.url))
    expect(page.get_by_role("status").first).to_have_text(LIVE)
    expect(page.locator("#connected")).to_have_text("2")
    row = page.get_by_role("row", name="web-1")
    expect(row).to_have_count(0)
    with server.client(client_name="web-1") as client:
        info = client.client_info()
        expect(row.get_by_role("rowheader")).to_have_text(str(info["id"]))
        cells = row.get_by_role("cell")
        expect(cells).to_have_text(
            ["web-1", str(info["addr"]), "default", re.compile(r"^\d+ s ago$"), "online"]
        )
        expect(page.locator("#connected")).to_have_text("3")
        expect(page.locator("#online")).to_have_text("3")
    expect(row).to_have_count(0)
    expect(page.locator("#connected")).to_have_text("2")
    assert never_reloaded(page)


def test_a_name_that_is_markup_shows_as_text(server: Server, open_page: OpenPage, page: Page) -> None:
    name = "<script>alert(1)</script><img/src=x/onerror=alert(2)>"
    with server.client(client_name=name) as client:
        client.ping()
        show(page, open_page(server.url))
        cell = page.locator("tbody td.name", has_text="<script>")
        expect(cell).to_have_text(name)
        assert cell.locator("*").count() == 0
        assert page.locator("tbody script, tbody img").count() == 0


def test_it_says_that_announcements_are_off_and_goes_on_when_they_are_on(
    server: Server, open_page: OpenPage, page: Page
) -> None:
    with server.client(client_name="admin") as admin:
        admin.config_set("presence.client-announce-frequency", 0)
        show(page, open_page(server.url))
        notice = page.locator("#notice")
        expect(notice).to_contain_text("CONFIG SET presence.client-announce-frequency 10")
        expect(page.get_by_role("row", name="admin")).to_have_count(1)
        admin.config_set("presence.client-announce-frequency", 1)
        expect(page.locator("#status")).to_have_text(LIVE)
        expect(notice).to_be_hidden()
        assert never_reloaded(page)


def test_it_says_that_redis_is_lost_and_recovers(server: Server, open_page: OpenPage, page: Page) -> None:
    show(page, open_page(server.url))
    expect(page.locator("#status")).to_have_text(LIVE)
    expect(page.locator("tbody tr")).to_have_count(2)
    server.kill()
    expect(page.locator("#status")).to_have_text("Connection to Redis lost")
    expect(page.locator("#notice")).to_contain_text("Redis does not answer.")
    expect(page.locator("tbody tr")).to_have_count(2)
    server.start()
    expect(page.locator("#status")).to_have_text(LIVE)
    with server.client(client_name="web-1") as client:
        client.ping()
        expect(page.get_by_role("row", name="web-1")).to_have_count(1)
    assert never_reloaded(page)


def test_it_says_that_its_own_server_is_gone_and_recovers(server: Server, serve: Serve, page: Page) -> None:
    port = free_port()
    with serve(server.url, port) as address:
        show(page, address)
        expect(page.locator("#status")).to_have_text(LIVE)
        expect(page.locator("tbody tr")).to_have_count(2)
    # At once, and not when it has been silent for too long.
    expect(page.locator("#status")).to_have_text("Connection lost", timeout=10_000)
    expect(page.locator("tbody tr")).to_have_count(2)
    with serve(server.url, port):
        expect(page.locator("#status")).to_have_text(LIVE)
    assert never_reloaded(page)


@pytest.mark.parametrize("width", [320, 1280])
def test_it_can_be_read_by_everybody(server: Server, open_page: OpenPage, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    with server.client(client_name="a-long-name-" * 12) as client, server.client() as admin:
        client.ping()
        admin.config_set("presence.client-announce-frequency", 0)
        show(page, open_page(server.url))
        # With a notice, so that is looked at too.
        expect(page.locator("#notice")).to_be_visible()
        expect(page.get_by_role("row", name="a-long-name")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        found = Axe().run(page).response["violations"]
        assert [(violation["id"], violation["impact"]) for violation in found] == []
        server.kill()
        expect(page.locator("#status")).to_have_text("Connection to Redis lost")
        found = Axe().run(page).response["violations"]
        assert [(violation["id"], violation["impact"]) for violation in found] == []
