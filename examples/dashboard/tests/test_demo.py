"""The demonstration brings everything, and takes everything with it."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from dashboard_harness import LIMIT, Process, wait_until
from playwright.sync_api import Page, expect
from presence.testing import free_port

SOON = LIMIT * 1000
"""Milliseconds."""


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_shows_a_crowd_and_leaves_no_process_behind(
    start: Callable[..., Process], visit: Callable[..., Page], number: signal.Signals
) -> None:
    demo = start("demo.py", "--members", "300", "--port", str(free_port()))
    page = visit(demo.address)
    page.wait_for_selector("#status[data-state=live]")
    expect(page.locator(".members[data-key=users] tbody .name")).to_have_count(10, timeout=SOON)
    expect(page.locator(".members[data-key=visitors] tbody .name")).to_have_count(10, timeout=SOON)
    count = page.locator(".key[data-key=users] .count")
    expect(count).to_have_text(re.compile(r"^\d+$"), timeout=SOON)
    assert 200 < int(count.inner_text()) < 450
    # People come, look around and go.
    names = page.locator(".members[data-key=users] tbody .name")
    first = names.all_inner_texts()
    wait_until(lambda: not set(first) & set(names.all_inner_texts()))
    expect(page.locator("#clients tbody", has_text="web-1")).to_be_visible(timeout=SOON)
    (redis,) = children(demo.pid)
    assert demo.end(number) == 0
    wait_until(lambda: not Path(f"/proc/{redis}").exists())


def test_a_large_crowd(start: Callable[..., Process], visit: Callable[..., Page]) -> None:
    demo = start("demo.py", "--members", "100000", "--port", str(free_port()))
    page = visit(demo.address)
    count = page.locator(".key[data-key=users] .count")
    page.wait_for_selector("#status[data-state=live]")
    wait_until(lambda: int(count.inner_text().replace(",", "").replace("\u2013", "0")) > 90_000)
    pages = page.get_by_role("navigation", name="Pages of users")
    pages.get_by_role("button", name="Last page").click()
    wait_until(lambda: not pages.locator(".range").inner_text().startswith("1\u2013"))
    expect(page.locator(".members[data-key=users] tbody .name")).not_to_have_count(0)
