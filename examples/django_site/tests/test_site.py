"""What the site does for its visitors and users, asked by HTTP."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from conftest import Site, Visitor

PASSWORD = "correct horse battery"
SCRIPT = "<script>alert(1)</script>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"


def user_of_header(page: httpx.Response) -> str | None:
    """The name that the header of a page shows, as HTML."""
    name = re.search(r"<span>([^<]*)</span>\s*<form[^>]*/logout/", page.text)
    return name and name[1]


def listed(page: httpx.Response) -> list[str]:
    """The names that the home page lists, as HTML."""
    return re.findall(r"<li>(.*?)</li>", page.text)


def test_visitors_are_counted_by_address_and_not_for_asking_the_number(site: Site) -> None:
    for address in ("127.0.0.2", "127.0.0.3", "127.0.0.2"):
        assert site.visitor(address).get("/").status_code == 200
    answer = site.visitor("127.0.0.4").get("/api/online/")
    assert (answer.headers["Content-Type"], answer.json()) == (
        "application/json",
        {"visitors": 2, "users": 0},
    )
    assert site.members("visitors") == ["127.0.0.2", "127.0.0.3"]


def test_only_the_trusted_proxy_says_who_a_visitor_is(site: Site) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    site.visitor("127.0.0.2").get("/", headers=forwarded)
    site.visitor(site.proxy).get("/", headers=forwarded)
    assert site.members("visitors") == ["198.51.100.7", "127.0.0.2"]


@pytest.mark.parametrize("hostile", [SCRIPT, "198.51.100.7 OR 1=1", "x" * 5000, "198.51.100.7\x7f"])
def test_hostile_header_is_no_visitor(site: Site, hostile: str) -> None:
    forwarded = {"X-Forwarded-For": f"203.0.113.9, {hostile}"}
    page = site.visitor(site.proxy).get("/", headers=forwarded)
    assert (page.status_code, hostile in page.text) == (200, False)
    assert site.members("visitors") == [site.proxy]


def test_user_registers_logs_out_and_logs_in(site: Site) -> None:
    alice, bob = site.visitor("127.0.0.2"), site.visitor("127.0.0.3")
    assert user_of_header(alice.get("/")) is None
    assert user_of_header(alice.register("alice", PASSWORD)) == "alice"
    page = bob.register("bob", PASSWORD)
    assert (user_of_header(page), listed(page)) == ("bob", ["bob", "alice"])
    assert site.online() == {"visitors": 2, "users": 2}

    page = alice.log_out()
    assert (user_of_header(page), listed(page)) == (None, ["bob"])
    assert site.online() == {"visitors": 2, "users": 1}

    page = alice.log_in("alice", "wrong")
    assert "Please enter a correct username and password." in page.text
    assert site.members("users") == ["bob"]
    page = alice.log_in("alice", PASSWORD)
    assert (user_of_header(page), listed(page)) == ("alice", ["alice", "bob"])


def test_forms_need_their_secret_and_logging_out_a_form(site: Site) -> None:
    alice = site.visitor("127.0.0.2")
    alice.register("alice", PASSWORD)
    assert alice.get("/logout/").status_code == 405
    statuses = [alice.post(form).status_code for form in ("/logout/", "/login/", "/register/")]
    assert statuses == [403, 403, 403]
    assert site.members("users") == ["alice"]


def test_logging_out_without_having_logged_in_does_no_harm(site: Site) -> None:
    assert site.visitor("127.0.0.2").submit("/login/", "/logout/").status_code == 200
    assert site.online() == {"visitors": 1, "users": 0}


def test_hostile_names_are_text(site: Site) -> None:
    visitor = site.visitor("127.0.0.2")
    refused = visitor.register(SCRIPT, PASSWORD)
    assert ("Enter a valid username." in refused.text, SCRIPT in refused.text) == (True, False)

    site.create_user(SCRIPT, PASSWORD)
    page = visitor.log_in(SCRIPT, PASSWORD)
    assert (user_of_header(page), listed(page)) == (ESCAPED, [ESCAPED])
    assert SCRIPT not in page.text


def test_site_goes_on_without_redis(site: Site) -> None:
    alice = site.visitor("127.0.0.2")
    site.redis.kill()
    page = alice.register("alice", PASSWORD)
    assert (page.status_code, user_of_header(page), listed(page)) == (200, "alice", ["nobody"])
    assert site.online() == {"visitors": None, "users": None}
    page = alice.log_out()
    assert (page.status_code, user_of_header(page)) == (200, None)

    site.redis.start()
    site.wait_until(lambda: alice.get("/").is_success and site.online() == {"visitors": 1, "users": 0})


def test_hung_redis_holds_no_request_longer_than_its_timeout(site: Site) -> None:
    visitors = [site.visitor(f"127.0.0.{number}") for number in range(2, 8)]

    def ask(visitor: Visitor) -> tuple[int, bool]:
        began = time.monotonic()
        status = visitor.get("/").status_code
        # A fifth of a second, and what a page takes on a busy machine.
        return status, time.monotonic() - began < 2

    with ThreadPoolExecutor(len(visitors)) as threads:
        site.redis.pause()
        for _ in range(3):
            assert [*threads.map(ask, visitors)] == [(200, True)] * len(visitors)
    assert site.online() == {"visitors": None, "users": None}
