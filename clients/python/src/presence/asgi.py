"""Who is online on a site that speaks ASGI (Starlette, FastAPI, Litestar, Quart): a middleware that marks whoever asks it.

online = presence.asyncio.Presence(redis.asyncio.Redis(), "online", ttl=timedelta(minutes=5), fail_open=True)
app = Starlette(middleware=[Middleware(PresenceMiddleware, presence=online, exclude=["/api/online"])])
"""

import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from datetime import timedelta
from inspect import isawaitable
from typing import Any, TypeAlias

from . import _http
from .asyncio import Presence

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class PresenceMiddleware:
    """Marks whoever sends a request, before the application has it: so a page counts its own reader, and a view can LEAVE.

    A WebSocket marks its member when it connects, and then with what the client sends, once in `interval`; so `interval` is
    shorter than the key's ttl. Who only listens goes offline in time.

    `who` names the member of a scope, or nobody by `None` or an empty text; it may be awaited, and is by default the client's
    address. One that looks at `scope["user"]` needs a place after the authentication. `exclude` are paths that do not count,
    compared whole and as the application's routes have them, without its `root_path`. `trusted_proxies` are the networks of the
    proxies whose X-Forwarded-For is believed.
    """

    def __init__(
        self,
        app: App,
        presence: Presence[Any, Any],
        *,
        who: Callable[[Scope], str | Awaitable[str | None] | None] | None = None,
        exclude: Iterable[str] = (),
        trusted_proxies: Iterable[str] = (),
        interval: timedelta = timedelta(seconds=10),
    ) -> None:
        self._app = app
        self._presence = presence
        self._exclude = _http.excluded_paths(exclude)
        self._interval = interval.total_seconds()
        proxies = _http.trusted_proxies(trusted_proxies)
        self._who = who or (lambda scope: _client_address(scope, proxies))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and _route_path(scope) not in self._exclude:
            named = self._who(scope)
            member = await named if isawaitable(named) else named
            if member:
                await self._presence.touch(member)
                if scope["type"] == "websocket":
                    receive = self._marking(member, receive)
        await self._app(scope, receive, send)

    def _marking(self, member: str, receive: Receive) -> Receive:
        """Receives for the application, and marks a member that has sent something."""
        due = time.monotonic() + self._interval
        has_sent = False

        async def receive_and_mark() -> Message:
            nonlocal due, has_sent
            # Marked is what came before: an application that stops to wait, while a message is held here, would lose it.
            if has_sent and time.monotonic() >= due:
                await self._presence.touch(member)
                due = time.monotonic() + self._interval
                has_sent = False
            message = await receive()
            has_sent = has_sent or message["type"] == "websocket.receive"
            return message

        return receive_and_mark


def client_address(scope: Scope, trusted_proxies: Iterable[str] = ()) -> str:
    """The address that a request came from; X-Forwarded-For counts where one of these proxies has written it."""
    return _client_address(scope, _http.trusted_proxies(trusted_proxies))


def _client_address(scope: Scope, proxies: Iterable[_http.Network]) -> str:
    client = scope.get("client")
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return _http.client_address(client[0] if client else "", b",".join(forwarded).decode("latin-1"), proxies)


def _route_path(scope: Scope) -> str:
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path.removeprefix(root) if path.startswith(f"{root}/") else path
