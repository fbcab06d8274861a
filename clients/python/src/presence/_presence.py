"""A key of presence, asked and told with a client of redis-py."""

import logging
import time
from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any, Literal, cast, overload

import redis
from typing_extensions import Never, TypeVar, Unpack

from . import _fail_open
from ._calls import Call, Text
from ._following import Channels, Following, Pulse
from ._key import BITE, RECONNECT, Key, Settings
from ._types import Attachment, Entry, Event, Info, Kind, M, N, Record, Session, Update

T = TypeVar("T")
D = TypeVar("D")

logger = logging.getLogger("presence")


class Presence(Key[M, N]):
    """Who is online in a key.

    `redis` is a client of redis-py for one server or a cluster. `ttl` is how long a touch keeps a member online, `retain` how
    long an offline member is remembered after it was last seen, `linger` how long a key is kept that remembers nobody
    (`FOREVER`: always), `resolution` how soon after a member's last touch another one is not recorded: at most half of the ttl.
    `cap` is how many may be online at once (0: any number); a touch or an `attach` by which more would be raises
    `redis.ResponseError`, whose text begins with `CAPPED`.
    `None` leaves a setting to the key, and in a new key to the server's defaults. Settings go along with each touch, `attach`
    and `lease`, so they hold after a FLUSHALL and on a server that starts after the application; repeating them writes nothing.

    With `fail_open` no call raises an error of Redis: it waits for `timeout` once, logs to the logger `presence`, and answers
    `None` or an empty list; for a second after that, calls of all keys of this client answer so at once. `events` and
    `follow` are for programs that wait anyway, and are as without it.

    >>> online = Presence(redis.Redis(), "online", ttl=timedelta(minutes=5))
    >>> online.touch("alice", "bob")
    2
    """

    @overload
    def __new__(
        cls,
        redis: Any,
        key: Text,
        *,
        fail_open: Literal[False] = False,
        **settings: Unpack[Settings],
    ) -> "Presence[M, Never]": ...

    @overload
    def __new__(
        cls, redis: Any, key: Text, *, fail_open: bool, **settings: Unpack[Settings]
    ) -> "Presence[M, None]": ...

    def __new__(cls, *_: Any, **__: Any) -> "Presence[M, Any]":
        # Only here can mypy and pyright both be told what `fail_open` makes of the answers.
        return super().__new__(cls)

    def touch(self, *members: Text, ttl: timedelta | None = None, at: datetime | None = None) -> int | N:
        """Marks members as online, and answers how many of them were not before.

        `ttl` is for this touch alone; `at` records a touch of the past.
        """
        if not members:
            return 0
        return self._run(self._calls.touch(members, ttl, at))

    def leave(self, *members: Text) -> int | N:
        """Marks members as offline at once, and answers how many of them were online."""
        if not members:
            return 0
        return self._run(self._calls.leave(members))

    def forget(self, *members: Text) -> int | N:
        """Leaves no trace of members, and answers how many of them were remembered."""
        if not members:
            return 0
        return self._run(self._calls.forget(members))

    def attach(
        self,
        member: Text,
        session: Text,
        *,
        ttl: timedelta | None = None,
        group: Text | None = None,
        meta: Text | None = None,
    ) -> bool | N:
        """Attaches a session to a member, who is online while any of its sessions lasts. Whether the member came online.

        `session` is 1 to 255 bytes that name no other session of the key; one of another member moves to this one. It lasts
        for the key's ttl, or for `ttl`, and each `beat` renews it. `meta` is its own metadata; an empty one takes it away.

        `group`, of 1 to 255 bytes, is what carries the session, usually a process: `drop` and the end of a `lease` end all
        sessions of a group. Without it, a session that exists stays where it is.
        """
        return self._run(self._calls.attach(member, session, ttl, group, meta))

    def attach_all(
        self, *attachments: Attachment, ttl: timedelta | None = None, group: Text | None = None
    ) -> list[bool]:
        """As `attach` for each of these, in one round trip. For each, whether its member came online by it.

        Where the server refuses some, the others are attached all the same, and the first of the errors is raised.
        """
        return self._run_or(self._calls.attach_all(attachments, ttl, group), []) if attachments else []

    def beat(self, *sessions: Text, ttl: timedelta | None = None) -> list[M]:
        """Keeps sessions for another ttl, the key's or `ttl`. Answers those that are not attached: `attach` them anew."""
        return self._run_or(self._calls.beat(sessions, ttl), []) if sessions else []

    def detach(self, *sessions: Text, grace: timedelta | None = None) -> int | N:
        """Ends sessions, and answers how many members went offline by that.

        With `grace` they end after that time, or when they would have anyway: a page that is loaded anew has that long to
        attach its next session.
        """
        if not sessions:
            return 0
        return self._run(self._calls.detach(sessions, grace))

    def sessions(self, member: Text) -> list[Session[M]]:
        """The sessions of a member: which was seen last comes first."""
        return self._run_or(self._calls.sessions(member), [])

    def lease(self, *groups: Text, ttl: timedelta) -> None:
        """Leases groups of sessions for `ttl` from now on: they end as by `drop` unless they are leased again within it.

        A group may be leased before its first session. With `fail_open` a lease that gets no answer is only logged.
        """
        if groups:
            self._run(self._calls.lease(groups, ttl))

    def drop(self, *groups: Text) -> int | N:
        """Ends all sessions of groups, and their leases. Answers how many sessions end, at once or later."""
        if not groups:
            return 0
        return self._run(self._calls.drop(groups))

    def count(self, window: timedelta | None = None) -> int | N:
        """How many are online, or with `window` were seen within that time."""
        return self._run(self._calls.count(window))

    def members(
        self,
        *,
        window: timedelta | None = None,
        oldest_first: bool = False,
        offset: int = 0,
        limit: int | None = None,
    ) -> list[M]:
        """Who is online, or with `window` was seen within that time: who was seen last comes first."""
        return self._run_or(self._calls.members(window, oldest_first, offset, limit), [])

    def entries(
        self,
        *,
        window: timedelta | None = None,
        oldest_first: bool = False,
        offset: int = 0,
        limit: int | None = None,
        with_meta: bool = False,
    ) -> list[Entry[M]]:
        """As `members`, with the time when each was last seen and how long it stays online, and `with_meta` its metadata."""
        return self._run_or(self._calls.entries(window, oldest_first, offset, limit, with_meta), [])

    def online(self, *members: Text) -> list[M]:
        """Those of these members who are online, in the order given."""
        return self._run_or(self._calls.online(members), []) if members else []

    def intersection(self, other: Text, *, limit: int | None = None) -> list[M]:
        """Those members of the set or sorted set at the key `other` who are online, in no order."""
        return self._run_or(self._calls.intersection(other, limit), [])

    def intersection_last_seen(self, other: Text, *, limit: int | None = None) -> dict[M, datetime]:
        """As `intersection`, each with the time when it was last seen."""
        return self._run_or(self._calls.intersection_last_seen(other, limit), {})

    def count_intersection(self, other: Text, *, limit: int | None = None) -> int | N:
        """How many members of the set or sorted set at the key `other` are online; no more than `limit` are counted."""
        return self._run(self._calls.count_intersection(other, limit))

    def set_meta(self, member: Text, blob: Text, *, session: Text | None = None) -> bool | N:
        """Sets a member's metadata, or with an empty `blob` takes it away. Whether there is such a member.

        With `session` it is the metadata of that session of the member.
        """
        return self._run(self._calls.set_meta(member, blob, session))

    def meta(self, *members: Text) -> list[M | None]:
        """The metadata of these members; `None` for one who has none."""
        return self._run_or(self._calls.meta(members), []) if members else []

    def is_online(self, member: Text) -> bool | N:
        """Whether a member is online."""
        return self._run(self._calls.is_online(member))

    def __contains__(self, member: Text) -> bool:
        """Whether a member is online; with `fail_open`, False where that is not known."""
        return bool(self.is_online(member))

    def last_seen(self, member: Text) -> datetime | None:
        """When a member was last seen; `None` for one that is not remembered."""
        return self._run_or(self._calls.last_seen(member), None)

    def record(self) -> Record | N:
        """The most members ever online at once, and when that was."""
        return self._run(self._calls.record())

    def raise_record(self, peak: int, at: datetime) -> bool | N:
        """Carries a record over from elsewhere if it is larger than the one here, and answers whether it was."""
        return self._run(self._calls.raise_record(peak, at))

    def info(self) -> Info | None:
        """The state and settings of the key; `None` where there is no such key."""
        return self._run_or(self._calls.info(), None)

    def scan_iter(self, match: Text | None = None, count: int | None = None) -> Generator[M, None, None]:
        """Who is online, in bites of `count` and in no order: who is online all the while comes at least once."""
        cursor = 0
        while True:
            cursor, members = self._run_or(self._calls.scan(cursor, match, count), (0, []))
            yield from members
            if cursor == 0:
                return

    def events(self, *kinds: Kind) -> Generator[Event[M], None, None]:
        """What happens in the key from when the first event is asked for; of some kinds, or of all.

        Nothing comes unless the server's setting `presence.events` has the kinds. What happens while the connection is lost
        is not told: `follow` is for those who want to know who is online.
        """
        channels = Channels[M](self._db(), self.key, kinds or tuple(Kind), self._encoder())
        with self._patient.pubsub() as messages:
            messages.subscribe(*channels.names)
            for message in messages.listen():
                event = channels.event(message)
                if event is not None:
                    yield event

    def follow(self, *, refresh: timedelta = timedelta(seconds=10)) -> Generator[Update[M], None, None]:
        """Who is online, each time that has changed, for ever.

        The first update has all who are online. Where the connection is lost and is not made again at once, one update says
        so, and the next, once there is a connection again, has all that has changed meanwhile. No event tells of members that
        go with a key that is deleted, expired or overwritten: the server's keyspace notifications do (`notify-keyspace-events
        KA`), and without them, or after a flush, the count that is asked for every `refresh`.

        A user whose channels are restricted needs `&__presence@<db>__:*` and `&__keyspace@<db>__:<key>`.
        """
        following = Following[M](self._db(), self.key, self._encoder())
        client = _fail_open.copy(self._patient, refresh)
        try:
            while True:
                try:
                    yield from self._follow_connection(client, following, refresh)
                except _fail_open.UNREACHABLE as error:
                    update = following.lost()
                    if update is not None:
                        logger.warning("the connection that follows %r is lost: %s", self.key, error)
                        yield update
                    time.sleep(RECONNECT)
        finally:
            if client is not self._patient:
                client.close()

    def close(self) -> None:
        """Closes the connections that calls which fail open have of their own, which all keys of the client given share."""
        if self._redis is not self._patient:
            self._redis.close()

    def _follow_connection(
        self, client: Any, following: Following[M], refresh: timedelta
    ) -> Generator[Update[M], None, None]:
        reader: Presence[M, Never] = Presence(client, self.key)
        pulse = Pulse(refresh)
        following.subscribe()
        with client.pubsub() as messages:
            messages.subscribe(*following.channels)
            while True:
                message = messages.get_message(timeout=pulse.wait())
                if message is not None:
                    pulse.heard()
                is_to_be_read = message is not None and following.is_to_be_read(message)
                if pulse.is_due():
                    messages.ping()
                    is_to_be_read = is_to_be_read or following.is_off(reader.count())
                update = (
                    following.read(reader.scan_iter(count=BITE))
                    if is_to_be_read
                    else following.apply(message)
                )
                if update is not None:
                    yield update

    def _run(self, call: Call[T]) -> T | N:
        return self._run_or(call, cast(N, None))

    def _run_or(self, call: Call[T], otherwise: D) -> T | D:
        """The answer to a call; with `fail_open`, `otherwise` where it does not come."""
        breaker = self._breaker
        if breaker is None:
            return call.read(self._send(call))
        if not breaker.permits(call.name):
            return otherwise
        try:
            reply = self._send(call)
        except redis.DataError:
            raise
        except _fail_open.FAILURES as error:
            breaker.failed(error)
            return otherwise
        breaker.answered()
        return call.read(reply)

    def _send(self, call: Call[Any]) -> Any:
        """The reply to the last command of a call."""
        try:
            if len(call.commands) == 1 and not call.reads_all:
                return self._redis.execute_command(*call.commands[0])
            pipeline = self._redis.pipeline(transaction=False)
            for command in call.commands:
                pipeline.execute_command(*command)
            return call.reply(pipeline.execute(raise_on_error=False))
        except redis.ResponseError as error:
            if str(error) == call.nothing:
                return None
            raise
