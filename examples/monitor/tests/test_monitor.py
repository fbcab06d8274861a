"""The page and its stream, by HTTP, as Redis comes and goes behind them."""

import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from monitor.web import BROWSERS
from presence.testing import Server, find_server, free_port

State = dict[str, Any]
OpenPage = Callable[[str], str]

README = Path(__file__).parents[1] / "README.md"
WITHIN = 20.0
"""Seconds."""


class Browser:
    """One that listens to the stream of a page."""

    def __init__(self, page: str) -> None:
        self._stream = urllib.request.urlopen(f"{page}/events", timeout=WITHIN)
        self.headers = self._stream.headers
        self._events = self._read()

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def _read(self) -> Iterator[tuple[str, str]]:
        kind = "message"
        for line in self._stream:
            field, _, value = line.decode("ascii").rstrip("\n").partition(": ")
            if field == "event":
                kind = value
            elif field == "data":
                yield kind, value
                kind = "message"

    def event(self) -> tuple[str, str]:
        """The next event and its data."""
        return next(self._events)

    def until(self, condition: Callable[[State], object]) -> State:
        """The first state from now on of which that holds."""
        state: State = {}
        deadline = time.monotonic() + WITHIN
        while time.monotonic() < deadline:
            kind, data = self.event()
            if kind != "message":
                continue
            state = json.loads(data)
            if condition(state):
                return state
        raise AssertionError(f"it did not come true; at last: {state}")

    def until_status(self, status: str) -> State:
        return self.until(lambda state: state["status"] == status)

    def until_settled(self) -> State:
        """Live, and both connections of the page itself have been announced."""
        return self.until(lambda state: state["status"] == "live" and len(named(state, "monitor")) == 2)


def clients(state: State) -> list[dict[str, Any]]:
    return state["picture"]["clients"] if state["picture"] else []


def named(state: State, name: str) -> list[dict[str, Any]]:
    return [client for client in clients(state) if client["name"] == name]


@pytest.fixture
def browser(server: Server, open_page: OpenPage) -> Iterator[Browser]:
    with Browser(open_page(server.url)) as browser:
        yield browser


def test_clients_come_and_go(server: Server, browser: Browser) -> None:
    browser.until_settled()
    with server.client(client_name="web-1", db=3) as client:
        client.ping()
        state = browser.until(lambda state: named(state, "web-1"))
        (shown,) = named(state, "web-1")
        info = client.client_info()
        assert shown == {
            "id": info["id"],
            "addr": info["addr"],
            "name": "web-1",
            "user": "default",
            "last_interaction": shown["last_interaction"],
            "online": True,
        }
        assert abs(shown["last_interaction"] / 1000 - time.time()) < WITHIN
        picture = state["picture"]
        assert (picture["connected"], picture["online"]) == (3, 3)
        assert abs(picture["at"] / 1000 - time.time()) < WITHIN
    gone = browser.until(lambda state: not named(state, "web-1"))
    assert gone["picture"]["connected"] == 2


def test_who_is_idle_is_not_online(server: Server, open_page: OpenPage) -> None:
    with server.client(client_name="idle") as idle, server.client() as admin:
        idle.ping()
        admin.config_set("presence.default-ttl", 1000)
        admin.config_set("presence.client-announce-frequency", 1)
        with Browser(open_page(server.url)) as browser:
            state = browser.until(
                lambda state: [client["online"] for client in named(state, "idle")] == [False]
            )
            assert state["picture"]["online"] < state["picture"]["connected"]


def test_all_browsers_share_one_subscription(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.url)
    browsers = [Browser(page) for _ in range(5)]
    try:
        for browser in browsers:
            browser.until_status("live")
        with server.client(client_name="web-1") as client:
            assert client.pubsub_numsub("__redis__:cli") == [(b"__redis__:cli", 1)]
            for browser in browsers:
                browser.until(lambda state: named(state, "web-1"))
    finally:
        for browser in browsers:
            browser.__exit__()


def test_hostile_names_are_data(server: Server, open_page: OpenPage) -> None:
    name, user = "</script><script>alert(1)</script>", b"<b>\xff"
    with server.client() as admin, server.client(client_name=name) as hostile:
        admin.execute_command("ACL", "SETUSER", user, "on", "nopass", "+@all")
        hostile.execute_command("AUTH", user, "x")
        for frequency in (0, 86400):
            # Once in the list that is asked for, once in an announcement.
            admin.config_set("presence.client-announce-frequency", frequency)
            with Browser(open_page(server.url)) as browser:
                state = browser.until(lambda state: named(state, name))
                assert named(state, name)[0]["user"] == "<b>\ufffd"


def test_no_announcements_are_told_and_what_is_there_is_shown(server: Server, open_page: OpenPage) -> None:
    with server.client(client_name="admin") as admin:
        admin.config_set("presence.client-announce-frequency", 0)
        with Browser(open_page(server.url)) as browser:
            state = browser.until_status("off")
            assert len(named(state, "admin")) == 1
            # Switched on, the page is live with the first announcement, and says so when they are off again.
            admin.config_set("presence.client-announce-frequency", 1)
            browser.until_status("live")
            admin.config_set("presence.client-announce-frequency", 0)
            browser.until_status("off")
            # What was heard before is not live any more.
            admin.config_set("presence.client-announce-frequency", 86400)
            assert browser.until(lambda state: state["status"] != "off")["status"] == "waiting"


