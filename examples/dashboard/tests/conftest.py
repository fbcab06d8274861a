"""A real Redis, the dashboard as a process of its own, and a real browser."""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from presence.testing import Server, free_port

# The example is used from its own folder.
TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS.parent), str(TESTS)]

from dashboard_harness import LIMIT, Process  # noqa: E402


@pytest.fixture
def server() -> Iterator[Server]:
    with Server({"presence.events": "jltu", "presence.client-announce-frequency": "5"}) as server:
        yield server


@pytest.fixture
def redis(server: Server) -> Iterator[Any]:
    with server.client() as client:
        yield client


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Starts a program of the example, which ends with the test."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: str) -> Process:
            process = Process(*arguments)
            stack.callback(process.close)
            return process

        yield start


@pytest.fixture
def dashboard(server: Server, start: Callable[..., Process]) -> Process:
    return start("-m", "dashboard", "--redis", server.url, "--port", str(free_port()))


@pytest.fixture
def http(dashboard: Process) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=dashboard.address, timeout=LIMIT) as client:
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert chromium is not None, "the browser tests need chromium: apt-get install chromium"
    # Chromium's sandbox does not work for root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens an address in a new window; `options` as Playwright has them. A script that fails there fails the test."""
    failures: list[str] = []

    def note(text: str) -> None:
        if "Content Security Policy" in text or "TrustedHTML" in text:
            failures.append(text)

    with contextlib.ExitStack() as stack:

        def visit(address: str, **options: Any) -> Page:
            context = browser.new_context(**options)
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(LIMIT * 1000)
            page.on("pageerror", lambda error: failures.append(str(error)))
            page.on("dialog", lambda dialog: failures.append(dialog.message))
            page.on("console", lambda message: note(message.text))
            page.goto(address)
            return page

        yield visit
    assert failures == []


@pytest.fixture
def page(dashboard: Process, visit: Callable[..., Page]) -> Page:
    """The dashboard in a browser, once it is live."""
    page = visit(dashboard.address)
    page.wait_for_selector("#status[data-state=live]")
    return page
