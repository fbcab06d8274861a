"""What a type checker makes of the package. mypy reads this file with the others; run, it checks that the calls exist."""

from datetime import datetime, timedelta
from typing import Any

from typing_extensions import assert_type

from presence import Attachment, Entry, Info, Presence, Record, Session
from presence.asyncio import Presence as AsyncPresence


def test_answers_are_never_none_where_errors_are_raised(server: Any) -> None:
    with server.client(decode_responses=True) as client:
        online = Presence[str](client, "online")
        assert_type(online.count(), int)
        assert_type(online.members(), list[str])
        assert_type(online.entries(), list[Entry[str]])
        assert_type(online.last_seen("alice"), datetime | None)
        assert_type(online.attach("alice", "phone"), bool)
        assert_type(online.attach_all(Attachment("alice", "phone", b"ios")), list[bool])
        assert_type(online.beat("phone"), list[str])
        assert_type(online.detach("phone"), int)
        assert_type(online.sessions("alice"), list[Session[str]])
        online.lease("gateway", ttl=timedelta(minutes=1))
        assert_type(online.drop("gateway"), int)
        assert_type(online.record(), Record)
        assert_type(online.info(), Info | None)


def test_answers_may_be_none_where_calls_fail_open(server: Any) -> None:
    with server.client() as client:
        online = Presence(client, "online", fail_open=True)
        assert_type(online.count(), int | None)
        assert_type(online.record(), Record | None)
        assert_type(online.attach("alice", "phone"), bool | None)
        assert_type(online.attach_all(Attachment("alice", "phone")), list[bool])
        assert_type(online.detach("phone"), int | None)
        assert_type(online.drop("gateway"), int | None)
        named = Presence[bytes](client, "online", fail_open=True)
        assert_type(named, Presence[bytes, None])
        assert_type(named.members(), list[bytes])
        is_production = bool(client)
        assert_type(Presence(client, "online", fail_open=is_production).count(), int | None)


async def awaited(client: Any) -> None:
    assert_type(await AsyncPresence(client, "online").count(), int)
    phone = Attachment("alice", "phone")
    assert_type(await AsyncPresence(client, "online").attach_all(phone), list[bool])
    assert_type(await AsyncPresence[bytes](client, "online").beat("phone"), list[bytes])
    assert_type(await AsyncPresence[str](client, "online").sessions("alice"), list[Session[str]])
    assert_type(await AsyncPresence(client, "online", fail_open=True).detach("phone"), int | None)
    await AsyncPresence(client, "online").lease("gateway", ttl=timedelta(minutes=1))
    assert_type(await AsyncPresence(client, "online").drop("gateway"), int)
    assert_type(await AsyncPresence(client, "online", fail_open=True).is_online("alice"), bool | None)
