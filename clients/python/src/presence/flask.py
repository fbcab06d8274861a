"""Marks as online, in a Flask application, whoever a request came from."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import redis
from flask import Flask, Response, current_app, request

from ._http import Network, client_address, excluded_paths, trusted_proxies
from ._key import DEFAULT_TIMEOUT
from ._presence import Presence


@dataclass(frozen=True)
class _State:
    """What an extension knows of one application."""

    presence: Presence[Any, Any]
    trusted: tuple[Network, ...]


class PresenceExtension:
    """Touches a member once for each request, after the view, when the user is known: also where the view fails.

    `who` says which member that is; `None` or an empty text is nobody. Without it, members are the visitors' addresses.
    `exclude` are paths whose requests mark nobody, such as that of the page which tells the number, each compared as a whole.

    The configuration of the application says the rest. Its keys are `PRESENCE_URL` (of Redis, by default
    `redis://localhost:6379`), `PRESENCE_KEY` (`"online"`), `PRESENCE_TTL`, `PRESENCE_RETAIN`, `PRESENCE_LINGER`,
    `PRESENCE_RESOLUTION` and `PRESENCE_TIMEOUT` as `Presence` takes them, and `PRESENCE_TRUSTED_PROXIES`: whose X-Forwarded-For
    is believed, such as `["10.0.0.0/8"]`. With Redis down the site goes on: calls fail open. A `presence` given here stands in
    for all of these but the last; several extensions, each with its own, mark in several keys.

    >>> online = PresenceExtension(who=lambda: session.get("user"), exclude=["/online"])
    >>> online.init_app(app)
    >>> @app.get("/online")
    ... def how_many():
    ...     return {"online": online.presence.count()}
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        presence: Presence[Any, Any] | None = None,
        who: Callable[[], str | None] | None = None,
        exclude: Iterable[str] = (),
    ) -> None:
        self._presence = presence
        self._who = who or self.address
        self._excluded = excluded_paths(exclude)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Marks the users of this application from now on."""
        proxies = trusted_proxies(app.config.setdefault("PRESENCE_TRUSTED_PROXIES", ()))
        state = _State(self._presence or _configured(app), proxies)
        app.extensions.setdefault("presence", {})[self] = state
        app.after_request(self._after_request)
        app.teardown_request(self._teardown_request)

    @property
    def presence(self) -> Presence[Any, Any]:
        """The key in which the current application marks its users."""
        return self._state.presence

    def address(self) -> str:
        """The address that the current request came from."""
        forwarded = request.headers.get("X-Forwarded-For")
        return client_address(request.remote_addr or "", forwarded, self._state.trusted)

    def leave(self, member: str) -> None:
        """Marks a member as offline at once, as for a log-out. The current request marks nobody any more."""
        self._settled().add(self)
        self.presence.leave(member)

    def _after_request(self, response: Response) -> Response:
        # Not at the end of the request: a stream may end hours later, and then because its reader has gone.
        self._mark()
        return response

    def _teardown_request(self, error: BaseException | None) -> None:
        # An error that Flask passes on, as it does in debugging and in tests, comes past `_after_request`.
        if error is not None:
            self._mark()

    def _mark(self) -> None:
        settled = self._settled()
        if self in settled or request.path in self._excluded:
            return
        settled.add(self)
        member = self._who()
        if member:
            self.presence.touch(member)

    @staticmethod
    def _settled() -> "set[PresenceExtension]":
        """The extensions that need not mark the current request any more."""
        # In the environment, since `g` is not the request's own: requests in one application context share it.
        settled: set[PresenceExtension] = request.environ.setdefault("presence.settled", set())
        return settled

    @property
    def _state(self) -> _State:
        states: dict[PresenceExtension, _State] = current_app.extensions.get("presence", {})
        if self not in states:
            raise RuntimeError(f"call init_app of this extension with {current_app.name!r} first")
        return states[self]


def _configured(app: Flask) -> Presence[str, None]:
    config = app.config
    client = redis.Redis.from_url(
        config.setdefault("PRESENCE_URL", "redis://localhost:6379"),
        decode_responses=True,
        # Whatever a key holds or a name contains, no request fails of it.
        encoding_errors="backslashreplace",
    )
    return Presence(
        client,
        config.setdefault("PRESENCE_KEY", "online"),
        ttl=config.setdefault("PRESENCE_TTL", None),
        retain=config.setdefault("PRESENCE_RETAIN", None),
        linger=config.setdefault("PRESENCE_LINGER", None),
        resolution=config.setdefault("PRESENCE_RESOLUTION", None),
        timeout=config.setdefault("PRESENCE_TIMEOUT", DEFAULT_TIMEOUT),
        fail_open=True,
    )
