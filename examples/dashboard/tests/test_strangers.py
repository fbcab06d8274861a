"""Names that strangers chose are text, whatever is in them, and they are shown so that nobody is deceived."""

import json
from typing import Any

import httpx
import pytest
from dashboard.names import shown
from dashboard_harness import LIMIT
from playwright.sync_api import Page, expect
from presence.testing import Server

SOON = LIMIT * 1000
"""Milliseconds."""
USERS = "online:users"
SCRIPT = "<script>alert(1)</script>"

# Oldest first; the page shows them the other way round.
HOSTILE: list[tuple[bytes, str]] = [
    (SCRIPT.encode(), SCRIPT),
    (b'"><img src=x onerror=alert(1)>', '"><img src=x onerror=alert(1)>'),
    (b"a\nb\x00c\x1b[31m", "a\\x0ab\\x00c\\x1b[31m"),
    ("user\u202egnp.exe".encode(), "user\\u202egnp.exe"),
    ("al\u200bice".encode(), "al\\u200bice"),
    (b"caf\xe9 \xff", "caf\\xe9 \\xff"),
    (b"\\xff", "\\xff"),
    ("Zoë".encode(), "Zoë"),
    (b"x" * 65_535, "x" * 200 + "…"),
    (b"", "(no name)"),
]


@pytest.mark.parametrize(("member", "text"), HOSTILE[:-2])
def test_a_name_is_shown_with_escapes(member: bytes, text: str) -> None:
    name = shown(member)
    assert ("".join(name["parts"]), name["bytes"], name["is_cut"]) == (text, len(member), False)


def test_an_escape_is_not_mistaken_for_a_name_that_looks_like_one() -> None:
    assert shown(b"a\xffb")["parts"] == ["a", "\\xff", "b"]
    assert shown(b"a\\xffb")["parts"] == ["a\\xffb"]
    assert shown("\U000e0041")["parts"] == ["", "\\U000e0041", ""]
    assert shown("\ud800")["parts"] == ["", "\\xed", "", "\\xa0", "", "\\x80", ""]
    # Emoji and Persian need the joiners.
    assert shown("👩\u200d🚀")["parts"] == ["👩\u200d🚀"]


def test_names_are_text_on_the_page(page: Page, redis: Any) -> None:
    for member, _ in HOSTILE:
        redis.execute_command("PRESENCE.TOUCH", USERS, member)
    cells = page.locator(".members[data-key=users] tbody .name")
    expect(cells).to_have_text([text for _, text in reversed(HOSTILE)], timeout=SOON)
    assert page.locator("body script, body img").count() == 0
    # One that is written from right to left, or pretends to be, changes nothing around it.
    assert cells.locator("bdi").count() == len(HOSTILE) - 1
    assert cells.nth(1).get_attribute("title") == "x" * 200 + "… (65,535 bytes)"
    cut = cells.nth(1).evaluate(
        "cell => [cell.scrollWidth > cell.clientWidth, getComputedStyle(cell).textOverflow]"
    )
    assert cut == [True, "ellipsis"]
    # The byte is an escape, the four characters are a name.
    assert [cells.nth(index).locator(".escape").count() for index in (3, 4)] == [0, 2]


def test_a_row_that_is_used_again_forgets_its_escapes(page: Page, redis: Any) -> None:
    cell = page.locator(".members[data-key=users] tbody .name")
    for member, escapes in ((b"\xff", 1), (b"\\xff", 0), (b"\xff", 1)):
        with redis.pipeline() as pipeline:
            pipeline.delete(USERS)
            pipeline.execute_command("PRESENCE.TOUCH", USERS, member)
            pipeline.execute()
        expect(cell.locator(".escape")).to_have_count(escapes, timeout=SOON)
        expect(cell).to_have_text("\\xff")


def test_metadata_is_text_on_the_page(page: Page, redis: Any) -> None:
    for number, (blob, _) in enumerate(HOSTILE[:-2]):
        redis.execute_command("PRESENCE.TOUCH", USERS, f"user:{number}")
        redis.execute_command("PRESENCE.SETMETA", USERS, f"user:{number}", blob)
    texts = [f"user:{number} {text}" for number, (_, text) in enumerate(HOSTILE[:-2])]
    cells = page.locator(".members[data-key=users] tbody .name")
    expect(cells).to_have_text(texts[::-1], timeout=SOON)
    assert page.locator("body script, body img").count() == 0
    assert cells.locator("bdi").count() == 2 * len(texts)
    # A count of sessions is framed, which no metadata is.
    redis.execute_command("PRESENCE.SETMETA", USERS, "user:0", "9 sessions")
    expect(cells.last.locator(".meta")).to_have_text("9 sessions", timeout=SOON)
    frames = cells.last.locator("span").evaluate_all(
        "spans => spans.map((span) => getComputedStyle(span).borderStyle)"
    )
    assert frames == ["none"]


def test_sessions_are_text_in_an_answer(page: Page, redis: Any) -> None:
    hostile = [(name[:255], text) for name, text in HOSTILE if name]
    for name, _ in hostile:
        redis.execute_command("PRESENCE.ATTACH", USERS, "alice", name, "GROUP", name, "META", name)
        redis.execute_command("PRESENCE.SETMETA", USERS, "alice", name)
    page.get_by_role("searchbox").fill("alice")
    page.keyboard.press("Enter")
    found = page.locator(".answer [data-key=users]")
    expect(found.locator(".sessions li")).to_have_count(len(hostile), timeout=SOON)
    for part in ("li > .name-text", ".group", ".meta"):
        texts = found.locator(f".sessions {part}").all_text_contents()
        assert sorted(texts) == sorted(text for _, text in hostile), part
    expect(found.locator("strong ~ .meta")).to_have_text(hostile[-1][1])
    assert found.locator("bdi").count() == 3 * len(hostile) + 1
    assert page.locator("body script, body img").count() == 0


def test_a_question_is_text_in_its_answer(page: Page, redis: Any) -> None:
    redis.execute_command("PRESENCE.TOUCH", USERS, SCRIPT)
    page.get_by_role("searchbox").fill(SCRIPT)
    page.keyboard.press("Enter")
    expect(page.locator(".answer .asked")).to_have_text(SCRIPT, timeout=SOON)
    expect(page.locator(".answer [data-key=users] strong")).to_have_text("online")
    assert page.locator("body script").count() == 0


def test_a_client_s_name_is_text(page: Page, server: Server) -> None:
    with server.client(client_name=SCRIPT) as client:
        client.ping()
        expect(page.locator("#clients tbody .name", has_text=SCRIPT)).to_have_count(1, timeout=SOON)
        assert page.locator("body script").count() == 0


def test_json_escapes_whatever_is_not_ascii(http: httpx.Client, redis: Any) -> None:
    for member, _ in HOSTILE:
        redis.execute_command("PRESENCE.TOUCH", USERS, member)
    answer = http.get("/api/keys/users/members")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert json.loads(answer.content)["total"] == len(HOSTILE)
    assert len(answer.content) < 10_000
