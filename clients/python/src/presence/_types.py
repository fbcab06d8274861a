"""What the calls answer with."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Generic

from typing_extensions import Never, TypeVar

M = TypeVar("M", bound="str | bytes", default=Any)
"""How members come back: `str` from a client with `decode_responses`, else `bytes`."""

N = TypeVar("N", bound=None, default=Never)
"""What stands for an answer that did not come: `None` with `fail_open`, and nothing without, for then an error is raised."""


@dataclass(frozen=True)
class Entry(Generic[M]):
    """A member as a list has it."""

    member: M
    last_seen: datetime
    ttl_left: timedelta
    """How long the member stays online if it is not seen again; zero for one that is offline."""
    meta: M | None = None
    """The member's own metadata, where it was asked for; `None` for one that has none."""


@dataclass(frozen=True)
class Attachment:
    """A session that is to be attached to a member, with its own metadata if it has any: what `attach` takes of each."""

    member: str | bytes
    session: str | bytes
    meta: str | bytes | None = None


@dataclass(frozen=True)
class Session(Generic[M]):
    """A session of a member: a connection, a tab or a device."""

    id: M
    last_seen: datetime
    ttl_left: timedelta
    """How long the session lasts without another beat."""
    group: M | None
    """What carries the session; `None` for one that is in no group, or in one that is dropped."""
    meta: M | None
    """The session's own metadata; `None` for one that has none."""


@dataclass(frozen=True)
class Record:
    """The most members that were ever online at once in a key."""

    peak: int
    at: datetime | None
    """When that was first reached; `None` where nobody was ever online."""


@dataclass(frozen=True)
class Info:
    """The state and the settings of a key."""

    online: int
    remembered: int
    record: Record
    ttl: timedelta
    retain: timedelta
    linger: timedelta
    """`FOREVER` for a key that stays."""
    next_due: datetime | None
    """From when on there is something to remove."""
    bytes: int
    """Memory that the key takes."""
    resolution: timedelta = timedelta(0)
    """How soon after a member's last touch another one is not recorded; zero where each is."""
    cap: int | None = None
    """How many members may be online at once; none where any number may."""
    dropping: int = 0
    """How many sessions are still to end by a drop or the end of a lease."""


class Kind(str, Enum):
    """What an event tells of."""

    JOIN = "join"
    LEAVE = "leave"
    TIMEOUT = "timeout"
    MAX = "max"
    UPDATE = "update"


@dataclass(frozen=True)
class Event(Generic[M]):
    """Something that happened in a key: `member` came or went, or, of kind `MAX`, the record rose to `peak`."""

    kind: Kind
    member: M | None = None
    peak: int | None = None


@dataclass(frozen=True)
class Update(Generic[M]):
    """What has changed since the update before."""

    online: AbstractSet[M]
    """All who are online. The set is the follower's own and changes with the next update: copy what is to stay."""
    joined: frozenset[M]
    left: frozenset[M]
    connected: bool = True
    """False once the connection is lost: `online` is then as it was, until the next update says what has become of it."""


@dataclass(frozen=True)
class Client:
    """A connection to the server."""

    id: int
    addr: str
    name: str
    user: str
    db: int
    connected_at: datetime
    last_interaction: datetime
    online: bool


@dataclass(frozen=True)
class Announcement:
    """What a server says of its clients."""

    at: datetime
    connected: int
    online: int
    clients: tuple[Client, ...]
    truncated: bool
    """There are more clients than those listed."""
    node: str | None
    """In a cluster, the id of the node that these are the clients of."""
