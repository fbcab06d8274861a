"""Who is online? A client for the presence module of Redis and Valkey.

`Presence` asks and tells a key who is online, `Clients` says who is connected to the server itself; `presence.asyncio` has both
for asyncio. `presence.flask`, `presence.django` and `presence.asgi` mark a site's users as they come by.
"""

from ._clients import Clients
from ._presence import Presence
from ._times import FOREVER
from ._types import Announcement, Attachment, Client, Entry, Event, Info, Kind, Record, Session, Update

__all__ = [
    "FOREVER",
    "Announcement",
    "Attachment",
    "Client",
    "Clients",
    "Entry",
    "Event",
    "Info",
    "Kind",
    "Presence",
    "Record",
    "Session",
    "Update",
]
