"""A Django site marks who asks for its pages, however Django runs the request, and goes on without Redis."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, cast

import django
import httpx
import pytest
from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path

from presence.django import PresenceMiddleware, client_address, presence
from presence.testing import Server

TIMEOUT = timedelta(milliseconds=500)
SERVER = {"URL": "redis://localhost"}


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{presence().count()} online")


async def async_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("here you are")


def sign_out(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(presence().leave(client_address(request))))


urlpatterns = [path("", page), path("async/", async_page), path("out/", sign_out), path("api/online/", page)]


def authentication(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Knows the user as a middleware that comes before."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.META["user"] = request.headers.get("Authorization", "")
        return get_response(request)

    return middleware


def user_name(request: HttpRequest) -> str | None:
    return str(request.META["user"])


async def awaited_name(request: HttpRequest) -> str | None:
    return "alice"


settings.configure(
    ALLOWED_HOSTS=["testserver"],
    MIDDLEWARE=[f"{__name__}.authentication", "presence.django.PresenceMiddleware"],
    ROOT_URLCONF=__name__,
)
django.setup()


@pytest.fixture
def configured(presence_server: Server) -> Iterator[Callable[..., None]]:
    """Changes the site's settings; until the test does, they are a server and a key."""
    overrides: list[override_settings] = []

    def configure(**given: object) -> None:
        override = override_settings(
            PRESENCE={"URL": presence_server.url, "KEY": "visitors", "TIMEOUT": TIMEOUT, **given}
        )
        override.enable()
        overrides.append(override)

    configure()
    yield configure
    for override in reversed(overrides):
        override.disable()


@pytest.mark.usefixtures("configured")
def test_each_client_counts_once_and_the_page_counts_its_reader() -> None:
    pages = [
        Client().get("/", REMOTE_ADDR=address).content.decode()
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "::ffff:192.0.2.2", "2001:DB8::1")
    ]
    assert pages == ["1 online", "2 online", "2 online", "2 online", "3 online"]
    assert presence().members() == ["2001:db8::1", "192.0.2.2", "192.0.2.1"]


def test_excluded_paths_are_compared_whole(configured: Callable[..., None]) -> None:
    configured(EXCLUDE=["/api/online/"])
    assert Client().get("/api/online/").content == b"0 online"
    assert Client().get("/api/online/x").status_code == 404
    assert presence().count() == 1


@pytest.mark.usefixtures("configured")
def test_view_can_leave() -> None:
    assert Client().get("/").content == b"1 online"
    assert Client().get("/out/").content == b"1"
    assert presence().members() == []


def test_forwarded_address_counts_where_a_trusted_proxy_wrote_it(configured: Callable[..., None]) -> None:
    def ask(remote: str) -> None:
        Client().get("/", REMOTE_ADDR=remote, headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})

    ask("10.0.0.1")
    assert presence().members() == ["10.0.0.1"]
    configured(TRUSTED_PROXIES=["10.0.0.0/8"], KEY="proxied")
    ask("192.0.2.1")
    ask("10.0.0.1")
    assert presence().members() == ["198.51.100.7", "192.0.2.1"]


@pytest.mark.parametrize("who", [user_name, f"{__name__}.user_name"])
def test_who_names_the_member_or_nobody(
    configured: Callable[..., None], who: Callable[[HttpRequest], str | None] | str
) -> None:
    configured(WHO=who)
    Client().get("/", headers={"Authorization": "<script>alert(1)</script>"})
    Client().get("/")
    assert presence().members() == ["<script>alert(1)</script>"]


@pytest.mark.usefixtures("configured")
def test_subclass_marks_a_key_of_its_own() -> None:
    class Users(PresenceMiddleware):
        key = "users"

        def who(self, request: HttpRequest) -> str | None:
            return user_name(request)

    request = RequestFactory().get("/")
    for user in ("alice", ""):
        request.META["user"] = user
        Users(page)(request)
    assert (presence("users").members(), presence().members()) == (["alice"], [])


@pytest.mark.usefixtures("configured")
def test_names_that_are_no_utf8_do_no_harm(presence_server: Server) -> None:
    presence().touch("\ud800")
    with presence_server.client() as client:
        client.execute_command("PRESENCE.TOUCH", "visitors", b"\xff")
    assert presence().members() == [r"\xff", r"\ud800"]


def test_durations_are_those_of_the_key(configured: Callable[..., None]) -> None:
    configured(
        TTL=timedelta(minutes=1),
        RETAIN=timedelta(days=3),
        LINGER=timedelta(days=5),
        RESOLUTION=timedelta(seconds=20),
    )
    Client().get("/")
    info = presence().info()
    assert info is not None
    durations = (info.ttl, info.retain, info.linger, info.resolution)
    assert durations == (timedelta(minutes=1), timedelta(days=3), timedelta(days=5), timedelta(seconds=20))


