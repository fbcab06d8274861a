"""What is known of the clients of a Redis server, for any number of browsers.

One thread subscribes to the announcements. Another asks every two seconds whether the server announces at all, since silence
does not tell, and so finds out when the server does not answer any more. The state is one text which the next one replaces:
a browser that is slow misses those in between, and holds nothing up.
"""

import dataclasses
import functools
import threading
from collections.abc import Iterator
from typing import Any

import redis
from presence import Clients
from redis.backoff import NoBackoff
from redis.retry import Retry

from .state import Facts, Picture

ASK = 2.0
"""Seconds between two questions, and before the next try to subscribe."""
ANSWERS_WITHIN = 2.0
"""Seconds after which the server is taken for lost."""
BEAT = 5.0
"""Seconds without news after which a browser hears that there are none."""

FREQUENCY = "presence.client-announce-frequency"


class Feed:
    """The state of a server's clients, kept up to date inside `with`."""

    def __init__(self, url: str, channel: str = "__redis__:cli") -> None:
        options: dict[str, Any] = {
            "client_name": "monitor",
            "decode_responses": True,
            # The name of a user may be any bytes.
            "encoding_errors": "replace",
            "socket_connect_timeout": ANSWERS_WITHIN,
            "socket_keepalive": True,
            "retry": Retry(NoBackoff(), 0),
        }
        self._channel = channel
        # A client of its own, since a new connection is announced, so that the first announcement comes at once.
        self._listener = redis.from_url(url, **options)
        self._asker = redis.from_url(url, **options, socket_timeout=ANSWERS_WITHIN)
        self._threads = [
            threading.Thread(target=target, daemon=True) for target in (self._listen, self._watch)
        ]
        self._stopping = threading.Event()
        self._nudged = threading.Event()
        self._changed = threading.Condition()
        self._facts = Facts()
        self._state = self._facts.to_json()

    def __enter__(self) -> "Feed":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # The threads end when they wake up, or with the program: a connection is not to be closed under a thread that reads.
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()

    def states(self) -> Iterator[str | None]:
        """The state now, and each time it has changed, as JSON; `None` where it has not for a while."""
        told: str | None = None
        while not self._stopping.is_set():
            with self._changed:
                is_new = self._changed.wait_for(functools.partial(self._is_news, told), BEAT)
                told = self._state
            yield told if is_new else None

    def _is_news(self, told: str | None) -> bool:
        return self._state != told or self._stopping.is_set()

    def _learn(self, **facts: Any) -> None:
        with self._changed:
            self._facts = dataclasses.replace(self._facts, **facts)
            self._state = self._facts.to_json()
            self._changed.notify_all()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                for announcement in Clients(self._listener).announcements(self._channel):
                    picture = Picture.announced(announcement)
                    self._learn(picture=picture, is_heard=True, silence=0, obstacle="")
            except redis.RedisError as error:
                self._learn(is_heard=False, silence=0, obstacle=str(error))
                # Perhaps the server is gone: whoever asks finds out.
                self._nudged.set()
            self._stopping.wait(ASK)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                self._ask()
            except redis.RedisError as error:
                self._learn(is_heard=False, problem=str(error))
            self._nudged.wait(ASK)
            self._nudged.clear()

    def _ask(self) -> None:
        was_down = bool(self._facts.problem) or not self._facts.is_asked
        facts: dict[str, Any] = {"is_asked": True, "problem": "", "silence": self._facts.silence + 1}
        try:
            settings = self._asker.config_get(FREQUENCY)
            facts["has_module"] = FREQUENCY in settings
            facts["frequency"] = int(settings.get(FREQUENCY) or 0)
        except redis.ResponseError:
            # The user may not ask. Then it is as it sounds.
            facts["frequency"] = None
        if facts["frequency"] == 0:
            facts["is_heard"] = False
        picture = self._first_picture() if was_down else None
        with self._changed:
            if picture is not None and not self._facts.is_heard:
                facts["picture"] = picture
            self._learn(**facts)

    def _first_picture(self) -> Picture | None:
        """What there is to show before an announcement has come, where the user may ask."""
        try:
            return Picture.listed(Clients(self._asker).list())
        except redis.ResponseError:
            return None