def test_it_comes_back_after_a_restart_of_redis(server: Server, browser: Browser) -> None:
    browser.until_settled()
    server.kill()
    lost = browser.until_status("lost")
    assert lost["detail"]
    # What was last known stays.
    assert len(clients(lost)) == 2
    server.start()
    assert browser.until_settled()["detail"] == ""
    with server.client(client_name="web-1") as client:
        client.ping()
        browser.until(lambda state: named(state, "web-1"))


def test_a_redis_that_hangs_is_lost_until_it_goes_on(server: Server, browser: Browser) -> None:
    browser.until_status("live")
    server.pause()
    try:
        browser.until_status("lost")
    finally:
        server.resume()
    browser.until_status("live")


def test_a_subscription_that_is_cut_is_made_again(server: Server, browser: Browser) -> None:
    browser.until_status("live")
    with server.client(client_name="admin") as admin:
        admin.client_kill_filter(_type="pubsub")
        browser.until(lambda state: state["status"] != "live")
        browser.until(lambda state: state["status"] == "live" and named(state, "admin"))


def test_a_user_who_may_only_subscribe_is_enough(server: Server, open_page: OpenPage) -> None:
    with server.client(client_name="admin") as admin:
        (told,) = re.findall(r"^ACL SETUSER .*", README.read_text(), re.MULTILINE)
        admin.execute_command(*told.split())
        page = open_page(server.url.replace("://", "://monitor:secret@"))
        with Browser(page) as browser:
            assert len(named(browser.until_status("live"), "admin")) == 1
        admin.config_set("presence.client-announce-frequency", 0)
        # It cannot ask why nothing comes.
        admin.client_kill_filter(_type="pubsub")
        with Browser(page) as browser:
            browser.until_status("silent")


def test_a_user_who_may_not_subscribe_is_told_why(server: Server, open_page: OpenPage) -> None:
    with server.client(client_name="admin") as admin:
        admin.execute_command("ACL", "SETUSER", "blind", "on", ">secret", "resetchannels", "+@all")
        with Browser(open_page(server.url.replace("://", "://blind:secret@"))) as browser:
            state = browser.until_status("unreadable")
            assert "no permissions to access" in state["detail"]
            assert len(named(state, "admin")) == 1
            # Once it may, it does.
            admin.execute_command("ACL", "SETUSER", "blind", "&__redis__:cli")
            assert browser.until_status("live")["detail"] == ""


def test_a_server_without_the_module(open_page: OpenPage) -> None:
    port = free_port()
    arguments = [
        find_server(),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL) as process:
        try:
            with Browser(open_page(f"redis://127.0.0.1:{port}")) as browser:
                browser.until_status("missing")
        finally:
            process.terminate()


def test_whatever_is_published_does_not_stop_it(server: Server, browser: Browser) -> None:
    browser.until_settled()
    with server.client(client_name="web-1") as client:
        for published in (
            "",
            "{}",
            "[1]",
            '{"at": 1, "connected": NaN, "online": 1, "clients": [{}]}',
            b"\xff",
        ):
            client.publish("__redis__:cli", published)
        browser.until(lambda state: state["status"] == "live" and named(state, "web-1"))


def test_a_browser_without_news_hears_a_beat(browser: Browser) -> None:
    browser.until_status("live")
    deadline = time.monotonic() + WITHIN
    while browser.event() != ("beat", "1"):
        assert time.monotonic() < deadline, "no beat"


def test_there_are_seats_for_so_many_browsers_and_they_become_free(
    server: Server, open_page: OpenPage
) -> None:
    page = open_page(server.url)
    browsers = [Browser(page) for _ in range(BROWSERS)]
    with pytest.raises(urllib.error.HTTPError) as refused:
        Browser(page)
    assert (refused.value.code, refused.value.headers["Retry-After"]) == (503, "5")
    refused.value.close()
    # The page itself is still there.
    with urllib.request.urlopen(page, timeout=WITHIN) as response:
        assert response.status == 200
    for browser in browsers:
        browser.__exit__()
    assert seat_within(page, WITHIN)


def seat_within(page: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with Browser(page):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            time.sleep(0.1)
    return False


def test_the_page_lets_no_script_in(server: Server, open_page: OpenPage) -> None:
    page = open_page(server.url)
    with urllib.request.urlopen(page, timeout=WITHIN) as response:
        html = response.read().decode()
        policy = response.headers["Content-Security-Policy"].split("; ")
    assert policy[:3] == ["default-src 'none'", "script-src 'self'", "style-src 'self'"]
    assert "unsafe" not in "".join(policy)
    assert re.findall(r"<script\b[^>]*>", html) == ['<script type="module" src="static/monitor.js">']
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)
    with Browser(page) as browser:
        assert browser.headers["Content-Type"].startswith("text/event-stream")
        assert browser.headers["Cache-Control"] == "no-store"
        assert browser.headers["X-Content-Type-Options"] == "nosniff"
    script = (Path(__file__).parents[1] / "monitor/static/monitor.js").read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval", script)
