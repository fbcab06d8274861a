"""The page, and what it asks for."""

from pathlib import Path

import redis
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .hub import Hub
from .key import WatchedKey
from .names import Name, shown
from .times import duration, unix

STATIC = Path(__file__).with_name("static")
LONGEST_PAGE = 100
LONGEST_MEMBER = 65_535
"""Bytes."""
LARGEST_OFFSET = 2**40
MOST_SESSIONS = 10
"""Of one member that are shown."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # No text ever becomes markup: the browser refuses whatever would parse some.
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def application(hub: Hub) -> Starlette:
    """The page of what a hub knows that runs beside it."""
    api = _Api(hub)
    return Starlette(
        routes=[
            Route("/", _page),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/api/stream", api.stream),
            Route("/api/samples", api.samples),
            Route("/api/keys/{name}/members", api.members),
            Route("/api/search", api.search),
            Route("/api/clients", api.clients),
        ],
        middleware=[Middleware(_Headers)],
        exception_handlers={
            HTTPException: _refused,
            redis.ConnectionError: _unanswered,
            redis.TimeoutError: _unanswered,
            redis.ResponseError: _answered_with_an_error,
        },
    )


class _Api:
    """What the page's scripts ask for. No request waits longer for Redis than the hub's time-out."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def stream(self, _: Request) -> Response:
        """The state of everything, and each change of it."""
        # Proxies are not to hold back what is meant for now.
        headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
        return StreamingResponse(self._hub.board.stream(), media_type="text/event-stream", headers=headers)

    async def samples(self, _: Request) -> Response:
        """How many were online in each key, second by second."""
        return JSONResponse(list(self._hub.samples))

    async def members(self, request: Request) -> Response:
        """A page of who is online in a key, newest first."""
        key = self._key(request.path_params["name"])
        offset, limit = _window(request)
        self._hub.link.require()
        total = await key.presence.count()
        entries = await key.presence.entries(offset=offset, limit=limit)
        details = await key.details([entry.member for entry in entries])
        now = self._hub.link.now()
        rows = [
            {
                "name": shown(entry.member),
                "last_seen": unix(entry.last_seen),
                "until": now + duration(entry.ttl_left),
                "sessions": detail.sessions,
                "meta": _shown_or_none(detail.meta),
            }
            for entry, detail in zip(entries, details, strict=True)
        ]
        return JSONResponse({"now": now, "total": total, "rows": rows})

    async def search(self, request: Request) -> Response:
        """What each key knows of a member."""
        member = request.query_params.get("member", "").encode()
        if not 0 < len(member) <= LONGEST_MEMBER:
            raise HTTPException(400, f"member has to be 1 to {LONGEST_MEMBER} bytes")
        self._hub.link.require()
        found = {name: await _found(key, member) for name, key in self._hub.keys.items()}
        return JSONResponse({"now": self._hub.link.now(), "name": shown(member), "found": found})

    async def clients(self, request: Request) -> Response:
        """A page of the connections to the server, in the order in which they came."""
        offset, limit = _window(request)
        newest = self._hub.clients.newest
        rows = [
            {
                "id": client.id,
                "name": shown(client.name),
                "addr": shown(client.addr),
                "user": shown(client.user),
                "db": client.db,
                "connected_at": unix(client.connected_at),
                "last_interaction": unix(client.last_interaction),
                "online": client.online,
            }
            for client in newest[offset : offset + limit]
        ]
        return JSONResponse({"now": self._hub.link.now(), "total": len(newest), "rows": rows})

    def _key(self, name: str) -> WatchedKey:
        if name not in self._hub.keys:
            raise HTTPException(404, "there is no such key on this page")
        return self._hub.keys[name]


class _Headers:
    """Adds the headers to each response, and lets no browser use an old one unasked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _page(_: Request) -> Response:
    return FileResponse(STATIC / "index.html")


async def _found(key: WatchedKey, member: bytes) -> dict[str, object]:
    """Whether a member is `online` or was `seen`, and when, its metadata and its newest sessions; else it is `unknown`."""
    is_online = await key.presence.is_online(member)
    last_seen = await key.presence.last_seen(member)
    sessions = await key.sessions(member)
    state = "online" if is_online else "unknown" if last_seen is None else "seen"
    return {
        "state": state,
        "last_seen": None if last_seen is None else unix(last_seen),
        "meta": _shown_or_none(await key.meta(member)),
        "total": len(sessions),
        "sessions": [
            {
                "name": shown(session.id),
                "last_seen": unix(session.last_seen),
                "group": _shown_or_none(session.group),
                "meta": _shown_or_none(session.meta),
            }
            for session in sessions[:MOST_SESSIONS]
        ],
    }


def _shown_or_none(name: bytes | None) -> Name | None:
    return None if name is None else shown(name)


def _window(request: Request) -> tuple[int, int]:
    """The offset and the limit that are asked for."""
    try:
        offset = int(request.query_params.get("offset", "0"))
        limit = int(request.query_params.get("limit", "10"))
    except ValueError:
        raise HTTPException(400, "offset and limit are numbers") from None
    if not (0 <= offset <= LARGEST_OFFSET and 1 <= limit <= LONGEST_PAGE):
        raise HTTPException(400, f"offset has to be 0 or more, limit 1 to {LONGEST_PAGE}")
    return offset, limit


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"problem": error.detail}, error.status_code)


async def _unanswered(_: Request, error: Exception) -> Response:
    if isinstance(error, redis.TimeoutError):
        return JSONResponse({"problem": "Redis does not answer"}, 503)
    return JSONResponse({"problem": "The connection to Redis is lost"}, 503)


async def _answered_with_an_error(_: Request, error: Exception) -> Response:
    return JSONResponse({"problem": str(error)}, 502)
