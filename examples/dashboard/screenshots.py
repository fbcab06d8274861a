#!/usr/bin/env python3
"""Takes the pictures of the dashboard that the documentation has: docs/img/dashboard-*.png, of the same crowd each time.

Needs chromium, the typeface Inter (Debian's fonts-inter) and pngquant.
"""

import asyncio
import itertools
import math
import os
import random
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import anyio
import redis.asyncio
from crowd import RETAIN, TTL, addresses, user_names
from dashboard.hub import SAMPLES, Hub
from dashboard.serve import address, listen, serve
from demo import SETTINGS, SITE, USERS, VISITORS
from playwright.async_api import Browser, ViewportSize, async_playwright
from presence.asyncio import Presence
from presence.testing import Server

IMAGES = Path(__file__).parents[2] / "docs" / "img"
SCALE = 1.5
DESK = ViewportSize(width=1200, height=800)
PHONE = ViewportSize(width=390, height=844)
PICTURES = {"light": DESK, "dark": DESK, "phone": PHONE}
ONLINE = {"users": 412, "visitors": 638}
RECORDS = {"users": 463, "visitors": 707}
OLDEST = 45.0
"""Seconds since the last page of whoever was seen first of those who are online."""


def history(now: int, dice: random.Random) -> list[dict[str, int | None]]:
    """Ten minutes until now, in which the numbers wander to what they are now."""
    samples: list[dict[str, int | None]] = []
    noise = dict.fromkeys(ONLINE, 0.0)
    for second in range(SAMPLES):
        left = SAMPLES - 1 - second
        sample: dict[str, int | None] = {"at": now - 1000 * left}
        for name, online in ONLINE.items():
            noise[name] = 0.97 * noise[name] + dice.gauss(0, 0.0016)
            wave = 0.06 * math.sin(left / 95 + len(name)) - 0.06 * math.sin(len(name)) - 0.00013 * left
            # Nothing of it is left in the end.
            sample[name] = round(online * (1 + (wave + noise[name]) * min(1, left / 30)))
        samples.append(sample)
    return samples


@asynccontextmanager
async def site(url: str) -> AsyncIterator[redis.asyncio.Redis]:
    """The connections of a site's servers, the first of which marks who is there."""
    async with AsyncExitStack() as stack:
        clients = [redis.asyncio.from_url(url, client_name=name) for name in (*SITE, "mailer", "report")]
        for client in clients:
            await stack.enter_async_context(client)
            await client.ping()
        yield clients[0]


def picture(name: str) -> Path:
    """Where a picture is kept."""
    return IMAGES / f"dashboard-{name}.png"


async def take(browser: Browser, url: str, name: str, viewport: ViewportSize, member: str) -> None:
    """Takes one picture, on which somebody has just looked up a member."""
    context = await browser.new_context(
        viewport=viewport,
        device_scale_factor=SCALE,
        color_scheme="dark" if name == "dark" else "light",
        is_mobile=viewport is PHONE,
        has_touch=viewport is PHONE,
    )
    page = await context.new_page()
    await page.goto(url)
    await page.get_by_role("searchbox").fill(member)
    await page.keyboard.press("Enter")
    for awaited in (
        "#status[data-state=live]",
        ".found[data-state=online]",
        ".key[data-key=users]:has-text('remembered') .chart[aria-label*='the last 10']",
        ".key[data-key=visitors]:has-text('remembered') .chart[aria-label*='the last 10']",
        ".clients:has-text('announced') tbody:has-text('report')",
    ):
        await page.wait_for_selector(awaited)
    # The table is read a moment after its summary.
    connected = (await page.locator(".clients .summary").inner_text()).split()[0]
    await page.wait_for_selector(f".clients .range:has-text('of {connected}')")
    await page.get_by_role("searchbox").blur()
    await page.evaluate("scrollTo(0, 0)")
    await page.screenshot(path=picture(name), full_page=viewport is DESK)
    await context.close()


class Audience:
    """Who is online on the pictures."""

    def __init__(self, client: redis.asyncio.Redis, dice: random.Random) -> None:
        users, visitors = (Presence[bytes](client, key, ttl=TTL, retain=RETAIN) for key in (USERS, VISITORS))
        self.users = list(itertools.islice(user_names(dice), ONLINE["users"]))
        visitor_names = list(itertools.islice(addresses(dice), ONLINE["visitors"]))
        self._keys = ((users, self.users, RECORDS["users"]), (visitors, visitor_names, RECORDS["visitors"]))

    async def touch(self) -> None:
        """Marks all as seen, one after the other."""
        now = datetime.now(timezone.utc)
        for key, names, record in self._keys:
            for number, name in enumerate(names):
                await key.touch(name, at=now - timedelta(seconds=OLDEST * math.sqrt(number / len(names))))
            await key.raise_record(record, now - timedelta(days=3, hours=4))


async def run(server: Server) -> None:
    """Serves the page to a browser, and takes the pictures of it."""
    dice = random.Random(7)
    hub = Hub(server.url, {"users": USERS, "visitors": VISITORS})
    listening = listen("127.0.0.1", 8080)
    async with site(server.url) as client, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        audience = Audience(client, dice)
        await audience.touch()
        hub.samples.extend(history(hub.link.now(), dice))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve, hub, listening)
            for name, viewport in PICTURES.items():
                await audience.touch()
                await take(browser, address(listening), name, viewport, audience.users[20])
            tasks.cancel_scope.cancel()
        await browser.close()


if __name__ == "__main__":
    with Server(SETTINGS, append_only=False) as server:
        asyncio.run(run(server))
    for name in PICTURES:
        subprocess.run(["pngquant", "--speed", "1", "--force", "--ext", ".png", picture(name)], check=True)
