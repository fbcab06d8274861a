"""Whoever a request came from is marked once, when the user is known, whatever becomes of the request."""

import ipaddress
import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, Response, g, request, stream_with_context
from werkzeug.test import create_environ, run_wsgi_app

from presence import FOREVER, Presence
from presence.flask import PresenceExtension
from presence.testing import Server

TIMEOUT = timedelta(seconds=1)


def who() -> str | None:
    """The user as an authentication in the view would know it: not before, and not of every request."""
    user: str | None = g.get("user")
    return user


def site(server: Server, extension: PresenceExtension | None = None, **config: Any) -> Flask:
    """An application whose views know the user from `?user=`."""
    app = Flask("site")
    app.config.update({"PRESENCE_URL": server.url, "PRESENCE_TIMEOUT": TIMEOUT, **config})
    (extension or PresenceExtension(who=who)).init_app(app)

    @app.get("/", defaults={"path": ""})
    @app.get("/<path:path>")
    def page(path: str) -> str:
        g.user = request.args.get("user")
        return "a page"

    @app.get("/fails")
    def fails() -> str:
        g.user = request.args.get("user")
        raise ZeroDivisionError

    @app.get("/stream")
    def stream() -> Response:
        g.user = request.args.get("user")

        def body() -> Iterator[str]:
            yield "one "
            yield "two"

        return Response(stream_with_context(body()))

    return app


def online(server: Server, key: str = "online") -> list[str]:
    with server.client(decode_responses=True) as client:
        return sorted(Presence[str](client, key).members())


def touches(server: Server) -> int:
    """How many touches the server has had."""
    with server.client() as client:
        calls: int = client.info("commandstats").get("cmdstat_PRESENCE.TOUCH", {"calls": 0})["calls"]
        return calls


