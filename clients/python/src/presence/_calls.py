"""The commands of each call, and how their replies are read. Nothing here talks to a server.

Replies are the same on RESP2 and RESP3 but for maps, which are flat lists on RESP2, and they hold text as `bytes` or `str`
as the client decodes it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeAlias

from typing_extensions import TypeVar

from ._times import FOREVER, from_milliseconds, from_unix, to_milliseconds, to_unix
from ._types import Attachment, Client, Entry, Info, M, Record, Session

T = TypeVar("T")
Text: TypeAlias = str | bytes
Command: TypeAlias = tuple[Text | int, ...]


@dataclass(frozen=True)
class Call(Generic[T]):
    """Commands that are sent together, and how the last one's reply is read, or a list of all replies."""

    commands: tuple[Command, ...]
    read: Callable[[Any], T]
    nothing: str | None = None
    """The error that means that there is nothing, and is read as a reply of `None`."""
    reads_all: bool = False

    @property
    def name(self) -> str:
        """The command that is answered."""
        return str(self.commands[-1][0])

    def reply(self, replies: list[Any]) -> Any:
        """What is read of a pipeline. An error in it is raised as the server tells it: redis-py would quote the command."""
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
        return replies if self.reads_all else replies[-1]


def text(value: Text) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def fields(reply: Any) -> dict[str, Any]:
    """A map by the names of its fields."""
    pairs: Iterable[tuple[Text, Any]]
    pairs = reply.items() if isinstance(reply, Mapping) else zip(reply[::2], reply[1::2], strict=True)
    return {text(name): value for name, value in pairs}


def _time(reply: int | None) -> datetime | None:
    return None if reply is None else from_unix(reply)


def _entry(reply: Any) -> Entry[Any]:
    member, last_seen, ttl_left, *meta = reply
    return Entry(member, from_unix(last_seen), from_milliseconds(ttl_left), *meta)


def _session(reply: Any) -> Session[Any]:
    field = fields(reply)
    return Session(
        id=field["session"],
        last_seen=from_unix(field["last-seen"]),
        ttl_left=from_milliseconds(field["ttl-left"]),
        group=field["group"],
        meta=field["meta"],
    )


def _record(reply: Any) -> Record:
    peak, at = reply
    return Record(peak, _time(at))


def _info(reply: Any) -> Info | None:
    if reply is None:
        return None
    field = fields(reply)
    linger = field["linger"]
    return Info(
        online=field["online"],
        remembered=field["remembered"],
        record=Record(field["peak"], _time(field["peak-at"])),
        ttl=from_milliseconds(field["ttl"]),
        retain=from_milliseconds(field["retain"]),
        linger=FOREVER if linger == -1 else from_milliseconds(linger),
        next_due=_time(field["next-due"]),
        bytes=field["bytes"],
        # A key without them does not tell them, nor does a server that knows of none.
        resolution=from_milliseconds(field.get("resolution", 0)),
        cap=field.get("cap"),
        dropping=field.get("dropping", 0),
    )


def _client(reply: Any) -> Client:
    field = fields(reply)
    return Client(
        id=field["id"],
        addr=text(field["addr"]),
        name=text(field["name"]),
        user=text(field["user"]),
        db=field["db"],
        connected_at=from_unix(field["connected-at"]),
        last_interaction=from_unix(field["last-interaction"]),
        online=bool(field["online"]),
    )


def clients(window: timedelta | None) -> Call[list[Client]]:
    return Call(
        (("PRESENCE.CLIENTS", *_window(window)),),
        lambda reply: [_client(client) for client in reply],
    )


def _window(window: timedelta | None) -> Command:
    return () if window is None else ("WINDOW", to_milliseconds(window))


