"""A site that speaks ASGI marks who asks it and who talks over a WebSocket, and goes on without Redis."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis.asyncio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

import presence.asyncio
from presence.asgi import Message, PresenceMiddleware, Receive, Scope, Send, client_address
from presence.testing import Server

TIMEOUT = timedelta(milliseconds=500)
EVERY_TIME = timedelta(microseconds=1)


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{await request.app.state.online.count()} online")


async def sign_out(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(await request.app.state.online.leave(client_address(request.scope))))


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)


ROUTES = [
    Route("/", page),
    Route("/out", sign_out),
    Route("/api/online", page),
    Mount("/shop", routes=[Route("/api/online", page)]),
    WebSocketRoute("/chat", echo),
]


def open_presence(server: Server) -> "presence.asyncio.Presence[Any, None]":
    client = redis.asyncio.from_url(server.url, decode_responses=True)
    return presence.asyncio.Presence(client, "online", fail_open=True, timeout=TIMEOUT)


@pytest.fixture
def browse(presence_server: Server) -> Iterator[Callable[..., TestClient]]:
    """Opens a site with the middleware so configured, for a client at an address."""
    opened: list[TestClient] = []

    def browse(address: str = "192.0.2.1", root_path: str = "", **options: Any) -> TestClient:
        online = open_presence(presence_server)
        site = Starlette(
            routes=ROUTES, middleware=[Middleware(PresenceMiddleware, presence=online, **options)]
        )
        site.state.online = online
        client = TestClient(site, client=(address, 4711), root_path=root_path)
        opened.append(client.__enter__())
        return client

    yield browse
    for client in opened:
        client.__exit__()


@pytest.fixture
def members(presence_server: Server) -> Iterator[Callable[[], list[str]]]:
    with presence_server.client(decode_responses=True) as client:
        yield presence.Presence[str](client, "online").members


def test_each_client_counts_once_and_the_page_counts_its_reader(
    browse: Callable[..., TestClient], members: Callable[[], list[str]]
) -> None:
    addresses = ("192.0.2.1", "192.0.2.2", "192.0.2.1", "::ffff:192.0.2.2", "2001:DB8::1")
    pages = [browse(address).get("/").text for address in addresses]
    assert pages == ["1 online", "2 online", "2 online", "2 online", "3 online"]
    assert members() == ["2001:db8::1", "192.0.2.2", "192.0.2.1"]


def test_excluded_paths_are_compared_whole(browse: Callable[..., TestClient]) -> None:
    excluding = browse(exclude=["/api/online"])
    assert excluding.get("/api/online").text == "0 online"
    assert excluding.get("/shop/api/online").text == "1 online"


def test_excluded_paths_are_those_of_the_routes(browse: Callable[..., TestClient]) -> None:
    under_a_root = browse(root_path="/site", exclude=["/api/online"])
    assert under_a_root.get("/site/api/online").text == "0 online"
    assert under_a_root.get("/site/").text == "1 online"


def test_view_can_leave(browse: Callable[..., TestClient], members: Callable[[], list[str]]) -> None:
    assert browse().get("/out").text == "1"
    assert members() == []


def test_forwarded_address_counts_where_a_trusted_proxy_wrote_it(
    browse: Callable[..., TestClient], members: Callable[[], list[str]]
) -> None:
    # A proxy that adds a header of its own to that of the client.
    headers = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "198.51.100.7")]
    for client in (
        browse("10.0.0.1"),
        browse("192.0.2.1", trusted_proxies=["10.0.0.0/8"]),
        browse("10.0.0.1", trusted_proxies=["10.0.0.0/8"]),
    ):
        client.get("/", headers=headers)
    assert members() == ["198.51.100.7", "192.0.2.1", "10.0.0.1"]


def test_address_is_there_for_views_too() -> None:
    scope: Scope = {"client": None, "headers": [(b"x-forwarded-for", b"198.51.100.7")]}
    assert client_address(scope) == "127.0.0.1"
    assert client_address(scope, ["127.0.0.1"]) == "198.51.100.7"


def by_name(scope: Scope) -> str | None:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    return headers.get(b"authorization", b"").decode()


async def by_awaited_name(scope: Scope) -> str | None:
    return by_name(scope)


@pytest.mark.parametrize("who", [by_name, by_awaited_name])
def test_who_names_the_member_or_nobody(
    browse: Callable[..., TestClient], members: Callable[[], list[str]], who: Any
) -> None:
    site = browse(who=who)
    site.get("/", headers={"Authorization": "<script>alert(1)</script>"})
    site.get("/")
    assert members() == ["<script>alert(1)</script>"]


@pytest.mark.parametrize(
    ("options", "marked"),
    [
        ({"interval": EVERY_TIME}, [1, 4]),
        ({"interval": timedelta(hours=1)}, [1, 1]),
        ({"interval": EVERY_TIME, "exclude": ["/chat"]}, [0, 0]),
        ({"interval": EVERY_TIME, "who": by_name}, [0, 0]),
    ],
)
def test_websocket_marks_when_it_connects_and_at_most_once_in_an_interval(
    browse: Callable[..., TestClient], presence_server: Server, options: Any, marked: list[int]
) -> None:
    def touches() -> int:
        with presence_server.client(decode_responses=True) as client:
            statistics: Any = client.info("commandstats")
        return int(statistics.get("cmdstat_PRESENCE.TOUCH", {"calls": 0})["calls"])

    with browse(**options).websocket_connect("/chat") as socket:
        once_connected = touches()
        for text in ("one", "two", "three"):
            socket.send_text(text)
            assert socket.receive_text() == text
    # The site has done with the connection.
    assert [once_connected, touches()] == marked


async def run(server: Server, application: Callable[[Receive], Any], *messages: Message) -> Any:
    """What an application answers that is given these messages of a WebSocket, and then waits."""
    waiting = list(messages)

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: Message) -> None:
        raise AssertionError(message)

    async def run_application(scope: Scope, receive: Receive, send: Send) -> None:
        answers.append(await application(receive))

    answers: list[Any] = []
    online = open_presence(server)
    middleware = PresenceMiddleware(run_application, online, interval=EVERY_TIME)
    await middleware({"type": "websocket", "path": "/", "client": None, "headers": []}, receive, send)
    return answers[0]


def test_message_is_not_lost_where_the_application_stops_to_wait(presence_server: Server) -> None:
    async def application(receive: Receive) -> list[Any]:
        received = [(await receive())["text"]]
        presence_server.pause()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(receive(), 0.05)
        return [*received, (await receive())["text"]]

    messages = [{"type": "websocket.receive", "text": text} for text in ("one", "two")]
    assert asyncio.run(run(presence_server, application, *messages)) == ["one", "two"]


def test_who_only_listens_is_not_marked_again(
    presence_server: Server, members: Callable[[], list[str]]
) -> None:
    async def application(receive: Receive) -> list[str]:
        with presence_server.client() as client:
            client.flushall()
        await receive()
        for _ in range(3):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(receive(), 0.01)
        return members()

    assert asyncio.run(run(presence_server, application, {"type": "websocket.connect"})) == []


def test_hung_redis_holds_a_page_for_one_timeout(
    browse: Callable[..., TestClient], presence_server: Server
) -> None:
    site = browse()
    presence_server.pause()
    began = time.monotonic()
    assert site.get("/").text == "None online"
    assert TIMEOUT.total_seconds() * 0.9 < time.monotonic() - began < 2 * TIMEOUT.total_seconds()
    presence_server.kill()
    assert site.get("/").text == "None online"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"exclude": "/api/online"}, "a list is needed"),
        ({"trusted_proxies": ["proxy"]}, "'proxy' does not appear to be an IPv4 or IPv6 network"),
    ],
)
def test_wrong_options_are_refused_at_once(
    presence_server: Server, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        PresenceMiddleware(Starlette(), open_presence(presence_server), **options)