def eventually(condition: Callable[[], bool], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def test_the_user_is_marked_once_the_view_knows_it(presence_server: Server) -> None:
    browser = site(presence_server).test_client()
    assert browser.get("/?user=alice").text == "a page"
    assert browser.get("/there?user=bob").text == "a page"
    assert online(presence_server) == ["alice", "bob"]
    assert touches(presence_server) == 2


def test_nobody_is_not_marked(presence_server: Server) -> None:
    browser = site(presence_server).test_client()
    assert browser.get("/").status_code == 200
    assert browser.get("/?user=").status_code == 200
    assert touches(presence_server) == 0


@pytest.mark.parametrize(
    "user", ["<script>alert(1)</script>", "\u202eevil", "a\x00b\r\nc", "\ud800", "EX", "x" * 70_000]
)
def test_a_hostile_name_fails_no_request(presence_server: Server, user: str) -> None:
    browser = site(presence_server, PresenceExtension(who=lambda: user)).test_client()
    assert browser.get("/").status_code == 200
    expected = [] if len(user) > 65_535 else [user.replace("\ud800", "\\ud800")]
    assert online(presence_server) == expected


def test_excluded_paths_are_compared_whole(presence_server: Server) -> None:
    extension = PresenceExtension(who=who, exclude=["/api/online", "/health"])
    browser = site(presence_server, extension).test_client()
    for path in ("/api/online?user=excluded", "/health?user=excluded"):
        assert browser.get(path).status_code == 200
    assert online(presence_server) == []
    marked = ["/", "/api", "/api/online/", "/api/onlines", "/v2/api/online", "/api/Online", "/api"]
    for number, path in enumerate(marked):
        browser.get(f"{path}?user={number}&next=/api/online")
    assert online(presence_server) == [str(number) for number in range(len(marked))]


@pytest.mark.parametrize("propagates", [False, True], ids=["answered", "passed-on"])
def test_a_view_that_fails_marks_its_user_once(presence_server: Server, propagates: bool) -> None:
    browser = site(presence_server, PROPAGATE_EXCEPTIONS=propagates).test_client()
    if propagates:
        with pytest.raises(ZeroDivisionError):
            browser.get("/fails?user=alice")
    else:
        assert browser.get("/fails?user=alice").status_code == 500
    assert online(presence_server) == ["alice"]
    assert touches(presence_server) == 1


def test_a_page_that_does_not_exist_marks_who_asked_for_it(presence_server: Server) -> None:
    app = Flask("empty")
    app.config["PRESENCE_URL"] = presence_server.url
    PresenceExtension(app)
    assert app.test_client().get("/").status_code == 404
    assert online(presence_server) == ["127.0.0.1"]


def test_a_stream_marks_its_reader_when_it_begins_and_not_when_it_ends(presence_server: Server) -> None:
    response = site(presence_server).test_client().get("/stream?user=alice", buffered=False)
    body = response.iter_encoded()
    assert next(body) == b"one "
    assert online(presence_server) == ["alice"]
    with presence_server.client() as client:
        Presence(client, "online").leave("alice")
    assert next(body) == b"two"
    response.close()
    assert online(presence_server) == []
    assert touches(presence_server) == 1


def test_requests_within_one_application_context_each_mark(presence_server: Server) -> None:
    app = site(presence_server)
    with app.app_context():
        app.test_client().get("/?user=alice")
        app.test_client().get("/?user=bob")
    assert online(presence_server) == ["alice", "bob"]


def test_a_context_without_a_request_marks_nobody(presence_server: Server) -> None:
    app = site(presence_server, PresenceExtension())
    with app.test_request_context("/"):
        app.url_for("page")
    assert online(presence_server) == []


@pytest.mark.parametrize("propagates", [False, True], ids=["answered", "passed-on"])
def test_who_is_asked_once_even_if_that_fails(presence_server: Server, propagates: bool) -> None:
    asked: list[str] = []

    def broken() -> str:
        asked.append(request.path)
        raise LookupError("no such user")

    app = site(presence_server, PresenceExtension(who=broken), PROPAGATE_EXCEPTIONS=propagates)
    if propagates:
        with pytest.raises(LookupError, match="no such user"):
            app.test_client().get("/page")
    else:
        assert app.test_client().get("/page").status_code == 500
    assert asked == ["/page"]


def test_whoever_logs_out_stays_out(presence_server: Server) -> None:
    extension = PresenceExtension(who=who)
    app = site(presence_server, extension)

    @app.post("/logout")
    def logout() -> str:
        g.user = request.args["user"]
        extension.leave(g.user)
        return "bye"

    browser = app.test_client()
    browser.get("/?user=alice")
    browser.get("/?user=bob")
    assert browser.post("/logout?user=alice").text == "bye"
    assert online(presence_server) == ["bob"]
    browser.get("/?user=alice")
    assert online(presence_server) == ["alice", "bob"]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "member"),
    [
        ([], "203.0.113.9", "127.0.0.1"),
        (["127.0.0.0/8"], "203.0.113.9", "203.0.113.9"),
        (["127.0.0.0/8"], "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "203.0.113.9", "127.0.0.1"),
        (["127.0.0.0/8"], "<script>", "127.0.0.1"),
        (["127.0.0.0/8"], None, "127.0.0.1"),
    ],
)
def test_a_visitor_is_an_address(
    presence_server: Server, proxies: list[str], forwarded: str | None, member: str
) -> None:
    app = site(presence_server, PresenceExtension(), PRESENCE_TRUSTED_PROXIES=proxies)
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    app.test_client().get("/", headers=headers)
    assert online(presence_server) == [member]
    assert str(ipaddress.ip_address(member)) == member


def test_a_request_without_an_address_is_of_this_machine(presence_server: Server) -> None:
    app = site(presence_server, PresenceExtension())
    environ = create_environ("/")
    assert "REMOTE_ADDR" not in environ
    _, status, _ = run_wsgi_app(app, environ)
    assert status == "200 OK"
    assert online(presence_server) == ["127.0.0.1"]


def test_the_configuration_of_the_application_says_how(presence_server: Server) -> None:
    extension = PresenceExtension(who=who)
    app = site(
        presence_server,
        extension,
        PRESENCE_URL=f"{presence_server.url}/2",
        PRESENCE_KEY="site:online",
        PRESENCE_TTL=timedelta(minutes=2),
        PRESENCE_RETAIN=timedelta(days=1),
        PRESENCE_LINGER=timedelta(days=9),
        PRESENCE_RESOLUTION=timedelta(minutes=1),
    )
    app.test_client().get("/?user=alice")
    with app.app_context():
        assert extension.presence.members() == ["alice"]
        info = extension.presence.info()
    assert info is not None
    assert (info.ttl, info.retain, info.linger, info.resolution) == (
        timedelta(minutes=2),
        timedelta(days=1),
        timedelta(days=9),
        timedelta(minutes=1),
    )
    with presence_server.client(db=2) as client:
        assert client.keys() == [b"site:online"]


