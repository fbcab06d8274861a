"""The page's header in a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect, sync_playwright

if TYPE_CHECKING:
    from conftest import Site

PATIENCE = 20_000
"""Milliseconds, of which a poll every 5,000."""


@pytest.fixture
def page() -> Iterator[Page]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        yield browser.new_page()
        browser.close()


def test_number_is_live_without_a_reload(site: Site, page: Page) -> None:
    page.goto(site.url)
    number = page.locator("#visitors")
    expect(number).to_have_text("1")
    page.evaluate("document.title = 'still the same page'")
    site.visitor("127.0.0.2").get("/")
    expect(number).to_have_text("2", timeout=PATIENCE)
    site.redis.kill()
    expect(number).to_have_text("\N{EN DASH}", timeout=PATIENCE)
    expect(page).to_have_title("still the same page")


def test_user_registers_and_logs_out(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/register/")
    page.get_by_label("Username").fill("alice")
    for field in ("Password:", "Password confirmation:"):
        page.get_by_label(field, exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("banner")).to_contain_text("alice")
    expect(page.get_by_role("listitem")).to_have_text(["alice"])
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in")).to_be_visible()
    assert site.members("users") == []
