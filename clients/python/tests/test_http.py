"""Whoever sends a request cannot choose what address it is counted under, and only whole paths are excluded."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest

from presence._http import client_address, excluded_paths, trusted_proxies

OURS = trusted_proxies(["10.0.0.0/8", "127.0.0.1", "2001:db8:ffff::/48"])


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, 10.0.0.2,10.0.0.3", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("2001:db8:ffff::1", "2001:db8::5", "2001:db8::5"),
    ],
)
def test_header_counts_as_far_as_trusted_proxies_wrote_it(
    remote: str, forwarded: str | None, address: str
) -> None:
    assert client_address(remote, forwarded, OURS) == address


def test_without_trusted_proxies_no_header_counts() -> None:
    assert client_address("127.0.0.1", "198.51.100.7", ()) == "127.0.0.1"


@pytest.mark.parametrize(
    "entry",
    [
        "unknown",
        "",
        " ",
        "<script>alert(1)</script>",
        "198.51.100.7 198.51.100.8",
        "198.51.100.256",
        "198.51.100.7:port",
        "198.51.100.7:123456",
        "[2001:db8::5]x",
        "[]:80",
        "[[::1]]",
        "\uff11\uff19\uff18.51.100.7",
        "198.51.100.7%eth0",
        "\x00",
        "1" * 100_000,
        "fe80::1" + ":" * 100_000,
    ],
)
def test_walk_stops_at_what_is_no_address(entry: str) -> None:
    assert client_address("10.0.0.1", f"198.51.100.7, {entry}, 10.0.0.2", OURS) == "10.0.0.2"
    assert client_address("10.0.0.1", entry, OURS) == "10.0.0.1"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::5]:4711", "2001:db8::5"),
        ("[2001:db8::5]", "2001:db8::5"),
        ("2001:db8::5", "2001:db8::5"),
        ("2001:0DB8:0:0:0:0:0:5", "2001:db8::5"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("[::ffff:c633:6407]:4711", "198.51.100.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%" + "x" * 100_000, "fe80::1"),
    ],
)
def test_one_address_has_one_name(written: str, address: str) -> None:
    assert client_address(written, None, OURS) == address
    assert client_address("10.0.0.1", f"203.0.113.9, {written}, 10.0.0.2:80", OURS) == address


def test_proxy_is_trusted_as_mapped_address_too() -> None:
    assert client_address("::ffff:10.0.0.1", "198.51.100.7", OURS) == "198.51.100.7"


@pytest.mark.parametrize("remote", ["", "localhost", "unix:"])
def test_unix_socket_is_this_machine(remote: str) -> None:
    assert client_address(remote, "198.51.100.7", OURS) == "198.51.100.7"
    assert client_address(remote, "198.51.100.7", trusted_proxies(["10.0.0.0/8"])) == "127.0.0.1"


def test_trusted_proxies_are_networks_and_addresses() -> None:
    assert trusted_proxies(["10.0.0.0/8", "::1"]) == (ip_network("10.0.0.0/8"), ip_network("::1/128"))


def test_excluded_paths_are_compared_whole() -> None:
    excluded = excluded_paths(["/api/online/", "/health"])
    paths = ["/api/online/", "/api/online", "/api/online/x", "/x/api/online/", "/health", "/health/"]
    assert [path for path in paths if path in excluded] == ["/api/online/", "/health"]


@pytest.mark.parametrize(
    ("read", "values", "complaint"),
    [
        (trusted_proxies, "10.0.0.0/8", r"a list is needed: \['10.0.0.0/8'\], not '10.0.0.0/8'"),
        (trusted_proxies, [10], "a list of texts is needed, and 10 is none"),
        (trusted_proxies, ["10.0.0.1/8"], "10.0.0.1/8 has host bits set"),
        (trusted_proxies, ["proxy.example"], "'proxy.example' does not appear to be an IPv4 or IPv6 network"),
        (excluded_paths, "/api/online/", r"a list is needed: \['/api/online/'\], not '/api/online/'"),
        (excluded_paths, ["api/online/"], "a path begins with / and has no query, unlike 'api/online/'"),
        (
            excluded_paths,
            ["/online?full=1"],
            r"a path begins with / and has no query, unlike '/online\?full=1'",
        ),
    ],
)
def test_wrong_settings_say_what_is_wrong(read: Callable[[Any], Any], values: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read(values)