def test_without_configuration_the_key_and_the_server_say_the_rest(presence_server: Server) -> None:
    extension = PresenceExtension(who=who)
    app = site(presence_server, extension)
    app.test_client().get("/?user=alice")
    with app.app_context():
        info = extension.presence.info()
    assert info is not None
    assert (info.ttl, info.retain, info.linger) == (timedelta(minutes=5), timedelta(0), FOREVER)
    assert app.config.get_namespace("PRESENCE_") == {
        "url": presence_server.url,
        "key": "online",
        "ttl": None,
        "retain": None,
        "linger": None,
        "resolution": None,
        "timeout": TIMEOUT,
        "trusted_proxies": (),
    }


def test_one_extension_serves_several_applications(presence_server: Server) -> None:
    extension = PresenceExtension(who=who)
    shop = site(presence_server, extension, PRESENCE_KEY="shop")
    forum = site(presence_server, extension, PRESENCE_KEY="forum")
    shop.test_client().get("/?user=alice")
    forum.test_client().get("/?user=bob")
    assert (online(presence_server, "shop"), online(presence_server, "forum")) == (["alice"], ["bob"])


def test_several_extensions_mark_in_several_keys(presence_server: Server) -> None:
    with presence_server.client() as client:
        users = PresenceExtension(presence=Presence(client, "users"), who=who)
        visitors: PresenceExtension = PresenceExtension(
            presence=Presence(client, "visitors"),
            who=lambda: visitors.address() if who() is None else None,
        )
        app = site(presence_server, users)
        visitors.init_app(app)
        app.test_client().get("/?user=alice")
        app.test_client().get("/", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    assert online(presence_server, "users") == ["alice"]
    assert online(presence_server, "visitors") == ["203.0.113.9"]
    assert online(presence_server) == []


def test_the_site_goes_on_while_redis_is_down_and_marks_again_after_it(
    presence_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    extension = PresenceExtension(who=who)
    app = site(presence_server, extension)
    browser = app.test_client()
    browser.get("/?user=alice")
    presence_server.kill()
    with caplog.at_level(logging.WARNING, "presence"):
        assert browser.get("/?user=bob").text == "a page"
        with app.test_request_context("/"):
            extension.leave("alice")
            assert extension.presence.count() is None
    assert [record.name for record in caplog.records] == ["presence"]
    presence_server.start()

    def is_marked() -> bool:
        browser.get("/?user=carol")
        return online(presence_server) == ["alice", "carol"]

    eventually(is_marked)


def test_a_hung_redis_holds_one_request_for_its_time_out_and_the_next_not_at_all(
    presence_server: Server,
) -> None:
    browser = site(presence_server).test_client()
    browser.get("/?user=alice")
    presence_server.pause()
    try:
        start = time.monotonic()
        pages = [browser.get("/?user=alice").text for _ in range(20)]
        took = time.monotonic() - start
    finally:
        presence_server.resume()
    assert pages == ["a page"] * 20
    assert TIMEOUT.total_seconds() * 0.9 < took < TIMEOUT.total_seconds() * 2


@pytest.mark.parametrize(
    ("config", "error", "text"),
    [
        ({"PRESENCE_TTL": 300}, TypeError, "a duration is a timedelta, not 300"),
        ({"PRESENCE_TRUSTED_PROXIES": "127.0.0.1"}, ValueError, "a list is needed: \\['127.0.0.1'\\]"),
        ({"PRESENCE_TRUSTED_PROXIES": ["proxy"]}, ValueError, "'proxy' does not appear to be"),
    ],
)
def test_a_wrong_configuration_is_told_at_the_start(
    config: dict[str, Any], error: type[Exception], text: str
) -> None:
    app = Flask("site")
    app.config.update(config)
    with pytest.raises(error, match=text):
        PresenceExtension(app)


def test_paths_that_could_never_match_are_told_at_the_start() -> None:
    with pytest.raises(ValueError, match=r"a list is needed: \['/online'\]"):
        PresenceExtension(exclude="/online")
    with pytest.raises(ValueError, match="a path begins with /"):
        PresenceExtension(exclude=["online"])


def test_an_extension_without_the_application_says_what_to_do() -> None:
    extension = PresenceExtension()
    with (
        Flask("other").app_context(),
        pytest.raises(RuntimeError, match="call init_app of this extension with 'other' first"),
    ):
        print(extension.presence)