def settings(
    ttl: timedelta | None,
    retain: timedelta | None,
    linger: timedelta | None,
    resolution: timedelta | None = None,
    cap: int | None = None,
) -> Command:
    """The options of CONFIG; none where nothing is to be set."""
    options: Command = ()
    if ttl is not None:
        options += ("TTL", to_milliseconds(ttl))
    if retain is not None:
        options += ("RETAIN", to_milliseconds(retain, timedelta(0)))
    if linger is not None:
        options += ("LINGER", -1 if linger == FOREVER else to_milliseconds(linger, timedelta(0)))
    if resolution is not None:
        options += ("RESOLUTION", to_milliseconds(resolution, timedelta(0)))
        # Said here already: a call that fails open would only log what the server says.
        if ttl is not None and resolution > ttl / 2:
            raise ValueError(f"a resolution is at most half of the ttl of {ttl}, not {resolution}")
    if cap is not None:
        if not 0 <= cap < 1 << 32:
            raise ValueError(f"a cap is a number from 0, which is none, to {(1 << 32) - 1}, not {cap}")
        options += ("CAP", cap)
    return options


class KeyCalls(Generic[M]):
    """The calls on one key."""

    def __init__(
        self,
        key: Text,
        ttl: timedelta | None = None,
        retain: timedelta | None = None,
        linger: timedelta | None = None,
        resolution: timedelta | None = None,
        cap: int | None = None,
    ) -> None:
        self.key = key
        options = settings(ttl, retain, linger, resolution, cap)
        self._config: tuple[Command, ...] = (("PRESENCE.CONFIG", key, *options),) if options else ()

    def touch(self, members: tuple[Text, ...], ttl: timedelta | None, at: datetime | None) -> Call[int]:
        command: Command
        if ttl is None and at is None:
            command = ("PRESENCE.TOUCH", self.key, *members)
        else:
            options = _ttl(ttl)
            options += () if at is None else ("AT", to_unix(at))
            command = ("PRESENCE.TOUCHEX", self.key, *options, "MEMBERS", len(members), *members)
        return Call((*self._config, command), int)

    def leave(self, members: tuple[Text, ...]) -> Call[int]:
        return self._call("LEAVE", *members, read=int)

    def forget(self, members: tuple[Text, ...]) -> Call[int]:
        return self._call("FORGET", *members, read=int)

    def attach(
        self, member: Text, session: Text, ttl: timedelta | None, group: Text | None, meta: Text | None
    ) -> Call[bool]:
        return Call((*self._config, self._attach(Attachment(member, session, meta), ttl, group)), bool)

    def attach_all(
        self, attachments: tuple[Attachment, ...], ttl: timedelta | None, group: Text | None
    ) -> Call[list[bool]]:
        commands = tuple(self._attach(attachment, ttl, group) for attachment in attachments)
        return Call(
            (*self._config, *commands),
            lambda replies: [bool(reply) for reply in replies[len(self._config) :]],
            reads_all=True,
        )

    def beat(self, sessions: tuple[Text, ...], ttl: timedelta | None) -> Call[list[M]]:
        # Without the settings: they would make the key, and a beat makes nothing.
        return self._call("BEAT", *_ttl(ttl), "SESSIONS", len(sessions), *sessions, read=list)

    def detach(self, sessions: tuple[Text, ...], grace: timedelta | None) -> Call[int]:
        options: Command = () if grace is None else ("GRACE", to_milliseconds(grace, timedelta(0)))
        return self._call("DETACH", *options, "SESSIONS", len(sessions), *sessions, read=int)

    def sessions(self, member: Text) -> Call[list[Session[M]]]:
        return self._call("SESSIONS", member, read=lambda reply: [_session(session) for session in reply])

    def lease(self, groups: tuple[Text, ...], ttl: timedelta) -> Call[None]:
        command: Command = ("PRESENCE.LEASE", self.key, *groups, *_ttl(ttl))
        return Call((*self._config, command), lambda _: None)

    def drop(self, groups: tuple[Text, ...]) -> Call[int]:
        return self._call("DROP", *groups, read=int)

    def count(self, window: timedelta | None) -> Call[int]:
        return self._call("COUNT", *_window(window), read=int)

    def members(
        self, window: timedelta | None, oldest_first: bool, offset: int, limit: int | None
    ) -> Call[list[M]]:
        return self._call("LIST", *_page(window, oldest_first, offset, limit), read=list)

    def entries(
        self, window: timedelta | None, oldest_first: bool, offset: int, limit: int | None, with_meta: bool
    ) -> Call[list[Entry[M]]]:
        options: Command = (*_page(window, oldest_first, offset, limit), "WITHSEEN", "WITHTTL")
        options += ("WITHMETA",) if with_meta else ()
        return self._call("LIST", *options, read=lambda reply: [_entry(entry) for entry in reply])

    def online(self, members: tuple[Text, ...]) -> Call[list[M]]:
        return self._call("FILTER", *members, read=list)

    def intersection(self, other: Text, limit: int | None) -> Call[list[M]]:
        return self._call("INTER", other, *_limit(limit), read=list)

    def intersection_last_seen(self, other: Text, limit: int | None) -> Call[dict[M, datetime]]:
        def read(reply: Any) -> dict[M, datetime]:
            return {member: from_unix(at) for member, at in reply}

        return self._call("INTER", other, *_limit(limit), "WITHSEEN", read=read)

    def count_intersection(self, other: Text, limit: int | None) -> Call[int]:
        return self._call("INTERCARD", other, *_limit(limit), read=int)

    def set_meta(self, member: Text, blob: Text, session: Text | None) -> Call[bool]:
        options: Command = () if session is None else ("SESSION", session)
        return self._call("SETMETA", member, blob, *options, read=bool)

    def meta(self, members: tuple[Text, ...]) -> Call[list[M | None]]:
        return self._call("META", *members, read=list)

    def is_online(self, member: Text) -> Call[bool]:
        return self._call("ISONLINE", member, read=lambda reply: bool(reply[0]))

    def last_seen(self, member: Text) -> Call[datetime | None]:
        return self._call("SEEN", member, read=lambda reply: _time(reply[0]))

    def record(self) -> Call[Record]:
        return self._call("MAX", read=_record)

    def raise_record(self, peak: int, at: datetime) -> Call[bool]:
        command: Command = ("PRESENCE.SETMAX", self.key, peak, to_unix(at), "GT")
        return Call((*self._config, command), bool)

    def info(self) -> Call[Info | None]:
        return Call((("PRESENCE.INFO", self.key),), _info, nothing="no such key")

    def scan(self, cursor: int, match: Text | None, count: int | None) -> Call[tuple[int, list[M]]]:
        options: Command = () if match is None else ("MATCH", match)
        options += () if count is None else ("COUNT", count)
        return self._call("SCAN", cursor, *options, read=lambda reply: (int(reply[0]), reply[1]))

    def _attach(self, attachment: Attachment, ttl: timedelta | None, group: Text | None) -> Command:
        options = _ttl(ttl)
        options += () if group is None else ("GROUP", group)
        options += () if attachment.meta is None else ("META", attachment.meta)
        return ("PRESENCE.ATTACH", self.key, attachment.member, attachment.session, *options)

    def _call(self, name: str, *arguments: Text | int, read: Callable[[Any], T]) -> Call[T]:
        return Call(((f"PRESENCE.{name}", self.key, *arguments),), read)


def _ttl(ttl: timedelta | None) -> Command:
    return () if ttl is None else ("PX", to_milliseconds(ttl))


def _limit(limit: int | None) -> Command:
    # To the server 0 is no limit.
    if limit is not None and limit < 1:
        raise ValueError(f"a limit is at least 1, not {limit}")
    return () if limit is None else ("LIMIT", limit)


def _page(window: timedelta | None, oldest_first: bool, offset: int, limit: int | None) -> Command:
    options = _window(window)
    if oldest_first:
        options += ("REV",)
    if offset or limit is not None:
        options += ("LIMIT", offset, -1 if limit is None else limit)
    return options
