"""The page shows the panel, and names as text."""

from datetime import datetime, timezone

import pytest
from forum import app
from presence import Presence
from presence.testing import Server

import forum_panel


def test_a_visitor_is_marked_by_address_and_a_user_by_name() -> None:
    browser = app.test_client()
    page = browser.get("/", environ_overrides={"REMOTE_ADDR": "203.0.113.9"}).text
    assert "<bdi>203.0.113.9</bdi>" in page
    assert forum_panel.users() == []
    assert browser.post("/name", data={"name": " alice "}).status_code == 302
    page = browser.get("/", environ_overrides={"REMOTE_ADDR": "198.51.100.1"}).text
    assert "<bdi>alice</bdi>" in page
    assert 'value="alice"' in page
    assert forum_panel.users() == ["alice"]
    assert "198.51.100.1" not in forum_panel.visitors()
    assert browser.post("/name", data={"name": ""}).status_code == 302
    assert 'value=""' in browser.get("/").text


def test_the_page_has_both_records_and_their_dates() -> None:
    forum_panel.carry_over(
        1200,
        datetime(2019, 4, 1, 20, 15, tzinfo=timezone.utc),
        3400,
        datetime(2021, 12, 24, 7, 5, tzinfo=timezone.utc),
    )
    page = app.test_client().get("/").text
    assert [line.strip() for line in page.splitlines() if "Most at once" in line or "<time" in line] == [
        "<p>Most at once: 1200, on",
        '<time datetime="2019-04-01T20:15:00+00:00">2019-04-01 at 20:15 UTC</time></p>',
        "<p>Most at once: 3400, on",
        '<time datetime="2021-12-24T07:05:00+00:00">2021-12-24 at 07:05 UTC</time></p>',
    ]


def test_a_large_forum_shows_a_hundred(server: Server) -> None:
    with server.client() as client:
        Presence(client, forum_panel.USERS).touch(*(f"user-{number}" for number in range(150)))
    page = app.test_client().get("/").text
    assert page.count("<bdi>user-") == 100
    assert "150 in the last 15 minutes:" in page
    assert "and others" in page


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ('"><img src=x onerror=alert(1)>', "&#34;&gt;&lt;img src=x onerror=alert(1)&gt;"),
        ("{{ config }}", "{{ config }}"),
        ("\u202eecila", "\u202eecila"),
        ("\ud800", "\\ud800"),
        (b"\xff<b>", "\\xff&lt;b&gt;"),
    ],
)
def test_hostile_names_are_text(server: Server, name: str | bytes, shown: str) -> None:
    if isinstance(name, str):
        forum_panel.mark_user(name)
        forum_panel.mark_visitor(name)
    else:
        # Written by another program.
        with server.client() as client:
            Presence(client, forum_panel.USERS).touch(name)
            Presence(client, forum_panel.VISITORS).touch(name)
    response = app.test_client().get("/")
    assert response.status_code == 200
    assert response.text.count(f"<bdi>{shown}</bdi>") == 2
    assert "<script" not in response.text


def test_a_hostile_name_that_signs_in_is_text() -> None:
    browser = app.test_client()
    browser.post("/name", data={"name": '"><script>alert(1)</script>'})
    page = browser.get("/").text
    assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in page
    assert "<script" not in page
    assert forum_panel.users() == ['"><script>alert(1)</script>']