@pytest.mark.usefixtures("configured")
def test_another_key_has_the_same_server_and_settings() -> None:
    presence("users").touch("alice")
    assert (presence("users").members(), presence().members()) == (["alice"], [])
    assert presence("users") is presence("users")
    assert presence() is presence()


def test_async_request_stays_async(configured: Callable[..., None]) -> None:
    configured(WHO=user_name)
    assert iscoroutinefunction(PresenceMiddleware(async_page))
    assert not iscoroutinefunction(PresenceMiddleware(page))
    response = asyncio.run(AsyncClient().get("/async/", headers={"Authorization": "alice"}))
    assert response.content == b"here you are"
    assert presence().members() == ["alice"]


@pytest.mark.usefixtures("configured")
def test_hung_redis_holds_a_page_for_one_timeout(presence_server: Server) -> None:
    presence_server.pause()
    began = time.monotonic()
    assert Client().get("/").content == b"None online"
    assert TIMEOUT.total_seconds() * 0.9 < time.monotonic() - began < 2 * TIMEOUT.total_seconds()


@pytest.mark.usefixtures("configured")
def test_hung_redis_holds_async_requests_at_once_and_the_event_loop_never(presence_server: Server) -> None:
    presence_server.pause()
    rounds = 0

    async def count_rounds() -> None:
        nonlocal rounds
        while True:
            await asyncio.sleep(0.001)
            rounds += 1

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(cast(Any, ASGIHandler()))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            counting = asyncio.create_task(count_rounds())
            responses = await asyncio.gather(*(client.get("/async/") for _ in range(10)))
            counting.cancel()
        return [response.status_code for response in responses]

    began = time.monotonic()
    assert asyncio.run(ask()) == [200] * 10
    assert TIMEOUT.total_seconds() * 0.9 < time.monotonic() - began < 2 * TIMEOUT.total_seconds()
    assert rounds > 50


@pytest.mark.usefixtures("configured")
def test_site_goes_on_without_redis_and_counts_once_it_is_back(presence_server: Server) -> None:
    presence_server.kill()
    assert Client().get("/").content == b"None online"
    presence_server.start()
    deadline = time.monotonic() + 20
    while Client().get("/").content != b"1 online":
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (None, 'PRESENCE needs a server: PRESENCE = {"URL": "redis://localhost:6379"}'),
        ({"KEY": "online"}, 'PRESENCE needs a server: PRESENCE = {"URL": "redis://localhost:6379"}'),
        (
            SERVER | {"TLL": 5, "url": ""},
            "PRESENCE takes URL, KEY, TTL, RETAIN, LINGER, RESOLUTION, TIMEOUT, WHO, EXCLUDE, TRUSTED_PROXIES, "
            "and has 'TLL', 'url'",
        ),
        ({"URL": None}, 'PRESENCE["URL"]: a text is needed, not None'),
        ({"URL": "localhost"}, 'PRESENCE["URL"]: Redis URL must specify one of the following schemes'),
        (SERVER | {"KEY": ""}, """PRESENCE["KEY"]: a text is needed, not ''"""),
        (
            SERVER | {"TTL": 300},
            'PRESENCE["TTL"]: a duration is a datetime.timedelta, such as timedelta(minutes=5), not 300',
        ),
        (
            SERVER | {"TTL": timedelta(0)},
            "PRESENCE: a duration here is 0:00:00.001000 to 3650 days, 0:00:00, not 0:00:00",
        ),
        (
            SERVER | {"TIMEOUT": timedelta(0)},
            "PRESENCE: a duration here is 0:00:00.001000 to 3650 days, 0:00:00, not 0:00:00",
        ),
        (SERVER | {"WHO": "nowhere.who"}, "PRESENCE[\"WHO\"]: No module named 'nowhere'"),
        (SERVER | {"WHO": "who"}, 'PRESENCE["WHO"]: who doesn\'t look like a module path'),
        (
            SERVER | {"WHO": 5},
            'PRESENCE["WHO"]: a function of the request is needed, or its dotted path, not 5',
        ),
        (
            SERVER | {"WHO": awaited_name},
            f'PRESENCE["WHO"]: a function of the request is needed, or its dotted path, not {awaited_name!r}',
        ),
        (SERVER | {"EXCLUDE": "/api/"}, "PRESENCE[\"EXCLUDE\"]: a list is needed: ['/api/'], not '/api/'"),
        (
            SERVER | {"TRUSTED_PROXIES": ["proxy"]},
            "PRESENCE[\"TRUSTED_PROXIES\"]: 'proxy' does not appear to be",
        ),
    ],
)
def test_site_does_not_start_with_wrong_settings(given: dict[str, object] | None, complaint: str) -> None:
    with (
        override_settings(PRESENCE=given),
        pytest.raises(ImproperlyConfigured, match=f"^{re.escape(complaint)}"),
    ):
        WSGIHandler()
