"""Who is online on a Django site: a middleware that marks whoever asks for a page, and the key for the site's views.

    MIDDLEWARE = [..., "presence.django.PresenceMiddleware"]
    PRESENCE = {"URL": "redis://localhost:6379", "KEY": "online", "TTL": timedelta(minutes=5), "EXCLUDE": ["/api/online/"]}

The settings are `URL`, the only one that is needed; `KEY` ("online"); `TTL`, `RETAIN`, `LINGER`, `RESOLUTION` and `TIMEOUT`,
durations as `presence.Presence` has them; `WHO`, a function of the request, or its dotted path, that names the member, or
nobody by `None` or an empty text (the client's address); `EXCLUDE`, paths of requests that do not count, compared whole;
`TRUSTED_PROXIES`, the networks of the proxies whose X-Forwarded-For is believed.

With Redis down or hung the site goes on: all calls fail open.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, cast

import redis
from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin
from django.utils.module_loading import import_string

from . import Presence, _http
from ._key import Settings


class PresenceMiddleware(MiddlewareMixin):
    """Marks whoever sends a request, before the view has it: so a page counts its own reader, and a view can LEAVE.

    A `WHO` that looks at `request.user` needs a place after Django's `AuthenticationMiddleware`; a user whom only the view
    authenticates, as by a token of REST framework, is touched where that is done. A subclass with another `key` and a `who` of
    its own marks that one beside it.

    For an asynchronous request it runs in a thread, as Django's own middlewares do, and not over `presence.asyncio`: `WHO` may
    ask the database, and connections of asyncio belong to one event loop, while Django under WSGI makes one for each request.
    """

    key: str | None = None
    """What is marked: the key of the settings, or another one."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        # Wrong settings stop the site when it starts.
        presence(self.key)

    def who(self, request: HttpRequest) -> str | None:
        """The member that a request marks; `None` or an empty text is nobody."""
        return _site().who(request)

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info in _site().exclude:
            return
        member = self.who(request)
        if member:
            presence(self.key).touch(member)


@cache
def presence(key: str | None = None) -> Presence[str, None]:
    """The key of the site's `PRESENCE`, or another one on the same server with the same settings."""
    site = _site()
    try:
        return Presence(site.redis, site.key if key is None else key, fail_open=True, **site.durations)
    except ValueError as error:
        raise ImproperlyConfigured(f"PRESENCE: {error}") from error


def client_address(request: HttpRequest) -> str:
    """The address that a request came from; X-Forwarded-For counts where one of `TRUSTED_PROXIES` has written it."""
    meta = request.META
    return _http.client_address(
        meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR"), _site().trusted_proxies
    )


@dataclass(frozen=True)
class _Site:
    """The site's `PRESENCE`, read."""

    redis: redis.Redis
    key: str
    durations: Settings
    who: Callable[[HttpRequest], str | None]
    exclude: frozenset[str]
    trusted_proxies: tuple[_http.Network, ...]


@cache
def _site() -> _Site:
    given = getattr(settings, "PRESENCE", None)
    if not isinstance(given, Mapping) or "URL" not in given:
        raise ImproperlyConfigured('PRESENCE needs a server: PRESENCE = {"URL": "redis://localhost:6379"}')
    unknown = given.keys() - _READERS.keys()
    if unknown:
        names = ", ".join(sorted(map(repr, unknown)))
        raise ImproperlyConfigured(f"PRESENCE takes {', '.join(_READERS)}, and has {names}")
    values = {name: _read(name, value) for name, value in given.items()}
    return _Site(
        redis=values["URL"],
        key=values.get("KEY", "online"),
        durations=cast(Settings, {name.lower(): values[name] for name in _DURATIONS if name in values}),
        who=values.get("WHO", client_address),
        exclude=values.get("EXCLUDE", frozenset()),
        trusted_proxies=values.get("TRUSTED_PROXIES", ()),
    )


@receiver(setting_changed)
def _forget(*, setting: str, **_: Any) -> None:
    """Tests override settings."""
    if setting == "PRESENCE":
        _site.cache_clear()
        presence.cache_clear()


def _read(name: str, value: Any) -> Any:
    try:
        return _READERS[name](value)
    except (ImportError, TypeError, ValueError) as error:
        raise ImproperlyConfigured(f'PRESENCE["{name}"]: {error}') from error


def _client(url: Any) -> redis.Redis:
    # Whatever other programs have written into the key, and whatever is in a name, no request fails of it.
    return redis.Redis.from_url(_text(url), decode_responses=True, encoding_errors="backslashreplace")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"a text is needed, not {value!r}")
    return value


def _duration(value: Any) -> timedelta:
    if not isinstance(value, timedelta):
        raise TypeError(f"a duration is a datetime.timedelta, such as timedelta(minutes=5), not {value!r}")
    return value


def _who(value: Any) -> Callable[[HttpRequest], str | None]:
    who = import_string(value) if isinstance(value, str) else value
    if not callable(who) or iscoroutinefunction(who):
        raise TypeError(f"a function of the request is needed, or its dotted path, not {value!r}")
    return cast(Callable[[HttpRequest], str | None], who)


_DURATIONS = ("TTL", "RETAIN", "LINGER", "RESOLUTION", "TIMEOUT")
_READERS: dict[str, Callable[[Any], Any]] = {
    "URL": _client,
    "KEY": _text,
    **dict.fromkeys(_DURATIONS, _duration),
    "WHO": _who,
    "EXCLUDE": _http.excluded_paths,
    "TRUSTED_PROXIES": _http.trusted_proxies,
}
